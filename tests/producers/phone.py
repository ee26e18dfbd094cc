"""The form on a phone-sized screen, by `field_browser.mjs`, which holds a headless Chromium and a network that fails as asked."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from contracts.time.clock import real_now_ms
from contracts.tokens import Claims, claims_of, enrol_claims, issue
from tests.producers.installation import KEY

_ROOT: Final = Path(__file__).parents[2]
_NODE: Final = _ROOT / ".venv" / "bin" / "node"


class FormOnPhone:
    """Talks with the browser. Buttons and fields are named as on the screen, or by a part of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, op: str, **members: Any) -> Any:
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps({"op": op, **members}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, f"the browser ended with {process.wait(10)}"
        answer = json.loads(line)
        assert "error" not in answer, f"{op} {members}: {answer['error']}\n{answer['text']}"
        return answer.get("ok")

    def tap(self, *names: str) -> None:
        for name in names:
            self.ask("tap", name=name)

    def send_now(self) -> None:
        """Have all sent at once. The form also sends by itself, and then the button goes."""
        self.ask("tapIfThere", name="Kirim sekarang")

    def fill(self, **values: str) -> None:
        for label, value in values.items():
            self.ask("fill", label=label.replace("_", " "), value=value)

    def shows(self, *texts: str) -> None:
        """Wait until each of `texts` stands on the screen."""
        for text in texts:
            self.ask("shows", text=text)

    def hides(self, text: str) -> None:
        """Wait until `text` stands on the screen no more."""
        deadline = time.monotonic() + 10
        while text in self.ask("text"):
            assert time.monotonic() < deadline, self.ask("text")
            time.sleep(0.05)

    def enrol(self, unit_id: str) -> None:
        self.scan(issue(KEY, enrol_claims(unit_id, real_now_ms())))
        self.shows("Belum ada laporan")

    def scan(self, code: str) -> None:
        """Open the form by a code or a school link."""
        self.ask("goto", path=f"#daftar={code}")

    def claims(self) -> Claims | None:
        """Of its token, as the second copy has it."""
        return claims_of(json.loads(self.ask("kept")["pantau.mirror"])["token"] or "")

    def sent(self, count: int) -> None:
        """Wait until `count` reports of the phone are sent, and none waits."""
        deadline = time.monotonic() + 30
        while [row["state"] for row in self.rows() if row["state"] != "dropped"] != [
            "sent"
        ] * count:
            assert time.monotonic() < deadline, self.rows()
            time.sleep(0.05)

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("rows")
        return found


def is_usable(form: FormOnPhone) -> None:
    """What is on the screen can be touched, has a name and fits."""
    assert form.ask("faults") == []


@contextmanager
def phone(ingest: str, profile: Path) -> Iterator[FormOnPhone]:
    """A new phone, not enrolled yet. `profile`: folder of its browser."""
    script = str(Path(__file__).with_name("field_browser.mjs"))
    process = subprocess.Popen(
        [str(_NODE), script, ingest, str(profile)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert '"open":true' in process.stdout.readline(), "the browser does not start"
        yield FormOnPhone(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
