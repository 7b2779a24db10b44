"""Bad rows on the command line, with and without a running owner."""

from __future__ import annotations

import gzip
from pathlib import Path
from uuid import UUID

import pytest
import uuid_utils

from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from tests.e2e.platform import Platform

GOOD = b'{"eventName": "x", "eventId": "a"}\n'


def put(data: Path, lines: bytes, count: int) -> Path:
    store = LocalStore(data / "raw")
    store.prepare()
    key = batch_key(UUID(int=uuid_utils.uuid7().int), count)
    store.put([(key, gzip.compress(lines))])
    return data / "raw" / key


@pytest.mark.parametrize(
    "has_owner", [pytest.param(False, id="alone"), pytest.param(True, id="with_owner", marks=pytest.mark.slow)]
)
def test_bad_rows_can_be_listed_shown_and_replayed(platform: Platform, has_owner: bool) -> None:
    path = put(platform.data, GOOD + b"{\x1b[2Jtorn\n", 2)
    if has_owner:
        platform.start_owner()
    platform.run("etl", "run")
    found = platform.json("bad", "list")
    assert [(row["reason"], row["lines"]) for row in found["reasons"]] == [("invalid_json", 1)]
    (row,) = found["newest"]
    assert platform.json("bad", "show", row["object"], "2")["text"] == r"{\x1b[2Jtorn"
    assert r"{\x1b[2Jtorn" in platform.run("bad", "show", path.name, "2")
    platform.run("bad", "show", row["object"], "1", expect=2)
    platform.run("bad", "replay", expect=2)
    assert platform.json("bad", "replay", "--all")["still_bad"] == 1
    path.write_bytes(gzip.compress(GOOD + b'{"eventName": "y", "eventId": "b"}\n'))
    assert platform.json("bad", "replay", "--reason", "invalid_json")["loaded"] == 1
    assert platform.json("bad", "list")["lines"] == 0
    assert platform.json("check")["totals"]["loaded"] == 2
    assert platform.json("etl", "run", "--rebuild")["same"]
    platform.run("etl", "run", "--apply", expect=2)
