"""The explanation of a number: what was asked, the SQL that ran, and the rows behind it.

In: a mart, its warehouse, a metric, a question, and the part of the answer that is meant. Out: an `Explanation`, which
holds plain JSON values. It is computed on one snapshot of the mart, by the path of every answer (`catalog.ask`).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from clickstream.errors import QuestionError
from clickstream.mart.file import Mart
from clickstream.metrics.catalog import METRICS, ask, reads_warehouse
from clickstream.metrics.explain.rows import Rows, find_rows, row_set
from clickstream.metrics.explain.statements import RecordedMart, RecordedWarehouse, Statement, plain
from clickstream.metrics.question import Answer, Question
from clickstream.metrics.records import Records
from clickstream.metrics.rules.buckets import Unit, buckets, default_unit
from clickstream.metrics.rules.filter_values import FilterValue
from clickstream.metrics.rules.filters import EVENT_COLUMNS, SESSION_COLUMNS
from clickstream.metrics.rules.local_time import local_date
from clickstream.metrics.rules.period import Period
from clickstream.metrics.rules.scope import make_scope
from clickstream.warehouse.contract import Warehouse
from clickstream.warehouse.duckdb import DuckCursor

_FILTER_OF = {"product": "product_id"}
"""Values of the option `by` whose filter has another name."""
_FIGURES = {"pages_top": "page_views", "products": "views", "acquisition": "sessions", "devices": "sessions"}
"""The column by which a row of a ranking is counted."""
_BY_METRIC = {"pages_top": "page_path", "pages_landing": "landing_page", "login_state": "login_state"}


@dataclass(frozen=True, slots=True)
class Part:
    """The part of an answer that is meant; by default all of it.

    figure: a column, such as `page_views`. at: the start of a bucket of `time_series`. value: a value of the dimension
    by which the answer is split.
    """

    figure: str | None = None
    at: datetime | None = None
    value: str | None = None


ALL = Part()


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a number is computed.

    question, text: of the metric. asked: the parameters in use, as text. command: the same question to the command
    line. rows_behind: table -> number of rows, as in an answer's `meta`. rows: those of the part that is meant; None
    for a metric without such rows.
    """

    metric: str
    question: str
    text: str
    asked: dict[str, str]
    command: str
    load: int
    statements: list[Statement]
    rows_behind: dict[str, int]
    rows: Rows | None = None


def explain(mart: Mart | None, records: Records, metric: str, question: Question, part: Part = ALL) -> Explanation:
    """Explain a metric's answer to a question, or a part of it. Raises what `ask` raises.

    mart: None only for a metric that reads the warehouse. records: where the rows are read.
    """
    if mart is None or reads_warehouse(metric):
        warehouse = RecordedWarehouse(records.warehouse)
        answer = ask(None, metric, question, records=replace(records, warehouse=cast(Warehouse, warehouse)))
        return _explanation(answer, question, warehouse.statements(answer.meta["start"]), None)
    with mart.asking() as cursor:
        recorded, answer = _asked_once(cursor, metric, question)
        period = _period(answer.meta)
        figure = part.figure or answer.meta["options"].get("metric") or _FIGURES.get(metric)
        if part.at is not None:
            period = _bucket(metric, answer.meta, question.tz, part.at)
            # The bucket is a separate question, unless it is an hour, or segments are those at the end of the range.
            if answer.meta["options"].get("by") != "hour" and "segment" not in question.filters:
                question = replace(question, from_date=period.from_date, to_date=period.to_date)
                recorded, answer = _asked_once(cursor, metric, question)
        meta = answer.meta
        scope = make_scope(cursor, _narrowed(metric, question, meta["options"], part.value), meta["options"])
        scope = replace(scope, period=period, currency=meta.get("currency"))
        chosen = row_set(figure, tuple(meta["rows_behind"]))
        rows = find_rows(scope, chosen, records.warehouse) if chosen else None
    return _explanation(answer, question, recorded.statements(meta["start"]), rows)


def _asked_once(cursor: DuckCursor, metric: str, question: Question) -> tuple[RecordedMart, Answer]:
    recorded = RecordedMart(cursor)
    return recorded, ask(cast(Mart, recorded), metric, question)


def _explanation(answer: Answer, question: Question, statements: list[Statement], rows: Rows | None) -> Explanation:
    definition = METRICS[answer.metric]
    return Explanation(
        metric=answer.metric,
        question=definition.question,
        text=definition.text,
        asked=_asked(answer, question),
        command=command_line(answer.metric, question, answer.meta),
        load=answer.meta["load"],
        statements=statements,
        rows_behind=dict(answer.meta["rows_behind"]),
        rows=rows,
    )


def _narrowed(metric: str, question: Question, options: Mapping[str, str], value: str | None) -> Question:
    """Return the question with a filter for the row of this value, if the metric has such a filter."""
    name = row_filter(metric, options)
    if value is None or name is None:
        return question
    return replace(question, filters={**question.filters, name: (FilterValue(value).write(),)})


def row_filter(metric: str, options: Mapping[str, str]) -> str | None:
    """Return the filter that leaves the rows behind one row of an answer; None where no filter does."""
    by = options.get("split") if metric == "time_series" else options.get("by")
    name = _BY_METRIC.get(metric) or _FILTER_OF.get(by or "", by)
    return name if name in EVENT_COLUMNS or name in SESSION_COLUMNS else None


def command_line(metric: str, question: Question, meta: Mapping[str, Any]) -> str:
    """Return the command that asks the same question, as of the same time."""
    words = ["clickstream", "metric", metric, "--from", f"{meta['from']}", "--to", f"{meta['to']}"]
    words += ["--tz", question.tz.key, "--compare", question.compare]
    if question.limit != METRICS[metric].limit:
        words += ["--limit", str(question.limit)]
    more = {**meta["options"], **({"offset": str(question.offset)} if question.offset else {})}
    for name, value in {**more, "as_of": plain(meta["as_of"])}.items():
        words += ["--option", f"{name}={value}"]
    for name, values in question.filters.items():
        words += [word for value in values for word in ("--filter", f"{name}={value}")]
    return shlex.join(words)


def _asked(answer: Answer, question: Question) -> dict[str, str]:
    """Return what the answer depends on, as text, without what is not set."""
    meta = answer.meta
    compare = meta["compare"]
    found = {
        "from": str(meta["from"]),
        "to": str(meta["to"]),
        "tz": meta["tz"],
        "as_of": plain(meta["as_of"]),
        "compare": f"{compare['mode']}: {compare['from']} to {compare['to']}" if compare else "none",
        "filters": ", ".join(f"{name}={','.join(values)}" for name, values in question.filters.items()) or "none",
    }
    if meta.get("currency"):
        found["currency"] = meta["currency"]
    if sample := meta.get("sample"):
        found["sample"] = "hidden" if sample["is_hidden"] else "included" if sample["is_present"] else "none"
    return found | {name: str(value) for name, value in meta["options"].items()}


def _period(meta: Mapping[str, Any]) -> Period:
    return Period(meta["from"], meta["to"], meta["start"], meta["end"], meta["end"])


def _bucket(metric: str, meta: Mapping[str, Any], tz: ZoneInfo, at: datetime) -> Period:
    """Return the part of a bucket that is within the range. Raises QuestionError if no bucket starts at `at`."""
    period = _period(meta)
    unit = cast(Unit, meta["options"].get("by") or default_unit(period.days))
    for bucket in buckets(unit, tz, period) if metric == "time_series" else ():
        if bucket.start == at:
            start, end = max(bucket.start, period.start), min(bucket.end, period.end)
            from_date = max(bucket.local.date(), period.from_date)
            to_date = min(local_date(tz, bucket.end), period.to_date)
            return Period(from_date, to_date, start, end, end)
    raise QuestionError("invalid_option", "at", f"{plain(at)} (expected the start of a bucket of time_series)")
