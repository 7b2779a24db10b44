"""Fixtures: a new data directory per test, and a real owner of it on a thread of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from clickstream.collect.server import listen
from clickstream.dashboard.app import make_app
from clickstream.local.owner.context import open_context
from clickstream.local.owner.file import Owner, owner_file
from clickstream.local.owner.process import make_owner_app
from clickstream.settings import Settings, read_settings
from tests.conftest import Clock
from tests.patience import wait_until

TOKEN = "secret-for-tests"
STATS_TOKEN = "secret-of-a-reader"


@contextmanager
def owning(settings: Settings, clock: Clock) -> Iterator[Owner]:
    """Run a real owner with server, API, dashboard and owner.json, but without the ETL loop."""
    with listen(0) as listener, open_context(settings, clock) as context:
        port = listener.getsockname()[1]
        me = Owner(f"http://127.0.0.1:{port}", TOKEN, os.getpid(), str(settings.warehouse_path.resolve()))
        dashboard = make_app(context.keeper, settings.zone, clock)
        token = settings.api_token.get_secret_value() if settings.api_token else ""
        app = make_owner_app(context, me, lambda: {"passes": 0}, dashboard, token)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", access_log=False, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_until(lambda: server.started)
        with owner_file(settings.data, me):
            yield me
        server.should_exit = True
        thread.join()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings for a new data directory, with no values from the environment or from a clickstream.toml."""
    for name in [name for name in os.environ if name.startswith("CLICKSTREAM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return read_settings(tmp_path / "data")


@pytest.fixture
def owner(settings: Settings, clock: Clock) -> Iterator[Owner]:
    with owning(settings, clock) as me:
        yield me
