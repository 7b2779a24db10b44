"""Random traffic with everything that the metrics of data health look at, stored as raw objects and loaded."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

from tests.etl.pipeline import Pipeline, received
from tests.metrics.oracle_health import Event, Line, Sent, start_of

from clickstream.etl import ledger
from clickstream.metrics.records import Records

AGENTS: dict[str | None, tuple[str, ...]] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36": (),
    "curl/8.5.0": ("http_library",),
    "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)": ("ai_crawler",),
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": ("declared_crawler",),
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/149.0 Selenium": (
        "headless",
        "automation",
    ),
    None: ("no_user_agent",),
}
SKEWS_S = (0, 0, 0, -2, 3, -30, 200, -1_000, 2_000, 90_000)
BAD: dict[bytes, str] = {b"{": "invalid_json", b"[1]": "not_an_object", b'{"eventId": "x"}': "missing_name"}


def records(pipeline: Pipeline) -> Records:
    """Where the metrics read: the warehouse and the raw store of a pipeline."""
    return Records(pipeline.warehouse, lambda cursor, start, end: ledger.read(cursor, pipeline.store, start, end))


class Traffic:
    """Stores random objects in a pipeline and notes their lines."""

    def __init__(self, pipeline: Pipeline, random: Random) -> None:
        self.pipeline, self.random = pipeline, random
        self.sent = Sent()
        self.number = 0
        self.agents: list[str | None] = random.choices(list(AGENTS), [5, 1, 1, 1, 1, 1], k=6)

    def store(self, objects: int, oldest_s: float) -> None:
        """Store objects with names of up to `oldest_s` seconds ago."""
        for _ in range(objects):
            ago_s = self.random.uniform(0, oldest_s)
            events = [event for _ in range(self.random.randint(1, 5)) for event in self._some(ago_s)]
            events += self.random.choices(list(BAD), k=self.random.choice([0, 0, 1, 2]))
            self.random.shuffle(events)
            missing = self.random.choice([0, 0, 0, 1])
            key = self.pipeline.put_batch(events, ago_s, len(events) + missing)
            hour = start_of(self.pipeline.clock.now - timedelta(seconds=ago_s), "hour")
            for number, event in enumerate(events, 1):
                if isinstance(event, bytes):
                    self.sent.lines.append(Line(key, number, hour, None, BAD[event]))
                else:
                    self.sent.lines.append(Line(key, number, hour, event, reasons=self._reasons(event)))
            for number in range(missing):
                self.sent.lines.append(Line(key, len(events) + number + 1, hour, None, "missing"))

    def load(self) -> None:
        self.pipeline.load()
        for line in self.sent.lines:
            self.sent.loads.setdefault(line.object, self.pipeline.clock.now)

    def _some(self, ago_s: float) -> list[Any]:
        copies = [line.event for line in self.sent.lines if line.event]
        kind = self.random.choices(["event", "burst", "copy", "order"], [8, 1, 2, 3])[0]
        if kind == "copy" and copies:
            return [self.random.choice(copies)]
        if kind == "burst":
            client = self.random.randrange(len(self.agents))
            return [self._event(ago_s - index / 4, client, is_quick=True) for index in range(12)]
        if kind == "order":
            return [self._order(ago_s)]
        return [self._event(ago_s, self.random.randrange(len(self.agents)))]

    def _event(self, ago_s: float, client: int, *, is_quick: bool = False) -> Event:
        """Return an event that arrived about then. The device may have been offline, its clock may be wrong."""
        self.number += 1
        arrived = self.pipeline.clock.now - timedelta(seconds=ago_s + 1, microseconds=self.random.randrange(1, 10**6))
        if is_quick:
            skew, delay = timedelta(), timedelta()
            arrived = arrived.replace(microsecond=123)
        else:
            skew = timedelta(seconds=self.random.choice(SKEWS_S), milliseconds=self.random.randrange(100))
            delay = timedelta(seconds=self.random.choice([0, 0, 0, 90, 4_000, 200_000]))
        agent, sent = self.agents[client], arrived + skew
        fields: Event = {
            "eventName": "page_view" if is_quick else self.random.choice(["page_view", "click"]),
            "eventId": f"e{self.number}",
            "createdAt": (sent - delay).isoformat(),
            "clientId": f"c{client}",
            **({"userId": f"u{client % 3}"} if self.random.random() < 0.2 else {}),
            **({"userAgent": agent} if agent else {}),
        }
        event = received(arrived, **fields)
        event["_ingest"] |= {"sentAt": sent.isoformat(), "requestId": f"r{self.number}"}
        if not is_quick and self.random.random() < 0.1:
            del event["_ingest"]["sentAt"]
        return event

    def _order(self, ago_s: float) -> Event:
        """Return an order event: of the browser, or of the server, which has no client and is not judged."""
        event = self._event(ago_s, self.random.randrange(len(self.agents)))
        event["order"] = {
            "id": f"o{self.random.randrange(12)}",
            "total": self.random.choice([10, 10, 10, 20]),
            "currency": "EUR",
        }
        if self.random.random() < 0.5:
            return event | {"eventName": "checkout_complete"}
        event.pop("clientId")
        event.pop("userId", None)
        return event | {"eventName": "order_confirmed"}

    def _reasons(self, event: Event) -> tuple[str, ...]:
        return () if event["eventName"] == "order_confirmed" else AGENTS[event.get("userAgent")]
