"""The sink, killed by itself (SIGKILL) when the rows of its nth batch are in and nothing is committed yet."""

from __future__ import annotations

import os
import signal
import sys

import sinks.__main__ as sink
from sinks.batch import Batch
from sinks.writer import Writer

left = int(sys.argv[1])


class KillingWriter(Writer):
    def write(self, batch: Batch) -> None:
        global left
        super().write(batch)
        if batch.rows:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sink.Writer = KillingWriter  # type: ignore[misc]
    sink.main()
