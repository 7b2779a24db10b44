"""A mapping held against a file: rows of cells -> events as the collector takes them.

In: a `Mapping` (sources/mapping_file.py reads it from TOML) and the header of a file. Out: `RowToEvent`.
Columns that the file does not have are refused all at once, before anything is sent. A row that cannot
be used is a ValueError with the reason; the caller counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from clickstream.errors import SourceError
from clickstream.event import RawEvent, derived_event_id
from clickstream.sources.rules import Binding, Make, Rule, Tables
from clickstream.sources.template import Row

REQUIRED = ("eventName", "createdAt")


class FileFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a delimited file is written. Whether it is packed with gzip is seen from its first bytes."""

    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Field:
    """A field to make. `group` is the object it stands in (`product`…), None at the top."""

    group: str | None
    name: str
    rule: Rule

    @property
    def path(self) -> str:
        return f"{self.group}.{self.name}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping that is right in itself. Its name is part of the ids that it derives."""

    name: str
    file: FileFormat
    fields: tuple[Field, ...]
    tables: Tables

    def bind(self, header: Sequence[str], file_name: str) -> RowToEvent:
        """The maker of events for a file. Raises SourceError naming every column that is not there once."""
        problems = list(self._column_problems(header))
        if problems:
            doing = f"using the mapping {self.name} for {file_name}"
            raise SourceError(doing, "; ".join(problems), "its columns are: " + ", ".join(header))
        return RowToEvent(self, header, file_name)

    def _column_problems(self, header: Sequence[str]) -> Iterator[str]:
        users: dict[str, list[str]] = {}
        for field in self.fields:
            for column in (column for template in field.rule.templates() for column in template.columns):
                users.setdefault(column, []).append(field.path)
        for column, paths in users.items():
            count = header.count(column)
            if count != 1:
                found = f"{count} columns" if count else "no column"
                yield f"{found} {column!r} for {', '.join(dict.fromkeys(paths))}"


class RowToEvent:
    """Makes the event of a row."""

    def __init__(self, mapping: Mapping, header: Sequence[str], file_name: str) -> None:
        binding = Binding({column: index for index, column in enumerate(header)}, mapping.tables)
        self._width = len(header)
        self._origin = (mapping.name, file_name)
        self._makers: list[tuple[Field, Make]] = [(field, field.rule.make(binding)) for field in mapping.fields]

    def make(self, row: Row, position: int) -> RawEvent:
        """The event of one row; `position` counts rows from 1. Raises ValueError when the row cannot be used."""
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
            raise ValueError(f"no {' and no '.join(missing)}")
        if "eventId" not in event:
            # Two equal rows may be two real clicks: the position tells them apart, and stays on a second run.
            event["eventId"] = str(derived_event_id("\n".join([*self._origin, str(position), *row])))
        return event


def _group(event: RawEvent, name: str | None) -> dict[str, Any]:
    return event if name is None else event.setdefault(name, {})
