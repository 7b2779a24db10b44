"""Values on screen: in words where they are codes, as sent where they are not."""

from __future__ import annotations

import pytest

from clickstream.dashboard.words import in_words, step_in_words


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
        ("customer", "repeat", "Repeat order"),
        ("rfm_group", "at_risk", "At risk"),
        ("model", "time_decay", "Time decay"),
        ("coupon", "(none)", "No coupon"),
        ("payment_method", "gift_card", "Gift card"),
        ("event", "(none)", "(none)"),
        ("channel", "(other)", "(other)"),
        ("campaign", "\u202egnirps", "\\u202egnirps"),
    ],
)
def test_codes_are_shown_in_words(dimension: str, value: str, shown: str) -> None:
    assert in_words(dimension, value) == shown


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        ("purchase", "Order placed"),
        ("add_to_cart_click", "Add to cart"),
        ("gift_wrapped", "gift_wrapped"),
        ("page:/p/*", "Page /p/*"),
        ("product_view[category = Laptops]", "Product view (category: Laptops)"),
        ("product_view[brand = (none)]", "Product view (brand: No brand)"),
        ("search[login_state = logged_in]", "Search (sign-in: Signed in)"),
        ('"\u202egnirps"', "\\u202egnirps"),
        ("page:[", "page:["),
    ],
)
def test_steps_are_shown_in_words(step: str, shown: str) -> None:
    assert step_in_words(step) == shown
