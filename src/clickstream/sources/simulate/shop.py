"""The products of the simulated shop, and how visitors reach it: each landing with the channel that results."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate
from random import Random

from clickstream.sources.simulate.story import DIRECT, SHOP, Landing, Product, Search

_BRANDS = ("Zed", "Zoë", "Norrland", "acme", "Øst", "Kiwi", "Tern", "Plover")
_CATEGORIES = {
    "laptops": ("Ultrabook", 899),
    "monitors": ("Monitor", 249),
    "keyboards": ("Keyboard", 79),
    "headphones": ("Headphones", 129),
    "cameras": ("Camera", 549),
    "Kabel & Zubehör": ("Cable", 9),
}


def _products() -> list[Product]:
    products = []
    for category, (noun, price) in _CATEGORIES.items():
        for number in range(1, 11):
            brand = _BRANDS[(number * 3 + price) % len(_BRANDS)]
            name = f"{brand} {noun} {number}"
            cents = Decimal(price * (10 + number)) / 10 + Decimal("0.99")
            products.append(Product(f"{noun.lower()}-{number}", name, f"{name} (new)", category, brand, cents))
    return products


PRODUCTS = _products()
# A few products are viewed often, most of them rarely.
PRODUCT_WEIGHTS = list(accumulate(1 / (1 + place * 7 % len(PRODUCTS)) for place in range(len(PRODUCTS))))

_WEIGHTED = (
    (30, DIRECT),
    (14, Landing("organic_search", referrer="https://www.google.com/")),
    (4, Landing("organic_search", referrer="https://duckduckgo.com/")),
    (9, Landing("paid_search", "utm_source=google&utm_medium=cpc&utm_campaign=spring", campaign="spring")),
    (3, Landing("paid_search", "utm_source=Google&utm_medium=CPC&utm_campaign=%20Spring", campaign="spring")),
    (4, Landing("paid_search", "gclid=Cj0KCQ", "https://www.google.com/")),
    (2, Landing("paid_search", "msclkid=9f2a", "https://www.bing.com/")),
    (2, Landing("paid_shopping", "utm_source=google&utm_medium=cpc&utm_campaign=shopping-all", None, "shopping-all")),
    (4, Landing("organic_social", "fbclid=IwAR0", "https://l.facebook.com/")),
    (3, Landing("organic_social", referrer="https://www.instagram.com/")),
    (3, Landing("paid_social", "utm_source=facebook&utm_medium=paid_social&utm_campaign=launch", None, "launch")),
    (6, Landing("email", "utm_source=newsletter&utm_medium=email&utm_campaign=week-12", None, "week-12")),
    (2, Landing("affiliates", "utm_source=dealsite&utm_medium=affiliate", "https://deals.example.net/")),
    (4, Landing("referral", referrer="https://blog.example.org/review")),
    (2, Landing("ai_assistant", referrer="https://chatgpt.com/")),
    (1, Landing("ai_assistant", referrer="https://gemini.google.com/app")),
    (2, Landing("display", "utm_source=adnet&utm_medium=display&utm_campaign=launch", None, "launch")),
    (1, Landing("organic_video", referrer="https://www.youtube.com/")),
    (1, Landing("paid_other", "utm_source=adnet&utm_medium=cpc", None)),
    (1, Landing("sms", "utm_source=sms&utm_medium=sms&utm_campaign=launch", None, "launch")),
    (1, Landing("push", "utm_source=app&utm_medium=web-push", None)),
    (1, Landing("unassigned", "utm_source=flyer&utm_medium=qr", None)),
    (2, Landing("direct", referrer=f"{SHOP}/c/laptops")),  # the shop's own host is not a referrer
    (1, Landing("direct", referrer="https://www.paypal.com/checkoutnow")),  # nor is a payment host
)
LANDINGS = [landing for _, landing in _WEIGHTED]
LANDING_WEIGHTS = list(accumulate(weight for weight, _ in _WEIGHTED))

# What visitors search for, and how many products the shop then shows.
_SEARCHES = {
    "ultrabook": (20, 10),
    "headphones": (16, 10),
    "monitor": (14, 10),
    "camera": (11, 10),
    "usb-c cable": (9, 4),
    "kiwi keyboard": (7, 2),
    "zoë": (5, 8),
    "monitor 4": (3, 1),
    "tablet": (8, 0),
    "phone case": (6, 0),
    "gift card": (4, 0),
    "return policy": (3, 0),
    "ultrabok": (2, 0),
}
_SEARCH_WEIGHTS = list(accumulate(weight for weight, _ in _SEARCHES.values()))
_TERMS = list(_SEARCHES)


def make_search(chance: Random) -> Search:
    """Return a search. Rarely its term is not sent, and sometimes the number of its results."""
    term = chance.choices(_TERMS, cum_weights=_SEARCH_WEIGHTS)[0]
    results = None if chance.random() < 0.08 else _SEARCHES[term][1]
    return Search(None if chance.random() < 0.04 else term, results)
