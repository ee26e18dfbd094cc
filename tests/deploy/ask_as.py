"""`python ask_as.py STORE CONFIG`: statements as a JSON list on stdin, an answer for each on stdout.

In a process of its own: the engine reads its accounts once, at its start.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chdb.session import Session


def main() -> None:
    store, config = sys.argv[1:]
    session: Any = Session(f"{store}?config-file={config}")  # type: ignore[no-untyped-call]
    answers = []
    for sql in json.load(sys.stdin):
        try:
            answers.append({"rows": str(session.query(sql, "TSV")).strip()})
        except RuntimeError as error:
            answers.append({"error": str(error)[:500]})
    session.close()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
