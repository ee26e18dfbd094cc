"""Slows whoever guesses passwords: each address may fail a few times, then at a low rate."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuessPolicy:
    """Failures that an address may make at once, seconds until it may make one more, addresses that are remembered."""

    at_once: int = 10
    seconds_each: float = 6.0
    addresses: int = 4096


class FailedLogIns:
    """Times are seconds of any clock that only goes forward."""

    def __init__(self, policy: GuessPolicy) -> None:
        self._policy = policy
        # Address -> when all its failures will be forgiven; the oldest address first.
        self._forgiven: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until `address` may try again; 0 if it may now. Costs no hash."""
        owed = self._forgiven.get(address, now) - now
        allowed = (self._policy.at_once - 1) * self._policy.seconds_each
        return self._policy.seconds_each if owed > allowed else 0.0

    def begun(self, address: str, now: float) -> None:
        """A try begins: a failure until it has `passed`, else any number at once would each get its hash."""
        before = max(self._forgiven.pop(address, now), now)
        self._forgiven[address] = before + self._policy.seconds_each
        if len(self._forgiven) > self._policy.addresses:
            self._forgiven.popitem(last=False)

    def passed(self, address: str) -> None:
        """A try that began was right."""
        if address in self._forgiven:
            self._forgiven[address] -= self._policy.seconds_each
