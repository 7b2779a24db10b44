"""A name that is not a time zone leads to the one that was probably meant."""

from __future__ import annotations

import pytest

from clickstream.time_zone import is_zone, zone_advice


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("EUROPE/BERLIN", "Europe/Berlin"),
        (" Europe/Berlin ", "Europe/Berlin"),
        ("Europe/Berlim", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_near_name_is_proposed(name: str, meant: str) -> None:
    assert not is_zone(name)
    assert is_zone(meant)
    assert zone_advice(name) == f"did you mean {meant}?"


@pytest.mark.parametrize("name", ["", "Mars/Base", "here", "../etc/passwd"])
def test_any_other_name_leads_to_an_example(name: str) -> None:
    assert not is_zone(name)
    assert zone_advice(name) == "use an IANA name such as Europe/Berlin"
