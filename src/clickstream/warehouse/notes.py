"""Notes on days, such as "new checkout", which every chart over time shows.

In: an open warehouse, a local day, a text of one line. Out: rows of the table `notes`. Nothing else writes them: they
survive a rebuild, an expiry and the erasure of a person.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import msgspec

from clickstream.errors import QuestionError
from clickstream.warehouse.contract import Warehouse

MAX_CHARACTERS = 200
MAX_NOTES = 10_000
FIRST_YEAR, LAST_YEAR = 1980, 2200
_INVISIBLE = ("Cc", "Cs", "Zl", "Zp")
"""Categories of characters that are not text of one line: controls, halves of pairs, line and paragraph separators."""


class Note(msgspec.Struct, frozen=True):
    """A note. day: a local day, the same in every time zone. created_at: in UTC."""

    note_id: int
    day: date
    text: str
    created_at: datetime


def add_note(warehouse: Warehouse, day: date, text: str, now: datetime) -> Note:
    """Add a note and return it with its number. Raises QuestionError for a text or a day that cannot be shown."""
    note = " ".join(text.split(" ")).strip()
    if not note or len(note) > MAX_CHARACTERS:
        raise _invalid("text", f"{len(note):,} characters (expected 1 to {MAX_CHARACTERS})")
    if any(unicodedata.category(character) in _INVISIBLE for character in note):
        raise _invalid("text", "it has a line break or a control character (expected text of one line)")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _invalid("day", f"{day} (expected a year from {FIRST_YEAR} to {LAST_YEAR})")
    with warehouse.transaction() as cursor:
        count, last = cursor.fetch("select count(*), coalesce(max(note_id), 0) from notes").rows[0]
        if count >= MAX_NOTES:
            raise _invalid("text", f"there are {count:,} notes already", "remove some: clickstream note remove ID")
        made = Note(int(last) + 1, day, note, now.astimezone(UTC))
        cursor.execute("insert into notes values ($note_id, $day, $text, $created_at)", msgspec.structs.asdict(made))
    return made


def list_notes(warehouse: Warehouse, limit: int = MAX_NOTES) -> list[Note]:
    """Return the notes of the latest days, at most `limit`, by day and number, ascending."""
    sql = "select note_id, day, note, created_at from notes order by day desc, note_id desc limit $limit"
    rows = warehouse.fetch(sql, {"limit": limit}).rows
    return [Note(int(number), day, text, created_at) for number, day, text, created_at in reversed(rows)]


def remove_note(warehouse: Warehouse, note_id: int) -> Note:
    """Remove a note and return it. Raises QuestionError if there is none with this number."""
    with warehouse.transaction() as cursor:
        sql = "select note_id, day, note, created_at from notes where note_id = $id"
        rows = cursor.fetch(sql, {"id": note_id}).rows
        if not rows:
            raise QuestionError("unknown_note", "ID", f"there is no note {note_id}", "see clickstream note list")
        cursor.execute("delete from notes where note_id = $id", {"id": note_id})
    number, day, text, created_at = rows[0]
    return Note(int(number), day, text, created_at)


def _invalid(parameter: str, why: str, advice: str = "") -> QuestionError:
    return QuestionError("invalid_note", parameter, why, advice)
