"""`python -m pantau.processes.leash PARENT_PID COMMAND ...`: runs the command so that it dies with its parent.

However the parent ends, also by `kill -9`, the kernel then kills this process. The command takes this process over (`exec`), so its
pid and command line are its own. Only Linux knows this signal; elsewhere the command runs without it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Set the leash and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        # SIGKILL, not SIGTERM: nobody is left to see that a politer signal was heeded. Every part comes back from that exactly.
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
            raise SystemExit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            raise SystemExit("the parent is gone")
    os.execvp(command[0], command)  # noqa: S606 -- becoming the command is what this is for


if __name__ == "__main__":
    main()
