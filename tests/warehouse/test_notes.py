"""Notes on days, on both engines."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clickstream.errors import QuestionError
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.notes import Note, add_note, list_notes, remove_note

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_notes_are_listed_by_day_and_have_numbers(any_warehouse: Warehouse) -> None:
    assert list_notes(any_warehouse) == []
    later = add_note(any_warehouse, date(2026, 3, 4), "  new checkout ", NOW)
    first = add_note(any_warehouse, date(2026, 3, 1), "Größe 42 'n' 日本 \N{PARTY POPPER}", NOW)
    assert later == Note(1, date(2026, 3, 4), "new checkout", NOW)
    assert list_notes(any_warehouse) == [first, later]
    assert list_notes(any_warehouse, limit=1) == [later]
    assert remove_note(any_warehouse, 1) == later
    assert list_notes(any_warehouse) == [first]
    with pytest.raises(QuestionError, match="there is no note 1"):
        remove_note(any_warehouse, 1)


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 201, "two\nlines", "\x1b[31m", "\0", "a\u2028b", "half \ud83d"], ids=ascii
)
def test_text_that_is_not_one_short_line_is_refused(any_warehouse: Warehouse, text: str) -> None:
    with pytest.raises(QuestionError) as caught:
        add_note(any_warehouse, date(2026, 3, 4), text, NOW)
    assert caught.value.code == "invalid_note"
    assert list_notes(any_warehouse) == []


def test_the_longest_text_and_the_last_year_fit(any_warehouse: Warehouse) -> None:
    made = add_note(any_warehouse, date(2200, 12, 31), "ü" * 200, NOW)
    assert list_notes(any_warehouse) == [made]
    with pytest.raises(QuestionError, match="expected a year"):
        add_note(any_warehouse, date(1, 1, 1), "early", NOW)
