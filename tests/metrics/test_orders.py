"""Orders, amounts and bots: edge cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event, item
from tests.metrics.oracle import Event
from tests.metrics.test_catalog import NOON, figures, make_question

from clickstream.metrics.catalog import ask

MINUTE = timedelta(minutes=1)


def bought(order_id: str = "o1", minutes: float = 0, total: str | None = "20", **fields: Any) -> Event:
    """Return the event of an order in the browser, `minutes` after noon."""
    money = {"order_total": None if total is None else Decimal(total), "order_currency": "EUR"}
    return event(NOON + minutes * MINUTE, "checkout_complete", **{"order_id": order_id, **money, **fields})


def confirmed(order_id: str = "o1", minutes: float = 0, **fields: Any) -> Event:
    """Return the event of an order from the shop's server, without client and session."""
    return {**bought(order_id, minutes, client_id=None, **fields), "event_name": "order_confirmed"}


def revenue_figures(mart: FilledMart, **fields: Any) -> tuple[Any, ...]:
    row = figures(mart, make_question(**fields))
    return tuple(row[name] for name in ("orders", "revenue", "aov", "currency"))


def test_an_order_reported_by_browser_and_server_counts_once_with_the_servers_total(mart: FilledMart) -> None:
    mart.fill([bought(total="20"), confirmed(minutes=1, total="21.50")])
    row = figures(mart, make_question())
    assert (row["orders"], row["orders_without_session"], row["order_sessions"]) == (1, 0, 1)
    assert (row["revenue"], row["aov"]) == (Decimal("21.5"), 21.5)


def test_an_order_counts_as_it_stands_once_it_was_placed(mart: FilledMart) -> None:
    mart.fill([event(NOON), bought(minutes=10, total="20"), confirmed(minutes=11, total="21.50")])
    assert revenue_figures(mart, as_of=NOON + 10 * MINUTE) == (0, Decimal(0), None, None)
    then = figures(mart, make_question(as_of=NOON + 10.5 * MINUTE))
    assert (then["orders"], then["orders_without_session"], then["order_sessions"]) == (1, 0, 1)
    assert then["revenue"] == Decimal("21.5")


def test_an_order_reported_only_by_the_server_is_revenue_but_not_a_conversion(mart: FilledMart) -> None:
    mart.fill([event(NOON, user_id="u1"), confirmed(user_id="u1")])
    row = figures(mart, make_question())
    assert (row["orders"], row["orders_without_session"], row["revenue"]) == (1, 1, Decimal(20))
    assert (row["conversion_rate"], row["visitor_conversion_rate"]) == (0.0, 0.0)


def test_a_session_with_an_order_is_engaged(mart: FilledMart) -> None:
    # order_confirmed is not a key event: only the order makes the session engaged.
    mart.fill([{**confirmed(), "client_id": "c1"}, event(NOON, client_id="c2")])
    assert figures(mart, make_question())["bounces"] == 1


def test_an_order_and_its_session_each_count_on_their_own_day(mart: FilledMart) -> None:
    late = at("2026-03-02 23:55")
    mart.fill([event(late), bought(minutes=12 * 60 + 10)])
    first, second = (
        figures(mart, make_question(from_date=day, to_date=day + timedelta(days=1)))
        for day in (date(2026, 3, 2), date(2026, 3, 3))
    )
    assert [(row["order_sessions"], row["orders"]) for row in (first, second)] == [(1, 0), (0, 1)]
    assert [row["currency"] for row in (first, second)] == ["EUR", "EUR"]


def test_amounts_in_different_currencies_are_never_added(mart: FilledMart) -> None:
    totals = [("a", "EUR"), ("b", "eur"), ("c", "USD"), ("d", None), ("e", "USD"), ("f", "GBP")]
    mart.fill([bought(name, n, order_currency=currency) for n, (name, currency) in enumerate(totals)])
    answer = ask(mart, "overview", make_question())
    row = answer.dicts()[0]
    assert (row["orders"], row["revenue"], row["currency"]) == (
        6,
        Decimal(40),
        "EUR",
    )  # two currencies have two orders: A-Z
    assert answer.meta["other_currencies"] == ["GBP", "USD", "XXX"]
    assert revenue_figures(mart, options={"currency": "usd"}) == (6, Decimal(40), 20.0, "USD")
    rows = ask(mart, "revenue", make_question()).dicts()
    assert [(row["currency"], row["orders"]) for row in rows] == [("EUR", 2), ("USD", 2), ("GBP", 1), ("XXX", 1)]


def test_an_order_without_total_counts_but_adds_no_revenue(mart: FilledMart) -> None:
    mart.fill([bought("a", 0, "30.00"), bought("b", 1, None, items=[item("p1", "9", "3")])])
    assert revenue_figures(mart) == (2, Decimal(30), 30.0, "EUR")
    (row,) = ask(mart, "revenue", make_question()).dicts()
    assert (row["orders"], row["orders_with_total"], row["units"]) == (2, 1, 3)


def test_amounts_have_four_decimal_places(mart: FilledMart) -> None:
    mart.fill([bought(items=[item("p1", "0.3333", "0.5"), item("p1", "10", "2.25")])])
    (row,) = ask(mart, "products", make_question()).dicts()
    assert str(row["revenue"]) == "22.6667"  # 22.66665, half away from zero
    assert row["units"] == 3  # 2.75
    assert str(figures(mart, make_question())["revenue"]) == "20.0000"


def test_a_product_that_is_sold_but_never_viewed_is_ranked(mart: FilledMart) -> None:
    names = {"product_name": "Sold", "product_category": "Sale"}
    view = event(NOON, "product_view", context_product_id="p1", context_product_category="Laptops")
    mart.fill([view, bought(minutes=1, items=[item("p2", "5", **names), item("p1", "1", "9", **names)])])
    rows = ask(mart, "products", make_question()).dicts()
    shown = ("value", "name", "category", "views", "units", "revenue", "order_sessions", "view_to_order")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        ("p1", "Sold", "Laptops", 1, 9, Decimal(9), 1, 1.0),
        ("p2", "Sold", "Sale", 0, 1, Decimal(5), 1, None),
    ]


def test_an_event_filter_applies_to_orders_through_their_session(mart: FilledMart) -> None:
    before = event(at("2026-03-01 23:50"), page_path="/sale")
    mart.fill([before, *(event(at("2026-03-02 00:15")), bought("a", -11.5 * 60)), confirmed("b")])
    row = figures(mart, make_question({"page_path": ("/sale",)}))
    assert (row["orders"], row["sessions"], row["events"]) == (1, 0, 0)
    assert figures(mart, make_question())["orders"] == 2


@pytest.mark.parametrize(
    ("values", "orders"), [(("email",), 0), (("(none)",), 1), (("email", "(none)"), 1), (("!email",), 1)], ids=str
)
def test_an_order_without_session_has_no_channel(mart: FilledMart, values: tuple[str, ...], orders: int) -> None:
    mart.fill([confirmed()])
    assert figures(mart, make_question({"channel": values}))["orders"] == orders


def test_humans_only_excludes_whole_sessions_of_bots_and_counts_hidden_events(mart: FilledMart) -> None:
    robot = [event(NOON, client_id="r"), event(NOON + MINUTE, client_id="r", is_bot=True), bought(client_id="r")]
    alone = event(NOON, client_id=None, is_bot=True)
    mart.fill([*robot, alone, event(NOON), event(NOON, client_id=None)])
    answer = ask(mart, "overview", make_question({"humans": ("true",)}))
    row = answer.dicts()[0]
    assert (row["events"], row["sessions"], row["visitors"], row["orders"]) == (2, 1, 1, 0)
    assert answer.meta["hidden_bot_events"] == 4
    everybody = ask(mart, "overview", make_question())
    assert (everybody.dicts()[0]["events"], everybody.meta["hidden_bot_events"]) == (6, 0)


def test_pages_viewed_faster_than_a_human_reads_make_a_bot_session(mart: FilledMart) -> None:
    fast = [event(NOON + timedelta(milliseconds=900 * n)) for n in range(10)]
    humans = {"humans": ("true",)}
    mart.fill(fast)
    assert figures(mart, make_question(humans))["sessions"] == 0
    mart.fill(fast[:9])  # not too fast yet: the rate counts from ten pages on
    assert figures(mart, make_question(humans))["sessions"] == 1


def test_a_session_has_the_channel_of_its_first_page(mart: FilledMart) -> None:
    first = event(NOON, "click", channel="email", source="news", medium="email")
    page = event(NOON + MINUTE, page_url="https://shop/", channel="paid_search", source="google", medium="cpc")
    mart.fill([first, page, bought(minutes=2)])
    (row,) = ask(mart, "acquisition", make_question()).dicts()
    shown = ("value", "sessions", "new_sessions", "order_sessions", "conversion_rate", "orders", "revenue", "aov")
    assert [row[name] for name in shown] == ["paid_search", 1, 1, 1, 1.0, 1, Decimal(20), 20.0]
    (row,) = ask(mart, "acquisition", make_question(options={"by": "new_returning"})).dicts()
    assert row["value"] == "new"


def test_the_first_session_of_a_new_visitor_may_have_begun_before_the_range_for_another_user(
    mart: FilledMart,
) -> None:
    """u2 signs in after midnight, in a session that began under u1; so the next session of u2 is not the first."""
    midnight, shared = at("2026-03-01 00:00"), {"session_id": "s1"}
    mart.fill(
        [
            event(midnight - timedelta(days=9), user_id="u1", session_id="s0"),
            event(midnight - 5 * MINUTE, **shared),
            event(midnight + 5 * MINUTE, user_id="u2", **shared),
            event(midnight + timedelta(hours=12), user_id="u2", session_id="s2"),
        ],
    )
    one_day = replace(
        make_question(options={"by": "new_returning"}), from_date=date(2026, 3, 1), to_date=date(2026, 3, 2)
    )
    (row,) = ask(mart, "acquisition", one_day).dicts()
    assert (row["value"], row["sessions"]) == ("returning", 1)
