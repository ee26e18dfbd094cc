"""The sink, killed by itself (SIGKILL) when rows are in and nothing is committed yet."""

from __future__ import annotations

import os
import signal

import sinks.__main__
from sinks.batch import TableBatch
from sinks.writer import Writer


class KillingWriter(Writer):
    def write(self, batch: TableBatch, is_patient: bool = True) -> None:
        super().write(batch, is_patient)
        if batch.rows:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    vars(sinks.__main__)["Writer"] = KillingWriter
    sinks.__main__.main()
