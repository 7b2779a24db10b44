"""Objects in the folder of an hour load once, in their hour; what no load reads is counted."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from clickstream.etl.erasure.forget import Eraser
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.run import Loader
from clickstream.raw.contract import RawStore
from clickstream.raw.s3 import S3Store
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def put(store: RawStore, moment: datetime, **fields: object) -> str:
    """Store one event as a writer with a folder for each hour does, and return its key."""
    key = f"events/{moment:%Y/%m/%d/%H}/event-{uuid4()}.json"
    store.put([(key, json.dumps({"eventName": "page_view", **fields}, indent=2).encode())])
    return key


@pytest.fixture(params=["folder", "s3"])
def hours(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> object:
    """A pipeline over each kind of store."""
    with open_pipeline(tmp_path, clock) as local:
        if request.param == "folder":
            yield local
            return
        s3_store: S3Store = request.getfixturevalue("s3_store")
        with closing(Loader(local.warehouse, s3_store, tmp_path / "s3-stage", clock)) as loader:
            yield Pipeline(s3_store, local.warehouse, clock, loader)


def test_objects_of_the_current_and_the_previous_hour_load_at_once_and_only_once(hours: Pipeline) -> None:
    keys = [put(hours.store, NOW), put(hours.store, NOW - timedelta(hours=1))]
    hours.put_batch([{"eventName": "page_view"}])
    assert hours.load().objects == 3
    assert hours.load().objects == 0
    keys.append(put(hours.store, NOW))
    assert hours.load().objects == 1
    with closing(
        Loader(hours.warehouse, hours.store, Path(hours.loader._stage.path).parent / "x", hours.clock)
    ) as again:
        assert again.run_pass().objects == 0, "another process finds nothing new either"
    assert {row[0] for row in hours.rows("select name from raw_objects")} >= set(keys)
    assert hours.totals() == {"accepted": 4, "loaded": 4}
    assert hours.ledger().is_balanced


def test_a_second_loader_finds_nothing_new_on_each_engine(pipeline: Pipeline, tmp_path: Path) -> None:
    for hour in (0, 9, 11, 12):
        put(pipeline.store, NOW.replace(hour=hour))
    pipeline.put_batch([{"eventName": "page_view"}])
    assert pipeline.load().objects == 5
    with closing(Loader(pipeline.warehouse, pipeline.store, tmp_path / "second", pipeline.clock)) as second:
        assert second.run_pass([NOW.date()]).objects == 0
    assert pipeline.totals() == {"accepted": 5, "loaded": 5}
    assert pipeline.ledger().is_balanced


def test_received_time_is_kept_within_the_hour(hours: Pipeline) -> None:
    key = put(hours.store, NOW - timedelta(hours=1))
    hours.load()
    assert key.startswith("events/2026/03/10/11/")
    (received, hour) = hours.rows("select received_at, raw_hour from clickstream_events")[0]
    assert NOW - timedelta(hours=1) <= received < NOW
    assert hour == NOW - timedelta(hours=1)
    assert hours.rows("select hour from raw_objects") == [(hour,)]


def test_objects_of_earlier_hours_load_when_their_day_is_listed_completely(hours: Pipeline) -> None:
    put(hours.store, NOW - timedelta(hours=9))
    put(hours.store, NOW - timedelta(days=1, hours=5))
    found = hours.load().objects
    assert found == (1 if hours.store.lists_in_order else 2), "yesterday is over, so its whole folder is listed"
    assert hours.loader.run_pass([NOW.date(), NOW.date() - timedelta(days=1)]).objects == 2 - found
    hours.clock.forward(days=2)
    assert hours.load().objects == 0
    assert hours.totals() == {"accepted": 2, "loaded": 2}


def test_the_folder_of_the_hour_before_midnight_is_listed_after_midnight(hours: Pipeline) -> None:
    put(hours.store, datetime(2026, 3, 9, 23, 59, tzinfo=UTC))
    hours.clock.now = datetime(2026, 3, 10, 0, 5, tzinfo=UTC)
    assert hours.load().objects == 1


def test_what_no_load_reads_is_counted_and_does_not_unbalance_the_ledger(hours: Pipeline) -> None:
    put(hours.store, NOW)
    strays = ["events/readme.txt", f"events/{NOW:%Y/%m/%d}/10/30/event-a.json", f"events/{NOW:%Y/%m/%d}/a.csv"]
    hours.store.put([(key, b"{}") for key in strays])
    assert hours.load().objects == 1
    ledger = hours.ledger()
    assert (ledger.other_files, ledger.is_balanced) == (3, True)
    assert ledger.as_json()["other_files"] == 3


def test_objects_in_folders_of_hours_can_be_erased_and_expire(hours: Pipeline) -> None:
    key = put(hours.store, NOW - timedelta(hours=1), userId="u")
    put(hours.store, NOW, userId="v")
    hours.load()
    eraser = Eraser(hours.loader)
    result = eraser.forget(eraser.user("u"))
    assert (result.lines, result.left) == (1, 0)
    assert json.loads(hours.store.read(key)) == {"_erased": result.receipts[0]}
    assert hours.totals() == {"accepted": 2, "loaded": 1, "erased": 1}
    hours.clock.forward(days=3)
    hours.load()
    assert expire(hours.loader, RetentionConfig(raw_days=1)).raw_objects == 2
    assert hours.store.keys("events/") == []
