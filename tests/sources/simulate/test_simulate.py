"""A simulated shop, sent to a real collector and loaded: every metric counts what the oracle counts from the story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isclose
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from clickstream.metrics.catalog import ask
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Question
from clickstream.sources.simulate.calendar import Calendar, instant
from tests.metrics import oracle, oracle_products, oracle_sales, oracle_searches
from tests.metrics.oracle import Event
from tests.metrics.oracle_orders import DETAILS, REFUND, Order, merged, refunded
from tests.metrics.oracle_time import Range, buckets_of, range_of
from tests.metrics.test_oracle import bucket_range
from tests.sources.simulate.conftest import LoadedWorld, SentWorld, loaded_world, send_world
from tests.sources.simulate.story_events import Story

Row = dict[str, Any]
_PEOPLE, _GERMANY, _ALL_BUT_DIRECT = {"humans": "true"}, {"country": "DE"}, {"channel": "!direct"}


@dataclass(frozen=True)
class Case:
    """A question. days: which of the simulated days it is about, by number; None = all of them."""

    metric: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    days: Callable[[Calendar], tuple[int, int]] | None = None

    def question(self, story: Story) -> Question:
        plan = story.plan
        calendar = Calendar(plan.tz, plan.first, plan.days)
        first, last = self.days(calendar) if self.days else (0, plan.days)
        parameters = {
            "from": calendar.day(first).isoformat(),
            "to": calendar.day(last).isoformat(),
            "tz": plan.tz.key,
            "as_of": instant(plan.as_of).isoformat(),
            "compare": "none",
            **({"limit": "10000"} if self.metric in ("products", "devices", "acquisition", "revenue") else {}),
        }
        if self.metric == "time_series":
            del parameters["compare"]
        return question_from_text(self.metric, {**parameters, **self.parameters}, datetime.now(UTC), ZoneInfo("UTC"))


def _a_day(_: Calendar) -> tuple[int, int]:
    return 1, 2


def _around_the_change_of_clocks(calendar: Calendar) -> tuple[int, int]:
    day = calendar.number(calendar.changes()[0]) if calendar.changes() else 1
    return day - 1, day + 1


def _series(metric: str, by: str, days: Callable[[Calendar], tuple[int, int]] | None = None) -> Case:
    return Case("time_series", {"metric": metric, "by": by}, days)


CASES = {
    "overview": Case("overview"),
    "overview_of_a_day": Case("overview", {}, _a_day),
    "overview_of_people": Case("overview", _PEOPLE),
    "overview_of_germany": Case("overview", _GERMANY),
    "overview_of_all_but_direct": Case("overview", _ALL_BUT_DIRECT),
    **{
        f"{metric}_by_day": _series(metric, "day")
        for metric in ("sessions", "visitors", "new_visitors", "bounce_rate", "orders")
    },
    **{f"{metric}_by_week": _series(metric, "week") for metric in ("page_views", "visitors", "revenue")},
    "events_by_hour": _series("events", "hour", _around_the_change_of_clocks),
    "sessions_by_day_and_country": Case("time_series", {"metric": "sessions", "by": "day", "split": "country"}),
    **{f"products_by_{by}": Case("products", {"by": by}) for by in ("product", "category", "brand")},
    "products_of_a_day": Case("products", {"by": "product"}, _a_day),
    "login_state": Case("login_state"),
    "revenue": Case("revenue"),
    **{f"revenue_by_{by}": Case("revenue", {"by": by}) for by in ("coupon", "payment_method", "customer")},
    "revenue_by_coupon_of_germany": Case("revenue", {"by": "coupon", **_GERMANY}),
    "revenue_of_a_day": Case("revenue", {}, _a_day),
    "net_revenue_by_day": _series("net_revenue", "day"),
    "customers": Case("customers"),
    "search_terms": Case("search_terms"),
    "search_terms_of_people": Case("search_terms", _PEOPLE),
    "search_terms_of_a_day": Case("search_terms", {}, _a_day),
    "devices_by_country": Case("devices", {"by": "country"}),
    "devices_of_people": Case("devices", {"by": "device_type", **_PEOPLE}),
    "acquisition_by_channel": Case("acquisition", {"by": "channel"}),
    "acquisition_by_campaign": Case("acquisition", {"by": "campaign"}),
}


class World(oracle.World):
    """The oracle's world with an index of its orders: the simulated shops are a hundred times larger than its own."""

    def orders_in(self, key: str) -> list[Order]:
        if not hasattr(self, "_by_session"):
            self._by_session: dict[str | None, list[Order]] = {}
            for order in self.all_orders:
                self._by_session.setdefault(order.session_key, []).append(order)
        return self._by_session.get(key, [])


def true_rows(events: Sequence[Event], metric: str, question: Question) -> list[Row]:
    """The rows of the answer, counted from the story."""
    world, span = World(events, question), range_of(question)
    currency, by = world.currency(span), question.options.get("by", "")
    if metric == "overview":
        return [oracle.overview(world, span, currency)]
    if metric == "revenue":
        return oracle_sales.revenue(world, span, by or "currency", currency)
    if metric == "customers":
        return [oracle_sales.customers(world, span, currency)]
    if metric == "search_terms":
        return oracle_searches.search_terms(world, span)
    if metric == "login_state":
        return oracle.login_states(world, span)
    if metric == "products":
        return oracle_products.products(world, span, by, currency)
    if metric == "time_series":
        return _true_series(events, question, span, currency)
    return oracle.acquisition(world, span, by, currency)


def _true_series(events: Sequence[Event], question: Question, span: Range, currency: str | None) -> list[Row]:
    unit, metric = str(question.options["by"]), str(question.options["metric"])
    worlds: Mapping[str | None, World] = {None: World(events, question)}
    if question.options.get("split"):
        worlds = _worlds_by_country(events, question, span)
    rows: list[Row] = []
    for bucket, is_complete in buckets_of(unit, question.tz, span.start, span.end, span.whole_end).items():
        inside = bucket_range(unit, question, span, bucket)
        local, offset_s = cast(tuple[datetime, int], bucket)
        for split in sorted(worlds, key=str):
            value, numerator, denominator = oracle.figure(worlds[split], inside, metric, currency)
            rows.append(
                {
                    "bucket_local": local,
                    "utc_offset_s": offset_s if unit == "hour" else None,
                    "split": split,
                    "value": value,
                    "numerator": numerator,
                    "denominator": denominator,
                    "is_complete": is_complete,
                }
            )
    return rows


def _worlds_by_country(events: Sequence[Event], question: Question, span: Range) -> dict[str | None, World]:
    """The five largest countries by name, and all others together."""
    sessions = World(events, question).counted_sessions(span).values()
    sizes = Counter(oracle.shown(session[0]["country"]) for session in sessions)
    ranked = sorted(sizes, key=lambda country: (-sizes[country], country.encode()))
    filters: dict[str, tuple[str, ...]] = {country: (country,) for country in ranked[:5]}
    if len(ranked) > 5:
        filters["(other)"] = tuple(ranked[5:])
    return {name: World(events, replace(question, filters={"country": values})) for name, values in filters.items()}


def wrong_rows(loaded: LoadedWorld, story: Story, case: Case) -> list[str]:
    """Where the metric and the story differ. Rows come in the same order; doubles may differ by 1e-9 of themselves."""
    question = case.question(story)
    found = ask(loaded.mart, case.metric, question).dicts()
    known = story.true_rows  # both engines are compared with the same rows, counted once
    true = known[case] if case in known else known.setdefault(case, true_rows(story.events, case.metric, question))
    if len(found) != len(true):
        return [f"{len(found)} rows instead of {len(true)}"]
    return [
        f"row {number}, {name}: {row[name]} instead of {expected[name]}"
        for number, (row, expected) in enumerate(zip(found, true, strict=True))
        for name in row
        if name not in expected or not _same(row[name], expected[name])
    ]


def _same(found: Any, true: Any) -> bool:
    if isinstance(found, float) or isinstance(true, float):
        return found is not None and true is not None and isclose(found, true, rel_tol=1e-9, abs_tol=1e-15)
    return bool(found == true)


def wrong_tables(loaded: LoadedWorld, story: Story) -> dict[str, tuple[Any, Any]]:
    """What the tables contain and the story does not: name -> (found, true)."""
    tally = story.tally
    sessions = oracle.by_session(story.events)
    people = [session for session in sessions.values() if session[0]["device_type"] != "bot"]
    totals = loaded.totals()
    pairs = {
        "ledger": (
            {name: totals.get(name, 0) for name in ("loaded", "duplicate", "bad", "erased")},
            {"loaded": tally.story + tally.undated, "duplicate": tally.copies, "bad": 0, "erased": 0},
        ),
        "event_timestamp_source": (
            _counts(loaded, "select event_timestamp_source, count(*) from clickstream_events group by 1"),
            {"client": tally.story - tally.corrected, "corrected": tally.corrected, "received": tally.undated},
        ),
        "field_errors": (_field_errors(loaded), story.field_errors),
        "channel": (
            _counts(loaded, "select channel, count(*) from sessions group by 1"),
            Counter(session[0]["channel"] for session in sessions.values()),
        ),
        "campaign": (
            _counts(loaded, "select coalesce(campaign, '(none)'), count(*) from sessions group by 1"),
            Counter(oracle.shown(session[0]["campaign"]) for session in sessions.values()),
        ),
        "device_type": (
            _counts(loaded, "select device_type, count(*) from sessions where not is_bot group by 1"),
            Counter(session[0]["device_type"] for session in people),
        ),
        "bot_events": (
            loaded.rows("select count(*) from clickstream_events where is_bot")[0][0],
            sum(event["is_bot"] for event in story.events),
        ),
        "bot_sessions": (
            loaded.rows("select count(*) from sessions where is_bot")[0][0],
            len(sessions) - len(people),
        ),
        "orders": (_orders(loaded), _true_orders(story.events)),
        "refunds": (_refunds(loaded), _true_refunds(story.events)),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _counts(loaded: LoadedWorld, sql: str) -> dict[str, int]:
    return dict(loaded.rows(sql))


def _field_errors(loaded: LoadedWorld) -> dict[str, int]:
    rows = loaded.rows("select field_errors from clickstream_events where field_errors is not null")
    return dict(Counter(name for (names,) in rows for name in names.split(",")))


def _orders(loaded: LoadedWorld) -> dict[str, Any]:
    units = dict(loaded.rows("select order_id, sum(quantity) from order_items group by 1"))
    found = {}
    for row in loaded.warehouse.fetch("select * from orders").dicts():
        given = {name: row[name] is not None for name in ("browser_at", "server_at", "session_key")}
        kept = {name: row[name] for name in ("total", "currency", "total_differs", *DETAILS)}
        found[row["order_id"]] = {**given, **kept, "units": units[row["order_id"]]}
    return found


def _true_orders(events: Sequence[Event]) -> dict[str, Any]:
    differ = _orders_whose_totals_differ(events)
    return {
        order.order_id: {
            "browser_at": order.browser_at is not None,
            "server_at": order.server_at is not None,
            "session_key": order.session_key is not None,
            "total": order.total,
            "currency": order.currency,
            "total_differs": order.order_id in differ,
            "units": order.units,
            **order.details,
        }
        for order in merged(events)
    }


def _refunds(loaded: LoadedWorld) -> Counter[tuple[Any, ...]]:
    columns = ("order_id", "refund_id", "refunded_at", "amount", "currency")
    rows = loaded.warehouse.fetch("select * from refunds").dicts()
    return Counter(tuple(row[name] for name in columns) for row in rows)


def _true_refunds(events: Sequence[Event]) -> Counter[tuple[Any, ...]]:
    return Counter(
        (one.event["order_id"], one.event["order_refund_id"], one.refunded_at, one.amount, one.currency)
        for one in refunded(events)
    )


def _orders_whose_totals_differ(events: Sequence[Event]) -> set[str]:
    totals: dict[str, set[Decimal]] = {}
    for event in events:
        if event["order_total"] is not None and event["event_name"] != REFUND:
            totals.setdefault(event["order_id"], set()).add(event["order_total"])
    return {order_id for order_id, different in totals.items() if len(different) > 1}


def wrong_figures(loaded: LoadedWorld, truth: Mapping[str, Any]) -> list[str]:
    """Where `--truth` and the metrics that docs/guide/simulate.md names differ: in total and on every sixth day."""
    parts = [(truth["range"]["from"], truth["range"]["to"], truth["total"])]
    for day in truth["days"][::6]:
        after = datetime.fromisoformat(day["day"]) + timedelta(days=1)
        parts.append((day["day"], after.date().isoformat(), day))
    wrong = []
    for first, last, true in parts:
        parameters = {**truth["range"], "from": first, "to": last, "compare": "none"}
        found = _figures(loaded, parameters)
        wrong += [f"{first}: {name} is {value}" for name, value in found.items() if value != true[name]]
    return wrong


def _figures(loaded: LoadedWorld, parameters: Mapping[str, str]) -> dict[str, Any]:
    def rows(metric: str, **options: str) -> list[dict[str, Any]]:
        question = question_from_text(metric, {**parameters, **options}, datetime.now(UTC), ZoneInfo("UTC"))
        return ask(loaded.mart, metric, question).dicts()

    (overview,) = rows("overview")
    counts = {name: overview[name] for name in ("events", "page_views", "visitors", "sessions", "orders")}
    by_currency, terms = rows("revenue"), rows("search_terms")
    sold = [row["currency"] for row in by_currency if row["orders"]]
    return counts | {
        "revenue": {row["currency"]: f"{row['revenue']:.4f}" for row in by_currency if row["orders"]},
        "refunds": {row["currency"]: f"{row['refunds']:.4f}" for row in by_currency if row["refunds"]},
        "net_revenue": {row["currency"]: f"{row['net_revenue']:.4f}" for row in by_currency},
        "sessions_by_channel": {row["value"]: row["sessions"] for row in rows("acquisition", by="channel")},
        "search_terms": {
            row["term"]: {name: row[name] for name in ("searches", "no_result_searches")} for row in terms
        },
        **{f"revenue_by_{by}": _revenue_by(rows, by, sold) for by in ("coupon", "payment_method")},
    }


def _revenue_by(rows: Callable[..., list[dict[str, Any]]], by: str, currencies: Sequence[str]) -> dict[str, Any]:
    """Revenue by coupon or payment method, and by currency."""
    found: dict[str, dict[str, str]] = {}
    for currency in currencies:
        for row in rows("revenue", by=by, currency=currency):
            if row["orders_with_total"]:
                found.setdefault(row["value"], {})[currency] = f"{row['revenue']:.4f}"
    return found


def test_the_collector_answers_as_the_story_expects(world: SentWorld) -> None:
    sent = world.sent
    assert (sent["accepted"], sent["rejected"]) == (sent["expected_accepted"], sent["expected_rejected"])
    assert sent["accepted"] > 4_000
    assert min(sent[kind] for kind in ("rejected", "copies", "undated", "late_requests", "repeated_requests")) > 0
    assert sent["slow_requests"] == 0


@pytest.mark.parametrize("name", CASES)
def test_a_metric_counts_what_the_story_contains(counted: LoadedWorld, story: Story, name: str) -> None:
    assert wrong_rows(counted, story, CASES[name]) == []


def test_the_tables_contain_what_the_story_contains(loaded: LoadedWorld, story: Story) -> None:
    assert wrong_tables(loaded, story) == {}


def test_the_truth_file_contains_the_figures_that_the_metrics_show(counted: LoadedWorld, world: SentWorld) -> None:
    assert wrong_figures(counted, world.truth) == []


def test_days_that_end_with_today_and_trackers_without_sent_at_are_counted_right(tmp_path: Path) -> None:
    world = send_world(tmp_path, "--visitors", "80", "--days", "4", "--tz", "Australia/Lord_Howe")
    with loaded_world(tmp_path / "loaded", world) as loaded:
        everything_is_right(loaded, world, ("overview", "visitors_by_day", "events_by_hour", "products_by_product"))
        (without,) = loaded.rows("select count(*) from clickstream_events where sent_at is null")
        assert without[0] > 0


@pytest.mark.slow
def test_a_big_shop_is_counted_right_to_the_last_event(tmp_path: Path) -> None:
    world = send_world(tmp_path, "--visitors", "3000", "--days", "31", "--from", "2024-10-10", "--tz", "Europe/Berlin")
    assert world.sent["accepted"] > 60_000
    with loaded_world(tmp_path / "loaded", world) as loaded:
        everything_is_right(loaded, world, tuple(CASES))


def everything_is_right(loaded: LoadedWorld, world: SentWorld, names: tuple[str, ...]) -> None:
    story = world.story()
    assert {name: wrong for name in names if (wrong := wrong_rows(loaded, story, CASES[name]))} == {}
    assert wrong_tables(loaded, story) == {}
    assert wrong_figures(loaded, world.truth) == []
