"""Copies of refused input (collect/rejected.py) that name a person.

In: a Person. Out: the files below `rejected/` without the entries that hold the id as a word; nobody counts them, so
nothing is left in their place.
"""

from __future__ import annotations

from clickstream.etl.erasure.person import Person
from clickstream.raw.contract import RawStore

FOLDER = "rejected/"


def count_copies(store: RawStore, person: Person) -> int:
    """Entries that name the person."""
    if not person.value:
        return 0
    keys = store.keys(FOLDER)
    return sum(person.is_named_in(line) for data in store.read_many(keys) for line in data.splitlines())


def erase_copies(store: RawStore, person: Person) -> int:
    """Remove those entries, and the files that hold nothing else; how many entries they were."""
    if not person.value:
        return 0
    count = 0
    keys = store.keys(FOLDER)
    for key, data in zip(keys, store.read_many(keys), strict=True):
        lines = data.splitlines(keepends=True)
        kept = [line for line in lines if not person.is_named_in(line)]
        count += len(lines) - len(kept)
        if not kept:
            store.delete([key])
        elif len(kept) < len(lines):
            store.replace(key, b"".join(kept))
    return count
