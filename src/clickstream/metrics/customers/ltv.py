"""`ltv`: what is a customer worth?

A cohort is the visitors whose first order ever was placed in one local month. Its orders, revenue and refunds add up
month by month, up to `as_of`, also after the range: the range and the filters choose first orders, nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from clickstream.errors import QuestionError
from clickstream.metrics.question import Column, Question
from clickstream.metrics.rules.buckets import Bucket, bucket_sql, buckets
from clickstream.metrics.rules.local_time import DAY, micros, start_of
from clickstream.metrics.rules.period import Period, chosen_period
from clickstream.metrics.rules.result import Result, money
from clickstream.metrics.rules.scope import Scope

COLUMNS = (
    Column("cohort", "date"),
    Column("customers", "int"),
    Column("period", "int"),
    Column("orders", "int"),
    Column("revenue", "money"),
    Column("net_revenue", "money"),
    Column("revenue_per_customer", "double"),
    Column("is_complete", "bool"),
)
DEFAULT_MONTHS = 13
MAX_PERIODS = 36


@dataclass(frozen=True, slots=True)
class Cell:
    """What the customers of one or more cohorts had spent by the end of a month."""

    customers: int = 0
    orders: int = 0
    revenue: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)

    def __add__(self, other: Cell) -> Cell:
        return Cell(
            self.customers + other.customers,
            self.orders + other.orders,
            self.revenue + other.revenue,
            self.refunds + other.refunds,
        )


def check_periods(text: str) -> str:
    """Return a number of months. Raises QuestionError."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MAX_PERIODS:
        raise QuestionError("invalid_option", "periods", f"{text!r} (expected 1 to {MAX_PERIODS})")
    return str(int(text))


def whole_months(question: Question, _options: Mapping[str, str]) -> Period:
    """Return the months that the range of a question touches; the default is the 13 months up to this one."""
    period = chosen_period(question, None)
    after = _month_after(period.to_date - DAY, 1)
    first = _month_after(question.from_date or after, 0 if question.from_date else -DEFAULT_MONTHS)
    return chosen_period(replace(question, from_date=first, to_date=after), None)


def ltv(scope: Scope) -> Result:
    """Return a row for each cohort and month after it, then one for each month over all cohorts."""
    periods = int(scope.options["periods"])
    followed = _followed(scope, periods)
    months = buckets("month", scope.question.tz, followed)
    cells = _cells(scope, followed, months)
    rows = list(_rows(cells, months, periods, followed))
    orders = sum(cell.orders for by_month in cells.values() for cell in by_month.values())
    return Result(COLUMNS, rows, {"orders": orders}, len(rows))


def _followed(scope: Scope, periods: int) -> Period:
    """Return the range with the months after it in which its customers are followed, up to `as_of`."""
    tz, period = scope.question.tz, scope.period
    after = _month_after(period.to_date, periods)
    whole_end = start_of(tz, after)
    end = max(period.start, min(whole_end, scope.question.as_of))
    return Period(period.from_date, after, period.start, end, whole_end)


def _month_after(day: date, months: int) -> date:
    """Return the first day of the month that many months after the month of a day."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _cells(scope: Scope, followed: Period, months: Sequence[Bucket]) -> Mapping[int, Mapping[int, Cell]]:
    """Return what each cohort spent in each month: number of the cohort's month -> number of a month -> cell."""
    tz, numbers = scope.question.tz, {month.key[0]: number for number, month in enumerate(months)}
    slots = {
        name: bucket_sql("month", tz, followed, instant)[0]
        for name, instant in (("order_month", "o.ordered_at"), ("refund_month", "o.refunded_at"))
    }
    cells: dict[int, dict[int, Cell]] = defaultdict(dict)
    for row in scope.fetch("customers/ltv", slots, {"until": micros(followed.end)}).rows:
        cohort, month, customers, orders, revenue, refunds = row
        cell = Cell(int(customers), int(orders), money(revenue), money(refunds))
        cells[numbers[cohort]][numbers[month]] = cell
    return cells


def _rows(
    cells: Mapping[int, Mapping[int, Cell]], months: Sequence[Bucket], periods: int, followed: Period
) -> Iterator[tuple[Any, ...]]:
    totals: dict[int, Cell] = {}
    for cohort in sorted(cells):
        # A refund may be dated before the order: it counts from the first month on.
        sum_so_far = sum((cell for month, cell in cells[cohort].items() if month < cohort), Cell())
        for period, month in enumerate(months[cohort : cohort + periods + 1]):
            sum_so_far += cells[cohort].get(cohort + period, Cell())
            is_complete = month.end <= followed.end
            if is_complete:
                totals[period] = totals.get(period, Cell()) + sum_so_far
            yield _row(months[cohort].local, sum_so_far, period, is_complete)
    for period in sorted(totals):
        yield _row(None, totals[period], period, True)


def _row(cohort: datetime | None, cell: Cell, period: int, is_complete: bool) -> tuple[Any, ...]:
    return (
        cohort.date() if cohort else None,
        cell.customers,
        period,
        cell.orders,
        money(cell.revenue),
        money(cell.revenue - cell.refunds),
        float(cell.revenue / cell.customers),
        is_complete,
    )
