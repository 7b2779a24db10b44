"""Words on screen for the codes of the database: "Paid search" for paid_search, "No campaign" for (none).

The API, exports and addresses keep the codes.
"""

from __future__ import annotations

from clickstream.dashboard import formats

NONE_VALUE = "(none)"
_MISSING = {
    "channel": "No channel",
    "source": "No source",
    "medium": "No medium",
    "campaign": "No campaign",
    "referrer_domain": "No referrer",
    "landing_page": "No page",
    "page_path": "No page",
    "device_type": "Unknown device",
    "browser": "Unknown browser",
    "os": "Unknown system",
    "country": "No country",
    "login_state": "Not known",
    "product_id": "No product",
    "category": "No category",
    "brand": "No brand",
}
_SPELLED = {
    "channel": {"sms": "SMS", "ai_assistant": "AI assistant"},
    "source": {"(direct)": "Direct"},
    "device_type": {"tv": "TV"},
    "login_state": {"logged_in": "Signed in", "anonymous": "Not signed in"},
    "new_returning": {"new": "First visit", "returning": "Return visit"},
}
_CODES = ("channel", "device_type")
"""Dimensions whose values are codes of ours: other values are shown as they were sent."""


def in_words(dimension: str, value: str) -> str:
    """Return a value of a dimension in words, safe to show."""
    if value == NONE_VALUE:
        return _MISSING.get(dimension, value)
    if value in (spelled := _SPELLED.get(dimension, {})):
        return spelled[value]
    if dimension in _CODES:
        return value.replace("_", " ").capitalize()
    return formats.safe_text(value)
