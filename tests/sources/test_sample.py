"""The shipped sample has its known figures, counted here from its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import as_file, files
from typing import Any

import pytest

from clickstream.delivery import Delivery
from clickstream.event import utc_now
from clickstream.sources import sample
from clickstream.sources.delimited import DelimitedReader, Row
from clickstream.sources.mapping_file import find_mapping
from clickstream.sources.text_file import TextFile
from tests.sources.planned_collector import PlannedCollector, Reply


def pairs() -> Iterator[tuple[list[str], dict[str, Any]]]:
    mapping = find_mapping(sample.NAME)
    with as_file(files(sample) / "eshop-2008.csv.gz") as path, TextFile(path, "ascii") as file:
        reader = DelimitedReader(file, mapping.file)
        maker = mapping.bind(reader.header, file.name, utc_now())
        for row in reader.rows():
            assert isinstance(row, Row)
            yield row.cells, maker.make(row.cells, row.position)


@pytest.mark.slow  # tests/e2e/test_exactly_once.py counts what the warehouse has of it
def test_the_sample_has_its_known_figures() -> None:
    ids, sessions, products, countries = set(), set(), set(), set()
    months: Counter[str] = Counter()
    total_price = Decimal(0)
    countryless = 0
    for cells, event in pairs():
        year, month, day = (int(cell) for cell in cells[:3])
        assert event["createdAt"].startswith(f"{year:04}-{month:02}-{day:02}T1")
        assert event["clientId"] == event["sessionId"] == f"eshop-2008-{cells[5]}"
        assert ("country" not in event) == (cells[4] in {"12", "43", "44", "45", "46", "47"})
        ids.add(event["eventId"])
        sessions.add(event["sessionId"])
        products.add(event["product"]["id"])
        countries.add(event.get("country"))
        countryless += "country" not in event
        months[event["createdAt"][5:7]] += 1
        total_price += event["product"]["price"]
    assert (len(ids), len(sessions), len(products)) == (165_474, 24_026, 217)
    assert months == {"04": 48_199, "05": 35_654, "06": 32_242, "07": 35_231, "08": 14_148}
    assert round(total_price / len(ids), 4) == Decimal("43.8025")
    assert countries == {*find_mapping(sample.NAME).tables["country"].values(), None}
    assert countryless == 210 + 31 + 1385 + 6 + 2522 + 7
    assert len(ids) == sample.EVENTS


def test_the_first_click_becomes_this_event() -> None:
    cells, event = next(pairs())
    assert cells == ["2008", "4", "1", "1", "29", "1", "1", "A13", "1", "5", "1", "28", "2", "1"]
    event_id = event.pop("eventId")
    assert event_id == "3be16925-f611-54f9-84fb-2f546ca76ed0"
    assert event == {
        "eventName": "product_view",
        "createdAt": "2008-04-01T10:00:30Z",
        "clientId": "eshop-2008-1",
        "sessionId": "eshop-2008-1",
        "country": "PL",
        "product": {"id": "A13", "category": "trousers", "price": 28, "currency": "USD"},
        "properties": {"sample": "eshop-2008", "colour": "beige", "location": "bottom middle", "page": 1},
    }


def test_an_interrupted_sample_import_resumes_after_its_last_acknowledged_row(
    collector: PlannedCollector, tmp_path: Any
) -> None:
    collector.plan = lambda number: Reply(403) if number == 2 else None
    with Delivery(collector.url) as delivery, pytest.raises(Exception, match="403"):
        sample.import_sample(tmp_path, delivery, start_row=164_000)
    state = sample.read_state(tmp_path)
    assert state == sample.ImportState("eshop-2008", 165_000, done=False)

    with Delivery(collector.url) as delivery:
        result = sample.import_sample(tmp_path, delivery, start_row=state.rows)
    assert (result.rows, result.accepted) == (165_474, 474)
    assert sample.read_state(tmp_path) == sample.ImportState("eshop-2008", 165_474, done=True)
    assert len(collector.stored) == 1_474


def test_a_state_that_cannot_be_read_counts_as_absent(tmp_path: Any) -> None:
    assert sample.read_state(tmp_path) is None
    (tmp_path / sample.STATE_FILE).write_text("{")
    assert sample.read_state(tmp_path) is None
