"""The browser tracker as files that the collector serves: `/clickstream.js` and `/clickstream.extra.js`.

In: a path and the request's headers. Out: an answer, or None when the path is not the tracker's. The files are what
`make setup` built (tracker/build.mjs); they are read and packed once, when the collector starts.

    /clickstream.js         ETag, kept for an hour: a page gets a new version within that time
    /clickstream.<hash>.js  kept for ever; <hash> is what the ETag says. One of another version leads to the present one
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]

FOLDER = Path(__file__).parent / "static"
NAMES = ("clickstream", "clickstream.extra")
MAX_AGE_S = 3600
FOREVER_S = 31_536_000

_PATH = re.compile(r"/(clickstream|clickstream\.extra)(?:\.([0-9a-f]{16}))?\.js")
# Pages of any origin may load a script, also those that ask for integrity or isolate themselves.
_PUBLIC: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"vary", b"accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
]


class ScriptAnswer(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class _Script(NamedTuple):
    hash: str
    plain: bytes
    packed: bytes


class TrackerScripts:
    """The built files of `folder`; one that was not built is answered with 404."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._scripts = {name: _read(folder / f"{name}.js") for name in NAMES if (folder / f"{name}.js").exists()}

    def answer(self, path: str, headers: Mapping[bytes, bytes]) -> ScriptAnswer | None:
        """The answer to GET (for HEAD the same, without its body); None when the path is another room's."""
        match = _PATH.fullmatch(path)
        if match is None or (script := self._scripts.get(match[1])) is None:
            return None
        if match[2] is not None and match[2] != script.hash:
            # a page that was cached before the collector was updated goes on being counted
            location = f"/{match[1]}.js".encode()
            return ScriptAnswer(302, [*_PUBLIC, (b"location", location), (b"cache-control", b"no-store")], b"")
        is_packed = b"gzip" in headers.get(b"accept-encoding", b"")
        tag = f'"{script.hash}{"-gzip" if is_packed else ""}"'.encode()
        keep = f"public, max-age={MAX_AGE_S}" if match[2] is None else f"public, max-age={FOREVER_S}, immutable"
        found = [*_PUBLIC, (b"etag", tag), (b"cache-control", keep.encode())]
        if tag in headers.get(b"if-none-match", b""):
            return ScriptAnswer(304, found, b"")
        found.append((b"content-type", b"text/javascript; charset=utf-8"))
        if is_packed:
            found.append((b"content-encoding", b"gzip"))
        return ScriptAnswer(200, found, script.packed if is_packed else script.plain)


def _read(path: Path) -> _Script:
    data = path.read_bytes()
    return _Script(hashlib.sha256(data).hexdigest()[:16], data, gzip.compress(data, compresslevel=9, mtime=0))
