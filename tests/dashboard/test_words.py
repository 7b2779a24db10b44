"""Values on screen: in words where they are codes, as sent where they are not."""

from __future__ import annotations

import pytest

from clickstream.dashboard.words import in_words


@pytest.mark.parametrize(
    ("dimension", "value", "shown"),
    [
        ("channel", "paid_search", "Paid search"),
        ("channel", "ai_assistant", "AI assistant"),
        ("channel", "sms", "SMS"),
        ("device_type", "mobile", "Mobile"),
        ("device_type", "tv", "TV"),
        ("source", "(direct)", "Direct"),
        ("source", "google", "google"),
        ("campaign", "(none)", "No campaign"),
        ("country", "(none)", "No country"),
        ("country", "DE", "DE"),
        ("campaign", "spring_sale", "spring_sale"),
        ("login_state", "logged_in", "Signed in"),
        ("event", "(none)", "(none)"),
        ("channel", "(other)", "(other)"),
        ("campaign", "\u202egnirps", "\\u202egnirps"),
    ],
)
def test_codes_are_shown_in_words(dimension: str, value: str, shown: str) -> None:
    assert in_words(dimension, value) == shown
