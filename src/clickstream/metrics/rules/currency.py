"""Which currency a table shows its money in: amounts of two currencies are never added.

In: a Scope. Out: the currency asked for, else that of most orders in range (ties A-Z); where the range has none, that
of most orders there are. Beside it the other currencies in range, so that no money is hidden. NULL is `XXX`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clickstream.errors import QuestionError
from clickstream.metrics.rules.scope import Scope

CODE = re.compile(r"[A-Za-z]{3}")


@dataclass(frozen=True, slots=True)
class Currency:
    """chosen: None where there is no order at all. others: those of other orders in range, A-Z."""

    chosen: str | None
    others: tuple[str, ...]


def check_currency(text: str) -> str:
    """A currency code in upper case. Raises QuestionError."""
    if not CODE.fullmatch(text):
        raise QuestionError("invalid_option", "currency", f"{text!r} is no currency", "write three letters, as in EUR")
    return text.upper()


def choose_currency(scope: Scope) -> Currency:
    """The currency of `scope`'s money: its option `currency`, or the one with most orders."""
    found = [(name, counted, every) for name, counted, every in scope.fetch("rules/currency").rows]
    in_range = [name for name, counted, _ in found if counted]
    place = 1 if in_range else 2
    ranked = sorted(found, key=lambda row: (-row[place], row[0].encode()))
    chosen = scope.options.get("currency") or (ranked[0][0] if ranked else None)
    return Currency(chosen, tuple(sorted(name for name in in_range if name != chosen)))
