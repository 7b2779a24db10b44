"""Shop traffic as raw lines, from a seed: the same seed gives the same bytes.

Visitors return, view products, fill carts and abandon them; the events of many visitors interleave, in time order. It
models no real shop: only sizes, variety of values and mix of events matter for speed.
"""

from __future__ import annotations

import gzip
import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from clickstream.raw.keys import batch_key, event_key

START = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = ("laptops", "monitors", "accessories", "phones", "audio")
COUNTRIES = ("DE", "PL", "FR", "US", "GB", "IT", "ES", "NL")
AGENTS = tuple(
    f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{n}.0" for n in range(120, 156)
)
_encode = msgspec.json.Encoder().encode


def events(count: int, days: int, seed: int = 1) -> Iterator[tuple[datetime, bytes]]:
    """Yield `count` events over `days` days from START as (time of receipt, raw line), in time order."""
    random = Random(seed)
    sessions = max(1, count // 8)
    pause_s = days * 86_400 / sessions
    running: list[tuple[float, int, Iterator[tuple[float, dict[str, Any]]], dict[str, Any]]] = []
    made = number = 0
    while made < count:
        begins = number * pause_s
        while running and (running[0][0] <= begins or number >= sessions):
            moment_s, order, visit, event = heapq.heappop(running)
            yield _line(random, moment_s, event)
            made += 1
            if made == count:
                return
            _push(running, order, visit)
        _push(running, number, _session(random, begins, random.randrange(max(1, sessions // 3))))
        number += 1


def _push(running: list[Any], order: int, visit: Iterator[tuple[float, dict[str, Any]]]) -> None:
    event = next(visit, None)
    if event is not None:
        heapq.heappush(running, (event[0], order, visit, event[1]))


def _session(random: Random, begins: float, visitor: int) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield the events of one visit: pages, products, sometimes a cart and a checkout, of which half become orders."""
    base: dict[str, Any] = {
        "clientId": f"c{visitor:07d}",
        "sessionId": f"s{random.getrandbits(40):010x}",
        "userId": f"u{visitor}" if visitor % 5 == 0 else None,
        "userLoginState": "logged_in" if visitor % 5 == 0 else "anonymous",
        "isFirstVisit": random.random() < 0.3,
        "country": COUNTRIES[visitor % len(COUNTRIES)],
        "referrer": "https://www.google.com/",
    }
    moment_s = begins
    is_buying = False
    for _ in range(random.randrange(2, 15)):
        product = random.randrange(500)
        moment_s += random.expovariate(1 / 40)
        kind = random.choices(
            ("page_view", "product_view", "click", "add_to_cart_click", "checkout_start"), (40, 35, 15, 8, 2)
        )[0]
        is_buying = is_buying or (kind == "checkout_start" and random.random() < 0.5)
        event: dict[str, Any] = {
            "eventName": kind,
            **base,
            "pageUrl": f"https://shop.example/p/{product}?utm_source=news",
            "pageTitle": f"Product {product}",
        }
        if kind != "page_view":
            event["product"] = {
                "id": f"p{product}",
                "name": f"Product {product}",
                "category": CATEGORIES[product % 5],
                "brand": f"brand{product % 20}",
                "price": 5 + product * 1.25,
                "currency": "EUR",
                "urlPath": f"/p/{product}",
            }
        if kind == "click":
            event["element"] = {"tag": "button", "id": "buy", "role": "button", "text": "Add to cart"}
        event["properties"] = {"variant": product % 3}
        yield moment_s, event
    if is_buying:
        page = {"pageUrl": "https://shop.example/order/confirmed", "pageTitle": "Thank you"}
        order = _order(random, visitor)
        yield moment_s + 20, {"eventName": "checkout_complete", **base, **page, "order": order}


def _order(random: Random, visitor: int) -> dict[str, Any]:
    items: list[dict[str, Any]] = [
        {"id": f"p{product}", "quantity": random.randrange(1, 4), "price": 5 + product * 1.25, "currency": "EUR"}
        for product in random.sample(range(500), random.randrange(1, 4))
    ]
    return {
        "id": f"o{random.getrandbits(48):012x}",
        "total": sum(item["quantity"] * item["price"] for item in items),
        "currency": "EUR",
        "coupon": "SPRING" if visitor % 7 == 0 else None,
        "paymentMethod": ("card", "invoice", "paypal")[visitor % 3],
        "items": items,
    }


def _line(random: Random, moment_s: float, event: dict[str, Any]) -> tuple[datetime, bytes]:
    moment = START + timedelta(seconds=moment_s)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"
    ingest = {
        "receivedAt": text,
        "sentAt": text,
        "sourceIp": "192.0.2.0",
        "userAgent": AGENTS[random.randrange(len(AGENTS))],
        "method": "POST",
        "path": "/clickstream",
        "requestId": str(uuid7_at(moment, random)),
    }
    event = {**event, "eventId": str(uuid7_at(moment, random)), "createdAt": text, "_ingest": ingest}
    return moment, _encode(event)


def uuid7_at(moment: datetime, random: Random) -> UUID:
    """Return a UUIDv7 of `moment` with random bits from `random`."""
    millis = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=millis << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62))


def write_batches(root: Path, count: int, days: int, per_object: int = 1000) -> None:
    """Write `count` events as batch objects below `root`, packed as the collector packs them. Not fsynced."""
    random = Random(2)
    lines: list[bytes] = []
    moment = START
    for moment, line in events(count, days):
        lines.append(line)
        if len(lines) == per_object:
            _write(root / batch_key(uuid7_at(moment, random), len(lines)), gzip.compress(b"\n".join(lines) + b"\n", 1))
            lines = []
    if lines:
        _write(root / batch_key(uuid7_at(moment, random), len(lines)), gzip.compress(b"\n".join(lines) + b"\n", 1))


def single_objects(count: int, days: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` events as single-event objects (key, bytes)."""
    random = Random(3)
    for moment, line in events(count, days):
        yield event_key(uuid7_at(moment, random)), line


def late_batches(objects: int, per_object: int) -> Iterator[tuple[str, bytes]]:
    """Yield batch objects (key, bytes) with other events of the same visitors, all on the first day."""
    random, coming = Random(5), events(objects * per_object, 1, seed=7)
    for _ in range(objects):
        lines = [next(coming) for _ in range(per_object)]
        content = b"\n".join(line for _, line in lines) + b"\n"
        yield batch_key(uuid7_at(lines[-1][0], random), per_object), gzip.compress(content, 1)


def write_singles(root: Path, count: int, days: int) -> None:
    """Write `count` events as single-event objects below `root`. Not fsynced."""
    for key, line in single_objects(count, days):
        _write(root / key, line)


_made: set[Path] = set()


def _write(path: Path, data: bytes) -> None:
    if path.parent not in _made:
        path.parent.mkdir(parents=True, exist_ok=True)
        _made.add(path.parent)
    path.write_bytes(data)
