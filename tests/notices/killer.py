"""The service, killed by itself (SIGKILL): when messages are stored and none is sent (`store`), or when one was
delivered and that is not noted yet (`end`).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import notices.__main__
import notices.notice_service
from notices.sending.notice_queue import NoticeQueue


class KillingQueue(NoticeQueue):
    def store(self, *given: Any) -> None:
        super().store(*given)
        self._die("store")

    def end(self, *given: Any) -> None:
        self._die("end")
        super().end(*given)

    def _die(self, where: str) -> None:
        if where == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    vars(notices.notice_service)["NoticeQueue"] = KillingQueue
    notices.__main__.main()
