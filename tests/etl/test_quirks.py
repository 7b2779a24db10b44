"""Lines that are good JSON and that the reader cannot read all the same: they become bad rows, and stop no others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clickstream.etl.chunk import RawObject
from clickstream.etl.parse import Parser, Reading
from clickstream.raw.keys import RawName, parse_name
from tests.conftest import Clock

QUIRK = b"quirk"
GOOD = json.dumps({"eventName": "good"}).encode()
ODD = json.dumps({"eventName": "odd", "userId": "quirk"}).encode()


class PickyParser(Parser):
    """Cannot read lines of a certain kind, as if DuckDB had another quirk; or only after other lines."""

    is_first_tolerated = False

    def read_as(self, reading: Reading) -> tuple[Any, ...] | None:
        lines = self.file.read_bytes().splitlines()
        if any(QUIRK in line for line in lines[1 if self.is_first_tolerated else 0 :]):
            return None
        return super().read_as(reading)


class CrampedParser(Parser):
    """Has hardly any memory when it reads."""

    def read_as(self, reading: Reading) -> tuple[Any, ...] | None:
        self.connection.execute("set memory_limit = '1MB'")
        return super().read_as(reading)


def raw_object(number: int, lines: Sequence[bytes], clock: Clock) -> RawObject:
    name = parse_name(clock.now.date(), f"batch-{number}-{len(lines)}.ndjson.gz")
    assert isinstance(name, RawName)
    return RawObject(name, clock.now, b"".join(line + b"\n" for line in lines), is_cut=False)


@pytest.mark.parametrize("is_first_tolerated", [False, True])
def test_only_lines_that_duckdb_cannot_read_are_bad(tmp_path: Path, clock: Clock, is_first_tolerated: bool) -> None:
    objects = [
        raw_object(0, [GOOD] * 9, clock),
        raw_object(1, [GOOD, ODD, GOOD], clock),
        raw_object(2, [ODD, b"not json", ODD, GOOD], clock),
    ]
    first, second, third = (raw.name.key for raw in objects)
    parser = PickyParser(tmp_path, "USD")
    parser.is_first_tolerated = is_first_tolerated
    chunk = parser.parse(objects)
    rows = parser.connection.execute("select raw_object, raw_line from events order by 1, 2").fetchall()
    parser.close()
    assert sorted((row.object, row.line, row.reason, row.original) for row in chunk.bad_rows) == [
        (second, 2, "unreadable", ODD),
        (third, 1, "unreadable", ODD),
        (third, 2, "invalid_json", b"not json"),
        (third, 3, "unreadable", ODD),
    ]
    assert rows == [*((first, line) for line in range(1, 10)), (second, 1), (second, 3), (third, 4)]
    assert chunk.lines == {first: 9, second: 3, third: 4}


def test_running_out_of_memory_makes_no_line_bad(tmp_path: Path, clock: Clock) -> None:
    parser = CrampedParser(tmp_path, "USD")
    with pytest.raises(duckdb.OutOfMemoryException):
        parser.parse([raw_object(0, [GOOD] * 100, clock)])
    parser.close()
