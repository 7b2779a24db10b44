"""The currency in which a table shows its amounts: amounts in different currencies are never added.

In: a Scope. Out: the requested currency, else that of most orders in the range (ties A-Z), else that of most orders of
all time; and the other currencies in the range, so that no revenue is hidden. NULL is `XXX`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clickstream.errors import QuestionError
from clickstream.metrics.rules.scope import Scope

CODE = re.compile(r"[A-Za-z]{3}")


@dataclass(frozen=True, slots=True)
class Currency:
    """chosen: None if no order exists. others: currencies of the other orders in the range, A-Z."""

    chosen: str | None
    others: tuple[str, ...]


def check_currency(text: str) -> str:
    """Return a currency code in upper case. Raises QuestionError."""
    if not CODE.fullmatch(text):
        raise QuestionError("invalid_option", "currency", f"{text!r} (expected three letters, such as EUR)")
    return text.upper()


def choose_currency(scope: Scope) -> Currency:
    """Return the currency of the scope's amounts: its option `currency`, or the one with most orders."""
    found = [(name, counted, every) for name, counted, every in scope.fetch("rules/currency").rows]
    in_range = [name for name, counted, _ in found if counted]
    orders = 1 if in_range else 2
    ranked = sorted(found, key=lambda row: (-row[orders], row[0].encode()))
    chosen = scope.options.get("currency") or (ranked[0][0] if ranked else None)
    return Currency(chosen, tuple(sorted(name for name in in_range if name != chosen)))
