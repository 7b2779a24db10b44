"""The language of segments: text to a rule, with every name and value checked.

    segment = term {"or" term};  term = factor {"and" factor};  factor = ["not"] (condition | "(" segment ")")
    condition = did(STEP [, OP n] [, PERIOD]) | spent(CURRENCY, OP amount [, PERIOD]) | FIELD OP value
    PERIOD = 30d | 2026-01-01..2026-02-01 | range | ever;  OP = = != < <= > >=

In: text of any kind. Out: a `Rule`. Invalid text raises QuestionError with the code `invalid_filter`, which names the
place. Steps: rules/steps.py. What a rule means for a visitor: rule_sql.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, cast

from clickstream.errors import QuestionError
from clickstream.metrics.rules.filters import join_names
from clickstream.metrics.rules.steps import Step, read_steps

MAX_CONDITIONS = 20
MAX_LEVELS = 3
MAX_LENGTH = 2_000
MAX_DAYS = 1_830
TEXT_FIELDS = ("channel", "source", "medium", "campaign", "device_type", "browser", "os", "country")
"""Values of the visitor's first session."""
LOGIN_STATES = ("logged_in", "anonymous", "(none)")
FIELDS = (*TEXT_FIELDS, "first_seen", "sessions", "login_state")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
_OPERATOR = re.compile(r"[!<>]=|[=<>]")
_NAME = re.compile(r"[A-Za-z_]+")
# Possessive: text without a closing quote is read once, not in every way in which it could be divided.
_QUOTED = r'"(?:[^"]|"")*+"'
_VALUE = re.compile(rf'{_QUOTED}|\(none\)|[^\s,()"]+')
_PIECE_OF_STEP = re.compile(rf'{_QUOTED}|\[(?:{_QUOTED}|[^"()\]])*+\]|[^,()"\[]')
_WHOLE = re.compile(r"[0-9]{1,7}")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?")
_DAYS = re.compile(r"([0-9]{1,4})d")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_PERIODS = "30d, 2026-01-01..2026-02-01, range or ever"


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which rows count, always before the end of the question's range.

    days: that many local days up to the last one of the range. dates: local days, `[first, end)`. is_range: the range
    itself. None of them: all time before.
    """

    days: int | None = None
    dates: tuple[date, date] | None = None
    is_range: bool = False


EVER = Span()


@dataclass(frozen=True, slots=True)
class Did:
    """The number of a visitor's events that match a step."""

    step: Step
    operator: Operator = ">="
    number: int = 1
    span: Span = EVER


@dataclass(frozen=True, slots=True)
class Spent:
    """The sum of the totals of a visitor's orders in one currency; 0 without an order."""

    currency: str
    operator: Operator
    amount: Decimal
    span: Span = EVER


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the visitor. value: int of `sessions`, date or Span of `first_seen`, else text."""

    name: str
    operator: Operator
    value: str | int | date | Span


@dataclass(frozen=True, slots=True)
class Not:
    rule: Rule


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these rules."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these rules."""

    rules: tuple[Rule, ...]


Condition = Did | Spent | Field
Rule = Condition | Not | AllOf | AnyOf


def read_segment(text: str) -> Rule:
    """Read a segment. Raises QuestionError."""
    if len(text) > MAX_LENGTH:
        why = f"{len(text):,} characters (expected at most {MAX_LENGTH:,})"
        raise QuestionError("invalid_filter", "segment", why, "use a shorter rule")
    reader = _Reader(text)
    rule = reader.read_any(1)
    if not reader.is_at_end():
        raise reader.failure("and, or, or the end", "conditions are joined by and, or")
    return rule


class _Reader:
    """A recursive-descent parser: `position` is that of the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.conditions = 0

    def failure(self, expected: str, advice: str = "", position: int | None = None) -> QuestionError:
        at = self.position if position is None else position
        found = self.text[at : at + 20]
        shown = f"{found!r}" + ("…" if len(self.text) > at + 20 else "") if found else "the end"
        why = f"expected {expected} at character {at + 1}, found {shown}"
        return QuestionError("invalid_filter", "segment", why, advice)

    def is_at_end(self) -> bool:
        self._skip_blanks()
        return self.position == len(self.text)

    def read_any(self, level: int) -> Rule:
        rules = [self._read_all(level)]
        while self._take_word("or"):
            rules.append(self._read_all(level))
        return rules[0] if len(rules) == 1 else AnyOf(tuple(rules))

    def _read_all(self, level: int) -> Rule:
        rules = [self._read_factor(level)]
        while self._take_word("and"):
            rules.append(self._read_factor(level))
        return rules[0] if len(rules) == 1 else AllOf(tuple(rules))

    def _read_factor(self, level: int) -> Rule:
        if self._take_word("not"):
            return Not(self._read_part(level))
        return self._read_part(level)

    def _read_part(self, level: int) -> Rule:
        self._skip_blanks()
        start = self.position
        if self._take("("):
            if level == MAX_LEVELS:
                raise self.failure(f"at most {MAX_LEVELS} levels", "use fewer parentheses within parentheses", start)
            rule = self.read_any(level + 1)
            self._expect(")")
            return rule
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise self.failure(f"at most {MAX_CONDITIONS} conditions", "use fewer conditions", start)
        return self._read_condition(start)

    def _read_condition(self, start: int) -> Condition:
        found = _NAME.match(self.text, start)
        if found is None:
            raise self.failure("a condition", "such as did(purchase), spent(EUR, >= 100) or country = DE")
        name, self.position = found[0], found.end()
        if name in FIELDS:
            return self._read_field(name)
        self._skip_blanks()
        if name in ("did", "spent"):
            self._expect("(")
            condition = self._read_did() if name == "did" else self._read_spent()
            self._expect(")")
            return condition
        raise self.failure(f"did, spent or a field ({join_names(FIELDS)})", position=start)

    def _read_did(self) -> Did:
        step = self._read_step()
        operator: Operator = ">="
        number, span = 1, EVER
        if self._take(","):
            if found := self._take_operator():
                operator = found
                number = int(self._take_value(_WHOLE, "a whole number"))
                if self._take(","):
                    span = self._read_span()
            else:
                span = self._read_span("a comparison such as >= 2, or a period")
        return Did(step, operator, number, span)

    def _read_step(self) -> Step:
        self._skip_blanks()
        start = self.position
        while found := _PIECE_OF_STEP.match(self.text, self.position):
            self.position = found.end()
        text = self.text[start : self.position]
        try:
            (step,) = read_steps("segment", text)
        except QuestionError as error:
            raise self.failure(f"a step ({error.why})" if text.strip() else "a step", error.advice, start) from None
        return step

    def _read_spent(self) -> Spent:
        currency = self._take_value(_CURRENCY, "a currency such as EUR").upper()
        self._expect(",")
        operator = self._read_operator()
        amount = Decimal(self._take_value(_AMOUNT, "an amount such as 100 or 49.90"))
        return Spent(currency, operator, amount, self._read_span() if self._take(",") else EVER)

    def _read_field(self, name: str) -> Field:
        self._skip_blanks()
        start = self.position
        operator = self._read_operator()
        if name == "sessions":
            return Field(name, operator, int(self._take_value(_WHOLE, "a whole number")))
        is_equality = operator in ("=", "!=")
        if name == "first_seen":
            return Field(name, operator, self._read_first_seen(is_equality))
        if not is_equality:
            raise self.failure("= or !=", f"{name} is a text", start)
        self._skip_blanks()
        start = self.position
        value = self._take_value(_VALUE, "a value")
        value = value[1:-1].replace('""', '"') if value.startswith('"') else value
        if not value:
            raise self.failure("a value", "use (none) for visitors whose first session has no value", start)
        if name == "login_state" and value not in LOGIN_STATES:
            raise self.failure(join_names(LOGIN_STATES), position=start)
        return Field(name, operator, value)

    def _read_first_seen(self, is_equality: bool) -> date | Span:
        start = self._after_blanks()
        found = _VALUE.match(self.text, start)
        if found is not None and (day := _date(found[0])) is not None:
            self.position = found.end()
            return day
        if not is_equality:
            raise self.failure("a day such as 2026-01-01", "a period stands after = or !=")
        span = self._read_span("a day such as 2026-01-01, or a period")
        if span == EVER:
            raise self.failure("a day or a period other than ever", position=start)
        return span

    def _read_span(self, expected: str = "a period") -> Span:
        start = self._after_blanks()
        text = self._take_value(_VALUE, expected, f"a period is {_PERIODS}")
        if text in ("range", "ever"):
            return Span(is_range=text == "range")
        if (days := _DAYS.fullmatch(text)) and 1 <= int(days[1]) <= MAX_DAYS:
            return Span(days=int(days[1]))
        first, separator, end = text.partition("..")
        dates = _date(first), _date(end)
        if separator and dates[0] is not None and dates[1] is not None:
            if dates[0] >= dates[1]:
                raise self.failure(
                    "a period whose second day is after its first", "the second day is not included", start
                )
            return Span(dates=(dates[0], dates[1]))
        advice = f"a period is {_PERIODS}; at most {MAX_DAYS:,} days" if days else f"a period is {_PERIODS}"
        raise self.failure(expected, advice, start)

    def _read_operator(self) -> Operator:
        found = self._take_operator()
        if found is None:
            raise self.failure("a comparison", f"use one of {' '.join(OPERATORS)}")
        return found

    def _take_operator(self) -> Operator | None:
        found = _OPERATOR.match(self.text, self._after_blanks())
        if found is None:
            return None
        self.position = found.end()
        return cast(Operator, found[0])

    def _take_value(self, pattern: re.Pattern[str], expected: str, advice: str = "") -> str:
        """Read a value, all of which must have this form."""
        found = _VALUE.match(self.text, self._after_blanks())
        if found is None or not pattern.fullmatch(found[0]):
            raise self.failure(expected, advice)
        self.position = found.end()
        return found[0]

    def _take_word(self, word: str) -> bool:
        found = _NAME.match(self.text, self._after_blanks())
        if found is None or found[0].lower() != word:
            return False
        self.position = found.end()
        return True

    def _take(self, character: str) -> bool:
        is_next = self.text.startswith(character, self._after_blanks())
        self.position += is_next
        return is_next

    def _expect(self, character: str) -> None:
        if not self._take(character):
            raise self.failure(character)

    def _skip_blanks(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def _after_blanks(self) -> int:
        self._skip_blanks()
        return self.position


def _date(text: str) -> date | None:
    """Return the day that the text names, from 1980 to 2200: the years of a range."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
    return day if day is not None and 1980 <= day.year <= 2200 else None
