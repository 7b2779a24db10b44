"""Applies a mapping to a file: rows of cells -> events as the collector accepts them.

In: a `Mapping` (sources/mapping_file.py reads it from TOML) and the header of a file. Out: `RowToEvent`.
Columns that the file lacks are reported all at once, before anything is sent. A row that cannot be used raises
ValueError with the reason; the caller counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from clickstream.errors import SourceError
from clickstream.event import RawEvent, derived_event_id
from clickstream.sources.values import Binding, Make, Row, Tables, Value

REQUIRED = ("eventName", "createdAt")


class FileFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a delimited file is written. Its first bytes show whether it is compressed with gzip."""

    delimiter: str = ","
    encoding: str = "utf-8"


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
class Mapping:
    """A valid mapping. Its name is part of the event ids that it derives."""

    name: str
    file: FileFormat
    fields: tuple[Field, ...]
    tables: Tables

    def bind(self, header: Sequence[str], file_name: str) -> RowToEvent:
        """Return the maker of events for a file. Raises SourceError with all columns that do not occur exactly once."""
        problems = list(self._column_problems(header))
        if problems:
            doing = f"applying the mapping {self.name} to {file_name}"
            raise SourceError(doing, "; ".join(problems), "the columns of the file are: " + ", ".join(header))
        return RowToEvent(self, header, file_name)

    def _column_problems(self, header: Sequence[str]) -> Iterator[str]:
        users: dict[str, list[str]] = {}
        for field in self.fields:
            for column in (column for template in field.value.templates() for column in template.columns):
                users.setdefault(column, []).append(field.path)
        for column, paths in users.items():
            count = header.count(column)
            if count != 1:
                found = f"{count} columns" if count else "no column"
                yield f"{found} {column!r} for {', '.join(dict.fromkeys(paths))}"


class RowToEvent:
    """Makes events from rows."""

    def __init__(self, mapping: Mapping, header: Sequence[str], file_name: str) -> None:
        binding = Binding({column: index for index, column in enumerate(header)}, mapping.tables)
        self._width = len(header)
        self._origin = (mapping.name, file_name)
        self._makers: list[tuple[Field, Make]] = [(field, field.value.make(binding)) for field in mapping.fields]

    def make(self, row: Row, position: int) -> RawEvent:
        """Return the event of one row; `position` counts rows from 1. Raises ValueError when the row cannot be used."""
        if len(row) != self._width:
            raise ValueError(f"expected {self._width} cells, got {len(row)}")
        event: RawEvent = {}
        for field, make in self._makers:
            try:
                value = make(row)
            except ValueError as error:
                raise ValueError(f"{field.path}: {error}") from None
            if value is not None:
                _group(event, field.group)[field.name] = value
        missing = [name for name in REQUIRED if name not in event]
        if missing:
            raise ValueError(f"no value for {' and '.join(missing)}")
        if "eventId" not in event:
            # Two equal rows may be two real clicks: their positions differ, and stay the same on a second run.
            event["eventId"] = str(derived_event_id("\n".join([*self._origin, str(position), *row])))
        return event


def _group(event: RawEvent, name: str | None) -> dict[str, Any]:
    return event if name is None else event.setdefault(name, {})
