"""Forgetting erases a person from raw store and warehouse, as if the events had never been sent."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.etl.chunk import Chunk, RawObject
from clickstream.etl.erasure.forget import Eraser, ForgetResult
from clickstream.etl.erasure.person import Person
from clickstream.etl.erasure.raw_store import open_receipts
from clickstream.etl.expire import RetentionConfig, expire
from clickstream.etl.run import Loader
from clickstream.raw.s3 import S3Store
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, minutes, open_pipeline, received
from tests.etl.test_load import EVENTS, quick
from tests.etl.warehouses import contents
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SLOW = pytest.mark.slow


@pytest.fixture
def on_duckdb(tmp_path: Path, clock: Clock) -> Iterator[Pipeline]:
    """For what does not depend on the engine: the parser and the raw store are the same on both."""
    with open_pipeline(tmp_path, clock) as opened:
        yield opened


def forget_user(pipeline: Pipeline, user_id: str) -> ForgetResult:
    eraser = Eraser(pipeline.loader)
    return eraser.forget(eraser.user(user_id))


def lines_of(pipeline: Pipeline, key: str) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(pipeline.store.read(key)).splitlines()]


def erased(pipeline: Pipeline) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in pipeline.rows("select object, line from erased order by object, line")]


def test_erased_lines_name_their_receipt_and_the_ledger_balances(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([received(NOW, userId="u"), received(NOW, userId="v"), received(NOW, userId="u")])
    pipeline.load()
    result = forget_user(pipeline, "u")
    assert (result.lines, result.objects, result.left) == (2, 1, 0)
    first, second, third = lines_of(pipeline, key)
    assert first == third == {"_erased": result.receipts[0]}
    assert second["userId"] == "v"
    assert erased(pipeline) == [(key, 1), (key, 3)]
    assert pipeline.one("user_id") == {"user_id": "v"}
    assert pipeline.totals() == {"accepted": 3, "loaded": 1, "erased": 2}
    assert pipeline.ledger().is_balanced


def test_no_file_of_the_raw_store_contains_the_id(on_duckdb: Pipeline) -> None:
    on_duckdb.put_batch([received(NOW, userId="jane.doe@example.org", clientId="c")])
    on_duckdb.put_event(received(NOW, userId="jane.doe@example.org", pageUrl="/me"))
    on_duckdb.load()
    forget_user(on_duckdb, "jane.doe@example.org")
    for path in on_duckdb.root.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        content = gzip.decompress(data) if path.suffix == ".gz" else data
        assert b"jane.doe" not in content, path


@pytest.mark.quick_on("duckdb")
def test_objects_that_are_not_loaded_yet_are_erased_too(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, userId="u"), received(NOW, userId="v")])
    single = pipeline.put_event(received(NOW, userId="u"))
    result = forget_user(pipeline, "u")
    assert (result.lines, result.left) == (2, 0)
    assert pipeline.totals() == {"accepted": 3, "pending": 3}
    assert json.loads(pipeline.store.read(single)) == {"_erased": result.receipts[0]}
    pipeline.load()
    assert pipeline.totals() == {"accepted": 3, "loaded": 1, "erased": 2}


def test_all_copies_of_an_event_are_erased_if_one_has_the_id(pipeline: Pipeline) -> None:
    first = pipeline.put_batch([received(NOW, eventId="e")])
    second = pipeline.put_batch([received(NOW + minutes(1), eventId="e", userId="u")])
    pipeline.load()
    pending = pipeline.put_batch([received(NOW + minutes(2), eventId="e")])
    assert forget_user(pipeline, "u").lines == 3
    pipeline.load()
    assert sorted(erased(pipeline)) == sorted([(first, 1), (second, 1), (pending, 1)])
    assert pipeline.totals() == {"accepted": 3, "erased": 3}


def test_anonymous_events_of_the_users_own_client_are_erased_those_of_a_shared_client_stay(pipeline: Pipeline) -> None:
    pipeline.put_batch(
        [
            received(NOW, clientId="own"),
            received(NOW + minutes(1), clientId="own", userId="u"),
            received(NOW, clientId="shared", userId="v"),
            received(NOW + minutes(1), clientId="shared"),
            received(NOW + minutes(2), clientId="shared", userId="u"),
        ]
    )
    pipeline.load()
    eraser = Eraser(pipeline.loader)
    assert eraser.user("u").clients == ("own",)
    assert eraser.preview(eraser.user("u", with_clients=False)).lines == 2
    assert eraser.forget(eraser.user("u")).lines == 3
    rows = pipeline.events("client_id, user_id")
    assert rows == [{"client_id": "shared", "user_id": "v"}, {"client_id": "shared", "user_id": None}]


def test_forgetting_a_client_erases_its_events_of_every_user(pipeline: Pipeline) -> None:
    pipeline.put_batch(
        [received(NOW, clientId="c", userId="u"), received(NOW, clientId="c"), received(NOW, userId="u")]
    )
    pipeline.load()
    assert Eraser(pipeline.loader).forget(Person("client", "c")).lines == 2
    assert pipeline.one("user_id, client_id") == {"user_id": "u", "client_id": None}


@pytest.mark.quick_on("duckdb")
def test_the_sample_can_be_removed(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW, properties={"sample": "eshop-2008"}), received(NOW, properties={"other": 1})])
    pipeline.load()
    result = Eraser(pipeline.loader).forget(Person("sample"))
    assert (result.lines, result.left) == (1, 0)
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "erased": 1}


SPELLINGS = {
    "user": (
        b'{"eventName":"x","userId":"\\u0075ser"}',
        b'{"event_name":"x","user_id":"user"}',
        b'{"userId":"user"}',  # a bad row
        b'{"eventName":"x","userId":"user"',  # torn
        b'{"_erased":"not so","eventName":"x","userId":"user"}',  # a forged receipt
    ),
    "a/b": (b'{"eventName":"x","userId":"a\\/b"}',),
    "42": (b'{"eventName":"x","userId":42}',),
    'say "hi"': (b'{"eventName":"x","userId":"say \\"hi\\""}',),
    "Zoë": ('{"eventName":"x","userId":"Zoë"}'.encode(), b'{"eventName":"x","userId":"Zo\\u00eb"}'),
}


def test_an_id_is_found_in_every_spelling(on_duckdb: Pipeline) -> None:
    for lines in SPELLINGS.values():
        for line in lines:
            on_duckdb.put_batch([line, received(NOW, userId="other")])
    on_duckdb.load()
    for value, lines in SPELLINGS.items():
        result = forget_user(on_duckdb, value)
        assert (result.lines, result.left) == (len(lines), 0), value
    count = sum(map(len, SPELLINGS.values()))
    assert on_duckdb.totals() == {"accepted": 2 * count, "loaded": count, "erased": count}


def test_bad_rows_with_a_similar_id_stay(on_duckdb: Pipeline) -> None:
    on_duckdb.put_batch([b'{"userId":"user-2"}', b'{"userId":"superuser"}'])
    on_duckdb.load()
    assert forget_user(on_duckdb, "user").lines == 0


def test_copies_of_refused_input_are_erased(on_duckdb: Pipeline) -> None:
    on_duckdb.store.put_unsynced("rejected/2026/03/10/a.ndjson", b'{"head":"userId: u1,"}\n{"head":"u2"}\n')
    on_duckdb.store.put_unsynced("rejected/2026/03/10/b.ndjson", b'{"head":"u1"}\n')
    result = forget_user(on_duckdb, "u1")
    assert (result.rejected, result.left) == (2, 0)
    assert on_duckdb.store.keys("rejected/") == ["rejected/2026/03/10/a.ndjson"]
    assert on_duckdb.store.read("rejected/2026/03/10/a.ndjson") == b'{"head":"u2"}\n'


@pytest.mark.quick_on("duckdb")
def test_forgetting_twice_changes_nothing(pipeline: Pipeline) -> None:
    key = pipeline.put_batch([received(NOW, userId="u", clientId="c"), received(NOW, userId="v")])
    pipeline.load()
    first = forget_user(pipeline, "u")
    before, stored = contents(pipeline.warehouse), pipeline.store.read(key)
    again = forget_user(pipeline, "u")
    assert (again.lines, again.receipts, again.left) == (0, (), 0)
    assert contents(pipeline.warehouse) == before
    assert pipeline.store.read(key) == stored
    assert first.receipts[0].encode() in gzip.decompress(stored)


@pytest.mark.quick_on("duckdb")
def test_a_truncated_object_stays_truncated(pipeline: Pipeline) -> None:
    lines = b"".join(json.dumps(received(NOW, userId=name)).encode() + b"\n" for name in ("u", "v", "w"))
    whole = gzip.compress(lines)
    key = pipeline.put_batch([], count=4)
    pipeline.store.replace(key, whole[: len(whole) - 9])
    pipeline.load()
    before = pipeline.rows("select line, reason from bad_rows order by line")
    forget_user(pipeline, "u")
    assert pipeline.rows("select line, reason from bad_rows order by line") == before
    assert pipeline.totals()["erased"] == 1
    assert reloaded_is_equal(pipeline)


@pytest.mark.quick_on("duckdb")
def test_a_chunk_that_was_read_before_an_erasure_is_read_again(pipeline: Pipeline) -> None:
    """The loader has read the object before another process erases a line of it."""
    pipeline.put_batch([received(NOW, userId="u"), received(NOW, userId="v")])
    with closing(Loader(pipeline.warehouse, pipeline.store, pipeline.root.parent / "other", pipeline.clock)) as other:
        parse = pipeline.loader.parser.parse
        results: list[ForgetResult] = []

        def parse_and_wait(objects: Sequence[RawObject]) -> Chunk:
            chunk = parse(objects)
            if not results:
                results.append(Eraser(other).forget(Person("user", "u")))
            return chunk

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline.loader.parser, "parse", parse_and_wait)
            pipeline.load()
    assert results[0].lines == 1
    assert pipeline.one("user_id") == {"user_id": "v"}
    assert pipeline.totals() == {"accepted": 2, "loaded": 1, "erased": 1}


def reloaded_is_equal(pipeline: Pipeline, server: Cluster | None = None) -> bool:
    """Return whether another warehouse, loaded from the present raw store, holds the same rows."""
    with open_pipeline(pipeline.root.parent / "again", pipeline.clock, server) as again:
        for key in pipeline.store.keys("events/"):
            again.store.put([(key, pipeline.store.read(key))])
        again.load()
        assert contents(again.warehouse) == contents(pipeline.warehouse)
        assert pipeline.ledger().is_balanced
    return True


# Killed at any moment -----


class KilledError(Exception):
    pass


@pytest.mark.quick_on("duckdb")
@pytest.mark.parametrize("after", [0, pytest.param(1, marks=SLOW), 2, pytest.param(3, marks=SLOW), 4, 5])
def test_a_killed_erasure_is_completed_by_the_next_one(
    pipeline: Pipeline, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends before its `after`-th change of the raw store: a receipt, three objects, the receipt again."""
    for number in range(3):
        pipeline.put_batch([received(NOW + minutes(number), userId=user, clientId="c") for user in ("u", "v")])
    pipeline.load()
    replace = pipeline.store.replace
    left = [after]

    def failing(key: str, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        replace(key, data)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.store, "replace", failing)
        if after < 5:
            with pytest.raises(KilledError):
                forget_user(pipeline, "u")
        else:
            forget_user(pipeline, "u")
    assert pipeline.ledger().is_balanced
    assert len(open_receipts(pipeline.store)) == (1 if 0 < after < 5 else 0)
    pipeline.load()
    assert forget_user(pipeline, "u").left == 0
    assert open_receipts(pipeline.store) == []
    assert len(erased(pipeline)) == 3
    assert reloaded_is_equal(pipeline)


# As if the events had never been sent -----


@settings(quick, max_examples=3)
@given(events=EVENTS, data=st.data())
def test_warehouse_after_forgetting_equals_a_load_of_the_raw_store(
    tmp_path_factory: Any, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    forgets_like_a_clean_load(tmp_path_factory.mktemp("forget"), events, data, None)


@pytest.mark.slow
@settings(quick, max_examples=2)
@given(events=EVENTS, data=st.data())
def test_warehouse_after_forgetting_equals_a_load_of_the_raw_store_on_postgres(
    tmp_path_factory: Any, cluster: Cluster, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    forgets_like_a_clean_load(tmp_path_factory.mktemp("forget"), events, data, cluster)


@pytest.mark.slow
@settings(quick, max_examples=25, derandomize=False)
@given(events=EVENTS, data=st.data())
def test_warehouse_after_forgetting_equals_a_load_in_many_more_cases(
    tmp_path_factory: Any, cluster: Cluster, events: list[dict[str, Any]], data: st.DataObject
) -> None:
    server = data.draw(st.sampled_from([None, cluster]))
    forgets_like_a_clean_load(tmp_path_factory.mktemp("forget"), events, data, server)


def forgets_like_a_clean_load(
    folder: Path, events: list[dict[str, Any]], data: st.DataObject, server: Cluster | None
) -> None:
    """Load in parts, forget a person at any moment, load the rest; loading the remaining lines gives the same rows."""
    person = data.draw(
        st.sampled_from([Person("user", "u"), Person("user", "v", ("a",)), Person("client", "a"), Person("user", "w")])
    )
    with open_pipeline(folder / "kept", Clock(), server) as pipeline:
        pending = 0
        for event in events:
            pipeline.put_batch([event], ago_s=data.draw(st.sampled_from([0, 60])))
            pending = data.draw(st.integers(0, 2))
            if pending == 0:
                pipeline.load()
        result = Eraser(pipeline.loader).forget(person)
        assert result.left == 0
        pipeline.load()
        ids = {event["eventId"] for event in events if is_of(person, event)}
        assert len(erased(pipeline)) == sum(event["eventId"] in ids for event in events)
        assert reloaded_is_equal(pipeline)


def is_of(person: Person, event: dict[str, Any]) -> bool:
    if person.kind == "client":
        return bool(event["clientId"] == person.value)
    is_anonymous = event["userId"] is None and event["clientId"] in person.clients
    return bool(event["userId"] == person.value) or is_anonymous


def test_ids_that_outlived_their_events_are_erased(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW - timedelta(days=3), userId="u", clientId="c")])
    pipeline.load()
    with pipeline.warehouse.transaction() as cursor:
        cursor.execute("delete from clickstream_events")
        cursor.execute("delete from sessions")
    for key in pipeline.store.keys("events/"):
        pipeline.store.delete([key])
    result = forget_user(pipeline, "u")
    assert (result.lines, result.left) == (0, 0)
    for table in ("seen", "clients"):
        assert pipeline.rows(f"select * from {table}") == []


def test_forgetting_works_on_s3(s3_store: S3Store, tmp_path: Path, clock: Clock) -> None:
    with (
        open_pipeline(tmp_path, clock) as local,
        closing(Loader(local.warehouse, s3_store, tmp_path / "stage", clock)) as loader,
    ):
        bucket = Pipeline(s3_store, local.warehouse, clock, loader)
        key = bucket.put_batch([received(NOW, userId="u"), received(NOW, userId="v")])
        bucket.load()
        pending = bucket.put_event(received(NOW, userId="u"))
        result = forget_user(bucket, "u")
        assert (result.lines, result.left) == (2, 0)
        assert lines_of(bucket, key)[0] == json.loads(s3_store.read(pending)) == {"_erased": result.receipts[0]}
        bucket.load()
        assert bucket.totals() == {"accepted": 3, "loaded": 1, "erased": 2}
        assert open_receipts(s3_store) == []
        clock.forward(days=3)
        assert expire(loader, RetentionConfig(raw_days=1, warehouse_days=1)).raw_objects == 2
        assert s3_store.keys("events/") == []
        assert bucket.ledger().is_balanced
