"""The content of a raw object, and its lines: the only way from stored bytes to lines.

In: the kind of an object, and its stored bytes. Out: as much of the content as can be unpacked, and what is wrong with
the rest; its lines. Nothing raises: a truncated object is read as far as it goes. Every line number in the platform
(the load, the erasure, `raw cat`) counts these lines, from 1. Other modules judge what a line holds.
"""

from __future__ import annotations

import zlib

from clickstream.raw.keys import Kind

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def unpack(kind: Kind, data: bytes) -> tuple[bytes, str]:
    """Return the content, and why it is incomplete ("" if it is complete).

    A batch may have several gzip members, and zero bytes after them. Empty bytes are empty content.
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
    """Return the lines that are not blank. An event is one document, however many lines it is written in."""
    if kind is Kind.EVENT:
        document = content.strip()
        return [document] if document else []
    return [line for line in content.split(b"\n") if line.strip()]
