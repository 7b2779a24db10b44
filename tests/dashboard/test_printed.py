"""The report as an HTML page: the numbers of the metrics, in one file that asks for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from clickstream.dashboard.printed.answers import ask_all
from clickstream.dashboard.printed.drawings import Curve, draw_curve, tick_step
from clickstream.dashboard.printed.page import empty_page, printed_page
from clickstream.mart.keeper import MartKeeper
from clickstream.metrics.question import Question
from clickstream.metrics.records import Records
from clickstream.warehouse.duckdb import DuckWarehouse
from clickstream.warehouse.notes import add_note
from tests.conftest import Clock
from tests.dashboard.seeded import FIRST, put_load, seed

pytest_plugins = ["tests.dashboard.stage"]

HOSTILE = '</style><script>alert("1")</script><img src=//evil.example>'
ALL = {"from_date": date(2026, 3, 1), "to_date": date(2026, 3, 11)}


@pytest.fixture
def report_keeper(warehouse: DuckWarehouse, tmp_path: Path, clock: Clock) -> Iterator[MartKeeper]:
    seed(warehouse)
    with warehouse.transaction() as cursor:
        rename = (
            "update clickstream_events set context_product_name = $name, load_id = 2 where context_product_id = 'A1'"
        )
        cursor.execute(rename, {"name": HOSTILE})
        cursor.execute("update sessions set load_id = 2")
        put_load(cursor, 2, FIRST)
    add_note(warehouse, date(2026, 3, 4), HOSTILE, clock.now)
    add_note(warehouse, date(2026, 1, 4), "long before", clock.now)
    with MartKeeper(tmp_path / "mart.duckdb", warehouse) as keeper:
        keeper.refresh()
        yield keeper


def page(keeper: MartKeeper, **fields: Any) -> str:
    asked = {"as_of": datetime(2026, 3, 12, tzinfo=UTC), "tz": ZoneInfo("UTC"), **ALL, **fields}
    return printed_page(ask_all(keeper.mart, Question(**asked), Records(keeper.warehouse)))


def words(html: str) -> str:
    text = re.sub(r"<(style|title)>.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).replace("\u00a0", " ").split())


def test_the_page_has_the_numbers_of_the_metrics(report_keeper: MartKeeper) -> None:
    shown = words(page(report_keeper))
    assert "1–10 Mar 2026 Time zone UTC · compared with 19–28 Feb 2026" in shown
    for figure in ("Visitors 20", "Sessions 20", "Page views 20", "Events 60", "Median session 2 m"):
        assert figure in shown
    assert "Revenue" not in re.sub("Product Revenue", "", shown).partition("Channels")[0]  # nothing was ordered
    assert "No channel 20" in shown
    assert "1 4 Mar 2026" in shown
    assert "long before" not in shown
    assert "1 Product view 20 visitors 100.0 %" in shown
    assert "Data of load 2; last event received 1 Mar 2026, 10:00 UTC" in shown
    assert "60 events counted" in shown


def test_the_page_asks_for_nothing_and_texts_of_others_are_text(
    report_keeper: MartKeeper, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(report_keeper), encoding="utf-8")
    assert file.stat().st_size < 300_000
    requests, errors = list[str](), list[str]()
    opened = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("console", lambda message: errors.append(message.text))
    opened.goto(file.as_uri())
    assert (requests, errors) == ([file.as_uri()], [])
    assert opened.locator("script, img, link, iframe").count() == 0
    expect(opened.locator(".notes bdi")).to_have_text([HOSTILE])
    expect(opened.locator(".note-text")).to_have_text(["1"])
    assert opened.evaluate("document.documentElement.scrollWidth") == 390
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    opened.close()


def test_a_section_says_which_filter_its_metric_does_not_have(report_keeper: MartKeeper) -> None:
    shown = words(page(report_keeper, filters={"event": ("product_view",), "humans": ("true",)}))
    assert "Event: product_view People only" in shown
    assert shown.count("Not shown with the filter Event.") == 2


def test_days_without_events_are_a_page_of_zeros(report_keeper: MartKeeper) -> None:
    shown = words(page(report_keeper, from_date=date(2025, 3, 1), to_date=date(2025, 3, 3), compare="none"))
    assert "Visitors 0" in shown
    assert "No sessions in these days." in shown
    assert "No visitor took the first step in these days." in shown
    assert "No visitor was seen for the first time in these days." in shown


def test_an_empty_warehouse_has_a_page_that_says_so() -> None:
    html = empty_page(Question(datetime(2026, 3, 12, 9, 30, tzinfo=UTC), ZoneInfo("Asia/Tokyo")))
    assert "No events yet" in html
    assert "Made 12 Mar 2026, 18:30 Asia/Tokyo." in html


@pytest.mark.parametrize(
    ("most", "step"),
    [(0, 1), (4, 1), (5, 2), (7, 2), (90, 25), (170, 50), (0.3, 0.1), (1_000, 250), (8_000_001, 2e6)],
)
def test_an_axis_has_round_marks(most: float, step: float) -> None:
    assert tick_step(most) == pytest.approx(step)


def test_counts_have_whole_marks() -> None:
    for most, marks in ((1, ["0", "1"]), (10, ["0", "5", "10"])):
        drawn = str(draw_curve(Curve("Sessions", ["1 Mar"], [most], [True])))
        assert [text.strip() for text in re.findall(r'text-anchor="end"[^>]*>([^<]*)<', drawn)] == marks


def test_few_values_are_bars_and_an_incomplete_one_is_pale() -> None:
    drawn = str(draw_curve(Curve("Sessions", ["1 Mar", "2 Mar", "3 Mar"], [2, None, 1], [True, True, False])))
    assert drawn.count('class="bar-now"') == 1
    assert drawn.count('class="bar-now open"') == 1
    assert "polyline" not in drawn


def test_many_values_are_a_line_that_is_dotted_to_the_incomplete_one() -> None:
    curve = Curve(
        "Sessions", ["x"] * 10, [float(n) for n in range(10)], [True] * 9 + [False], [1.0] * 12, {3: [1, 2, 3]}
    )
    drawn = str(draw_curve(curve))
    assert [drawn.count(f'class="{name}"') for name in ("now", "now open", "earlier", "note-line")] == [1, 1, 1, 1]
    assert ">1–3<" in re.sub(r"\s+", "", drawn)
