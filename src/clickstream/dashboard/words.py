"""Words on screen for the codes of the database: "Paid search" for paid_search, "No campaign" for (none).

The API, exports and addresses keep the codes.
"""

from __future__ import annotations

from clickstream.dashboard import formats
from clickstream.errors import QuestionError
from clickstream.metrics.rules.steps import Step, read_steps

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
    "customer": "Unknown orders",
    "payment_method": "Not known",
    "coupon": "No coupon",
}
_SPELLED = {
    "payment_method": {"paypal": "PayPal"},
    "channel": {"sms": "SMS", "ai_assistant": "AI assistant"},
    "source": {"(direct)": "Direct"},
    "device_type": {"tv": "TV"},
    "login_state": {"logged_in": "Signed in", "anonymous": "Not signed in"},
    "new_returning": {"new": "First visit", "returning": "Return visit"},
    "customer": {"first": "First order", "repeat": "Repeat order", "(unknown)": "Unknown visitor"},
    "rfm_group": {
        "champions": "Champions",
        "loyal": "Loyal",
        "new": "New",
        "promising": "Promising",
        "at_risk": "At risk",
        "lost": "Lost",
    },
    "model": {
        "first": "First touch",
        "last": "Last touch",
        "linear": "Linear",
        "time_decay": "Time decay",
        "position": "Position",
    },
    "bad_reason": {
        "invalid_json": "Not JSON",
        "invalid_encoding": "Not UTF-8",
        "not_an_object": "Not an object",
        "missing_name": "No event name",
        "invalid_name": "Wrong event name",
        "too_deep": "Nested too deep",
        "too_large": "Too large",
        "missing": "Line is missing",
        "unreadable": "Unreadable JSON",
    },
    "bot_reason": {
        "ai_crawler": "AI crawler or assistant",
        "declared_crawler": "Other crawler",
        "headless": "Browser without a screen",
        "automation": "Automated browser",
        "injection": "Attack",
        "http_library": "Program, not a browser",
        "no_user_agent": "No user agent",
        "short_user_agent": "Incomplete user agent",
        "old_browser": "Browser from before 2016",
        "rate": "Faster than a human",
    },
    "clock_skew": {
        "none": "Not known",
        "behind_5s": "Right, or up to 5 s behind",
        "behind_1min": "Up to 1 min behind",
        "behind_5min": "Up to 5 min behind",
        "behind_1h": "Up to 1 h behind",
        "behind_more": "More than 1 h behind",
        "ahead_5s": "Up to 5 s ahead",
        "ahead_1min": "Up to 1 min ahead",
        "ahead_5min": "Up to 5 min ahead",
        "ahead_1h": "Up to 1 h ahead",
        "ahead_more": "More than 1 h ahead",
    },
}
_EVENTS = {
    "page_view": "Page view",
    "home_view": "Home page",
    "category_view": "Category view",
    "product_view": "Product view",
    "product_click": "Product click",
    "add_to_cart_click": "Add to cart",
    "remove_from_cart_click": "Remove from cart",
    "wishlist_toggle": "Wish list",
    "checkout_start": "Checkout",
    "checkout_complete": "Checkout completed",
    "order_confirmed": "Order confirmed",
    "order_refunded": "Refund",
    "search": "Search",
    "click": "Click",
    "login_open": "Sign-in opened",
    "login_success": "Sign-in",
}
_ATTRIBUTES = {
    "page_path": "page",
    "product_id": "product",
    "category": "category",
    "brand": "brand",
    "login_state": "sign-in",
}
_CODES = ("channel", "device_type", "payment_method")
"""Dimensions whose values are codes, such as gift_card. Other values are shown as they were sent."""


def in_words(dimension: str, value: str) -> str:
    """Return a value of a dimension in words, safe to show."""
    if value == NONE_VALUE:
        return _MISSING.get(dimension, value)
    if value in (spelled := _SPELLED.get(dimension, {})):
        return spelled[value]
    if dimension in _CODES and value.islower():
        return value.replace("_", " ").capitalize()
    return formats.safe_text(value)


def event_in_words(name: str) -> str:
    """Return an event's name in words, safe to show; names that a shop made up are shown as they were sent."""
    return _EVENTS.get(name, formats.safe_text(name))


def step_in_words(text: str) -> str:
    """Return a step of a funnel or of retention in words: "Add to cart (category: Laptops)", "Page /cart"."""
    try:
        (step,) = read_steps("step", text)
    except QuestionError:
        return formats.safe_text(text)
    if step.is_purchase:
        return "Order placed"
    if step.event is None:
        return f"Page {formats.safe_text(_value(step))}"
    name = event_in_words(step.event)
    if step.attribute is None:
        return name
    return f"{name} ({_ATTRIBUTES[step.attribute]}: {in_words(step.attribute, _value(step))})"


def _value(step: Step) -> str:
    return f"{step.value}*" if step.is_prefix else step.value
