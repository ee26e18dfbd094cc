"""One-time codes that were used: a code works once, also across restarts and services on one data dir."""

from __future__ import annotations

import msgspec

from chassis.datadir import DataDir, DataDirError, FileLock, write_file
from contracts.time.clock import real_now_ms
from contracts.tokens import Claims


class UsedCodes:
    """jti -> epoch second at which the code ends anyway (null: never), as JSON in the data dir."""

    def __init__(self, data_dir: DataDir) -> None:
        self._path = data_dir.secrets / "used_codes.json"

    def use(self, claims: Claims, holder: str = "") -> bool:
        """Note the code as used; False if it was. On disk before it returns.

        Who names itself as `holder` may use it again: an answer gets lost on a bad line.
        """
        again = f"{claims.jti}/{holder}"
        with FileLock(self._path.with_suffix(".lock")) as lock:
            lock.wait()
            now = real_now_ms() / 1000
            used = {jti: exp for jti, exp in self._read().items() if exp is None or exp > now}
            if claims.jti in used:
                return bool(holder) and again in used
            used[claims.jti] = used[again] = claims.exp
            write_file(self._path, msgspec.json.encode(used))
            return True

    def _read(self) -> dict[str, int | None]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int | None])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise DataDirError(
                f"{self._path} is damaged ({error}): remove it once no open code is left"
            ) from None
