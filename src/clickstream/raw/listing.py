"""Which raw objects a store holds: the one way from file names to RawNames.

In: a store, days or keys. Out: names of raw objects; other files in the folders of days are passed over, and nothing is
read. A day may hold a million objects, and a bucket lists them in pages of a thousand: whatever returns an iterator
asks and parses as it is followed. Names alone, for people, with what is no object: look.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import partial
from itertools import takewhile

from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName, parse_key, parse_name


def objects_among(day: date, file_names: Iterable[str]) -> Iterator[RawName]:
    """The raw objects among files in the folder of `day`, in the order of the files."""
    return filter(None, map(partial(parse_name, day), file_names))


def objects_of(store: RawStore, day: date) -> Iterator[RawName]:
    """The objects of a day as the store lists them: in no order that every store keeps."""
    return objects_among(day, store.file_names(day))


def objects_in_order(store: RawStore, days: Iterable[date]) -> Iterator[RawName]:
    """The objects of these days, day by day, each day's in order of their names."""
    for day in days:
        file_names = store.file_names(day)
        yield from objects_among(day, file_names if store.lists_in_order else sorted(file_names))


def still_there(store: RawStore, keys: Iterable[str]) -> list[RawName]:
    """Those of the objects that the store has, in order of their keys. Each of their days is listed once."""
    wanted: dict[date, dict[str, RawName]] = {}
    for key in keys:
        raw = parse_key(key)
        if raw is not None:
            wanted.setdefault(raw.day, {})[key.rpartition("/")[2]] = raw
    return [raws[name] for day, raws in sorted(wanted.items()) for name in sorted(files_there(store, day, raws.keys()))]


def files_there(store: RawStore, day: date, file_names: Collection[str]) -> set[str]:
    """Those of the files that are in the folder of `day`. A bucket lists from the first to the last of them alone."""
    if not file_names:
        return set()
    first, last = min(file_names), max(file_names)
    listed = store.file_names(day, first[:-1])  # sorts in front of the first
    if store.lists_in_order:
        listed = takewhile(lambda name: name <= last, listed)
    return set(file_names).intersection(listed)
