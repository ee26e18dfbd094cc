"""Built pages, as the browser should keep them: files of `dashboard_ws/web/dist`."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.metadata import PackageNotFoundError, version
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

DIST: Final = Path(__file__).parents[2] / "dashboard_ws" / "web" / "dist"
"""The wall; the form for the field, which ingest serves, lies in its folder `field`."""
_PAGES: Final = {"desk": "desk.html"}
"""Addresses without a file name."""
_HASHED: Final = "assets"
"""Folder whose file names hold a hash of their content: they never change."""

_POLICY: Final = "Content-Security-Policy"
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
HEADERS: Final = {
    _POLICY: "default-src 'self'; connect-src 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_MISSING: Final = """<!doctype html>
<html lang="id"><meta charset="utf-8"><title>Pantau</title>
<h1>Halaman belum tersedia</h1>
<p>Berkas halaman ini belum dibangun di server. Jalankan <code>make install</code>,
lalu muat ulang halaman ini. Data tetap berjalan.</p>
</html>
"""


def package_version() -> str:
    """Of the installed package; `source` in a checkout that is not installed."""
    try:
        return version("pantau")
    except PackageNotFoundError:
        return "source"


class Pages:
    """Serves `dist`, which is read at each request: a new build is there without a restart.

    `index`: the file that `/` shows.
    """

    def __init__(self, dist: Path = DIST, index: str = "index.html") -> None:
        self._dist = dist.resolve()
        self._index = index

    def build(self) -> str:
        """Names the built page, so that an open one learns that there is a newer."""
        try:
            facts: Any = msgspec.json.decode((self._dist / "version.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return package_version()
        build = facts.get("build") or facts.get("version") if isinstance(facts, dict) else None
        return str(build) if build else package_version()

    def serve(self, request: Request) -> Response:
        """`/` is the index, `/desk` the desk where it is built. 404 for what is no file below `dist`; 503 if nothing is built."""
        index = self._dist / self._index
        asked = request.scope["path"].lstrip("/") or self._index
        asked = _PAGES.get(asked, asked)
        if asked == self._index and not index.is_file():
            return HTMLResponse(_MISSING, 503, HEADERS | {"Retry-After": "60"})
        path = self._file(asked)
        hashed = path.relative_to(self._dist).parts[0] == _HASHED
        cache = "public, max-age=31536000, immutable" if hashed else "no-cache"
        headers = HEADERS | {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        if path.suffix == ".html":
            headers[_POLICY] += _own_styles(path)
        packed = path.with_name(f"{path.name}.gz")
        if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
            # A third of the bytes: phones in the field have slow lines.
            headers["Content-Encoding"] = "gzip"
            return FileResponse(packed, headers=headers, media_type=guess_type(path.name)[0])
        return FileResponse(path, headers=headers)

    def _file(self, name: str) -> Path:
        try:
            path = (self._dist / name).resolve()
            if path.is_relative_to(self._dist) and path.is_file():
                return path
        except (OSError, ValueError):
            pass  # No file can have such a name: a NUL in it, or too long.
        raise HTTPException(404)


def _own_styles(page: Path) -> str:
    """What lets the browser use the styles that the page itself holds, and no others: their hashes."""
    hashes = [hashlib.sha256(style).digest() for style in _STYLE.findall(page.read_bytes())]
    if not hashes:
        return ""
    return "; style-src 'self'" + "".join(
        f" 'sha256-{base64.b64encode(one).decode()}'" for one in hashes
    )
