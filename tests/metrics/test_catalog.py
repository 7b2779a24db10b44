"""Invalid questions, the `meta` of answers, and edge cases of the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event

from clickstream.errors import QuestionError
from clickstream.etl.ledger import Ledger
from clickstream.metrics.catalog import METRICS, ask
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records

NOON = at("2026-03-02 12:00")
ONE_DAY = (date(2026, 3, 2), date(2026, 3, 3))


def make_question(filters: Mapping[str, tuple[str, ...]] | None = None, **fields: Any) -> Question:
    days = dict(zip(("from_date", "to_date"), ONE_DAY, strict=True))
    plain = {"as_of": at("2026-04-01 00:00"), "tz": ZoneInfo("UTC"), "compare": "none"}
    return Question(**{**days, **plain, "filters": filters or {}, **fields})


def figures(mart: FilledMart, question: Question) -> dict[str, Any]:
    return ask(mart, "overview", question).dicts()[0]


@pytest.mark.parametrize(
    ("metric", "question", "code", "parameter"),
    [
        ("revenues", make_question(), "unknown_metric", "revenues"),
        ("overview", make_question(options={"by": "day"}), "unknown_option", "by"),
        ("time_series", make_question(options={"metric": "avg_session_s"}), "invalid_option", "metric"),
        ("time_series", make_question(options={"by": "year"}), "invalid_option", "by"),
        ("time_series", make_question(from_date=date(2025, 1, 1), options={"by": "hour"}), "invalid_option", "by"),
        ("devices", make_question(options={"by": "channel"}), "invalid_option", "by"),
        ("overview", make_question(options={"currency": "euro"}), "invalid_option", "currency"),
        ("login_state", make_question(options={"currency": "EUR"}), "unknown_option", "currency"),
        ("revenue", make_question(options={"currency": "EUR"}), "invalid_option", "currency"),
        ("overview", make_question(compare="week"), "invalid_option", "compare"),
        ("overview", make_question({"colour": ("red",)}), "unknown_filter", "colour"),
        ("overview", make_question({"segment": ("buyers",)}), "invalid_filter", "segment"),
        ("overview", make_question({"humans": ("yes",)}), "invalid_filter", "humans"),
        ("overview", make_question({"humans": ("true", "false")}), "invalid_filter", "humans"),
        ("overview", make_question({"country": ()}), "invalid_filter", "country"),
        ("overview", make_question({"country": ("!",)}), "invalid_filter", "country"),
        ("overview", make_question({"sample": ("maybe",)}), "invalid_filter", "sample"),
        ("overview", make_question(from_date=date(2026, 3, 3)), "invalid_range", "from"),
        ("overview", make_question(from_date=date(2020, 1, 1)), "invalid_range", "from"),
        ("overview", make_question(from_date=date(1900, 1, 1)), "invalid_range", "from"),
        ("overview", make_question(to_date=date(9999, 12, 31)), "invalid_range", "to"),
        ("products", make_question(limit=0), "invalid_limit", "limit"),
        ("products", make_question(limit=10_001), "invalid_limit", "limit"),
        ("products", make_question(offset=-1), "invalid_limit", "offset"),
    ],
)
def test_an_invalid_question_is_rejected_with_code_and_parameter(
    mart: FilledMart, metric: str, question: Question, code: str, parameter: str
) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, metric, question)
    assert (caught.value.code, caught.value.parameter) == (code, parameter)


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_an_answer_for_an_empty_warehouse(mart: FilledMart, metric: str) -> None:
    mart.fill([], loads=0)
    records = Records(mart.warehouse, lambda *_: Ledger())
    options = {"visitor_id": "v"} if metric == "visitor_timeline" else {}
    answer = ask(mart, metric, make_question(compare="previous", options=options), records=records)
    assert answer.meta["load"] == 0
    if metric == "overview":
        (row,) = answer.dicts()
        assert row["events"] == row["visitors"] == row["sessions"] == 0
        assert row["bounce_rate"] is row["median_session_s"] is row["events_change"] is None
    elif metric == "time_series":
        assert [row["value"] for row in answer.dicts()] == [0] * 24
    elif metric == "peak_activity":
        assert [row[2:5] for row in answer.rows] == [(0, 1.0, 0.0)] * 24 + [(0, 0.0, None)] * 144
    elif metric == "funnel":
        assert [row[:8] for row in answer.rows] == [
            (None, step, label, 0, None if step == 1 else 0, None, None, None)
            for step, label in enumerate(("product_view", "add_to_cart_click", "checkout_start", "purchase"), 1)
        ]
    elif metric == "login_state":
        assert [row[:6] for row in answer.rows] == [
            (state, 0, 0, 0, 0, None) for state in ("logged_in", "anonymous", "(none)")
        ]
    elif metric == "abandonment":
        assert [row[:11] for row in answer.rows] == [(0, 0, 0, 0, 0, 0, None, 0, 0, None, None)]
    elif metric == "segment_size":
        assert answer.rows[0][:4] == (0, 0, 0, None)
    elif metric in ("live", "live_minutes"):
        assert {value for row in answer.rows for value in row[1:]} == {0}
    elif metric == "health_freshness":
        assert answer.rows == [(None, None, None, None, 0)]
    elif metric == "rfm":
        assert [row[1:3] for row in answer.rows] == [(0, 0)] * 6
    elif metric == "customers":
        (row,) = answer.dicts()
        assert row["customers"] == row["revenue_first"] == row["revenue_repeat"] == 0
        assert row["repeat_rate"] is row["median_days_between_orders"] is row["customers_change"] is None
    else:
        assert answer.rows == []
        assert answer.meta["total_rows"] == 0


def test_every_answer_describes_its_data(mart: FilledMart) -> None:
    mart.fill([event(NOON), event(NOON + timedelta(hours=1))], loads=3)
    question = make_question(tz=ZoneInfo("Europe/Berlin"), as_of=at("2026-03-02 12:30"), compare="previous")
    meta = ask(mart, "overview", question).meta
    assert meta["load"] == 3
    assert (meta["from"], meta["to"]) == ONE_DAY
    assert (meta["start"], meta["end"], meta["tz"]) == (at("2026-03-01 23:00"), at("2026-03-02 12:30"), "Europe/Berlin")
    assert meta["compare"]["end"] == at("2026-03-01 12:30")
    assert meta["rows_behind"] == {"clickstream_events": 1, "sessions": 1, "orders": 0, "refunds": 0}
    assert meta["sample"] == {"mode": "auto", "is_present": False, "is_hidden": False}


def test_sample_rows_are_hidden_once_a_real_event_exists(mart: FilledMart) -> None:
    sample = event(NOON, client_id="sample-1", is_sample=True)
    mart.fill([sample])
    assert figures(mart, make_question())["events"] == 1
    mart.fill([sample, event(NOON - timedelta(days=30))])
    answer = ask(mart, "overview", make_question())
    assert answer.dicts()[0]["events"] == 0
    assert answer.meta["sample"] == {"mode": "auto", "is_present": True, "is_hidden": True}
    assert figures(mart, make_question({"sample": ("include",)}))["events"] == 1
    assert figures(mart, make_question({"sample": ("only",)}, from_date=date(2026, 1, 1)))["events"] == 1


def test_a_session_over_midnight_counts_once_where_it_starts(mart: FilledMart) -> None:
    late = at("2026-03-02 23:50")
    mart.fill([event(late), event(late + timedelta(minutes=20)), event(late + timedelta(minutes=40))])
    first = figures(mart, make_question())
    second = figures(mart, make_question(from_date=date(2026, 3, 3), to_date=date(2026, 3, 4)))
    assert (first["sessions"], first["events"], first["avg_session_s"]) == (1, 1, 2400.0)
    assert (first["events_per_session"], first["pages_per_session"]) == (3.0, 3.0)
    assert (second["sessions"], second["events"], second["visitors"]) == (0, 2, 1)
    assert (second["new_visitors"], second["bounce_rate"]) == (0, None)


def test_a_session_that_goes_on_after_as_of_counts_whole(mart: FilledMart) -> None:
    mart.fill([event(NOON), event(NOON + timedelta(minutes=5), "checkout_start", user_id="u1")])
    then = figures(mart, make_question(as_of=NOON + timedelta(minutes=1)))
    assert (then["sessions"], then["events"], then["events_per_session"]) == (1, 1, 2.0)
    assert (then["bounces"], then["median_session_s"], then["checkout_sessions"]) == (0, 300.0, 1)
    assert figures(mart, make_question(as_of=NOON))["sessions"] == 0


@pytest.mark.parametrize("login", [timedelta(), timedelta(days=20)], ids=["at once", "weeks later"])
def test_a_first_login_merges_two_visitors_in_the_past(mart: FilledMart, login: timedelta) -> None:
    known = event(NOON - timedelta(days=9), client_id="other", user_id="u1")
    mart.fill([known, event(NOON)])
    assert figures(mart, make_question())["new_visitors"] == 1
    mart.fill([known, event(NOON), event(NOON + login, "login_success", user_id="u1")])
    row = figures(mart, make_question())
    assert (row["visitors"], row["new_visitors"], row["returning_visitors"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("first", "second", "new"),
    [(False, None, 0), (None, False, 1), (True, False, 1), (False, True, 0), (False, False, 0)],
)
def test_the_first_of_two_simultaneous_events_decides_if_a_visitor_is_new(
    mart: FilledMart, first: bool | None, second: bool | None, new: int
) -> None:
    mart.fill(
        [event(NOON, is_first_visit=first), event(NOON, "login_success", user_id="u1", is_first_visit=second)],
    )
    assert figures(mart, make_question())["new_visitors"] == new


def test_an_event_without_client_and_user_has_no_visitor_and_no_session(mart: FilledMart) -> None:
    mart.fill([event(NOON, client_id=None)])
    row = figures(mart, make_question())
    assert (row["events"], row["visitors"], row["sessions"]) == (1, 0, 0)
    assert figures(mart, make_question({"country": ("(none)",)}))["events"] == 1
    assert figures(mart, make_question({"country": ("DE",)}))["events"] == 0


def test_filter_values_are_never_run_as_sql(mart: FilledMart) -> None:
    mart.fill([event(NOON, country="DE'; drop table sessions; --")])
    assert figures(mart, make_question({"country": ("DE'; drop table sessions; --",)}))["sessions"] == 1
    assert figures(mart, make_question({"country": ("{event_filters}", "$as_of")}))["sessions"] == 0


def test_a_ranking_returns_one_page_and_the_total_number_of_rows(mart: FilledMart) -> None:
    views = [event(NOON, "product_view", context_product_id=name) for name in ("b", "a", "Z", "é", "a")]
    mart.fill(views)

    def page(**fields: Any) -> Answer:
        return ask(mart, "products", make_question(**fields))

    assert [row[0] for row in page().rows] == ["a", "Z", "b", "é"]  # by views, then by bytes
    assert [row[0] for row in page(limit=2, offset=1).rows] == ["Z", "b"]
    assert page(limit=2, offset=9).rows == []
    assert page(limit=2, offset=9).meta["total_rows"] == 4


def test_a_product_has_its_last_name_that_is_not_empty(mart: FilledMart) -> None:
    names = [("Old", "A", None), ("New", None, "B"), (None, None, None)]
    mart.fill(
        [
            event(
                NOON + timedelta(minutes=minute),
                "product_view",
                context_product_id="p1",
                context_product_name=name,
                context_product_category=category,
                context_product_brand=brand,
                received_at=NOON + timedelta(minutes=9 - minute),  # the last event was received first
            )
            for minute, (name, category, brand) in enumerate(names)
        ]
        + [event(NOON, "search")],
    )
    answer = ask(mart, "products", make_question())
    assert answer.rows[0][:5] == ("p1", "New", "A", "B", 3)
    assert answer.meta["events_without_product"] == 1


@pytest.mark.parametrize(
    ("names", "checkouts"),
    [
        (("add_to_cart_click", "checkout_start"), 1),
        (("checkout_start", "add_to_cart_click"), 0),
        (("add_to_cart_click", "checkout_start", "add_to_cart_click"), 1),
        (("product_view", "checkout_start"), 0),
    ],
    ids=["after", "before", "between two adds", "no add"],
)
def test_a_checkout_counts_for_what_was_added_before_it(
    mart: FilledMart, names: tuple[str, ...], checkouts: int
) -> None:
    # All at one instant: only event order decides which is earlier.
    mart.fill(
        [event(NOON, name, context_product_id=None if name == "checkout_start" else "p1") for name in names],
    )
    (row,) = ask(mart, "products", make_question()).dicts()
    assert row["checkout_sessions"] == checkouts


@pytest.mark.parametrize(("days", "buckets"), [(2, 48), (3, 3), (92, 92), (93, 14), (400, 58), (401, 14)], ids=str)
def test_the_default_bucket_depends_on_the_length_of_the_range(mart: FilledMart, days: int, buckets: int) -> None:
    mart.fill([])
    question = make_question(to_date=ONE_DAY[0] + timedelta(days=days), as_of=at("2028-01-01 00:00"))
    assert len(ask(mart, "time_series", question).rows) == buckets


def test_an_hour_repeated_over_midnight_belongs_to_the_day_that_had_begun(mart: FilledMart) -> None:
    # 2010-11-07 in St. John's: at 00:01 the clocks went back to 23:01. The day had begun a minute before.
    mart.fill([event(at("2010-11-07 03:00"))])
    question = make_question(
        tz=ZoneInfo("America/St_Johns"),
        from_date=date(2010, 11, 6),
        to_date=date(2010, 11, 8),
        options={"metric": "events", "by": "day"},
    )
    assert [row["value"] for row in ask(mart, "time_series", question).dicts()] == [0, 1]


def test_buckets_after_as_of_are_absent_and_the_last_one_is_incomplete(mart: FilledMart) -> None:
    mart.fill([event(NOON)])
    question = make_question(to_date=date(2026, 3, 9), as_of=at("2026-03-04 06:00"), options={"by": "day"})
    rows = ask(mart, "time_series", question).dicts()
    assert [(row["bucket_local"].day, row["is_complete"]) for row in rows] == [(2, True), (3, True), (4, False)]


def test_a_split_has_five_values_and_counts_the_rest_as_one_group(mart: FilledMart) -> None:
    # One client in seven countries: one visitor in each of them, and one visitor in all other countries together.
    countries = ("A", "B", "C", "D", "E", "F", "G")
    mart.fill([event(NOON + timedelta(hours=number), country=name) for number, name in enumerate(countries)])
    options = {"metric": "visitors", "by": "month", "split": "country"}
    rows = ask(mart, "time_series", make_question(options=options)).dicts()
    assert [(row["split"], row["value"]) for row in rows] == [("(other)", 1), *((name, 1) for name in "ABCDE")]
