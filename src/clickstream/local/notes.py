"""Commands on notes: add, list, remove.

Each is a request type, a result type and a function from (context, request, progress) to the result; the owner's
registry lists them.
"""

from __future__ import annotations

from datetime import date

import msgspec

from clickstream.errors import WarehouseError
from clickstream.local.owner.context import Request, WarehouseContext
from clickstream.progress import Progress
from clickstream.warehouse.notes import Note, add_note, list_notes, remove_note


class NoteAddRequest(Request, frozen=True):
    """day: a local day. text: one line of 1 to 200 characters."""

    day: date
    text: str


def note_add(context: WarehouseContext, request: NoteAddRequest, _progress: Progress) -> Note:
    """Add a note."""
    _require_writer(context)
    return add_note(context.warehouse, request.day, request.text, context.clock())


class NoteListRequest(Request, frozen=True):
    """All notes."""


class NoteList(msgspec.Struct, frozen=True):
    """notes: by day and number, ascending."""

    notes: list[Note]


def note_list(context: WarehouseContext, _request: NoteListRequest, _progress: Progress) -> NoteList:
    """Return all notes."""
    return NoteList(list_notes(context.warehouse))


class NoteRemoveRequest(Request, frozen=True):
    note_id: int


def note_remove(context: WarehouseContext, request: NoteRemoveRequest, _progress: Progress) -> Note:
    """Remove a note, and return what it was."""
    _require_writer(context)
    return remove_note(context.warehouse, request.note_id)


def _require_writer(context: WarehouseContext) -> None:
    if not context.warehouse.is_writable:
        why = "this process may only read the warehouse"
        raise WarehouseError(
            "changing notes",
            why,
            "change them as a user in the role clickstream_loader, or where a lake was exported from",
        )
