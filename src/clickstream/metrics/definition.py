"""How a metric is defined: its question, its options, and the functions that answer it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.records import RecordScope
from clickstream.metrics.rules.currency import check_currency
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.result import Result
from clickstream.metrics.rules.scope import Scope


@dataclass(frozen=True, slots=True)
class Option:
    """An option of one metric.

    default: None = it depends on the range, or the option is not set.
    check: for an option without a list of values: returns the value to use, or raises QuestionError.
    """

    values: tuple[str, ...]
    text: str
    default: str | None = None
    check: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its question in one line, a description of its numbers, its options.

    compare: computes the same rows for another period, given that period's scope and the rows of this one;
    None = the metric has no comparison columns.
    refused: names of the filters that have no meaning for this metric.
    period: the range of a metric that has another one than the question's, given the options.
    limit: number of rows that a command or the API returns by default.
    """

    question: str
    text: str
    answer: Callable[[Scope], Result]
    options: Mapping[str, Option]
    compare: Callable[[Scope, Result], Result] | None = None
    refused: Collection[str] = ()
    period: Callable[[Question, Mapping[str, str]], Period] | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class RecordMetric:
    """A metric that reads the warehouse instead of the mart. It is never compared with another period.

    filters: names of the filters that it has. period: as in Metric. limit: as in Metric.
    """

    question: str
    text: str
    answer: Callable[[RecordScope], Result]
    options: Mapping[str, Option]
    filters: Collection[str] = ()
    period: Callable[[Question, Mapping[str, str]], Period] | None = None
    limit: int = 100


CURRENCY = Option((), "currency of the amounts; the default is the currency of most orders", check=check_currency)


def whole_number(option: str, low: int, high: int) -> Callable[[str], str]:
    """Return a check for an option that is a whole number from `low` to `high`."""

    def check(text: str) -> str:
        if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
            raise QuestionError("invalid_option", option, f"{text!r} (expected a whole number from {low} to {high:,})")
        return str(int(text))

    return check


def first_values(result: Result) -> list[str]:
    """Return the first column: the values of a ranking."""
    return [row[0] for row in result.rows]
