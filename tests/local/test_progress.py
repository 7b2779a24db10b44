"""A command that waits for the owner receives the progress of the work."""

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
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ExpireRequest, ForgetRequest
from clickstream.local.owner.file import Owner, owner_file
from clickstream.local.owner.progress import LatestProgress, read_stream, stream
from clickstream.local.owner.questions import MetricRequest
from clickstream.local.owner.registry import ETL_REBUILD, EXPIRE, METRIC
from clickstream.settings import Settings
from tests.conftest import Clock, run_async
from tests.local.calls import forget, load
from tests.local.test_client import put_events

OBJECTS = 3


class Recorder:
    """A `Progress` that keeps every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int, str]] = []

    def __call__(self, done: int, total: int, doing: str = "") -> None:
        self.calls.append((done, total, doing))

    @property
    def last(self) -> tuple[int, int, str]:
        return self.calls[-1]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def client(settings: Settings, clock: Clock, owner: Owner, recorder: Recorder) -> Iterator[Client]:
    """Return a client that uses an owner; three objects wait to be loaded."""
    for _ in range(OBJECTS):
        put_events(settings, clock, 2)
        clock.forward(seconds=1)
    yield Client(settings, clock, recorder)
    assert recorder.calls[0] == (0, 0, f"the owner ({owner}) is working")


def test_a_load_by_the_owner_reports_the_number_of_loaded_objects(client: Client, recorder: Recorder) -> None:
    assert load(client).objects == OBJECTS
    assert recorder.last == (OBJECTS, OBJECTS, "")


def test_a_rebuild_reports_the_number_of_objects_read(client: Client, recorder: Recorder) -> None:
    assert client.call(ETL_REBUILD, RebuildRequest()).objects == OBJECTS
    assert recorder.last == (OBJECTS, OBJECTS, "rebuilding")


def test_an_erasure_reports_its_search_and_the_mart_without_the_person(client: Client, recorder: Recorder) -> None:
    forget(client, ForgetRequest("client", "c0"))
    assert recorder.last[2] == "building the mart"
    forget(client, ForgetRequest("client", "c0", dry_run=True))
    assert recorder.last == (OBJECTS, OBJECTS, "")


def test_work_that_cannot_be_counted_reports_its_phase(client: Client, recorder: Recorder) -> None:
    client.call(EXPIRE, ExpireRequest(None, 1))
    assert recorder.last == (0, 0, "deleting rows")


def test_an_error_is_raised_from_the_stream(client: Client) -> None:
    with pytest.raises(QuestionError):
        client.call(METRIC, MetricRequest("nothing"))


def test_a_client_that_does_not_accept_ndjson_receives_a_plain_response(owner: Owner) -> None:
    headers = {"Authorization": f"Bearer {owner.token}"}
    response = urllib3.request("POST", f"{owner.url}/api/etl/run", headers=headers)
    assert response.headers["Content-Type"] == "application/json"
    assert msgspec.json.decode(response.data)["success"] is True


def test_the_stream_has_lines_while_the_work_runs_and_ends_with_the_latest(recorder: Recorder) -> None:
    """The work ends after two lines without a change have arrived."""
    progress = LatestProgress()

    async def lines_of_work() -> list[bytes]:
        may_end = asyncio.Event()

        async def work() -> Response:
            progress(1, 4)
            await may_end.wait()
            progress(4, 4, "the end")
            return JSONResponse({"success": True}, 418)

        lines: list[bytes] = []
        async for line in stream(progress, work()).body_iterator:  # type: ignore[attr-defined]
            lines.append(line)
            if len(lines) == 2:
                may_end.set()
        return lines

    lines = run_async(lines_of_work())
    assert lines[0] == lines[1]
    assert read_stream(lines, recorder) == (418, b'{"success":true}')
    assert recorder.calls[0] == (1, 4, "")
    assert recorder.last == (4, 4, "the end")


def test_a_stream_that_ends_without_a_response_is_an_error(recorder: Recorder) -> None:
    with pytest.raises(msgspec.DecodeError, match="cut off"):
        read_stream([b'{"done":1,"total":2}\n'], recorder)


def test_an_owner_that_stays_silent_is_an_error(
    settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepted the connection and sends nothing."""
    monkeypatch.setattr(clients, "SILENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            owner_file(settings.data, Owner(url, "t", os.getpid(), settings.warehouse_name)),
            pytest.raises(UnavailableError, match="does not respond"),
        ):
            load(Client(settings, clock))
