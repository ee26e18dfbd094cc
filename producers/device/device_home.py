"""The folder of one device: its token, its outbox, and who flushes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chassis.datadir import FileLock, write_file
from chassis.operator_error import OperatorError


class DeviceHome:
    """`path`: made where it is missing, for its owner alone. Raises `OperatorError` where it cannot be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(f"{path} cannot be made ({error.strerror}): name another --home") from None  # fmt: skip

    @property
    def outbox(self) -> Path:
        """File of the outbox."""
        return self.path / "outbox.db"

    @property
    def token_file(self) -> Path:
        """Where the token lies."""
        return self.path / "token"

    def token(self) -> str:
        """Raises `OperatorError` where there is none."""
        try:
            return self.token_file.read_text().strip()
        except FileNotFoundError:
            raise OperatorError(
                f"no token in {self.token_file}: put there what `pantau device enrol --unit ID` prints"
            ) from None

    def keep_token(self, token: str) -> None:
        """Store a renewed token in place of the old one."""
        write_file(self.token_file, token.encode() + b"\n")

    @contextmanager
    def flushing(self) -> Iterator[bool]:
        """Whether this process is the one that sends; ends with the process, however that ends. Others may still append."""
        with FileLock(self.path / "lock") as lock:
            yield lock.take()
