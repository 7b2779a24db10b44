"""Which quarters of an hour lie wholly in a range, and which are cut by its edges or by a change of clocks.

In: a zone and a Period. Out: SQL conditions, which contain only integers computed here. A whole quarter belongs to one
bucket of time in the zone, since every offset since 1980 is a multiple of a quarter of an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from clickstream.metrics.rules.local_time import date_stretches, micros, stretches
from clickstream.metrics.rules.period import Period

_QUARTER = timedelta(minutes=15)
_QUARTER_US = _QUARTER // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Quarters:
    """whole: a condition on `q.quarter`. cut: one on `h.moment`, "" if no quarter is cut."""

    whole: str
    cut: str


def quarters_of(tz: ZoneInfo, period: Period) -> Quarters:
    """Divide the effective range into whole quarters and cut ones."""
    start, end = micros(period.start), micros(period.end)
    parts = [*stretches(tz, period.start, period.end), *date_stretches(tz, period.start, period.end)]
    if any(part.offset % _QUARTER for part in parts):
        return Quarters("false", "true")
    edges = {start, end, *(micros(part.start) for part in parts)}
    cut = sorted({edge // _QUARTER_US for edge in edges if edge % _QUARTER_US and start <= edge <= end})
    whole = f"q.quarter >= {-(-start // _QUARTER_US)} and q.quarter < {end // _QUARTER_US}"
    if inner := [quarter for quarter in cut if start <= quarter * _QUARTER_US and (quarter + 1) * _QUARTER_US <= end]:
        whole += f" and q.quarter not in ({', '.join(map(str, inner))})"
    spans = [f"h.moment >= {quarter * _QUARTER_US} and h.moment < {(quarter + 1) * _QUARTER_US}" for quarter in cut]
    return Quarters(whole, f"({' or '.join(spans)})" if spans else "")
