"""Half of a surrogate pair in an object of another writer becomes U+FFFD, on the quick and on the careful path."""

from __future__ import annotations

from tests.etl.pipeline import Pipeline

GOOD = {"eventName": "x"}
LINES = {
    "in the name": (rb'{"eventName": "a\ud83d"}', ("a\ufffd", None)),
    "in a text": (rb'{"eventName": "x", "pageTitle": "\uDE00b"}', ("x", "\ufffdb")),
    "an escaped backslash before ud83d": (rb'{"eventName": "x", "pageTitle": "\\ud83d"}', ("x", r"\ud83d")),
    "behind a whole pair": (rb'{"eventName": "x", "pageTitle": "\ud83d\ude00\ud83d"}', ("x", "😀\ufffd")),
    "with snake_case names": (rb'{"event_name": "x\ud83d", "page_title": "y"}', ("x\ufffd", "y")),
}


def test_half_of_a_surrogate_pair_becomes_a_replacement_character(pipeline: Pipeline) -> None:
    """In a line among others, and in an object of one event."""
    among = {pipeline.put_batch([GOOD, line, GOOD]): case for case, (line, _) in LINES.items()}
    alone = {pipeline.put_event(line): case for case, (line, _) in LINES.items()}
    pipeline.load()
    rows = pipeline.rows("select raw_object, raw_line, event_name, page_title from clickstream_events")
    expected = {case: stored for case, (_, stored) in LINES.items()}
    assert {among[key]: (name, title) for key, line, name, title in rows if line == 2} == expected
    assert {alone[key]: (name, title) for key, _, name, title in rows if key in alone} == expected
    assert pipeline.totals() == {"accepted": 20, "loaded": 20}


def test_half_of_a_surrogate_pair_in_properties_and_keys_is_replaced(pipeline: Pipeline) -> None:
    pipeline.put_event(rb'{"eventName": "x", "properties": {"a\ud83d": ["\udc00"]}, "\ud83d": 1}')
    pipeline.load()
    assert pipeline.one("properties") == {"properties": '{"a\ufffd":["\ufffd"]}'}
