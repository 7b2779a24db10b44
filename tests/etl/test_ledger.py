"""The ledger looks at rows, not at counts alone: an event that stands twice fails it, and rows of others are named."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from clickstream.cli.loading import render_ledger
from clickstream.etl import load as loading
from clickstream.etl.ledger import check
from clickstream.local.owner.questions import CheckResult
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, open_pipeline, received

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def printed(pipeline: Pipeline) -> str:
    text = io.StringIO()
    render_ledger(
        msgspec.convert(pipeline.ledger().as_json(), CheckResult), Console(file=text, width=100, color_system=None)
    )
    return text.getvalue()


def test_an_event_with_two_rows_fails_the_check_although_every_hour_adds_up(tmp_path: Path) -> None:
    """On PostgreSQL a constraint refuses it."""
    with open_pipeline(tmp_path, Clock(NOW)) as pipeline:
        pipeline.put_batch([received(NOW, eventId="a"), received(NOW, eventId="a"), received(NOW, eventId="b")])
        pipeline.load()
        assert pipeline.ledger().is_balanced
        with pipeline.warehouse.transaction() as cursor:
            cursor.execute(
                "insert into clickstream_events by name "
                "select e.* replace (d.line as raw_line) from clickstream_events as e natural join duplicates as d"
            )
            cursor.execute("delete from duplicates")
        ledger = pipeline.ledger()
        assert [hour.balance for hour in ledger.hours] == [0]
        assert (ledger.repeated, ledger.is_balanced, ledger.as_json()["balanced"]) == (1, False, False)
        assert "event id): 1\n" in printed(pipeline)


def test_a_copy_of_an_old_row_is_found_from_the_compared_days(tmp_path: Path) -> None:
    with open_pipeline(tmp_path, Clock(NOW)) as pipeline:
        pipeline.put_batch([received(NOW - timedelta(days=30), eventId="a")], ago_s=30 * 86_400)
        pipeline.put_batch([received(NOW, eventId="b")])
        pipeline.load()
        with pipeline.warehouse.transaction() as cursor:
            cursor.execute("update clickstream_events set event_id = (select min(event_id) from clickstream_events)")
        assert check(pipeline.warehouse, pipeline.store, date(2026, 3, 10)).repeated == 1
        assert check(pipeline.warehouse, pipeline.store, date(2026, 3, 11)).repeated == 0


def test_a_row_of_another_client_is_external_and_the_ledger_balances(pipeline: Pipeline) -> None:
    pipeline.put_event(received(NOW))
    pipeline.load()
    assert "external" not in printed(pipeline)
    with pipeline.warehouse.transaction() as cursor:
        cursor.execute(
            "insert into clickstream_events (event_id, event_timestamp, event_name) "
            "values (cast('00000000-0000-4000-8000-000000000001' as uuid), $now, 'theirs')",
            {"now": NOW},
        )
    ledger = pipeline.ledger()
    assert (ledger.external, ledger.is_balanced) == (1, True)
    assert "leaves them out): 1\n" in printed(pipeline)


def test_an_object_with_fewer_lines_than_its_name_counts_is_accounted_for_line_by_line(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BAD_ROWS_AT_ONCE", 7)  # they are written in as many statements as it takes
    pipeline.put_batch([received(NOW)], count=30)
    pipeline.put_batch([received(NOW), b"{torn"], count=3)
    pipeline.load()
    assert pipeline.totals() == {"accepted": 33, "loaded": 2, "bad": 31}
    assert pipeline.rows("select reason, count(*), count(distinct line) from bad_rows group by reason order by 1") == [
        ("invalid_json", 1, 1),
        ("missing", 30, 29),
    ]
