"""Plain facts about the tables: what must be in them once everything is loaded, whatever metric will show it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from clickstream.sources.simulate.disorder import Disorder
from clickstream.sources.simulate.story import Visit
from clickstream.sources.simulate.truth.orders import OrderBook, money


@dataclass
class Facts:
    """Sessions and bots, counted as they pass."""

    channels: Counter[str] = field(default_factory=Counter)
    campaigns: Counter[str] = field(default_factory=Counter)
    device_types: Counter[str] = field(default_factory=Counter)
    bot_events: Counter[str] = field(default_factory=Counter)
    bot_sessions: Counter[str] = field(default_factory=Counter)

    def take(self, visit: Visit) -> None:
        for session in visit.sessions:
            if session.bot:
                self.bot_events[session.bot] += len(session.events)
                self.bot_sessions[session.bot] += 1
            if session.is_loose:
                continue
            self.channels[session.landing.channel] += 1
            self.campaigns[session.landing.campaign or "(none)"] += 1
            if not session.bot:
                self.device_types[session.device.type] += 1

    def document(self, disorder: Disorder, book: OrderBook) -> dict[str, Any]:
        tally = disorder.tally
        return {
            "ledger": {"loaded": tally.story + tally.undated, "duplicate": tally.copies, "bad": 0, "erased": 0},
            "event_timestamp_source": {
                "client": tally.story - tally.corrected,
                "corrected": tally.corrected,
                "received": tally.undated,
            },
            "field_errors": dict(sorted(disorder.wire.field_errors.items())),
            "sessions": {
                "channel": dict(sorted(self.channels.items())),
                "campaign": dict(sorted(self.campaigns.items())),
                "device_type": dict(sorted(self.device_types.items())),  # without bots
            },
            "bots": {
                "events": dict(sorted(self.bot_events.items())),
                "sessions": dict(sorted(self.bot_sessions.items())),
            },
            "orders": _orders(book),
        }


def _orders(book: OrderBook) -> dict[str, Any]:
    orders = list(book.told.values())
    totals: dict[str, Any] = {}
    for currency in sorted({told.currency for told in orders}):
        totals[currency] = money(sum(told.total or 0 for told in orders if told.currency == currency))
    return {
        "orders": len(orders),
        "both": sum(None not in (told.browser_at, told.server_at) for told in orders),
        "browser_only": sum(told.server_at is None for told in orders),
        "server_only": sum(told.browser_at is None for told in orders),
        "total_differs": sum(told.total_differs for told in orders),
        "without_session": sum(not told.has_session for told in orders),
        "without_total": sum(told.total is None for told in orders),
        "units": sum(told.units for told in orders),
        "totals": totals,
    }
