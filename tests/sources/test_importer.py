"""Imports against a real server that fails as planned: no row is lost, and no row gets a second id."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from pathlib import Path

import pytest
from rich.console import Console

from clickstream.delivery import Delivery
from clickstream.errors import SourceError, UnavailableError
from clickstream.sources.importer import ImportOptions, ImportResult, import_file
from clickstream.sources.mapping_file import parse_mapping
from clickstream.sources.progress import progress_bar
from tests.ports import free_port
from tests.sources.planned_collector import PlannedCollector, Reply

MAPPING = parse_mapping('[event]\neventName = "{name}"\ncreatedAt = "{at}"\npageTitle = "{title}"', "mine")
HEADER = "name,at,title\n"


def rows(count: int, title: str = "t") -> str:
    return "".join(f"page_view,2026-01-01T00:00:00Z,{title}{number}\n" for number in range(count))


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, collector: PlannedCollector, start_row: int = 0) -> ImportResult:
    with Delivery(collector.url, patience_s=20) as delivery:
        return import_file(path, MAPPING, delivery, ImportOptions(start_row))


def test_rows_arrive_in_batches_over_one_connection(collector: PlannedCollector, tmp_path: Path) -> None:
    result = run(write(tmp_path, HEADER + rows(1_200)), collector)
    assert result == ImportResult(rows=1_200, accepted=1_200)
    assert [len(post["events"]) for post in collector.posts] == [500, 500, 200]
    assert collector.connections == 1
    assert [event["pageTitle"] for event in collector.stored.values()] == [f"t{number}" for number in range(1_200)]


def test_a_second_run_sends_the_same_ids(collector: PlannedCollector, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + rows(30))
    assert run(path, collector).accepted == run(path, collector).accepted == 30
    assert len(collector.stored) == 30


def test_a_compressed_tab_separated_file_in_another_encoding_is_read(
    collector: PlannedCollector, tmp_path: Path
) -> None:
    path = tmp_path / "mine.tsv.gz"
    path.write_bytes(gzip.compress((HEADER + 'a,2026-01-01,"Grün,\nblau"\n').replace(",", "\t").encode("latin-1")))
    mapping = parse_mapping(
        '[file]\ndelimiter = "\\t"\nencoding = "latin-1"\n[event]\neventName = "{name}"\ncreatedAt = "{at}"\n'
        'pageTitle = "{title}"',
        "mine",
    )
    with Delivery(collector.url) as delivery:
        assert import_file(path, mapping, delivery).accepted == 1
    assert collector.posts[0]["events"][0]["pageTitle"] == "Grün\t\nblau"


def test_invalid_rows_are_counted_with_their_lines_and_the_others_are_sent(
    collector: PlannedCollector, tmp_path: Path
) -> None:
    good = "page_view,2026-01-01,x\n"
    path = tmp_path / "mine.csv"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + (HEADER + good + "\npage_view,2026-01-01\n" + 'a,2026-01-01,"two\nlines"\n').encode()
        + b"page_view,2026-01-01,\xff\n"
        + ("page_view,never,x\n" + f"big,2026-01-01,{'x' * 250_000}\n" + good).encode()
    )
    result = run(path, collector)
    assert (result.rows, result.accepted, result.skipped) == (7, 3, 4)
    assert tuple(map(str, result.problems[:3])) == (
        "line 4: expected 3 cells, got 2",
        "line 7: a cell is not utf-8 text",
        "line 8: createdAt: expected ISO 8601, or epoch seconds (10 digits), milliseconds (13) or microseconds (16), "
        "got 'never'",
    )
    assert str(result.problems[3]) == "line 9: its event is too large: 250,118 bytes"


def test_batches_of_large_events_stay_below_a_mebibyte(collector: PlannedCollector, tmp_path: Path) -> None:
    result = run(write(tmp_path, HEADER + rows(30, "é" * 50_000)), collector)
    assert result.accepted == 30
    assert max(collector.sizes_bytes) < 1_000_000


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, {"Retry-After": "1"}),
        Reply(429),
        Reply(408),
        Reply(500, body=b"not json"),
        Reply(status=0),
    ],
    ids=["503_with_retry_after", "429", "408", "500", "connection_cut"],
)
def test_a_failed_request_is_retried_with_the_same_ids_and_a_new_sent_at(
    collector: PlannedCollector, tmp_path: Path, reply: Reply
) -> None:
    collector.plan = lambda number: reply if number == 1 else None
    ticks = count()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Delivery(collector.url, lambda: start + timedelta(seconds=next(ticks)), patience_s=20) as delivery:
        result = import_file(write(tmp_path, HEADER + rows(600)), MAPPING, delivery)
    assert (result.accepted, len(collector.stored), len(collector.posts)) == (600, 600, 3)
    failed, repeated = collector.posts[1:]
    assert failed["events"] == repeated["events"]
    assert [post["sentAt"][-5:] for post in collector.posts] == [".000Z"] * 3
    assert [post["sentAt"][17:19] for post in collector.posts] == ["00", "01", "02"]


def test_a_retry_waits_as_long_as_retry_after_demands(collector: PlannedCollector, tmp_path: Path) -> None:
    moments: list[datetime] = []

    def plan(number: int) -> Reply | None:
        moments.append(datetime.now(UTC))
        return Reply(503, {"Retry-After": "1"}) if number == 0 else None

    collector.plan = plan
    run(write(tmp_path, HEADER + rows(1)), collector)
    assert moments[1] - moments[0] >= timedelta(seconds=1)


def test_an_import_fails_when_retry_after_exceeds_its_patience(collector: PlannedCollector, tmp_path: Path) -> None:
    collector.plan = lambda _: Reply(503, {"Retry-After": "3600"})
    with pytest.raises(UnavailableError, match="it responded with 503, for 20 s"):
        run(write(tmp_path, HEADER + rows(1)), collector)
    assert len(collector.posts) == 1


def test_rejected_events_are_listed_with_the_line_of_their_row(collector: PlannedCollector, tmp_path: Path) -> None:
    collector.plan = lambda _: Reply(rejected=(0, 3))
    result = run(write(tmp_path, HEADER + "bad row\n" + rows(5)), collector)
    assert (result.sent, result.accepted, result.rejected, result.skipped) == (5, 3, 2, 1)
    assert tuple(map(str, result.problems)) == (
        "line 2: expected 3 cells, got 1",
        "line 3: rejected: too long",
        "line 6: rejected: too long",
    )


def test_a_request_whose_events_are_all_rejected_counts_as_rejected(
    collector: PlannedCollector, tmp_path: Path
) -> None:
    collector.plan = lambda _: Reply(400, rejected=(0, 1))
    result = run(write(tmp_path, HEADER + rows(2)), collector)
    assert (result.accepted, result.rejected) == (0, 2)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(404), "it responded with 404 planned"),
        (Reply(200, body=b"<html>"), "it responded with 200 this is not the response of a collector"),
        (Reply(302, {"Location": "http://127.0.0.1:1/"}, body=b""), "it responded with 302"),
    ],
    ids=["404", "another_server", "redirect"],
)
def test_a_server_that_is_not_a_collector_ends_the_import(
    collector: PlannedCollector, tmp_path: Path, reply: Reply, why: str
) -> None:
    collector.plan = lambda _: reply
    with pytest.raises(UnavailableError, match=why):
        run(write(tmp_path, HEADER + rows(1)), collector)


def test_without_a_collector_the_error_names_the_command_to_run(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Delivery(f"{url}/clickstream") as delivery, pytest.raises(UnavailableError) as caught:
        import_file(write(tmp_path, HEADER + rows(1)), MAPPING, delivery)
    assert caught.value.why == "nothing is listening there"
    assert "clickstream up" in caught.value.advice


def test_an_interrupted_import_resumes_after_its_last_acknowledged_row(
    collector: PlannedCollector, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER + rows(1_700))
    acknowledged: list[int] = []

    def interrupt_after_two(result: ImportResult) -> None:
        acknowledged.append(result.rows)
        if len(acknowledged) == 2:
            raise KeyboardInterrupt

    with Delivery(collector.url) as delivery, pytest.raises(KeyboardInterrupt):
        import_file(path, MAPPING, delivery, ImportOptions(on_batch=interrupt_after_two))
    assert acknowledged == [500, 1_000]
    result = run(path, collector, start_row=acknowledged[-1])
    assert (result.rows, result.accepted, len(collector.stored)) == (1_700, 700, 1_700)
    assert [event["pageTitle"] for event in collector.stored.values()] == [f"t{number}" for number in range(1_700)]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b""), "the file has no header line"),
        (lambda path: path.write_bytes(gzip.compress(path.read_bytes())[:-20]), "damaged after line"),
    ],
    ids=["missing", "empty", "truncated_archive"],
)
def test_a_file_that_cannot_be_read_is_an_error_with_a_reason(
    collector: PlannedCollector, tmp_path: Path, spoil: Callable[[Path], object], why: str
) -> None:
    path = write(tmp_path, HEADER + rows(2_000))
    spoil(path)
    with pytest.raises(SourceError, match=why):
        run(path, collector)


def test_a_file_with_only_a_header_sends_nothing(collector: PlannedCollector, tmp_path: Path) -> None:
    assert run(write(tmp_path, HEADER), collector) == ImportResult(rows=0)
    assert collector.posts == []


def test_the_progress_bar_stays_silent_where_there_is_no_terminal() -> None:
    out = StringIO()
    with progress_bar(Console(file=out), "importing") as show:
        show(5, 10, "5 events sent")
    assert out.getvalue() == ""
