"""Whoever waits for the owner sees how far the work is, by honest numbers."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator

import msgspec
import pytest
import urllib3
from starlette.responses import JSONResponse, Response

from clickstream.errors import QuestionError, UnavailableError
from clickstream.etl.repair.rebuild import RebuildRequest
from clickstream.local.owner import client as clients
from clickstream.local.owner.client import Client, reach
from clickstream.local.owner.file import Owner, owner_file
from clickstream.local.owner.life import ExpireRequest, ForgetRequest
from clickstream.local.owner.progress import Far, read_lines, stream
from clickstream.settings import Settings
from tests.conftest import Clock, to_the_end
from tests.local.test_client import put_events

OBJECTS = 3


class Told:
    """Keeps what a command would show."""

    def __init__(self) -> None:
        self.owner: Owner | None = None
        self.steps: list[tuple[int, int, str]] = []

    def asks(self, owner: Owner) -> None:
        self.owner = owner

    def reached(self, done: int, total: int, doing: str = "") -> None:
        self.steps.append((done, total, doing))

    @property
    def last(self) -> tuple[int, int, str]:
        return self.steps[-1]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def client(settings: Settings, clock: Clock, owner: Owner, told: Told) -> Iterator[Client]:
    """Asks an owner; three objects wait to be loaded."""
    for _ in range(OBJECTS):
        put_events(settings, clock, 2)
        clock.forward(seconds=1)
    yield reach(settings, clock, told)
    assert told.owner == owner


def test_a_load_by_the_owner_tells_how_many_objects_are_done(client: Client, told: Told) -> None:
    assert client.etl_run()["objects"] == OBJECTS
    assert told.last == (OBJECTS, OBJECTS, "")


def test_a_rebuild_tells_what_it_reads_anew(client: Client, told: Told) -> None:
    assert client.etl_rebuild(RebuildRequest())["objects"] == OBJECTS
    assert told.last == (OBJECTS, OBJECTS, "building anew")


def test_an_erasure_tells_what_it_searches(client: Client, told: Told) -> None:
    client.forget(ForgetRequest("client", "c0"))
    assert told.last == (OBJECTS, OBJECTS, "verifying")
    client.forget(ForgetRequest("client", "c0", dry_run=True))
    assert told.last == (OBJECTS, OBJECTS, "")


def test_what_cannot_be_counted_is_named(client: Client, told: Told) -> None:
    client.expire(ExpireRequest(None, 1))
    assert told.last == (0, 0, "deleting rows")


def test_an_error_comes_through_the_lines(client: Client) -> None:
    with pytest.raises(QuestionError):
        client.metric("nothing", {})


def test_without_asking_for_lines_the_answer_is_plain(owner: Owner) -> None:
    headers = {"Authorization": f"Bearer {owner.token}"}
    answer = urllib3.request("POST", f"{owner.url}/api/etl/run", headers=headers)
    assert answer.headers["Content-Type"] == "application/json"
    assert msgspec.json.decode(answer.data)["success"] is True


def test_lines_come_while_the_work_lasts_and_the_newest_always(told: Told) -> None:
    """The work ends when two lines have come in which nothing moved."""
    far = Far()

    async def lines_of_work() -> list[bytes]:
        may_end = asyncio.Event()

        async def work() -> Response:
            far.reached(1, 4)
            await may_end.wait()
            far.reached(4, 4, "the end")
            return JSONResponse({"success": True}, 418)

        lines: list[bytes] = []
        async for line in stream(far, work()).body_iterator:  # type: ignore[attr-defined]
            lines.append(line)
            if len(lines) == 2:
                may_end.set()
        return lines

    lines = to_the_end(lines_of_work())
    assert lines[0] == lines[1]
    assert read_lines(lines, told.reached) == (418, b'{"success":true}')
    assert told.steps[0] == (1, 4, "")
    assert told.last == (4, 4, "the end")


def test_lines_that_end_without_an_answer_are_none(told: Told) -> None:
    with pytest.raises(msgspec.DecodeError, match="cut off"):
        read_lines([b'{"done":1,"total":2}\n'], told.reached)


def test_an_owner_that_falls_silent_is_given_up(
    settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took the connection, and says nothing."""
    monkeypatch.setattr(clients, "SILENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with (
            owner_file(settings.data, Owner(url, "t", os.getpid(), settings.warehouse_name)),
            pytest.raises(UnavailableError, match="does not answer"),
        ):
            reach(settings, clock).etl_run()
