"""No acknowledged event is lost or loaded twice, whichever process is killed: real processes, real SIGKILL."""

from __future__ import annotations

import time
from random import Random

import pytest

from tests.e2e.load import acknowledged, assert_exactly_once, lost, under_load, wait_for_load, wait_until_felt
from tests.e2e.platform import SAMPLE, Platform, kill

SAMPLE_FILE = SAMPLE / "eshop-2008.csv.gz"
SAMPLE_EVENTS = 165_474
KNOWN = {"events": 165_474, "sessions": 24_026, "visitors": 24_026, "products": 217}
BY_MONTH = {"2008-04": 48_199, "2008-05": 35_654, "2008-06": 32_242, "2008-07": 35_231, "2008-08": 14_148}


@pytest.mark.parametrize(("imports", "kills"), [(1, 1), pytest.param(2, 3, marks=pytest.mark.slow)])
def test_sample_gives_the_known_numbers_although_the_loader_is_killed(
    platform: Platform, imports: int, kills: int
) -> None:
    random = Random(20081)
    collector = platform.start_collector()
    for _ in range(imports):
        result = platform.json("import", str(SAMPLE_FILE), "--map", "eshop-2008", "--collector", platform.collector_url)
        assert (result["accepted"], result["rejected"], result["skipped"]) == (SAMPLE_EVENTS, 0, 0)
        assert (result["left_out"], result["problems"]) == (0, [])
    for _ in range(kills):
        loader = platform.start("etl", "run")
        time.sleep(random.uniform(0.6, 4.0))
        kill(loader)
    kill(collector)
    platform.run("etl", "run")
    report = platform.json("report")
    assert {name: report[name] for name in KNOWN} == KNOWN
    assert {row["month"]: row["events"] for row in report["by_month"]} == BY_MONTH
    totals = platform.json("check")["totals"]
    assert totals["accepted"] == imports * SAMPLE_EVENTS
    assert (totals["loaded"], totals["duplicate"]) == (SAMPLE_EVENTS, (imports - 1) * SAMPLE_EVENTS)
    assert totals["pending"] == totals["balance"] == 0


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_killing_collector_and_owner_under_load_loses_and_duplicates_nothing(platform: Platform, kills: int) -> None:
    random = Random(kills)
    collector, owner = platform.start_collector(), platform.start_owner()
    with under_load(platform, 3) as senders:
        for _ in range(kills):
            wait_for_load(senders)
            time.sleep(random.uniform(0.0, 0.9))
            lost_before = lost(senders)
            kill(collector)
            wait_until_felt(senders, lost_before)
            collector = platform.start_collector()
            time.sleep(random.uniform(0.0, 0.8))
            kill(owner)
            owner = platform.start_owner()
    assert lost(senders) >= kills, "the kills were felt"
    assert_exactly_once(platform, acknowledged(senders))
