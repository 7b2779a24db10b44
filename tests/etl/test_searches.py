"""What was searched for, and how many results there were: from the block `search`, or from properties."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.etl.pipeline import Pipeline, received

ENGINES = ("duckdb",)  # it parses for all of them
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "term", "results", "error"),
    [
        pytest.param({"search": {"term": "  Gaming\t LAPTOP ", "results": 12}}, "gaming laptop", 12, None, id="block"),
        pytest.param({"search": {"term": "ÄÖ\u00a0x", "results": "0"}}, "äö x", 0, None, id="other scripts"),
        pytest.param({"search": {"term": 15, "results": 2.0}}, "15", 2, None, id="numbers"),
        pytest.param({"search": {"term": " ", "results": ""}}, None, None, None, id="empty"),
        pytest.param({"search": {"term": True, "results": 3}}, None, 3, "search.term", id="boolean term"),
        pytest.param({"search": {"term": "a", "results": -1}}, "a", None, "search.results", id="below zero"),
        pytest.param({"search": {"term": "a", "results": "2.5"}}, "a", None, "search.results", id="a fraction"),
        pytest.param({"search": "a"}, None, None, "search", id="text as block"),
        pytest.param({"properties": {"query": "Shoes", "results": 3}}, "shoes", 3, None, id="query"),
        pytest.param({"properties": {"search_term": "Shoes", "resultsCount": 3}}, "shoes", 3, None, id="search_term"),
        pytest.param({"properties": {"term": "Shoes", "results": ["a"]}}, "shoes", None, None, id="term, list"),
        pytest.param({"search": {"term": "a"}, "properties": {"query": "b"}}, "a", None, None, id="block and query"),
        pytest.param({"eventName": "x", "properties": {"query": "b"}}, None, None, None, id="another event"),
    ],
)
def test_searches(
    pipeline: Pipeline, event: dict[str, Any], term: str | None, results: int | None, error: str | None
) -> None:
    pipeline.put_batch([received(NOW, **{"eventName": "search", **event})])
    pipeline.load()
    assert pipeline.one("search_term, search_results, field_errors") == {
        "search_term": term,
        "search_results": results,
        "field_errors": error,
    }
