"""Order lines become one event per order, and one per refund, with the sums of their lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clickstream.delivery import Receipt
from clickstream.errors import SourceError
from clickstream.sources.importer import ImportResult, import_file
from clickstream.sources.mapping_file import parse_mapping

MAPPING = """
[event]
eventName = "order_confirmed"
createdAt = "{at}"
userId = "{who}"
order.currency = "EUR"
order.items = [{ id = "{sku}", name = "{title}", price = "{price}", quantity = "{number}" }]

[group]
by = "{order}"
refund = { order = "C*" }
"""
HEADER = "order,at,who,sku,title,price,number\n"


class Kept:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def post(self, events: Sequence[bytes]) -> Receipt:
        self.events += [json.loads(event, parse_float=Decimal) for event in events]
        return Receipt(len(events), [])


def read(folder: Path, rows: str, mapping: str = MAPPING) -> tuple[ImportResult, list[dict[str, Any]]]:
    path, kept = folder / "orders.csv", Kept()
    path.write_text(HEADER + rows)
    result = import_file(path, parse_mapping(mapping, "mine"), kept)
    return result, kept.events


def test_scattered_lines_become_one_event_with_items_and_their_sum(tmp_path: Path) -> None:
    rows = "1,2026-03-10,u,a,Tea,2.50,2\n2,2026-03-10,v,a,Tea,2.50,1\n1,,,b,Pot,19.99,1\n"
    result, (second, first) = read(tmp_path, rows)
    assert (result.rows, result.accepted, result.skipped) == (3, 2, 0)
    assert second["order"]["id"] == "2"
    assert (first["eventName"], first["userId"], first["createdAt"]) == ("order_confirmed", "u", "2026-03-10T00:00:00Z")
    assert first["order"] == {
        "id": "1",
        "currency": "EUR",
        "items": [
            {"id": "a", "name": "Tea", "price": Decimal("2.50"), "quantity": 2},
            {"id": "b", "name": "Pot", "price": Decimal("19.99"), "quantity": 1},
        ],
        "total": Decimal("24.99"),
    }


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("1,2026-03-10,u,a,Tea,2.50,-2\n", [("order_refunded", "1", "5.00")]),
        ("C9,2026-03-10,u,a,Tea,2.50,2\n", [("order_refunded", "C9", "5.00")]),
        ("C9,2026-03-10,u,a,Tea,2.50,-2\n", [("order_refunded", "C9", "5.00")]),
        (
            "1,2026-03-10,u,a,Tea,2.50,3\n1,2026-03-11,u,a,Tea,2.50,-1\n",
            [("order_confirmed", "1", "7.50"), ("order_refunded", "1", "2.50")],
        ),
        ("1,2026-03-10,u,a,Tea,2.50,3\n1,2026-03-10,u,v,Voucher,-1.00,1\n", [("order_confirmed", "1", "6.50")]),
        ("1,2026-03-10,u,a,Sample,0,3\n", [("order_confirmed", "1", "0")]),
    ],
    ids=["negative_quantity", "cancellation", "both", "some_lines_returned", "voucher", "free"],
)
def test_returned_lines_become_a_refund(tmp_path: Path, rows: str, found: list[tuple[str, str, str]]) -> None:
    _, events = read(tmp_path, rows)
    assert [(event["eventName"], event["order"]["id"], event["order"]["total"]) for event in events] == [
        (name, order, Decimal(total)) for name, order, total in found
    ]
    assert all(item["quantity"] > 0 for event in events for item in event["order"]["items"])
    assert [event["order"].get("refundId") for event in events if event["eventName"] == "order_refunded"] == [
        order for name, order, _ in found if name == "order_refunded"
    ]


def test_a_refund_takes_its_time_from_its_own_lines(tmp_path: Path) -> None:
    _, events = read(tmp_path, "1,2026-03-10,u,a,Tea,2.50,3\n1,2026-03-11,,a,Tea,2.50,-1\n")
    assert [event["createdAt"][:10] for event in events] == ["2026-03-10", "2026-03-11"]
    assert [event["userId"] for event in events] == ["u", "u"]


def test_ids_depend_on_the_order_and_not_on_the_file(tmp_path: Path) -> None:
    rows = "1,2026-03-10,u,a,Tea,2.50,3\n1,2026-03-11,u,a,Tea,2.50,-1\n"
    _, events = read(tmp_path, rows)
    _, again = read(tmp_path, "2,2026-03-10,u,a,Tea,1,1\n" + rows)
    assert [event["eventId"] for event in events] == [event["eventId"] for event in again[1:]]
    assert len({event["eventId"] for event in again}) == 3


def test_a_mapped_total_and_id_are_kept(tmp_path: Path) -> None:
    mapping = MAPPING.replace('order.currency = "EUR"', 'order.id = "A-{order}"\norder.total = "{title}"')
    _, (event,) = read(tmp_path, '1,2026-03-10,u,a,"1.234,50",2.50,3\n1,2026-03-10,u,b,,1,1\n', mapping)
    assert (event["order"]["id"], event["order"]["total"]) == ("A-1", Decimal("1234.50"))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            "1,2026-03-10,u,a,Tea,2.50,1\n1,2026-03-10,u,b,Pot,n/a,1\n",
            "line 3: order.items.price: expected a number such as 1234.50 or 1.234,50, got 'n/a' "
            "(all 2 lines of order 1 are skipped)",
        ),
        ("1,2026-03-10,u,a,Tea,2.50\n", "line 2: expected 7 cells, got 6"),
        (",2026-03-10,u,a,Tea,2.50,1\n", "line 2: no value for [group] by"),
        ("undefined,2026-03-10,u,a,Tea,2.50,1\n", "line 2: no value for [group] by"),
        ("1,,u,a,Tea,2.50,1\n", "line 2: no value for createdAt"),
    ],
    ids=["a_price_that_is_not_a_number", "too_few_cells", "no_order_number", "a_placeholder", "no_time"],
)
def test_an_order_with_a_line_that_cannot_be_read_is_not_sent(tmp_path: Path, rows: str, reason: str) -> None:
    result, events = read(tmp_path, rows + "2,2026-03-10,u,a,Tea,2.50,1\n")
    assert [event["order"]["id"] for event in events] == ["2"]
    assert str(result.problems[0]) == reason
    assert result.skipped == rows.count("\n")


def test_a_mapped_total_of_an_order_with_returned_lines_is_an_error(tmp_path: Path) -> None:
    mapping = MAPPING.replace('order.currency = "EUR"', 'order.total = "{title}"')
    result, events = read(tmp_path, "1,2026-03-10,u,a,5,2.50,3\n1,2026-03-11,u,a,5,2.50,-1\n", mapping)
    assert (events, result.skipped) == ([], 2)
    assert "leave it out, to add up the lines" in result.problems[0].reason


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("[group]", "[tables.x]"), "order.items and [group] need each other"),
        (("order.items", "properties.items"), "order.items and [group] need each other"),
        (("{ id =", "{ sku ="), "order.items.sku is not a field of an event"),
        (('by = "{order}"', "by = 5"), "[group] by: expected the id of the order"),
        (('refund = { order = "C*" }', "refund = true"), "[group] refund: expected conditions"),
        (('refund = { order = "C*" }', 'refunds = { order = "C*" }'), "[group] refunds is unknown"),
        (("order.items = [{", "order.items = [{}, {"), "order.items: expected one item as a template"),
    ],
)
def test_a_wrong_grouping_is_an_error_before_any_row(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_mapping(MAPPING.replace(*change), "mine")
    assert problem in caught.value.why


def test_missing_columns_of_conditions_and_items_are_listed(tmp_path: Path) -> None:
    mapping = MAPPING.replace("{sku}", "{ean}").replace("order = ", "kind = ") + "[where]\nstate = 'paid'"
    with pytest.raises(SourceError) as caught:
        read(tmp_path, "", mapping)
    for part in ("'ean' for order.items.id", "'kind' for [group] refund", "'state' for [where]"):
        assert part in caught.value.why
