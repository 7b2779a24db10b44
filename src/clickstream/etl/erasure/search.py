"""Where a person's events are: in every raw object, loaded or not, and in the warehouse.

In: a Person. Out: positions (object, line). The load's own parser reads the objects, so that an id means here what it
means in the warehouse; objects whose bytes cannot hold the id are skipped. If one copy of an event belongs to the
person, all its copies do. An unreadable line belongs to the person when it holds the id as a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from clickstream.etl.chunk import RawObject, read_objects
from clickstream.etl.erasure.person import Person
from clickstream.etl.parse import Parser
from clickstream.progress import Progress, no_progress
from clickstream.raw.contract import RawStore
from clickstream.raw.keys import RawName
from clickstream.raw.listing import objects_in_order
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.dialects import fill

_WITHOUT_PROPERTIES = "cast($pattern as text) is null"  # never true: these tables do not show imports
ID_COLUMNS: dict[str, dict[str, str]] = {
    "clickstream_events": {},
    "sessions": {"imported": _WITHOUT_PROPERTIES},
    "orders": {"imported": _WITHOUT_PROPERTIES},
    "seen": {"sample": "false", "imported": _WITHOUT_PROPERTIES},
    "clients": {"user": "first_user_id", "sample": "false", "imported": _WITHOUT_PROPERTIES},
}
"""Tables of the warehouse with user or client ids, and the columns that hold them (arguments of Person.condition)."""


@dataclass(slots=True)
class Positions:
    """Lines by object.

    names: the objects that the raw store still has; lines of other objects exist in the warehouse only.
    event_ids: the ids of the events at these positions.
    """

    lines: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    names: dict[str, RawName] = field(default_factory=dict)
    event_ids: set[str] = field(default_factory=set)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows of (object, line, …)."""
        for row in rows:
            self.lines[row[0]].add(row[1])

    @property
    def count(self) -> int:
        return sum(map(len, self.lines.values()))


class PersonSearch:
    """Finds the lines and rows of one person. `progress` follows the reading of the raw store."""

    def __init__(
        self, person: Person, warehouse: Warehouse, store: RawStore, parser: Parser, progress: Progress = no_progress
    ) -> None:
        self._person = person
        self._warehouse = warehouse
        self._store = store
        self._parser = parser
        self._progress = progress

    def find_positions(self) -> Positions:
        """Return every position of the person's events and of their copies."""
        positions = Positions()
        names = list(objects_in_order(self._store, self._store.days()))
        positions.names = {name.key: name for name in names}
        self._add_from_objects(names, positions)
        self._add_from_warehouse(positions)
        if positions.event_ids:
            self._add_copies(names, positions)
        return positions

    def count_rows(self) -> int:
        """Count the rows of the warehouse that still show the person."""
        count = 0
        with self._warehouse.reading() as cursor:
            for table, columns in ID_COLUMNS.items():
                condition = self._person.condition(**columns)
                sql = fill("select count(*) from {table} where {condition}", table=table, condition=condition)
                count += int(cursor.scalar(sql, self._person.params))
        return count + len(self._bad_rows())

    def _add_from_objects(self, names: Sequence[RawName], positions: Positions) -> None:
        person = self._person
        for group in self._groups(names):
            candidates = [raw for raw in group if person.may_be_in(raw.content)]
            rows = self._parsed(candidates, person.condition(), dict(person.params))
            positions.add(rows)
            positions.event_ids.update(row[2] for row in rows)
            lines = self._bad_lines
            positions.add((row.object, row.line) for row in lines if row.original and person.is_named_in(row.original))

    def _add_from_warehouse(self, positions: Positions) -> None:
        """Add rows whose raw object has expired: nothing else can find them."""
        person = self._person
        with self._warehouse.reading() as cursor:
            found = cursor.fetch(
                fill(
                    """
                    select raw_object, raw_line, cast(event_id as text) from clickstream_events
                    where raw_object is not null and {condition}
                    """,
                    condition=person.condition(),
                ),
                person.params,
            )
        positions.add(found.rows)
        positions.event_ids.update(row[2] for row in found.rows)
        positions.add(self._bad_rows())

    def _bad_rows(self) -> list[tuple[str, int]]:
        """Return the positions of bad rows whose bytes name the person."""
        with self._warehouse.reading() as cursor:
            rows = cursor.fetch("select object, line, original from bad_rows where original is not null").rows
        return [(key, line) for key, line, original in rows if self._person.is_named_in(bytes(original))]

    def _add_copies(self, names: Sequence[RawName], positions: Positions) -> None:
        """Add the other lines with these event ids: in the warehouse, and in objects that are not loaded yet."""
        ids = {"ids": sorted(positions.event_ids)}
        copies = "select {columns} from {table} where event_id in (select unnest(cast($ids as uuid[])))"
        with self._warehouse.reading() as cursor:
            for table, columns in (("clickstream_events", "raw_object, raw_line"), ("duplicates", "object, line")):
                sql = fill(copies, columns=columns, table=table)
                positions.add(row for row in cursor.fetch(sql, ids).rows if row[0] is not None)
            loaded = {row[0] for row in cursor.fetch("select name from raw_objects").rows}
        condition = "event_id in (select unnest(cast($ids as text[])))"
        for group in read_objects(self._store, [name for name in names if name.key not in loaded]):
            positions.add(self._parsed(group, condition, ids))

    def _parsed(self, objects: Sequence[RawObject], condition: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return rows of these objects as (object, line, event id); `_bad_lines` holds their bad lines."""
        self._bad_lines: Collection[Any] = ()
        if not objects:
            return []
        self._bad_lines = self._parser.parse(objects).bad_rows
        return self._parser.find(condition, params)

    def _groups(self, names: Sequence[RawName]) -> Iterator[list[RawObject]]:
        done = 0
        for group in read_objects(self._store, names):
            yield group
            done += len(group)
            self._progress(done, len(names))
