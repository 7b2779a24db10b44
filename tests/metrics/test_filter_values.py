"""Any text can be filtered by: however the filter is written, it finds exactly the rows with that text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.metrics.filled_mart import FilledMart
from tests.metrics.filling import at, event

from clickstream.dashboard.view import View
from clickstream.metrics.catalog import ask
from clickstream.metrics.parse import question_from_text
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filter_values import FilterValue, read_value, split_values

UTC = ZoneInfo("UTC")
NOW = at("2026-04-01 00:00")
QUESTION = Question(NOW, UTC, date(2026, 3, 2), date(2026, 3, 3))
SPECIAL = st.text(alphabet="!*,\\ \t\n'\"%_ab(none)\N{NO-BREAK SPACE}é", min_size=1, max_size=6)
TEXTS = st.one_of(SPECIAL, st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=12))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("DE", [FilterValue("DE")], id="a plain value"),
        pytest.param("DE, US ,PL", [FilterValue("DE"), FilterValue("US"), FilterValue("PL")], id="a list with blanks"),
        pytest.param("!DE", [FilterValue("DE", is_excluded=True)], id="an excluded value"),
        pytest.param("/p/*", [FilterValue("/p/", is_prefix=True)], id="a prefix"),
        pytest.param("!/p/*", [FilterValue("/p/", is_excluded=True, is_prefix=True)], id="an excluded prefix"),
        pytest.param(r"\!Hey phone", [FilterValue("!Hey phone")], id="a value that begins with !"),
        pytest.param(r"!\!Hey phone", [FilterValue("!Hey phone", is_excluded=True)], id="the same, excluded"),
        pytest.param(r"/p/\*", [FilterValue("/p/*")], id="a value that ends with *"),
        pytest.param(r"/p/\**", [FilterValue("/p/*", is_prefix=True)], id="a prefix that ends with *"),
        pytest.param(r"a\,b,c", [FilterValue("a,b"), FilterValue("c")], id="a value with a comma"),
        pytest.param(r"\ a\ ", [FilterValue(" a ")], id="a value with blanks around it"),
        pytest.param(r"a\\,b", [FilterValue("a\\"), FilterValue("b")], id="a value that ends with a backslash"),
        pytest.param(r"C:\temp", [FilterValue(r"C:\temp")], id="a backslash before another character"),
        pytest.param("a*b", [FilterValue("a*b")], id="* within a value"),
        pytest.param("a!", [FilterValue("a!")], id="! within a value"),
    ],
)
def test_values_are_read_as_documented(written: str, read: list[FilterValue]) -> None:
    assert [read_value("page_path", text) for text in split_values(written)] == read


@settings(max_examples=300)
@given(st.lists(st.builds(FilterValue, st.text(min_size=1), st.booleans(), st.booleans()), min_size=1, max_size=4))
def test_written_values_are_read_again(values: list[FilterValue]) -> None:
    written = ",".join(value.write() for value in values)
    assert [read_value("page_path", text) for text in split_values(written)] == values


def by_page(text: str) -> Question:
    """Click on a row of the dashboard, and open the address in another browser."""
    view = View.parse(View().toggle("category", text).query())
    return replace(QUESTION, filters=view.filter_values())


def by_command(text: str) -> Question:
    """Run `clickstream metric overview --filter category=TEXT`, with the text as written on the page's address."""
    written = parse_qs(View().toggle("category", text).query().removeprefix("?"))["category"]
    texts: dict[str, Any] = {"category": written, "from": "2026-03-02", "to": "2026-03-03"}
    return question_from_text("overview", texts, NOW, UTC)


@pytest.mark.parametrize("examples", [4, pytest.param(40, marks=pytest.mark.slow)], ids=("few", "many"))
def test_any_text_filtered_by_finds_exactly_its_rows(mart: FilledMart, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
    @example(["!Hey phone", "Hey phone", "Hey", " padded ", "padded"])
    @example(["a,b", "a", "b", "a\\", "\\a", "a\\,b", "a*", "*", "!"])
    @example(["x' or '1'='1", "%", "_", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "\N{ZERO WIDTH SPACE}", "\N{GRINNING FACE}"])
    def run(texts: list[str]) -> None:
        counts = {text: number for number, text in enumerate(texts, start=1)}
        noon = at("2026-03-02 12:00")
        mart.fill([event(noon, context_product_category=text) for text in texts for _ in range(counts[text])])
        for text in texts:
            question = by_page(text)
            (row,) = ask(mart, "overview", question).dicts()
            assert row["events"] == counts[text], (text, question.filters)
            assert by_command(text).filters == question.filters

    run()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        pytest.param("a\0b", "a\N{REPLACEMENT CHARACTER}b", id="NUL"),
        pytest.param("a\ud83d", "a\N{REPLACEMENT CHARACTER}", id="half a surrogate pair"),
    ],
)
def test_a_text_that_no_engine_can_store_finds_what_was_stored_instead(
    mart: FilledMart, text: str, stored: str
) -> None:
    mart.fill([event(at("2026-03-02 12:00"), context_product_category=name) for name in (stored, "other")])
    question = replace(QUESTION, filters={"category": (FilterValue(text).write(),)})
    assert ask(mart, "overview", question).dicts()[0]["events"] == 1


def test_rows_without_a_value_are_filtered_by_none(mart: FilledMart) -> None:
    moment = at("2026-03-02 12:00")
    mart.fill([event(moment, context_product_category=name) for name in (None, "(none)", "other")])
    assert ask(mart, "overview", by_page("(none)")).dicts()[0]["events"] == 2
