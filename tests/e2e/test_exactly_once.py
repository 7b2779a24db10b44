"""Nothing acknowledged is lost or doubled, whoever is killed: real processes, real SIGKILL."""

from __future__ import annotations

import time
from random import Random

import pytest

from tests.e2e.load import assert_exactly_once, under_load, wait_for_events, wait_until_felt
from tests.e2e.platform import SAMPLE, Platform, kill

SAMPLE_FILE = SAMPLE / "eshop-2008.csv.gz"
SAMPLE_EVENTS = 165_474
KNOWN = {"events": 165_474, "sessions": 24_026, "visitors": 24_026, "products": 217}
BY_MONTH = {"2008-04": 48_199, "2008-05": 35_654, "2008-06": 32_242, "2008-07": 35_231, "2008-08": 14_148}


def test_sample_imported_twice_and_etl_killed_three_times_gives_the_known_counts(platform: Platform) -> None:
    random = Random(20081)
    collector = platform.start_collector()
    for _ in range(2):
        answer = platform.json("import", str(SAMPLE_FILE), "--map", "eshop-2008", "--collector", platform.collector_url)
        assert answer == {"accepted": SAMPLE_EVENTS, "rejected": 0, "skipped": 0}
    for _ in range(3):
        loader = platform.start("etl", "run")
        time.sleep(random.uniform(0.6, 4.0))
        kill(loader)
    kill(collector)
    platform.run("etl", "run")
    report = platform.json("report")
    assert {name: report[name] for name in KNOWN} == KNOWN
    assert {row["month"]: row["events"] for row in report["by_month"]} == BY_MONTH
    totals = platform.json("check")["totals"]
    assert totals["accepted"] == 2 * SAMPLE_EVENTS
    assert (totals["loaded"], totals["duplicate"]) == (SAMPLE_EVENTS, SAMPLE_EVENTS)
    assert totals["pending"] == totals["balance"] == 0


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_collector_and_owner_killed_under_load_lose_and_double_nothing(platform: Platform, kills: int) -> None:
    random = Random(kills)
    collector, owner = platform.start_collector(), platform.start_owner()
    with under_load(platform, 3) as clients:
        for _ in range(kills):
            wait_for_events(clients, 50)
            time.sleep(random.uniform(0.0, 0.9))
            repeated = sum(client.repeated for client in clients)
            kill(collector)
            wait_until_felt(clients, repeated)
            collector = platform.start_collector()
            time.sleep(random.uniform(0.0, 0.8))
            kill(owner)
            owner = platform.start_owner()
    acknowledged = {name for client in clients for name in client.acknowledged}
    assert len(acknowledged) > 100, "there was load"
    assert sum(client.repeated for client in clients) >= kills, "the kills were felt"
    assert_exactly_once(platform, acknowledged)
