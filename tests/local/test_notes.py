"""`clickstream note` through the owner and without one, and what leaves notes as they are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date

import pytest

from clickstream.errors import QuestionError
from clickstream.etl.repair.rebuild import RebuildRequest
from clickstream.local.notes import NoteAddRequest, NoteListRequest, NoteRemoveRequest
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ExpireRequest, ForgetRequest
from clickstream.local.owner.registry import ETL_REBUILD, EXPIRE, FORGET, NOTE_ADD, NOTE_LIST, NOTE_REMOVE
from clickstream.settings import Settings
from tests.conftest import Clock
from tests.local.calls import load
from tests.local.conftest import owning
from tests.local.test_client import put_events

With = Callable[[Settings, Clock], AbstractContextManager[object]]
WITH_AND_WITHOUT_OWNER = pytest.mark.parametrize(
    "served", [owning, lambda _settings, _clock: nullcontext()], ids=["through_owner", "directly"]
)


def days(client: Client) -> list[tuple[int, date, str]]:
    return [(note.note_id, note.day, note.text) for note in client.call(NOTE_LIST, NoteListRequest()).notes]


@WITH_AND_WITHOUT_OWNER
def test_a_note_is_added_listed_and_removed(settings: Settings, clock: Clock, served: With) -> None:
    settings.data.mkdir()
    client = Client(settings, clock)
    with served(settings, clock):
        made = client.call(NOTE_ADD, NoteAddRequest(date(2026, 3, 4), "new checkout"))
        assert (made.note_id, made.created_at) == (1, clock.now)
        assert days(client) == [(1, date(2026, 3, 4), "new checkout")]
        with pytest.raises(QuestionError) as caught:
            client.call(NOTE_ADD, NoteAddRequest(date(2026, 3, 4), "two\nlines"))
        assert caught.value.code == "invalid_note"
        assert client.call(NOTE_REMOVE, NoteRemoveRequest(1)).text == "new checkout"
        with pytest.raises(QuestionError, match="there is no note 1"):
            client.call(NOTE_REMOVE, NoteRemoveRequest(1))
        assert days(client) == []


def test_a_rebuild_an_expiry_and_an_erasure_keep_notes(settings: Settings, clock: Clock) -> None:
    put_events(settings, clock, 9)
    client = Client(settings, clock)
    load(client)
    client.call(NOTE_ADD, NoteAddRequest(date(2026, 3, 4), "new checkout"))
    clock.forward(days=400)
    client.call(ETL_REBUILD, RebuildRequest(apply=True))
    assert days(client) == [(1, date(2026, 3, 4), "new checkout")]
    client.call(FORGET, ForgetRequest("client", "c1"))
    client.call(EXPIRE, ExpireRequest(raw_days=30, warehouse_days=30))
    assert days(client) == [(1, date(2026, 3, 4), "new checkout")]
