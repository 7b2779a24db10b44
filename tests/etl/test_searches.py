"""What was searched for, and how many results there were: from the block `search`, or from properties."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)  # it parses for all of them
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


SEARCHES = {  # event -> search_term, search_results, field_errors
    "block": ({"search": {"term": "  Gaming\t LAPTOP ", "results": 12}}, "gaming laptop", 12, None),
    "other scripts": ({"search": {"term": "ÄÖ\u00a0x", "results": "0"}}, "äö x", 0, None),
    "numbers": ({"search": {"term": 15, "results": 2.0}}, "15", 2, None),
    "empty": ({"search": {"term": " ", "results": ""}}, None, None, None),
    "below zero": ({"search": {"term": "a", "results": -1}}, "a", None, "search.results"),
    "a fraction": ({"search": {"term": "a", "results": "2.5"}}, "a", None, "search.results"),
    "query": ({"properties": {"query": "Shoes", "results": 3}}, "shoes", 3, None),
    "search_term": ({"properties": {"search_term": "Shoes", "resultsCount": 3}}, "shoes", 3, None),
    "term, list": ({"properties": {"term": "Shoes", "results": ["a"]}}, "shoes", None, None),
    "block and query": ({"search": {"term": "a"}, "properties": {"query": "b"}}, "a", None, None),
    "another event": ({"eventName": "x", "properties": {"query": "b"}}, None, None, None),
}
WRONG_TYPES = {  # a load with one of these is read carefully
    "boolean term": ({"search": {"term": True, "results": 3}}, None, 3, "search.term"),
    "text as block": ({"search": "a"}, None, None, "search"),
}


@pytest.mark.parametrize("cases", [SEARCHES, WRONG_TYPES], ids=["searches", "wrong types"])
def test_searches(pipeline: Pipeline, cases: dict[str, tuple[Any, ...]]) -> None:
    events = {case: received(NOW, **{"eventName": "search", **event}) for case, (event, *_) in cases.items()}
    found = pipeline.load_each(events, "search_term, search_results, field_errors")
    assert {case: tuple(row.values()) for case, row in found.items()} == {
        case: tuple(expected) for case, (_, *expected) in cases.items()
    }
