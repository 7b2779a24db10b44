"""Every object is found: in any order, of any kind, however its name looks; in a folder and on S3."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from clickstream.errors import StoreError
from clickstream.etl.chunk import FIRST_CHUNK
from clickstream.etl.run import Loader
from clickstream.raw.contract import MOST_UNREAD
from clickstream.raw.keys import batch_key, day_prefix, event_key, parse_key
from clickstream.raw.look import sum_up
from clickstream.raw.s3 import S3Store
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received

DAY = date(2026, 3, 10)
in_a_folder = pytest.mark.parametrize("pipeline", ["folder"], indirect=True)
on_s3 = pytest.mark.parametrize("pipeline", ["s3"], indirect=True)


@pytest.fixture(params=["folder", "s3"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Pipeline]:
    """Each way of listing: a folder into DuckDB, and S3 into PostgreSQL."""
    server = request.getfixturevalue("cluster") if request.param == "s3" else None
    with open_pipeline(tmp_path, clock, server) as opened:
        if server is None:
            yield opened
            return
        store: S3Store = request.getfixturevalue("s3_store")
        with closing(Loader(opened.warehouse, store, tmp_path / "s3-stage", clock)) as loader:
            yield replace(opened, store=store, loader=loader)


class TickingClock:
    """A clock that moves by `step` each time it is read."""

    def __init__(self, now: datetime, step: timedelta) -> None:
        self.now, self._step = now, step

    def __call__(self) -> datetime:
        self.now += self._step
        return self.now


def restarted(pipeline: Pipeline, folder: Path) -> Pipeline:
    """The same pipeline with a new loader, as after a restart."""
    return replace(pipeline, loader=Loader(pipeline.warehouse, pipeline.store, folder, pipeline.clock))


def test_2500_objects_of_one_day_in_any_order_are_all_loaded(pipeline: Pipeline) -> None:
    """A listing on S3 has pages of 1,000 objects."""
    objects = []
    for number in range(2500):
        event = json.dumps(received(pipeline.clock.now, eventId=f"e{number}")).encode()
        name = pipeline.name(ago_s=number // 2)
        objects.append((event_key(name), event) if number % 2 else (batch_key(name, 1), gzip.compress(event)))
    Random(1).shuffle(objects)
    for start, end in ((0, 1), (1, 1300), (1300, 2500)):
        pipeline.store.put(objects[start:end])
        pipeline.load()
    pipeline.loader.run_pass(reconcile=[DAY])  # on S3 some are before the watermark
    assert len(pipeline.events("event_id")) == 2500
    assert pipeline.totals() == {"accepted": 2500, "loaded": 2500}


def test_an_object_that_appears_late_within_the_settle_time_is_found(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now))
    pipeline.load()
    pipeline.put_event(received(pipeline.clock.now), ago_s=299)
    assert pipeline.load().objects == 1


def test_watermark_stays_300_s_behind_the_start_of_the_pass(pipeline: Pipeline) -> None:
    old = pipeline.put_event(received(pipeline.clock.now), ago_s=301)
    pipeline.put_event(received(pipeline.clock.now), ago_s=299)
    pipeline.load()
    assert pipeline.rows("select day, kind, name from watermarks") == [(date(2026, 3, 10), "event", old)]


def test_object_before_the_watermark_is_pending_until_its_day_is_listed_whole(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now), ago_s=400)
    pipeline.load()
    pipeline.put_event(received(pipeline.clock.now), ago_s=1000)
    assert pipeline.ledger().is_balanced, "pending before the watermark is not overdue until its day is closed"
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "pending": 1}
    assert pipeline.load().objects == (0 if pipeline.store.lists_in_order else 1), "a folder is always listed whole"
    pipeline.loader.run_pass(reconcile=[DAY])
    assert pipeline.totals() == {"accepted": 2, "loaded": 2}


def test_closing_a_day_finds_objects_before_its_watermark(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now), ago_s=400)
    pipeline.load()
    pipeline.put_event(received(pipeline.clock.now), ago_s=1000)
    irregular = f"{day_prefix(DAY)}batch-{uuid4()}-1.ndjson.gz"
    pipeline.store.put([(irregular, b"{}")])
    pipeline.clock.forward(days=1)
    pipeline.load()
    assert pipeline.rows("select day from closed_days") == [(DAY,)]
    assert pipeline.ledger().is_balanced
    assert pipeline.totals() == {"accepted": 3, "loaded": 2, "bad": 1}


def test_loaded_names_are_not_listed_again_and_names_after_them_are_found(pipeline: Pipeline) -> None:
    for second in range(400, 300, -10):
        pipeline.put_event(received(pipeline.clock.now), ago_s=second)
        pipeline.put_batch([received(pipeline.clock.now)], ago_s=second)
    assert pipeline.load().objects == 20
    for _ in range(2):
        pipeline.put_event(received(pipeline.clock.now))
        assert pipeline.load().objects == 1
        pipeline.clock.forward(seconds=200)
        pipeline.put_batch([received(pipeline.clock.now)], ago_s=299)
        assert pipeline.load().objects == 1
        assert pipeline.load().objects == 0
    assert pipeline.totals() == {"accepted": 24, "loaded": 24}


def test_a_backlog_of_days_is_found_and_closed_by_one_pass(pipeline: Pipeline) -> None:
    keys = [pipeline.put_event(received(pipeline.clock.now), ago_s=86_400 * day) for day in range(60, -1, -10)]
    assert pipeline.load().objects == len(keys)
    assert len(pipeline.rows("select day from closed_days")) == len(keys) - 1
    assert pipeline.totals() == {"accepted": 7, "loaded": 7}


def test_a_restarted_loader_finds_what_arrived_meanwhile(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.put_event(received(pipeline.clock.now), ago_s=400)
    pipeline.put_event(received(pipeline.clock.now), ago_s=100)
    pipeline.load()
    pipeline.put_event(received(pipeline.clock.now), ago_s=200)
    pipeline.clock.forward(hours=13)
    pipeline.put_event(received(pipeline.clock.now))
    again = restarted(pipeline, tmp_path / "again")
    assert again.load().objects == 2
    again.loader.close()


@on_s3
def test_an_unexpected_day_is_found_within_ten_minutes(pipeline: Pipeline) -> None:
    pipeline.load()
    key = pipeline.put_event(received(pipeline.clock.now), ago_s=20 * 86_400)
    assert pipeline.load().objects == 0
    pipeline.clock.forward(minutes=10)
    assert pipeline.load().objects == 1
    assert pipeline.rows("select name from raw_objects") == [(key,)]


@on_s3
def test_events_of_tomorrow_are_found_though_the_collector_runs_ahead(pipeline: Pipeline) -> None:
    pipeline.clock.now = datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC)
    pipeline.load()
    pipeline.put_event(received(pipeline.clock.now), ago_s=-2)
    assert pipeline.load().objects == 1


def test_day_is_closed_2_h_after_its_end(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now))
    pipeline.clock.now = datetime(2026, 3, 11, 1, 59, tzinfo=UTC)
    pipeline.load()
    assert pipeline.rows("select day from closed_days") == []
    pipeline.clock.forward(minutes=1)
    pipeline.load()
    assert pipeline.rows("select day from closed_days") == [(date(2026, 3, 10),)]


@in_a_folder
def test_folder_that_has_not_changed_is_not_listed_again(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now))
    folder = pipeline.root / day_prefix(date(2026, 3, 10))
    os.utime(folder, (1, 1))
    pipeline.load()
    pipeline.load()
    unseen = pipeline.put_event(received(pipeline.clock.now))
    os.utime(folder, (1, 1))
    assert pipeline.load().objects == 0, "the folder has not changed"
    os.utime(folder, (2, 2))
    assert pipeline.load().objects == 1
    assert unseen


def test_object_in_a_closed_day_is_overdue_until_the_day_is_reconciled(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now))
    pipeline.clock.forward(days=2)
    pipeline.load()
    key = pipeline.put_event(received(pipeline.clock.now), ago_s=2 * 86400)
    pipeline.load()
    assert pipeline.ledger().overdue == [key]
    pipeline.loader.run_pass(reconcile=[date(2026, 3, 10)])
    assert pipeline.ledger().is_balanced
    assert pipeline.totals() == {"accepted": 2, "loaded": 2}


def test_object_that_no_pass_saw_in_time_makes_the_ledger_fail(pipeline: Pipeline) -> None:
    pipeline.load()
    pipeline.clock.forward(seconds=1)
    key = pipeline.put_event(received(pipeline.clock.now), ago_s=400)
    ledger = pipeline.ledger()
    assert ledger.overdue == [key]
    assert not ledger.is_balanced


@in_a_folder
def test_names_that_are_not_uuid_v7_take_their_hour_from_the_file(pipeline: Pipeline) -> None:
    key = f"{day_prefix(date(2026, 3, 9))}event-{uuid4()}.json"
    pipeline.store.put([(key, b'{"eventName": "x"}')])
    late = datetime(2026, 3, 10, 1, 30, tzinfo=UTC).timestamp()
    os.utime(pipeline.root / key, (late, late))
    pipeline.load()
    row = pipeline.one("raw_hour, received_at, event_timestamp_source")
    assert row["raw_hour"] == datetime(2026, 3, 9, 23, tzinfo=UTC), "kept within the day of its folder"
    assert row["received_at"].date() == date(2026, 3, 9)
    assert pipeline.totals() == {"accepted": 1, "loaded": 1}


def test_name_with_a_time_of_another_day_is_loaded_within_its_folder(pipeline: Pipeline) -> None:
    name = pipeline.name(ago_s=5 * 86400)
    key = f"{day_prefix(date(2026, 3, 9))}event-{name}.json"
    pipeline.store.put([(key, b'{"eventName": "x"}')])
    pipeline.load()
    assert pipeline.one("raw_hour")["raw_hour"].date() == date(2026, 3, 9)
    assert pipeline.ledger().is_balanced


@in_a_folder
def test_other_files_in_the_store_are_ignored(pipeline: Pipeline) -> None:
    folder = pipeline.root / "events" / "2026" / "03" / "10"
    folder.mkdir(parents=True)
    for name in ("notes.txt", "batch-x.ndjson.gz", ".hidden", "event-1.json.tmp"):
        (folder / name).write_bytes(b"x")
    with open(os.fsencode(folder) + b"/event-\xff.json", "wb") as no_utf8:  # noqa: PTH123 - a Path has no such name
        no_utf8.write(b'{"eventName": "x"}')
    for day in ("2026/99/10", "0999/01/01", "9999/12/31"):
        (pipeline.root / "events" / day).mkdir(parents=True)
        (pipeline.root / "events" / day / "event-a.json").write_bytes(b'{"eventName": "x"}')
    assert pipeline.load().objects == 0
    assert pipeline.totals() == {}
    assert sum_up(pipeline.store, DAY).others == 5


@in_a_folder
@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31), date.max])
def test_a_day_that_no_object_can_have_is_refused(pipeline: Pipeline, day: date) -> None:
    with pytest.raises(StoreError, match=str(day)) as caught:
        pipeline.loader.run_pass(reconcile=[DAY, day])
    assert "1970-01-01" in caught.value.advice
    assert pipeline.loader.run_pass(reconcile=[date(1970, 1, 1), date(9998, 12, 31)]).is_finished


@in_a_folder
def test_an_unreadable_object_is_reported_and_all_others_load(pipeline: Pipeline) -> None:
    """A folder has its name: the others are loaded, its day stays open, and it is read once it can be."""
    pipeline.put_event(received(pipeline.clock.now), ago_s=1000)
    key = event_key(pipeline.name(ago_s=900))
    (pipeline.root / key).mkdir()
    pipeline.put_event(received(pipeline.clock.now), ago_s=800)
    pipeline.put_batch([received(pipeline.clock.now)], ago_s=800)
    for _ in range(2):
        with pytest.raises(StoreError, match=key):
            pipeline.load()
        assert len(pipeline.events("event_id")) == 3
    assert (pipeline.ledger().overdue, pipeline.ledger().is_balanced) == ([key], False)
    pipeline.clock.forward(days=2)
    with pytest.raises(StoreError, match=key):
        pipeline.load()
    assert pipeline.rows("select day from closed_days where day = '2026-03-10'") == []
    (pipeline.root / key).rmdir()
    pipeline.store.put([(key, b'{"eventName": "x"}')])
    assert pipeline.load().objects == 1
    assert pipeline.rows("select day from closed_days where day = '2026-03-10'") == [(DAY,)]
    assert pipeline.ledger().is_balanced


def test_an_object_that_was_deleted_before_reading_is_found_when_it_is_back(pipeline: Pipeline) -> None:
    """Objects that load after it do not move the watermark past it."""
    keys = [pipeline.put_event(received(pipeline.clock.now), ago_s=seconds) for seconds in (900, 800, 700)]
    content = pipeline.store.read(keys[1])
    pipeline.store.delete([keys[1]])
    with pytest.raises(StoreError, match=keys[1]):
        pipeline.loader.load_objects([raw for raw in map(parse_key, keys) if raw])
    assert pipeline.totals() == {"accepted": 2, "loaded": 2}
    pipeline.store.put([(keys[1], content)])
    assert pipeline.load().objects == 1
    assert pipeline.totals() == {"accepted": 3, "loaded": 3}


def test_a_store_that_stops_responding_fails_soon_and_what_was_read_is_loaded(pipeline: Pipeline) -> None:
    first = pipeline.put_event(received(pipeline.clock.now), ago_s=900)
    deleted = [event_key(pipeline.name(ago_s=800 - n)) for n in range(MOST_UNREAD)]
    last = pipeline.put_event(received(pipeline.clock.now), ago_s=100)
    for missing, loaded in ((MOST_UNREAD, [(first,)]), (MOST_UNREAD - 1, [(first,), (last,)])):
        names = [raw for raw in map(parse_key, [first, *deleted[:missing], last]) if raw]
        known = {row[0] for row in pipeline.rows("select name from raw_objects")}
        with pytest.raises(StoreError, match="event-"):
            pipeline.loader.load_objects([raw for raw in names if raw.key not in known])
        assert pipeline.rows("select name from raw_objects order by name") == loaded


@on_s3
def test_irregular_name_on_s3_takes_its_hour_from_the_listing_within_its_day(pipeline: Pipeline) -> None:
    key = f"{day_prefix(DAY)}event-{uuid4()}.json"
    pipeline.store.put([(key, b'{"eventName": "x"}')])
    assert pipeline.ledger().is_balanced, "not overdue before its day is closed"
    pipeline.load()
    assert pipeline.one("raw_hour")["raw_hour"] == datetime(2026, 3, 10, 23, tzinfo=UTC), "written after that day"


@in_a_folder
def test_a_pass_out_of_time_closes_no_day_and_the_next_loads_the_rest(pipeline: Pipeline, tmp_path: Path) -> None:
    count = 2 * FIRST_CHUNK.objects + 1
    for number in range(count):
        key = event_key(pipeline.name(ago_s=2 * 86_400 + number / 100))
        (pipeline.root / key).parent.mkdir(parents=True, exist_ok=True)
        (pipeline.root / key).write_bytes(b'{"eventName": "x"}')
    clock = TickingClock(pipeline.clock.now, timedelta(seconds=1))
    with closing(Loader(pipeline.warehouse, pipeline.store, tmp_path / "ticking", clock)) as loader:
        first = loader.run_pass(max_seconds=0)
        assert (first.objects, first.is_finished) == (FIRST_CHUNK.objects, False)
        assert pipeline.rows("select * from closed_days") == []
        assert pipeline.rows("select * from passes") == []
        rest = loader.run_pass(max_seconds=1000)
        assert (rest.objects, rest.is_finished) == (count - FIRST_CHUNK.objects, True)
    assert pipeline.rows("select day from closed_days") == [(date(2026, 3, 8),)]
    assert pipeline.totals() == {"accepted": count, "loaded": count}
