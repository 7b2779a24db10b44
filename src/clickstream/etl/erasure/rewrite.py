"""Raw objects without the lines that are to go: each becomes `{"_erased": receipt}`, so that counts and positions stay.

In: an object as it was read, positions among its non-blank lines. Out: the bytes to store in its place; the other lines
are kept as they are, byte for byte, blank ones and a torn end too: a later reading gives the same rows.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping

import msgspec

from clickstream.etl.chunk import RawObject, read_objects
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import Kind, RawName

_GZIP = 16 + zlib.MAX_WBITS


def erase_places(
    store: RawStore, names: Iterable[RawName], places: Mapping[str, Collection[int]], receipt: str
) -> None:
    """Rewrite the objects that hold such lines.

    After a crash those that are done are written once more, as they are: the store may have kept what was there before.
    """
    for group in read_objects(store, names):
        for raw in group:
            store.replace(raw.name.key, _packed(raw, without_lines(raw, places[raw.name.key], receipt)))


def without_lines(raw: RawObject, positions: Collection[int], receipt: str) -> bytes:
    """The object's lines with those at `positions` erased. A receipt that stands there already stays."""
    mark = msgspec.json.encode({"_erased": receipt})
    if raw.name.kind is Kind.EVENT:
        return raw.content if not positions or _is_erased(raw.content) else mark
    wanted = set(positions)
    lines = raw.content.split(b"\n")
    position = 0
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        position += 1
        if position in wanted and not _is_erased(line):
            lines[index] = mark
    return b"\n".join(lines)


def _is_erased(line: bytes) -> bool:
    """By an earlier receipt, or by a run that was killed. An event may have a field of that name; it has others too."""
    if not line.startswith(b'{"_erased"'):
        return False
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and len(value) == 1


def _packed(raw: RawObject, content: bytes) -> bytes:
    """As the object was stored. One that was cut off stays so: its last line is missing, not bad."""
    if raw.name.kind is Kind.EVENT:
        return content
    packer = zlib.compressobj(wbits=_GZIP)
    return packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH if raw.is_cut else zlib.Z_FINISH)
