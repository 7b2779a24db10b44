"""Receipts: what is to be erased, written down before anything is, so that a killed erasure can be finished.

    receipts/<uuidv7>.json      in the raw store, beside `events/`

In: places (object, lines). Out: the same, until the receipt is done; then its counts alone. A receipt holds no personal
value: only `proof`, a hash of the erased id with a secret that is printed once and stored nowhere. Whoever keeps the
secret with the person's request can show later that this receipt is its answer.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import msgspec

from clickstream.raw.contract import RawStore

FOLDER = "receipts/"


class Receipt(msgspec.Struct, frozen=True):
    """number: stands in every erased line. places: lines by object that are to go; empty once all is done."""

    number: str
    kind: str
    begun_at: datetime
    lines: int
    objects: int
    proof: str = ""
    places: dict[str, list[int]] = {}
    done_at: datetime | None = None


def prove(secret: str, value: str) -> str:
    """The hash that links a receipt to an id, for whoever knows both the secret and the id."""
    return hmac.new(secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def make_receipt(number: str, kind: str, places: Mapping[str, list[int]], begun_at: datetime, proof: str) -> Receipt:
    """A receipt whose work is still to be done."""
    lines = sum(len(found) for found in places.values())
    return Receipt(number, kind, begun_at, lines, len(places), proof, dict(places))


def write_receipt(store: RawStore, receipt: Receipt) -> None:
    """Durable when this returns."""
    store.replace(_key(receipt.number), msgspec.json.encode(receipt))


def open_receipts(store: RawStore) -> list[Receipt]:
    """Receipts whose work is not done, the oldest first."""
    receipts = (msgspec.json.decode(store.read(key), type=Receipt) for key in store.keys(FOLDER))
    return [receipt for receipt in receipts if receipt.done_at is None]


def close_receipt(store: RawStore, receipt: Receipt, now: datetime) -> None:
    """The work is done: the places are not needed any more."""
    write_receipt(store, msgspec.structs.replace(receipt, places={}, done_at=now))


def _key(number: str) -> str:
    return f"{FOLDER}{number}.json"
