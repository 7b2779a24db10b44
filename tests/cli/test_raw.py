"""The commands that inspect the raw store."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
import uuid_utils
from typer.testing import CliRunner

from clickstream.cli.app import app
from clickstream.collect.objects import pack
from clickstream.event import RawLine
from clickstream.raw.store import LocalStore

LINES = [RawLine(b'{"eventName":"a"}'), RawLine(b'{"eventName":"b"}')]


@pytest.fixture
def key(tmp_path: Path) -> str:
    store = LocalStore(tmp_path / "raw")
    store.prepare()
    objects = pack(LINES, "batch", lambda: UUID(int=uuid_utils.uuid7(nanoseconds=1_773_144_000_000_000_000).int))
    store.put(objects)
    return objects[0][0]


def run(tmp_path: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["raw", *words, "--data", str(tmp_path)])
    return done.exit_code, done.stdout


def test_ls_lists_days_with_totals_or_the_objects_of_one_day(tmp_path: Path, key: str) -> None:
    assert json.loads(run(tmp_path, "ls", "--json")[1]) == [
        {"day": "2026-03-10", "objects": 1, "events": 2, "others": 0}
    ]
    assert "2026-03-10" in run(tmp_path, "ls")[1]
    assert run(tmp_path, "ls", "2026-03-10")[1].split() == ["2", key]
    assert json.loads(run(tmp_path, "ls", "2026-03-10", "--json")[1])[0]["object"] == key


def test_cat_prints_lines_as_they_are_stored(tmp_path: Path, key: str) -> None:
    assert run(tmp_path, "cat", key)[1].encode().splitlines() == LINES
    assert run(tmp_path, "cat", key.rpartition("/")[2], "2")[1].strip() == LINES[1].decode()
    assert json.loads(run(tmp_path, "cat", key, "2", "--json")[1])["lines"] == [{"line": 2, "text": LINES[1].decode()}]
    assert run(tmp_path, "cat", key, "3")[0] == 1


def test_verify_exits_with_1_if_an_object_differs_from_its_name(tmp_path: Path, key: str) -> None:
    assert run(tmp_path, "verify")[0] == 0
    path = tmp_path / "raw" / key
    path.rename(path.with_name(path.name.replace("-2.nd", "-3.nd")))
    code, printed = run(tmp_path, "verify", "2026-03-10")
    assert code == 1
    assert "3 in its name, 2 found" in printed
    assert json.loads(run(tmp_path, "verify", "--json")[1])["holds"] is False
