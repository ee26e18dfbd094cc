"""A topic is followed on after an error of the broker; any other error is not hidden."""

from __future__ import annotations

import asyncio

import pytest

from chassis.feeds.control_topic import keep_following
from chassis.kafka.interface import NoPartitionsError


async def test_after_an_error_of_the_broker_it_goes_on() -> None:
    errors: list[Exception] = []
    calls = 0

    async def follow() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise asyncio.CancelledError
        raise NoPartitionsError

    with pytest.raises(asyncio.CancelledError):
        await keep_following(follow, errors.append)
    assert [type(error) for error in errors] == [NoPartitionsError]


async def test_a_fault_of_our_own_ends_it() -> None:
    async def follow() -> None:
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        await keep_following(follow, lambda _error: None)
