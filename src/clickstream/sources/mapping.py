"""Applies a mapping to a file: rows of cells -> events as the collector accepts them.

In: a `Mapping` (sources/mapping_file.py reads it from TOML) and the header of a file. Out: `RowsToEvents`, which makes
one event of a row or, with [group], the events of an order from its lines (sources/grouping.py). Columns that the file
lacks are reported all at once, before anything is sent. A row that cannot be used raises ValueError with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from clickstream.errors import SourceError
from clickstream.event import RawEvent, derived_event_id, is_placeholder
from clickstream.sources.spellings import EARLIEST
from clickstream.sources.values import Binding, Make, Row, Tables, Template, Value

REQUIRED = ("eventName", "createdAt")
_CLOCKS_DIFFER_BY = timedelta(minutes=5)


class FileFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a file is written. skip: lines before the header. comment: lines that begin with it are ignored."""

    delimiter: str = ","
    encoding: str = "utf-8"
    comment: str = ""
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """A field to make. group: the object that contains it (`product`, ...); None at the top level."""

    group: str | None
    name: str
    value: Value

    @property
    def path(self) -> str:
        return f"{self.group}.{self.name}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class Condition:
    """A cell is one of `texts`, or is none of them. A text that ends with `*` stands for all that begin with it."""

    column: str
    texts: tuple[str, ...]
    is_negated: bool = False

    def holds(self, cell: str) -> bool:
        cell = cell.strip()
        is_one = any(cell.startswith(text[:-1]) if text.endswith("*") else cell == text for text in self.texts)
        return is_one is not self.is_negated


@dataclass(frozen=True, slots=True)
class Grouping:
    """How order lines become orders. by: the order's id. items: fields of a line. refund: lines that are refunds."""

    by: Template
    items: tuple[Field, ...]
    refund: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """A valid mapping. Its name is part of the event ids that it derives. where: the rows that are imported."""

    name: str
    file: FileFormat
    fields: tuple[Field, ...]
    tables: Tables
    where: tuple[Condition, ...] = ()
    grouping: Grouping | None = None

    def bind(self, header: Sequence[str], file_name: str, now: datetime) -> RowsToEvents:
        """Return the maker of events for a file. Raises SourceError with all columns that do not occur exactly once."""
        problems = list(self._column_problems(header))
        if problems:
            doing = f"applying the mapping {self.name} to {file_name}"
            raise SourceError(doing, "; ".join(problems), "the columns of the file are: " + ", ".join(header))
        return RowsToEvents(self, header, file_name, now)

    def _column_problems(self, header: Sequence[str]) -> Iterator[str]:
        users: dict[str, list[str]] = {}
        for column, user in self._columns():
            users.setdefault(column, []).append(user)
        for column, paths in users.items():
            count = header.count(column)
            if count != 1:
                found = f"{count} columns" if count else "no column"
                yield f"{found} {column!r} for {', '.join(dict.fromkeys(paths))}"

    def _columns(self) -> Iterator[tuple[str, str]]:
        """Yield each column that the mapping names, with the part that names it."""
        yield from _columns_of(self.fields, "")
        yield from ((condition.column, "[where]") for condition in self.where)
        if self.grouping is not None:
            yield from ((column, "[group] by") for column in self.grouping.by.columns)
            yield from ((condition.column, "[group] refund") for condition in self.grouping.refund)
            yield from _columns_of(self.grouping.items, "order.items.")


def _columns_of(fields: Iterable[Field], prefix: str) -> Iterator[tuple[str, str]]:
    for field in fields:
        for template in field.value.templates():
            yield from ((column, prefix + field.path) for column in template.columns)


class RowsToEvents:
    """Makes events from the rows of one file."""

    def __init__(self, mapping: Mapping, header: Sequence[str], file_name: str, now: datetime) -> None:
        self.positions = {column: index for index, column in enumerate(header)}
        self.binding = Binding(self.positions, mapping.tables)
        self.mapping = mapping
        self._width = len(header)
        self._origin = (mapping.name, file_name)
        self._latest = (now + _CLOCKS_DIFFER_BY).isoformat()
        self._makers = self.makers(mapping.fields)
        dated = [field for field in mapping.fields if field.path == "createdAt"]
        columns = [column for column, _ in _columns_of(dated, "")]
        self._created_at = self.makers(dated if columns else ())
        self._dated_from = min((self.positions[column] for column in columns), default=0)

    def is_wanted(self, row: Row) -> bool:
        """Whether [where] keeps the row."""
        return self.hold(self.mapping.where, row)

    def hold(self, conditions: Iterable[Condition], row: Row) -> bool:
        """Whether all conditions hold for the row. A cell that the row lacks counts as empty."""
        cells = ((condition, self.positions[condition.column]) for condition in conditions)
        return all(condition.holds(row[index] if index < len(row) else "") for condition, index in cells)

    def is_row(self, cells: list[str], column: int = 0) -> bool:
        """Whether these cells look like a whole row: there are enough of them, and those of createdAt are a time.

        column: createdAt counts only if its columns are this one or later ones.
        """
        if len(cells) < self._width or self._dated_from < column:
            return False
        if not self._created_at:
            return len(cells) == self._width
        event: RawEvent = {}
        try:
            fill(event, self._created_at, [cells])
        except ValueError:
            return False
        return "createdAt" in event

    def make(self, row: Row, position: int) -> RawEvent:
        """Return the event of one row; `position` counts rows from 1. Raises ValueError when the row cannot be used."""
        self.check_width(row)
        event: RawEvent = {}
        fill(event, self._makers, [row])
        self.check(event)
        if not has_event_id(event):
            # Two equal rows may be two real clicks: their positions differ, and stay the same on a second run.
            event["eventId"] = str(derived_event_id("\n".join([*self._origin, str(position), *row])))
        return event

    def makers(self, fields: Iterable[Field]) -> list[tuple[Field, Make]]:
        return [(field, field.value.make(self.binding)) for field in fields]

    def fill_from(self, event: RawEvent, rows: Sequence[Row]) -> None:
        """Give each field its first value in these rows."""
        fill(event, self._makers, rows)

    def check_width(self, row: Row) -> None:
        if len(row) != self._width:
            raise ValueError(f"expected {self._width} cells, got {len(row)}")

    def check(self, event: RawEvent) -> None:
        """Raise ValueError when the event lacks a required field, or has a time that cannot be."""
        missing = [name for name in REQUIRED if name not in event]
        if missing:
            raise ValueError(f"no value for {' and '.join(missing)}")
        created_at = event["createdAt"]
        if isinstance(created_at, str) and not EARLIEST <= created_at <= self._latest:
            raise ValueError(f"createdAt: expected a time from 2000 until now, got {created_at}")


def has_event_id(event: RawEvent) -> bool:
    """Whether the mapping gave an event id. One that is a placeholder would change with every run."""
    return "eventId" in event and not is_placeholder(event["eventId"])


def fill(event: RawEvent, makers: Iterable[tuple[Field, Make]], rows: Sequence[Row]) -> None:
    """Give each field of the event its first value in these rows."""
    for field, make in makers:
        try:
            for row in rows:
                if (value := make(row)) is not None:
                    group = event if field.group is None else event.setdefault(field.group, {})
                    group[field.name] = value
                    break
        except ValueError as error:
            raise ValueError(f"{field.path}: {error}") from None
