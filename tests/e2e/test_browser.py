"""The wall in a real browser, opened by the link of the ready line: first of the files here, for the link is good for 10 minutes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pantau.installation import ROOT
from tests.e2e.day import Day
from tests.e2e.installation import REGION, Installation, environment, until
from tests.e2e.rows import until_exact

_NODE: Final = ROOT / ".venv" / "bin" / "node"
_TOTALS: Final = ("portions_cooked", "portions_dispatched", "portions_received", "portions_eaten")


class Page:
    """Talks with `wall.mjs`, which holds the browser."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, op: str, **members: Any) -> Any:
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({"op": op, **members}) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"the browser ended with {process.wait(10)}"
        return json.loads(answer)

    def look(self) -> dict[str, Any]:
        """{"hash", "link", "totals": [text], "grey", "banner"}."""
        seen: dict[str, Any] = self.ask("look")
        return seen

    def shot(self, path: Path) -> None:
        self.ask("shot", path=str(path))


@contextmanager
def browser(url: str) -> Iterator[Page]:
    script = str(Path(__file__).with_name("wall.mjs"))
    process = subprocess.Popen(
        [str(_NODE), script, url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == '{"open":true}\n', "the browser does not start"
        yield Page(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def totals(installation: Installation) -> list[int]:
    """The region's day, as analysts read it."""
    (row,) = installation.query(
        f"SELECT {', '.join(_TOTALS)} FROM pantau.performance "
        f"WHERE level = 'kabupaten' AND window = '1d' AND area_id = '{REGION}' ORDER BY day DESC LIMIT 1"
    )
    return [row[name] for name in _TOTALS]


def shows(page: Page, link: str, numbers: list[int]) -> bool:
    seen = page.look()
    read = [re.sub(r"\D", "", text) for text in seen["totals"]]
    return bool(seen["link"] == link and read == [str(one) for one in numbers])


def test_the_page_shows_the_rows_and_tells_when_it_cannot(
    installation: Installation, day: Day, tmp_path: Path
) -> None:
    until_exact(installation, day.began)
    with browser(installation.ready["wall"]) as page:
        wanted = totals(installation)
        until(lambda: shows(page, "LANGSUNG", wanted), 60, 0.5)
        first = page.look()
        assert first["hash"] == "", "the code has left the address bar"
        assert not first["grey"] and first["banner"] == ""
        page.shot(tmp_path / "live.png")

        pid = installation.pid_of("gateway")
        assert pid is not None
        # Frozen, not killed: it would be back before anybody could miss it.
        os.kill(pid, signal.SIGSTOP)
        until(lambda: page.look()["link"] == "TERPUTUS", 40, 0.5)
        cut = page.look()
        assert cut["grey"], "what is shown is marked as old"
        assert "Terputus sejak" in cut["banner"]
        page.shot(tmp_path / "cut.png")

        os.kill(pid, signal.SIGKILL)
        until(lambda: shows(page, "LANGSUNG", wanted), 90, 0.5)
        assert installation.pid_of("gateway") not in (None, pid)
        back = page.look()
        assert not back["grey"] and back["banner"] == ""
        assert page.ask("complaints") == [], "no error on the page itself"
