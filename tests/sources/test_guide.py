"""The examples of docs/guide/import.md give the events that the page shows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clickstream.delivery import Receipt
from clickstream.sources.importer import import_file
from clickstream.sources.mapping_file import parse_mapping

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "import.md"
BLOCKS = re.findall(r"^```(csv|toml|json)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (table, mapping, events)
    for (one, table), (two, mapping), (three, events) in zip(BLOCKS, BLOCKS[1:], BLOCKS[2:], strict=False)
    if (one, two, three) == ("csv", "toml", "json")
]


class Kept:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def post(self, events: Sequence[bytes]) -> Receipt:
        self.events += [json.loads(event, parse_float=Decimal) for event in events]
        return Receipt(len(events), [])


@pytest.mark.parametrize(
    ("table", "mapping", "events"), EXAMPLES, ids=["a_row_is_an_event", "order_lines", "which_rows"]
)
def test_an_example_gives_the_events_that_the_page_shows(tmp_path: Path, table: str, mapping: str, events: str) -> None:
    path, kept = tmp_path / "example.csv", Kept()
    path.write_text(table)
    assert import_file(path, parse_mapping(mapping, "example"), kept).problems == ()
    for event in kept.events:
        del event["eventId"]
    assert kept.events == json.loads(events, parse_float=Decimal)


def test_every_mapping_on_the_page_is_valid() -> None:
    for number, (kind, text) in enumerate(BLOCKS):
        if kind == "toml":
            assert parse_mapping(text, f"block {number}").fields
