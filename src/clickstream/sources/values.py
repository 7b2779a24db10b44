"""The kinds of values that a mapping can give to a field of an event, each made from the cells of a row.

    "text {column}"                                        text
    { number = "{column}", decimal = "," }                 a number, exact
    { lookup = "table", key = "{column}" }                 the entry of [tables.table] for the key
    { uuid5 = "{a}:{b}" }                                  an id: the same text always gives the same id
    { time = "{column}", zone = "Europe/Berlin" }          an instant: ISO 8601, an epoch number, or by its format
    { date = "{y}-{m}-{d}", start = "10:00", step_s = 30, sequence = "{n}" }   the day's start + n x 30 s

A template such as "text {column}" has no value when one of its cells is empty: half a text is worse than none. `{{` and
`}}` are braces. A value of None leaves its field out; a cell that cannot be used raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from clickstream.event import derived_event_id
from clickstream.sources.spellings import read_number, read_time

Row = Sequence[str]
Tables = Mapping[str, Mapping[str, Any]]
Make = Callable[[Row], Any]

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


class Template:
    """A parsed template. Raises ValueError when its braces do not match."""

    def __init__(self, text: str) -> None:
        self.columns: list[str] = []
        self._literals = [""]
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token in ("{", "}") or match[1] == "":
                raise ValueError(f"{text!r}: write a column as {{name}}, and a brace as two braces")
            if match[1] is not None:
                self.columns.append(match[1])
                self._literals.append("")
            else:
                self._literals[-1] += {"{{": "{", "}}": "}"}.get(token, token)

    def bind(self, positions: Mapping[str, int]) -> Callable[[Row], str | None]:
        """Return a function that fills the template from a row. positions: the index of each column."""
        first, *rest = self._literals
        indexes = [positions[column] for column in self.columns]
        if not rest:
            return lambda _row: first
        if len(rest) == 1 and not first and not rest[0]:
            only = indexes[0]
            return lambda row: row[only] or None

        def fill(row: Row) -> str | None:
            text = first
            for index, literal in zip(indexes, rest, strict=True):
                if not row[index]:
                    return None
                text += row[index] + literal
            return text

        return fill


@dataclass(frozen=True, slots=True)
class Binding:
    """What a value is made with: the index of each column of the file, and the mapping's tables."""

    positions: Mapping[str, int]
    tables: Tables

    def fill(self, template: str) -> Callable[[Row], str | None]:
        return self.fill_template(Template(template))

    def fill_template(self, template: Template) -> Callable[[Row], str | None]:
        return template.bind(self.positions)


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of one kind. `templates` are its fields that name columns."""

    def templates(self) -> list[Template]:
        raise NotImplementedError

    def make(self, binding: Binding) -> Make:
        raise NotImplementedError


class Constant(Value, frozen=True):
    value: bool | int | float

    def templates(self) -> list[Template]:
        return []

    def make(self, _binding: Binding) -> Make:
        return lambda _row: self.value


class Text(Value, frozen=True):
    text: str

    def templates(self) -> list[Template]:
        return [Template(self.text)]

    def make(self, binding: Binding) -> Make:
        return binding.fill(self.text)


class Number(Value, frozen=True):
    """decimal, thousands: the separators of the file, where a number could be read in two ways without them."""

    number: str
    decimal: str = ""
    thousands: str = ""

    def __post_init__(self) -> None:
        if len(self.decimal) > 1 or len(self.thousands) > 1 or (self.decimal and self.decimal == self.thousands):
            raise ValueError("decimal and thousands must be different characters")

    def templates(self) -> list[Template]:
        return [Template(self.number)]

    def make(self, binding: Binding) -> Make:
        fill = binding.fill(self.number)
        decimal, thousands = self.decimal, self.thousands
        return lambda row: None if (text := fill(row)) is None else read_number(text, decimal, thousands)


class Lookup(Value, frozen=True):
    lookup: str
    key: str

    def templates(self) -> list[Template]:
        return [Template(self.key)]

    def make(self, binding: Binding) -> Make:
        fill, table = binding.fill(self.key), binding.tables[self.lookup]
        return lambda row: None if (key := fill(row)) is None else table.get(key.strip())


class DerivedId(Value, frozen=True):
    uuid5: str

    def templates(self) -> list[Template]:
        return [Template(self.uuid5)]

    def make(self, binding: Binding) -> Make:
        fill = binding.fill(self.uuid5)
        return lambda row: None if (text := fill(row)) is None else str(derived_event_id(text))


class Instant(Value, frozen=True):
    """format: one or several as of strptime, for times that are not ISO 8601. zone: of times without an offset."""

    time: str
    format: str | list[str] = []
    zone: str = "UTC"

    def templates(self) -> list[Template]:
        return [Template(self.time)]

    def make(self, binding: Binding) -> Make:
        fill, zone = binding.fill(self.time), ZoneInfo(self.zone)
        formats = [self.format] if isinstance(self.format, str) else self.format
        return lambda row: None if (text := fill(row)) is None else _iso(read_time(text, formats, zone))


class DayStep(Value, frozen=True):
    """A time for files that have a day and an order but no time of day."""

    date: str
    start: str = "00:00"
    step_s: float = 0
    sequence: str = "0"
    zone: str = "UTC"

    def templates(self) -> list[Template]:
        return [Template(self.date), Template(self.sequence)]

    def make(self, binding: Binding) -> Make:
        day, sequence = binding.fill(self.date), binding.fill(self.sequence)
        start, zone = time.fromisoformat(self.start), ZoneInfo(self.zone)

        def make(row: Row) -> str | None:
            day_text, sequence_text = day(row), sequence(row)
            if day_text is None or sequence_text is None:
                return None
            steps = timedelta(seconds=self.step_s * float(read_number(sequence_text)))
            return _iso(datetime.combine(_day(day_text), start, zone).astimezone(UTC) + steps)

        return make


KINDS: dict[str, type[Value]] = {
    "number": Number,
    "lookup": Lookup,
    "uuid5": DerivedId,
    "time": Instant,
    "date": DayStep,
}


@lru_cache(maxsize=1024)
def _day(text: str) -> date:
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"expected a date as year-month-day, got {text!r}") from None


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
