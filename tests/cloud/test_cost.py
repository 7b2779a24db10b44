"""The bill: it agrees with the one that the guide works out by hand, and every price has a source."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from clickstream.cloud.cost import bill
from clickstream.cloud.prices import HOURS, PRICES
from clickstream.errors import QuestionError

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "aws.md"
MILLION = 1_000_000
COLUMNS = (1 * MILLION, 30 * MILLION, 300 * MILLION)


def by_hand() -> dict[str, tuple[Decimal, ...]]:
    """Read the amounts of the guide: by part, for each number of events."""
    lines = GUIDE.read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| part | how |"))
    rows = {}
    for line in lines[start + 2 :]:
        if not line.startswith("| "):
            break
        part, _, *amounts = (cell.strip().strip("*") for cell in line.strip("| ").split(" |"))
        rows[part] = tuple(Decimal(amount) for amount in amounts)
    return rows


def is_close(one: Decimal, other: Decimal) -> bool:
    """Return whether two amounts differ by less than 10 %, or by a few cents."""
    return abs(one - other) <= max(Decimal("0.1") * max(one, other), Decimal("0.05"))


@pytest.mark.parametrize(("column", "events"), list(enumerate(COLUMNS)))
def test_every_part_agrees_with_the_bill_by_hand(column: int, events: int) -> None:
    expected = by_hand()
    made = bill(events)
    assert {*made.parts(), "total"} == set(expected)
    for part, amount in made.parts().items():
        assert is_close(amount, expected[part][column]), part
    assert is_close(made.total, expected["total"][column])


def test_the_bill_by_hand_adds_up() -> None:
    rows = by_hand()
    totals = rows.pop("total")
    for column, total in enumerate(totals):
        assert is_close(sum((amounts[column] for amounts in rows.values()), Decimal(0)), total)


def test_the_lines_of_a_bill_add_up() -> None:
    made = bill(123_456_789, batch=7)
    assert sum(line.amount for line in made.lines) == made.total == made.fixed + made.variable
    assert sum(made.parts().values()) == made.total
    assert all(line.source and line.unit for line in made.lines)


def test_what_batching_saves_is_stated_in_the_guide() -> None:
    savings = {each.batch: each.amount for each in bill(30 * MILLION).savings}
    assert savings[1] > 9 * savings[10] > 20 * savings[25]
    text = GUIDE.read_text("utf-8")
    for batch, amount in savings.items():
        assert f"| {batch} | {amount} |" in text


def test_without_events_only_the_fixed_parts_and_idle_passes_cost() -> None:
    made = bill(0)
    assert made.variable < Decimal("0.20")
    assert made.fixed == bill(300 * MILLION).fixed
    assert made.per_million_events == 0


def test_the_endpoint_for_old_agents_costs_one_third_of_the_endpoints() -> None:
    saved = bill(0).fixed - bill(0, has_ec2messages=False).fixed
    assert saved == Decimal("0.01") * HOURS


def test_the_api_costs_less_above_300_million_requests() -> None:
    api = [line for line in bill(400 * MILLION, batch=1).lines if line.item.startswith("HTTP API")]
    assert [line.amount for line in api] == [Decimal("300.00"), Decimal("90.00")]


def test_regions_have_the_same_prices_to_fill_in() -> None:
    one, *others = (set(prices) for prices in PRICES.values())
    assert all(other == one for other in others)
    assert bill(MILLION, region="ap-southeast-1").total > bill(MILLION).total


def test_an_unknown_region_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(QuestionError, match="region") as refused:
        bill(1, region="eu-north-7")
    assert "us-east-1" in refused.value.advice
