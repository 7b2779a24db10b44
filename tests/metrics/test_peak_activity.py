"""Activity by weekday and hour agrees with the oracle on random small shops, also where clocks change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import strategies as st
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event
from tests.metrics.oracle import World
from tests.metrics.oracle_peak import peak_activity
from tests.metrics.oracle_time import range_of
from tests.metrics.test_catalog import make_question
from tests.metrics.test_oracle import other_range, over_random_shops, same, same_comparison
from tests.metrics.worlds import Shop

from clickstream.metrics.behaviour.peak_activity import FIGURES
from clickstream.metrics.catalog import ask

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")  # it would hide the failure
BERLIN = ZoneInfo("Europe/Berlin")
KEYS = ("weekday", "hour")


@over_random_shops(st.permutations(FIGURES))
def test_every_cell_agrees_with_the_oracle(mart: FilledMart, shop: Shop, metrics: list[str]) -> None:
    rows = mart.fill(shop.events)
    for question, metric in zip(shop.questions, metrics, strict=False):
        world, other = World(rows, question), other_range(question)
        found = ask(mart, "peak_activity", replace(question, options={"metric": metric})).dicts()
        expected = peak_activity(world, range_of(question), question.tz, metric)
        before = peak_activity(world.at(other), other, question.tz, metric) if other else []
        assert len(found) == 168
        for index, row in enumerate(expected):
            same(found[index], row)
            if before:
                now, old = ({name: one[name] for name in row if name not in KEYS} for one in (row, before[index]))
                same_comparison(found[index], now, old)


def test_an_hour_that_clocks_repeat_counts_twice_and_a_skipped_one_not_at_all(mart: FilledMart) -> None:
    # Berlin, 2026-10-25: 02:30 happens twice. One visitor in both hours.
    mart.fill([event(at("2026-10-25 00:30")), event(at("2026-10-25 01:30"))])

    def cell(day: date) -> tuple[object, ...]:
        options = {"metric": "visitors"}
        question = make_question(
            tz=BERLIN,
            options=options,
            from_date=day,
            to_date=day + timedelta(days=1),
            as_of=at("2027-01-01 00:00"),
        )
        return ask(mart, "peak_activity", question).rows[6 * 24 + 2]

    assert cell(date(2026, 10, 25)) == (7, 2, 2, 2.0, 1.0)
    assert cell(date(2026, 3, 29)) == (7, 2, 0, 0.0, None)


def test_only_the_time_before_as_of_is_in_range(mart: FilledMart) -> None:
    mart.fill([event(at("2026-03-02 12:10")), event(at("2026-03-02 12:20"))])
    rows = ask(mart, "peak_activity", make_question(as_of=at("2026-03-02 12:15"))).rows
    assert rows[12] == (1, 12, 1, 0.25, 4.0)
    assert [row[3] for row in rows] == [1.0] * 12 + [0.25] + [0.0] * 155
