"""Half of a surrogate pair in an object of another writer becomes U+FFFD, on the quick and on the careful path."""

from __future__ import annotations

import pytest

from tests.etl.pipeline import Pipeline

GOOD = {"eventName": "x"}
LINES = [
    pytest.param(rb'{"eventName": "a\ud83d"}', ("a\ufffd", None), id="in the name"),
    pytest.param(rb'{"eventName": "x", "pageTitle": "\uDE00b"}', ("x", "\ufffdb"), id="in a text"),
    pytest.param(
        rb'{"eventName": "x", "pageTitle": "\\ud83d"}', ("x", r"\ud83d"), id="an escaped backslash before ud83d"
    ),
    pytest.param(
        rb'{"eventName": "x", "pageTitle": "\ud83d\ude00\ud83d"}', ("x", "😀\ufffd"), id="behind a whole pair"
    ),
    pytest.param(rb'{"event_name": "x\ud83d", "page_title": "y"}', ("x\ufffd", "y"), id="with snake_case names"),
]


@pytest.mark.parametrize(("line", "stored"), LINES)
def test_half_of_a_surrogate_pair_becomes_a_replacement_character(
    pipeline: Pipeline, line: bytes, stored: tuple[str, str | None]
) -> None:
    pipeline.put_batch([GOOD, line, GOOD])
    pipeline.put_event(line)
    pipeline.load()
    assert pipeline.rows("select event_name, page_title from clickstream_events where raw_line = 2") == [stored]
    assert pipeline.rows("select event_name, page_title from clickstream_events where raw_object like '%/event-%'") == [
        stored
    ]
    assert pipeline.totals() == {"accepted": 4, "loaded": 4}


def test_half_of_a_surrogate_pair_in_properties_and_keys_is_replaced(pipeline: Pipeline) -> None:
    pipeline.put_event(rb'{"eventName": "x", "properties": {"a\ud83d": ["\udc00"]}, "\ud83d": 1}')
    pipeline.load()
    assert pipeline.one("properties") == {"properties": '{"a\ufffd":["\ufffd"]}'}
