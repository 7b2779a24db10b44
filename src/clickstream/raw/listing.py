"""Which raw objects a store holds: the only way from file names to RawNames.

In: a store, days or keys. Out: names of raw objects; other files are skipped, except by `other_keys`, and nothing is
read. A day may hold a million objects, and a bucket lists them in pages of a thousand: functions that return an
iterator list and parse only as it advances. look.py lists for people, and counts other files too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import partial
from itertools import takewhile

from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName, day_prefix, parse_key, parse_name


def objects_among(day: date, file_names: Iterable[str]) -> Iterator[RawName]:
    """Return the raw objects among files in the folder of `day`, in the order of the files."""
    return filter(None, map(partial(parse_name, day), file_names))


def objects_of(store: RawStore, day: date) -> Iterator[RawName]:
    """Return the objects of a day as the store lists them; only some stores list in order."""
    return objects_among(day, store.file_names(day))


def objects_in_order(store: RawStore, days: Iterable[date]) -> Iterator[RawName]:
    """Yield the objects of these days, day by day, in the order of their names."""
    for day in days:
        file_names = store.file_names(day)
        yield from objects_among(day, file_names if store.lists_in_order else sorted(file_names))


def still_there(store: RawStore, keys: Iterable[str]) -> list[RawName]:
    """Return those of the objects that the store has, in the order of their keys. Each of their days is listed once."""
    wanted: dict[date, dict[str, RawName]] = {}
    for key in keys:
        raw = parse_key(key)
        if raw is not None:
            wanted.setdefault(raw.day, {})[raw.file_name] = raw
    return [raws[name] for day, raws in sorted(wanted.items()) for name in sorted(files_there(store, day, raws.keys()))]


def other_keys(store: RawStore, days: Iterable[date]) -> Iterator[str]:
    """Yield the keys of files that no load reads: those in the folders of these days, and those outside of any day."""
    yield from store.keys_outside_days()
    for day in days:
        prefix = day_prefix(day)
        yield from (prefix + name for name in store.file_names(day) if parse_name(day, name) is None)


def files_there(store: RawStore, day: date, file_names: Collection[str]) -> set[str]:
    """Return those of the files that are in the folder of `day`. A bucket lists only from the first to the last one."""
    if not file_names:
        return set()
    first, last = min(file_names), max(file_names)
    listed = store.file_names(day, first[:-1])  # sorts before the first

    if store.lists_in_order:
        listed = takewhile(lambda name: name <= last, listed)
    return set(file_names).intersection(listed)
