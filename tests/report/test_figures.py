"""Figures as short text."""

from __future__ import annotations

import pytest

from clickstream.report.figures import bar, change, cut_middle, duration, sparkline


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 m 00 s"), (192, "3 m 12 s"), (3600, "1 h 00 m"), (3900, "1 h 05 m")]
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_change_has_its_sign() -> None:
    assert [change(0.125), change(-0.5), change(None), change(0.02, are_points=True)] == [
        "(+12.5 %)",
        "(-50.0 %)",
        "(-)",
        "(+2.0 pt)",
    ]


@pytest.mark.parametrize(
    ("value", "most", "text", "ascii_text"),
    [(0, 0, "", ""), (1, 1000, "▏", "#"), (5, 10, "██", "##"), (10, 10, "████", "####")],
)
def test_a_bar_starts_at_zero_and_never_hides_a_value(value: int, most: int, text: str, ascii_text: str) -> None:
    assert (bar(value, most, 4), bar(value, most, 4, is_ascii=True)) == (text, ascii_text)


def test_a_sparkline_has_one_character_a_value() -> None:
    assert [sparkline([0, 7, 14]), sparkline([0, 0]), sparkline([]), sparkline([0, 9], is_ascii=True)] == [
        "▁▅█",
        "▁▁",
        "",
        "_#",
    ]


@pytest.mark.parametrize(
    ("text", "cut"),
    [("short", "short"), ("abcdefghijklm", "abcd…jklm"), ("日本語日本語", "日本…本語"), ("a\nb", "a\\nb")],
)
def test_a_long_name_is_cut_in_the_middle(text: str, cut: str) -> None:
    assert cut_middle(text, 9) == cut
