"""Rows on their way into each engine: no text, number or instant is changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from tests.etl.pipeline import Pipeline, received

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TEXTS = (
    *("a,b;c\td", 'say "hi"', '"', '""', "'", "\\", "\\N", "\\.", "NULL", "null", "''", " ", " a ", "line\nline"),
    *("a\r\nb", "\r", "\n\\.\n", "a\n\\.\nb", "{1,2}", "$1 %s %(a)s $load_id @text", "ä 😀 中 \u2028", "\x7f\x01\x1b"),
    *("-- no comment", "x" * 70_000, "\ufeffbom", "\ufffe", "%", "#", "1,000"),
)
INSTANTS: dict[Any, int] = {
    "1970-01-01T00:00:00.000001Z": 1,
    "0001-01-01T00:00:00Z": -62_135_596_800_000_000,
    "9999-12-31T23:59:59.999999Z": 253_402_300_799_999_999,
    "0000-06-01T00:00:00Z": -62_154_086_400_000_000,  # a year before 1, which the engines write differently
    9_999_999_999_999: 9_999_999_999_999_000,
}


def test_every_text_is_stored_as_it_was_sent(pipeline: Pipeline) -> None:
    pipeline.put_batch(
        received(NOW, eventName="x", identitySource=text, pageTitle=text, properties={"t": text}) for text in TEXTS
    )
    pipeline.load()
    rows = pipeline.events()
    assert [row["identity_source"] for row in rows] == list(TEXTS)
    assert [row["page_title"] for row in rows] == list(TEXTS)
    assert [json.loads(row["properties"])["t"] for row in rows] == list(TEXTS)
    assert {row["user_id"] for row in rows} == {None}


ID_FIELDS = ("user_id", "client_id", "session_id", "order_id")


def ids(text: str) -> dict[str, Any]:
    """An order with the same text as each of its ids."""
    order = {"id": text, "total": 1}
    return received(NOW, eventName="checkout_complete", userId=text, clientId=text, sessionId=text, order=order)


def test_ids_of_up_to_a_thousand_bytes_are_kept_and_longer_ones_are_field_errors(pipeline: Pipeline) -> None:
    """An index of PostgreSQL has two ids in each entry, whose size is limited; these ids cannot be compressed."""
    chance = Random(1)
    texts = [f"{chance.getrandbits(4000):01000x}", "ä" * 500, "ä" * 501, f"{chance.getrandbits(48_000):012000x}"]
    pipeline.put_batch([ids(text) for text in texts])
    pipeline.load()
    named = "userId,clientId,sessionId,order.id"
    expected = [(*[text] * 4, None) for text in texts[:2]] + [(None, None, None, None, named)] * 2
    assert (
        pipeline.rows(f"select {', '.join(ID_FIELDS)}, field_errors from clickstream_events order by raw_line")
        == expected
    )
    assert pipeline.rows("select count(*) from orders") == [(2,)]
    assert pipeline.ledger().is_balanced


def test_instants_are_stored_to_the_microsecond(pipeline: Pipeline) -> None:
    pipeline.put_batch(received(NOW, createdAt=sent) for sent in INSTANTS)
    pipeline.load()
    found = pipeline.rows("select @micros(created_at) from clickstream_events order by raw_line")
    assert [row[0] for row in found] == list(INSTANTS.values())


def test_money_is_stored_exactly(pipeline: Pipeline) -> None:
    prices = ["99999999999999.9999", "-0.0001", "0", "12.5"]
    pipeline.put_batch(received(NOW, product={"id": "p", "price": price}) for price in prices)
    pipeline.load()
    assert [row["context_product_price"] for row in pipeline.events()] == [Decimal(price) for price in prices]


def test_the_bytes_of_a_bad_line_are_kept(pipeline: Pipeline) -> None:
    lines = [b"\xff\x00\\x41", b"{", b"'\\"]
    pipeline.put_batch(lines)
    pipeline.load()
    assert [bytes(row[0]) for row in pipeline.rows("select original from bad_rows order by line")] == lines
    assert pipeline.totals() == {"accepted": 3, "bad": 3}


def test_no_file_is_left_in_the_stage_folder(pipeline: Pipeline) -> None:
    pipeline.put_batch([received(NOW)])
    pipeline.load()
    stage = Path(pipeline.store.location).parent / "stage"
    assert [path.name for path in stage.rglob("*") if path.suffix == ".csv"] == []
