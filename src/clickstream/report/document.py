"""A report as one JSON object.

Key figures are plain numbers at the top level, money is decimal text, lists contain plain objects. Dates and instants
are ISO text, months `2026-03`. Every report has all keys, also that of an empty warehouse.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from clickstream.metrics.overview import COLUMNS
from clickstream.metrics.question import Answer
from clickstream.metrics.rules.result import money
from clickstream.report.build import Report


def report_json(report: Report) -> dict[str, Any]:
    """Return the report in plain JSON values. Without events, counts are 0 and rates null."""
    figures, meta = report.figures, report.overview.meta if report.overview else {}
    nothing = {column.name: {"int": 0, "money": money(0)}.get(column.type) for column in COLUMNS}
    document = {
        "from": report.from_date,
        "to": report.to_date,
        "tz": report.question.tz.key,
        "as_of": report.question.as_of,
        "load": meta.get("load", 0),
        "sample": meta.get("sample"),
        **(figures or nothing),
        "by_month": [{**asdict(month), "month": f"{month.month:%Y-%m}"} for month in report.months],
        "time_series": {"metric": "events", "by": report.unit, "rows": _points(report.series)},
        "revenues": report.revenues.dicts() if report.revenues else [],
        "products_top": _named(report.products, "product_id"),
        "categories": _named(report.categories, "category"),
        "channels": _named(report.channels, "channel"),
        "countries": _named(report.countries, "country"),
    }
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain


def _points(series: Answer | None) -> list[dict[str, Any]]:
    kept = ("bucket_local", "utc_offset_s", "value", "is_complete")
    return [{name: row[name] for name in kept} for row in series.dicts()] if series else []


def _named(answer: Answer | None, name: str) -> list[dict[str, Any]]:
    """Return the rows of a ranking, their leading `value` renamed."""
    rows = answer.dicts() if answer else []
    return [{name: row.pop("value"), **row} for row in rows]
