"""What the sink is measured beside: bytes of files to ClickHouse over one connection, and nothing else.

`python -m bench.sinks.bare_pipe URL FOLDER`: `inserts.json` of the folder lists statement, settings included, and file of each insert
in order. Account and password are in `PIPE_USER` and `PIPE_PASSWORD`. Prints the CPU seconds that it used for them.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

LIST = "inserts.json"


def main() -> None:
    """Sends all."""
    address, folder = urlsplit(sys.argv[1]), Path(sys.argv[2])
    head = {
        "X-ClickHouse-User": os.environ["PIPE_USER"],
        "X-ClickHouse-Key": os.environ["PIPE_PASSWORD"],
    }
    before = time.process_time()
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    for statement, file in json.loads((folder / LIST).read_bytes()):
        connection.request("POST", f"/?{statement}", (folder / file).read_bytes(), head)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != HTTPStatus.OK:
            raise SystemExit(text.decode("utf-8", "replace"))
    sys.stdout.write(f"{time.process_time() - before}\n")


if __name__ == "__main__":
    main()
