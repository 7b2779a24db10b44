"""Every object is found: in any order, of any kind, however its name looks."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from random import Random
from uuid import uuid4

from clickstream.raw.keys import day_prefix
from tests.etl.pipeline import Pipeline, received


def test_2500_objects_of_one_day_in_any_order_are_all_loaded(pipeline: Pipeline) -> None:
    random = Random(1)
    made = [(kind, second) for second in range(1250) for kind in ("event", "batch")]
    random.shuffle(made)
    for number, (kind, second) in enumerate(made):
        event = received(pipeline.clock.now, eventId=f"e{number}")
        if kind == "event":
            pipeline.put_event(event, ago_s=second)
        else:
            pipeline.put_batch([event], ago_s=second)
        if number % 700 == 0:
            pipeline.load()
    pipeline.load()
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


def test_object_behind_the_watermark_is_pending_then_found_by_the_next_pass(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now), ago_s=400)
    pipeline.load()
    pipeline.put_event(received(pipeline.clock.now), ago_s=1000)
    assert pipeline.ledger().is_balanced, "pending behind the watermark is not overdue until its day is closed"
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "pending": 1}
    assert pipeline.load().objects == 1


def test_day_is_closed_2_h_after_its_end(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now))
    pipeline.clock.now = datetime(2026, 3, 11, 1, 59, tzinfo=UTC)
    pipeline.load()
    assert pipeline.rows("select day from closed_days") == []
    pipeline.clock.forward(minutes=1)
    pipeline.load()
    assert pipeline.rows("select day from closed_days") == [(date(2026, 3, 10),)]


def test_folder_that_has_not_changed_is_not_listed_again(pipeline: Pipeline) -> None:
    pipeline.put_event(received(pipeline.clock.now))
    folder = pipeline.store.root / day_prefix(date(2026, 3, 10))
    os.utime(folder, (1, 1))
    pipeline.load()
    pipeline.load()
    unseen = pipeline.put_event(received(pipeline.clock.now))
    os.utime(folder, (1, 1))
    assert pipeline.load().objects == 0, "the folder says that nothing changed"
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


def test_names_that_are_no_uuid_v7_take_their_hour_from_the_file(pipeline: Pipeline) -> None:
    key = f"{day_prefix(date(2026, 3, 9))}event-{uuid4()}.json"
    pipeline.store.put([(key, b'{"eventName": "x"}')])
    late = datetime(2026, 3, 10, 1, 30, tzinfo=UTC).timestamp()
    os.utime(pipeline.store.root / key, (late, late))
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


def test_other_files_in_the_store_are_passed_over(pipeline: Pipeline) -> None:
    folder = pipeline.store.root / "events" / "2026" / "03" / "10"
    folder.mkdir(parents=True)
    for name in ("notes.txt", "event-.json", "batch-x.ndjson.gz", ".hidden", "event-1.json.tmp"):
        (folder / name).write_bytes(b"x")
    (pipeline.store.root / "events" / "2026" / "99" / "10").mkdir(parents=True)
    assert pipeline.load().objects == 0
    assert pipeline.totals() == {}
