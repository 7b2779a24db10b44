"""The simulated world, sent to a real collector and loaded, is what the truth says: every answer, every table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clickstream.metrics.catalog import ask
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import answer_document
from tests.etl.pipeline import Pipeline
from tests.sources.simulate.comparing import differences
from tests.sources.simulate.conftest import SentWorld, loaded_world, send_world

ANSWERS = (
    *("overview", "overview_of_a_day", "overview_of_people", "overview_of_germany", "overview_of_all_but_direct"),
    *("sessions_by_day", "visitors_by_day", "new_visitors_by_day", "bounce_rate_by_day", "orders_by_day"),
    *("page_views_by_week", "visitors_by_week", "revenue_by_week"),
    *("events_by_hour", "sessions_by_day_and_country"),
    *("products_by_product", "products_by_category", "products_by_brand", "products_of_a_day"),
    *(
        "login_state",
        "revenue",
        "devices_by_country",
        "devices_of_people",
        "acquisition_by_channel",
        "acquisition_by_campaign",
    ),
)
FACTS = {
    "event_timestamp_source": "select event_timestamp_source, count(*) from clickstream_events group by 1",
    "sessions.channel": "select channel, count(*) from sessions group by 1",
    "sessions.campaign": "select coalesce(campaign, '(none)'), count(*) from sessions group by 1",
    "sessions.device_type": "select device_type, count(*) from sessions where not is_bot group by 1",
}
ORDERS = """
    select
        count(*),
        count(case when browser_at is not null and server_at is not null then 1 end),
        count(case when server_at is null then 1 end),
        count(case when browser_at is null then 1 end),
        count(case when total_differs then 1 end),
        count(case when session_key is null then 1 end),
        count(case when total is null then 1 end),
        (select sum(quantity) from order_items)
    from orders
"""
ORDER_FACTS = (
    *("orders", "both", "browser_only", "server_only"),
    *("total_differs", "without_session", "without_total", "units"),
)


def wrong_answers(loaded: Pipeline, truth: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, list[str]]:
    """What is wrong with these answers, by name."""
    answers = {answer["name"]: answer for answer in truth["answers"]}
    wrong = {}
    for name in names:
        true = answers[name]
        question = question_from_text(true["metric"], true["parameters"], datetime.now(UTC), ZoneInfo("UTC"))
        found = json.loads(json.dumps(answer_document(ask(loaded.warehouse, true["metric"], question))["rows"]))
        if problems := differences(true["metric"], found, true["rows"]):
            wrong[name] = problems
    return wrong


def wrong_facts(loaded: Pipeline, facts: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Facts that the tables do not hold: name -> (what they hold, what is true)."""
    found: dict[str, tuple[Any, Any]] = {}
    for name, sql in FACTS.items():
        group, _, key = name.partition(".")
        found[name] = (dict(loaded.rows(sql)), facts[group][key] if key else facts[group])
    found["ledger"] = (
        {"bad": 0, "erased": 0} | {k: loaded.totals().get(k, 0) for k in facts["ledger"]},
        facts["ledger"],
    )
    found["field_errors"] = (_field_errors(loaded), facts["field_errors"])
    found["orders"] = (loaded.rows(ORDERS)[0], tuple(facts["orders"][name] for name in ORDER_FACTS))
    totals = loaded.rows("select currency, sum(total) from orders group by currency")
    found["totals"] = ({currency: f"{total:.4f}" for currency, total in totals}, facts["orders"]["totals"])
    events, sessions = facts["bots"]["events"], facts["bots"]["sessions"]
    # A rate is judged on the whole session; the single events of a fast bot look like anybody's.
    seen = loaded.rows("select count(*) from clickstream_events where is_bot")[0][0]
    found["bot_events"] = (seen, events["declared"] + events["headless"])
    found["bot_sessions"] = (loaded.rows("select count(*) from sessions where is_bot")[0][0], sum(sessions.values()))
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _field_errors(loaded: Pipeline) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (names,) in loaded.rows("select field_errors from clickstream_events where field_errors is not null"):
        for name in names.split(","):
            counts[name] = counts.get(name, 0) + 1
    return counts


def test_the_collector_says_what_the_story_expects(world: SentWorld) -> None:
    said = world.said
    assert (said["accepted"], said["rejected"]) == (said["expected_accepted"], said["expected_rejected"])
    assert said["accepted"] > 5_000
    assert min(said[kind] for kind in ("rejected", "copies", "undated", "late_requests", "repeated_requests")) > 0
    assert said["slow_requests"] == 0


def test_every_answer_of_the_truth_is_asked(world: SentWorld) -> None:
    assert sorted(answer["name"] for answer in world.truth["answers"]) == sorted(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_the_truth(loaded: Pipeline, world: SentWorld, name: str) -> None:
    assert wrong_answers(loaded, world.truth, (name,)) == {}


def test_the_tables_hold_the_facts(loaded: Pipeline, world: SentWorld) -> None:
    assert wrong_facts(loaded, world.truth["facts"]) == {}


def test_days_that_end_with_today_and_trackers_without_sent_at_are_true_as_well(tmp_path: Path) -> None:
    world = send_world(tmp_path, "--visitors", "120", "--days", "4", "--tz", "Australia/Lord_Howe")
    with loaded_world(tmp_path / "loaded", world, None) as loaded:
        assert wrong_answers(loaded, world.truth, ANSWERS) == {}
        assert wrong_facts(loaded, world.truth["facts"]) == {}
        (without,) = loaded.rows("select count(*) from clickstream_events where sent_at is null")
        assert without[0] > 0


@pytest.mark.slow
def test_a_big_shop_is_true_to_the_last_event(tmp_path: Path) -> None:
    world = send_world(tmp_path, "--visitors", "9000", "--days", "31", "--from", "2024-10-10", "--tz", "Europe/Berlin")
    assert world.said["accepted"] > 190_000
    with loaded_world(tmp_path / "loaded", world, None) as loaded:
        assert wrong_answers(loaded, world.truth, ANSWERS) == {}
        assert wrong_facts(loaded, world.truth["facts"]) == {}
