"""What an erasure writes into the raw store: receipts, erased lines, and refused input without the person.

    receipts/<uuidv7>.json      beside `events/`

A receipt lists every position (object, line) before the first line is erased, so that an erasure that was killed can be
completed; once complete, it keeps only the counts. It holds no personal value: `proof` is a hash of the id with a
secret that the command prints once and never stores. With the secret and the id, anyone can show later which receipt
belongs to a request.

An erased line becomes `{"_erased": receipt}`, so that counts and line numbers stay. All other bytes of the object stay
as they are, blank lines and a truncated end included: reading the object again gives the same rows. Copies of refused
input (collect/rejected.py) that name the person are removed; nothing counts them, so nothing takes their place.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import msgspec

from clickstream.etl.chunk import RawObject, read_objects
from clickstream.etl.erasure.person import Person
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import Kind, RawName
from clickstream.raw.look import is_erased

RECEIPTS = "receipts/"
REJECTED = "rejected/"
_GZIP = 16 + zlib.MAX_WBITS


class Receipt(msgspec.Struct, frozen=True):
    """number: the text in every erased line. positions: the lines to erase, by object; empty once they are erased."""

    number: str
    kind: str
    begun_at: datetime
    lines: int
    objects: int
    proof: str = ""
    positions: dict[str, list[int]] = msgspec.field(default_factory=dict, name="places")
    done_at: datetime | None = None


def prove(secret: str, value: str) -> str:
    """Return the hash that links a receipt to an id, for anyone who knows both the secret and the id."""
    return hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def make_receipt(number: str, kind: str, positions: Mapping[str, list[int]], begun_at: datetime, proof: str) -> Receipt:
    """Return a receipt for lines that are not erased yet."""
    lines = sum(len(found) for found in positions.values())
    return Receipt(number, kind, begun_at, lines, len(positions), proof, dict(positions))


def write_receipt(store: RawStore, receipt: Receipt) -> None:
    """Store a receipt; it is durable when this returns."""
    store.replace(f"{RECEIPTS}{receipt.number}.json", msgspec.json.encode(receipt))


def open_receipts(store: RawStore) -> list[Receipt]:
    """Return the receipts of erasures that are not complete, oldest first."""
    receipts = (msgspec.json.decode(store.read(key), type=Receipt) for key in store.keys(RECEIPTS))
    return [receipt for receipt in receipts if receipt.done_at is None]


def close_receipt(store: RawStore, receipt: Receipt, now: datetime) -> None:
    """Mark a receipt as complete and drop its positions."""
    write_receipt(store, msgspec.structs.replace(receipt, positions={}, done_at=now))


def erase_lines(
    store: RawStore, names: Iterable[RawName], positions: Mapping[str, Collection[int]], receipt: str
) -> None:
    """Rewrite the named objects with the lines at `positions` erased.

    After a crash, objects that are already rewritten are written again: the store may still hold the old bytes.
    """
    for group in read_objects(store, names):
        for raw in group:
            store.replace(raw.name.key, _packed(raw, without_lines(raw, positions[raw.name.key], receipt)))


def without_lines(raw: RawObject, numbers: Collection[int], receipt: str) -> bytes:
    """Return the object's lines with those of these numbers erased. Lines that an earlier receipt erased stay."""
    mark = msgspec.json.encode({"_erased": receipt})
    if raw.name.kind is Kind.EVENT:
        return raw.content if not numbers or is_erased(raw.content) else mark
    wanted = set(numbers)
    lines = raw.content.split(b"\n")
    number = 0
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        number += 1
        if number in wanted and not is_erased(line):
            lines[index] = mark
    return b"\n".join(lines)


def count_copies(store: RawStore, person: Person) -> int:
    """Count the entries of refused input that name the person."""
    if not person.value:
        return 0
    keys = store.keys(REJECTED)
    return sum(person.is_named_in(line) for data in store.read_many(keys) for line in data.splitlines())


def erase_copies(store: RawStore, person: Person) -> int:
    """Remove the entries of refused input that name the person, and files left empty; return how many entries."""
    if not person.value:
        return 0
    count = 0
    keys = store.keys(REJECTED)
    for key, data in zip(keys, store.read_many(keys), strict=True):
        lines = data.splitlines(keepends=True)
        kept = [line for line in lines if not person.is_named_in(line)]
        count += len(lines) - len(kept)
        if not kept:
            store.delete([key])
        elif len(kept) < len(lines):
            store.replace(key, b"".join(kept))
    return count


def _packed(raw: RawObject, content: bytes) -> bytes:
    """Pack the content as it was. A truncated object stays truncated, so that its last line is missing, not bad."""
    if raw.name.kind is Kind.EVENT:
        return content
    packer = zlib.compressobj(wbits=_GZIP)
    return packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH if raw.is_cut else zlib.Z_FINISH)
