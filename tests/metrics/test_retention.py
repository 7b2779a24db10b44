"""Retention agrees with the oracle on random small shops, and with numbers counted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import World
from tests.metrics.oracle_retention import retention
from tests.metrics.oracle_steps import matcher
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import NOON, make_question
from tests.metrics.test_funnel import STEPS
from tests.metrics.test_oracle import over_random_shops, same
from tests.metrics.worlds import Shop

from clickstream.errors import QuestionError
from clickstream.mart.refresh import build
from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # it would hide the failure
PERIODS = {"day": (None, "1", "3"), "week": (None, "2"), "month": (None, "1")}
DEFAULTS = {"day": 14, "week": 12, "month": 12}
DAY = timedelta(days=1)


@over_random_shops(st.integers(0, 2**32))
def test_every_cell_agrees_with_the_oracle(mart: FilledMart, shop: Shop, seed: int) -> None:
    rows, chance = mart.fill(shop.events), Random(seed)
    for question in shop.questions:
        filters = {name: values for name, values in question.filters.items() if name != "event"}
        for unit in ("day", "week", "month"):
            plain = replace(question, filters=filters)
            periods, start, back = chance.choice(PERIODS[unit]), _step(chance), _step(chance)
            options = {"by": unit, "start": start[0], "return": back[0], **({"periods": periods} if periods else {})}
            world = World(rows, plain)
            first, later = (matcher(world, *match) if match else None for _, match in (start, back))
            expected = retention(
                world,
                range_of(plain),
                plain.tz,
                unit=unit,
                periods=int(periods or DEFAULTS[unit]),
                start=first,
                back=later,
            )
            found = ask(mart, "retention", replace(plain, options=options)).dicts()
            assert len(found) == len(expected)
            for row, wanted in zip(found, expected, strict=True):
                same(row, wanted)


def _step(chance: Random) -> tuple[str, tuple[str, ...]]:
    return chance.choice((*STEPS, *(4 * [("any", ())])))


def cells(mart: FilledMart, as_of: str = "2026-04-01 00:00", **options: str) -> list[tuple[Any, ...]]:
    question = make_question(options={"by": "day", "periods": "3", **options}, as_of=at(as_of))
    return [row[:4] for row in ask(mart, "retention", question).rows if row[0]]


def test_cells_do_not_depend_on_each_other(mart: FilledMart) -> None:
    mart.fill([event(NOON), event(NOON + 2 * DAY), event(NOON, client_id="c2"), event(NOON + DAY, client_id="c2")])
    day = date(2026, 3, 2)
    assert cells(mart) == [(day, 2, 0, 2), (day, 2, 1, 1), (day, 2, 2, 1), (day, 2, 3, 0)]


def test_cells_that_begin_after_as_of_have_no_row_and_the_last_one_is_incomplete(mart: FilledMart) -> None:
    mart.fill([event(NOON), event(NOON + DAY)])
    question = make_question(options={"by": "day"}, as_of=NOON + DAY + timedelta(hours=1))
    rows = [row[2:] for row in ask(mart, "retention", question).rows]
    assert rows == [(0, 1, 1.0, True), (1, 1, 1.0, False), (0, 1, 1.0, True)]  # the curve has complete cells only


def test_an_old_customer_does_not_look_new(mart: FilledMart) -> None:
    mart.fill([event(NOON - 9 * DAY, "a"), event(NOON, "b"), event(NOON, "a", client_id="c2", is_first_visit=False)])
    assert cells(mart) == []
    assert [row[1:] for row in cells(mart, start="b")] == [(1, 0, 1), (1, 1, 0), (1, 2, 0), (1, 3, 0)]
    assert [row[1] for row in cells(mart, start="a")] == [1] * 4  # c2: the first `a` that is known


def test_a_visitor_whose_first_events_were_deleted_is_in_no_cohort(mart: FilledMart) -> None:
    mart.fill([event(NOON)])
    with mart.warehouse.transaction() as cursor:
        cursor.execute("update seen set first_seen_at = first_seen_at - interval 400 days")
    build(mart, mart.warehouse)
    assert cells(mart) == []


def test_in_the_first_cell_the_return_follows_the_start(mart: FilledMart) -> None:
    mart.fill([event(NOON, "b"), event(NOON, "a"), event(NOON, "a", client_id="c2"), event(NOON, "b", client_id="c2")])
    assert cells(mart, start="a", **{"return": "b"})[0][1:] == (2, 0, 1)
    assert cells(mart, start="a", **{"return": "a"})[0][1:] == (2, 0, 2)


def test_the_range_is_widened_to_whole_buckets(mart: FilledMart) -> None:
    mart.fill([event(at("2026-03-31 12:00"))])
    answer = ask(mart, "retention", make_question(options={"by": "month"}))
    assert (answer.meta["from"], answer.meta["to"]) == (date(2026, 3, 1), date(2026, 4, 1))
    assert answer.rows[0][:4] == (date(2026, 3, 1), 1, 0, 1)


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ({"periods": "0"}, "periods"),
        ({"periods": "53"}, "periods"),
        ({"by": "day", "periods": "91"}, "periods"),
        ({"by": "hour"}, "by"),
        ({"start": "a,b"}, "start"),
        ({"return": "a["}, "return"),
    ],
    ids=str,
)
def test_an_invalid_question_about_retention_is_rejected(
    mart: FilledMart, options: dict[str, str], parameter: str
) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, "retention", make_question(options=options))
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", parameter)


def test_a_filter_by_event_does_not_apply_to_retention(mart: FilledMart) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(mart, "retention", make_question({"event": ("click",)}))
    assert (caught.value.code, caught.value.parameter) == ("filter_not_applicable", "event")
