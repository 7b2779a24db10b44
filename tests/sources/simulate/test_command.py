"""Errors of `clickstream simulate` as a user sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform import Platform
from tests.ports import free_port


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = Platform(tmp_path / "data")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--collector", "MISSING"), 1, ("nothing is listening there", "clickstream up")),
        (("--truth", "nowhere/truth.json"), 1, ("writing nowhere/truth.json", "No such file")),
        (("--tz", "Mars/Base"), 2, ("unknown time zone", "Europe/Berlin")),
    ],
    ids=["no_collector", "truth_cannot_be_written", "unknown_zone"],
)
def test_an_error_is_reported_before_anything_is_sent(
    platform: Platform, options: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    missing = f"http://127.0.0.1:{free_port()}"
    words_typed = (missing if word == "MISSING" else word for word in options)
    code_here, out, errors = platform.run_here(
        "simulate", "--visitors", "3", "--from", "2024-03-01", "--days", "1", *words_typed
    )
    assert (code_here, out) == (code, ""), errors
    assert "Traceback" not in errors
    for word in words:
        assert word in errors
