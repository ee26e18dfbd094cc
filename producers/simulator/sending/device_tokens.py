"""The tokens of the simulated devices, and who has none."""

from __future__ import annotations

import msgspec

from chassis.datadir import DataDir
from chassis.operator_error import OperatorError


class SimulatorError(OperatorError):
    """It cannot play here. The message says what to do."""


class _TokensFile(msgspec.Struct):
    devices: dict[str, str]


class DeviceTokens:
    """Unit or recipient id -> token. `missing`: recipients that were asked for and have none.

    Raises `SimulatorError` where there is no file of tokens.
    """

    def __init__(self, home: DataDir) -> None:
        self._path = home.tokens_file
        self._tokens: dict[str, str] = {}
        self.missing: set[str] = set()
        self.read()

    def read(self) -> None:
        """Take the file as it is now. Raises `SimulatorError`."""
        try:
            self._tokens = msgspec.json.decode(self._path.read_bytes(), type=_TokensFile).devices
        except FileNotFoundError:
            raise SimulatorError(
                f"{self._path} is missing: start the installation with `pantau up --dev-tokens`"
            ) from None
        except msgspec.DecodeError as error:
            raise SimulatorError(f"{self._path} is damaged ({error}): start it again") from None
        self.missing -= self._tokens.keys()

    def of(self, source_id: str) -> str:
        """Empty if there is none: ingest refuses it, and says so."""
        return self._tokens.get(source_id, "")

    def has(self, recipient_id: str) -> bool:
        """Whether the recipient can send."""
        if recipient_id in self._tokens:
            return True
        self.missing.add(recipient_id)
        return False
