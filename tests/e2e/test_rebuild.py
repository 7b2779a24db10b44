"""A rebuild applied under load loses nothing; a rebuild killed at any moment leaves a complete warehouse."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import uuid_utils

from clickstream.raw.keys import batch_key
from clickstream.raw.store import LocalStore
from tests.e2e.load import acknowledged, assert_exactly_once, under_load, wait_for_load
from tests.e2e.platform import Platform, kill
from tests.postgres import Cluster

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
COUNTS = """
    select count(*), count(distinct event_id), count(distinct order_currency), min(order_currency),
        (select count(*) from sessions), (select count(*) from orders), (select min(currency) from orders),
        (select max(currency) from orders), (select count(*) from seen),
        (select sum(events) from sessions), (select count(*) from raw_objects)
    from clickstream_events
"""
SAME = (0, 1, 4, 5, 8, 9, 10)  # columns of COUNTS that do not depend on the currency


@pytest.mark.parametrize("rebuilds", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_rebuild_applied_under_load_loses_and_duplicates_nothing(platform: Platform, rebuilds: int) -> None:
    platform.start_collector()
    platform.start_owner()
    with under_load(platform, senders=rebuilds) as senders:
        for _ in range(rebuilds):
            wait_for_load(senders)
            found = platform.json("etl", "run", "--rebuild", "--apply")
            assert found["applied"]
            assert found["same"], found
    assert_exactly_once(platform, acknowledged(senders))
    assert platform.json("etl", "run", "--rebuild")["same"]


def fill(folder: Path, objects: int, lines: int) -> None:
    """Fill the raw store of a shop whose orders have no currency: it comes from the settings."""
    store = LocalStore(folder / "raw")
    store.prepare()
    put = []
    for number in range(objects):
        moment = NOW + timedelta(seconds=number)
        name = uuid_utils.uuid7(nanoseconds=int(moment.timestamp()) * 1_000_000_000)
        events = [event(number * lines + offset, moment) for offset in range(lines)]
        put.append((batch_key(name, lines), gzip.compress(b"\n".join(events) + b"\n", 1)))  # type: ignore[arg-type]
    store.put(put)


def event(number: int, moment: datetime) -> bytes:
    text = moment.isoformat()
    sent: dict[str, Any] = {"eventName": "page_view", "eventId": f"e{number}", "clientId": f"c{number % 500}"}
    if number % 10 == 0:
        sent |= {"eventName": "checkout_complete", "order": {"id": f"o{number}", "total": 5}}
    return json.dumps(sent | {"createdAt": text, "_ingest": {"receivedAt": text, "sentAt": text}}).encode()


@pytest.mark.quick_on("duckdb")  # the swap of PostgreSQL is one transaction
@pytest.mark.parametrize(("kills", "objects"), [(1, 10), pytest.param(12, 40, marks=pytest.mark.slow)])
def test_rebuild_killed_at_any_moment_leaves_the_old_or_the_new_rows(
    platform: Platform, server: Cluster | None, kills: int, objects: int
) -> None:
    fill(platform.data, objects, lines=500)
    database = server.take() if server else ""
    url = {"CLICKSTREAM_WAREHOUSE_URL": server.url(database)} if server else {}
    usd, eur = (replace(platform, settings={**url, "CLICKSTREAM_CURRENCY": code}) for code in ("USD", "EUR"))
    try:
        usd.run("etl", "run")
        (first,) = usd.json("query", COUNTS)["rows"]
        began = time.monotonic()
        assert eur.start("etl", "run", "--rebuild", "--apply").wait(300) == 0
        takes_s = time.monotonic() - began
        random = Random(kills)
        for number in range(kills):
            running = (usd, eur)[number % 2].start("etl", "run", "--rebuild", "--apply")
            with suppress(subprocess.TimeoutExpired):
                running.communicate(timeout=takes_s * random.uniform(0.4, 1.0))
            kill(running)
            (row,) = usd.json("query", COUNTS)["rows"]
            assert row[2] == 1, "old and new rows are mixed"
            assert row[3] == row[6] == row[7]
            assert [row[i] for i in SAME] == [first[i] for i in SAME]
        assert usd.json("check", "--since", "2026-03-10")["balanced"]
        assert (usd if row[3] == "USD" else eur).json("etl", "run", "--rebuild")["same"]
    finally:
        if server:
            server.give_back(database)
