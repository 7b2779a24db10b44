"""The content of a raw object, and its lines: the one way from stored bytes to what is counted.

In: the kind of an object, and the bytes that are stored. Out: as much of the content as can be unpacked, with what is
wrong with the rest; its lines. Nothing raises: an object that is cut off is read as far as it goes. Whoever numbers
lines (the load, the erasure, `raw cat`) numbers these, from 1. What a line holds is for others to judge.
"""

from __future__ import annotations

import zlib

from clickstream.raw.keys import Kind

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def unpack(kind: Kind, data: bytes) -> tuple[bytes, str]:
    """The content, and why it is not all there: "" when it is.

    A batch may have several gzip members, and zero bytes behind them. No bytes at all are no content.
    """
    if kind is Kind.EVENT:
        return data, ""
    parts: list[bytes] = []
    while data:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            parts.append(member.decompress(data))
        except zlib.error as error:
            return b"".join(parts), str(error)
        if not member.eof:
            return b"".join(parts), "it ends too early"
        data = member.unused_data.lstrip(b"\0")
    return b"".join(parts), ""


def lines_in(kind: Kind, content: bytes) -> list[bytes]:
    """The lines that are not blank; an event is one document, however many lines it is written in."""
    if kind is Kind.EVENT:
        document = content.strip()
        return [document] if document else []
    return [line for line in content.split(b"\n") if line.strip()]
