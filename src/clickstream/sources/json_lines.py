"""Reads a file with one JSON object per line as rows: the members are its columns, `a.b` for objects within objects.

In: a TextFile. Out: the same header and rows as of a delimited file. The header has the members of the first 100
objects; a member that a line lacks is an empty cell, and so is null. Numbers keep their spelling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from clickstream.errors import SourceError
from clickstream.sources.delimited import Row, SkippedRow
from clickstream.sources.text_file import TextFile, is_readable

_FOR_HEADER = 100
_THOUSANDS = re.compile(r"-?\d{1,3}\.\d{3}")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class JsonLinesReader:
    """Reads one file. header: the names of members."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        lines = self._lines()
        first = list(islice(lines, _FOR_HEADER))
        self._rest = chain(first, lines)
        self.header = list(dict.fromkeys(name for _, members in first if isinstance(members, dict) for name in members))
        if not self.header:
            raise SourceError(f"reading {file.path}", "no line is a JSON object", "write one object per line")

    def rows(self) -> Iterator[Row | SkippedRow]:
        for position, (line, members) in enumerate(self._rest, 1):
            if isinstance(members, str):
                yield SkippedRow(position, line, members)
            else:
                yield Row(position, line, [members.get(name, "") for name in self.header])

    def _lines(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Yield each line's members, or the reason why it is not an object."""
        for text in self._file.lines():
            if text.strip():
                yield self._file.line, _members(text)


def _members(text: str) -> dict[str, str] | str:
    if not is_readable(text):
        return "the line is not UTF-8 text"
    try:
        value = json.loads(text, parse_int=str, parse_float=_float_text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return f"the line is not JSON: {error}"
    if not isinstance(value, dict):
        return f"expected a JSON object, got {type(value).__name__}"
    return dict(_flat(value, ""))


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{name}.")
        elif isinstance(inner, bool):
            yield prefix + name, "true" if inner else "false"
        elif isinstance(inner, list):
            yield prefix + name, json.dumps(inner, ensure_ascii=False)
        else:
            yield prefix + name, "" if inner is None else _HALF_PAIR.sub("\ufffd", inner)


def _float_text(text: str) -> str:
    """Return the number as text that `read_number` cannot take for thousands: `12.500` becomes `12.5000`."""
    return text if _THOUSANDS.fullmatch(text) is None else f"{text}0"


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
