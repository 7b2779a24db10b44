"""Where a person's events are: in every raw object, loaded or not, and in the warehouse.

In: a Person. Out: places (object, line). Objects are read by the load's own parser, so that an id means here what it
means in the warehouse; those whose bytes cannot hold it are passed over. If one copy of an event is the person's, all
its copies are. A line that nobody can read is the person's when the id stands in it as a word.
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

_WITHOUT_PROPERTIES = "cast($pattern as text) is null"  # never true: these tables do not show imports
TRACES: dict[str, dict[str, str]] = {
    "clickstream_events": {},
    "sessions": {"imported": _WITHOUT_PROPERTIES},
    "orders": {"imported": _WITHOUT_PROPERTIES},
    "daily_visitors": {
        "user": "nullif(user_id, '')",
        "client": "nullif(client_id, '')",
        "imported": _WITHOUT_PROPERTIES,
    },
    "seen": {"sample": "false", "imported": _WITHOUT_PROPERTIES},
    "clients": {"user": "first_user_id", "sample": "false", "imported": _WITHOUT_PROPERTIES},
}
"""Tables of the warehouse that hold ids, and their columns as `Person.condition` takes them."""


@dataclass(slots=True)
class Places:
    """Lines by object. names: the objects that the raw store still has; the others stand in the warehouse alone."""

    lines: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    names: dict[str, RawName] = field(default_factory=dict)
    event_ids: set[str] = field(default_factory=set)

    def put(self, places: Iterable[Sequence[Any]]) -> None:
        """Add rows of (object, line, …)."""
        for row in places:
            self.lines[row[0]].add(row[1])

    @property
    def count(self) -> int:
        return sum(map(len, self.lines.values()))


class Search:
    """Looks for one person. `progress` follows the reading of the raw store."""

    def __init__(
        self, person: Person, warehouse: Warehouse, store: RawStore, parser: Parser, progress: Progress = no_progress
    ) -> None:
        self._person = person
        self._warehouse = warehouse
        self._store = store
        self._parser = parser
        self._progress = progress

    def run(self) -> Places:
        """Every place of the person's events and of their copies."""
        places = Places()
        names = list(objects_in_order(self._store, self._store.days()))
        places.names = {name.key: name for name in names}
        self._look_into_objects(names, places)
        self._look_into_warehouse(places)
        if places.event_ids:
            self._look_for_copies(names, places)
        return places

    def traces(self) -> int:
        """Rows of the warehouse that still show the person."""
        count = 0
        with self._warehouse.reading() as cursor:
            for table, columns in TRACES.items():
                sql = f"select count(*) from {table} where {self._person.condition(**columns)}"  # noqa: S608 - ours
                count += int(cursor.scalar(sql, self._person.params))
        return count + len(self._bad_rows())

    def _look_into_objects(self, names: Sequence[RawName], places: Places) -> None:
        person = self._person
        for group in self._groups(names):
            asked = [raw for raw in group if person.may_be_in(raw.content)]
            rows = self._parsed(asked, person.condition(), dict(person.params))
            places.put(rows)
            places.event_ids.update(row[2] for row in rows)
            lines = self._bad_lines
            places.put((row.object, row.line) for row in lines if row.original and person.is_named_in(row.original))

    def _look_into_warehouse(self, places: Places) -> None:
        """Rows whose raw object has expired are found here alone."""
        person = self._person
        with self._warehouse.reading() as cursor:
            found = cursor.fetch(
                f"""
                select raw_object, raw_line, cast(event_id as text) from clickstream_events
                where raw_object is not null and {person.condition()}
                """,  # noqa: S608 - ours
                person.params,
            )
        places.put(found.rows)
        places.event_ids.update(row[2] for row in found.rows)
        places.put(self._bad_rows())

    def _bad_rows(self) -> list[tuple[str, int]]:
        """Bad rows whose bytes name the person."""
        with self._warehouse.reading() as cursor:
            rows = cursor.fetch("select object, line, original from bad_rows where original is not null").rows
        return [(key, line) for key, line, original in rows if self._person.is_named_in(bytes(original))]

    def _look_for_copies(self, names: Sequence[RawName], places: Places) -> None:
        """The other lines with these event ids: known to the warehouse, or in objects that are not loaded yet."""
        ids = {"ids": sorted(places.event_ids)}
        among = "in (select unnest(cast($ids as uuid[])))"
        with self._warehouse.reading() as cursor:
            for table, columns in (("clickstream_events", "raw_object, raw_line"), ("duplicates", "object, line")):
                sql = f"select {columns} from {table} where event_id {among}"  # noqa: S608 - ours
                places.put(row for row in cursor.fetch(sql, ids).rows if row[0] is not None)
            loaded = {row[0] for row in cursor.fetch("select name from raw_objects").rows}
        condition = "event_id in (select unnest(cast($ids as text[])))"
        for group in read_objects(self._store, [name for name in names if name.key not in loaded]):
            places.put(self._parsed(group, condition, ids))

    def _parsed(self, objects: Sequence[RawObject], condition: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Rows of these objects as (object, line, event id); `_bad_lines` holds the lines that are none."""
        self._bad_lines: Collection[Any] = ()
        if not objects:
            return []
        self._bad_lines = self._parser.parse(objects).bad_rows
        sql = f"select raw_object, raw_line, event_id from events where {condition}"  # noqa: S608 - ours
        return self._parser.connection.execute(sql, params or None).fetchall()

    def _groups(self, names: Sequence[RawName]) -> Iterator[list[RawObject]]:
        done = 0
        for group in read_objects(self._store, names):
            yield group
            done += len(group)
            self._progress(done, len(names))
