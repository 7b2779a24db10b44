"""Which pages may read the collector's answers: CORS by allow-list.

Credentials are never allowed: the collector has no cookies. A page that is not on the list can still
send a simple request (browsers do not ask before those); it only cannot read the answer.
"""

from __future__ import annotations

Headers = list[tuple[bytes, bytes]]

MAX_AGE_S = 7200


class Cors:
    """`origins`: exact origins such as `https://shop.example`, or `*` for all."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._all = "*" in origins
        self._origins = frozenset(origin.rstrip("/").encode() for origin in origins)

    def headers(self, origin: bytes | None) -> Headers:
        """Headers of every answer to a page of `origin` (None: not asked by a page of another origin)."""
        if origin is None:
            return []
        if self._all:
            return [(b"access-control-allow-origin", b"*")]
        vary = [(b"vary", b"origin")]
        return [(b"access-control-allow-origin", origin), *vary] if origin in self._origins else vary

    def preflight(self, origin: bytes | None) -> Headers:
        """What the answer to OPTIONS adds for an allowed origin."""
        if origin is None or not (self._all or origin in self._origins):
            return []
        return [
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type, content-encoding"),
            (b"access-control-max-age", str(MAX_AGE_S).encode()),
        ]
