"""Commands that query the warehouse: report, metric, query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clickstream.cli.options import Data, Json, check_target, make_client, print_json, replace_file
from clickstream.cli.terminal import ProgressBar, err, out
from clickstream.errors import QuestionError

if TYPE_CHECKING:
    from clickstream.local.owner.questions import MetricRequest

# As text: metrics/parse.py reads them, as it does for the dashboard.
FromText = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First local day.")]
ToText = Annotated[str | None, typer.Option("--to", metavar="DAY", help="The day after the last day.")]
ZoneText = Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="IANA time zone in which days are counted.")]
Filters = Annotated[
    list[str] | None, typer.Option("--filter", metavar="NAME=VALUE", help="Filter; !VALUE excludes. Repeatable.")
]


def report(
    data: Data = None,
    from_: FromText = None,
    to: ToText = None,
    tz: ZoneText = None,
    filters: Filters = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report as an HTML page with charts.")
    ] = None,
    json: Json = False,
) -> None:
    """Summarise what happened, on one screen. Without days, the report covers everything that is loaded."""
    from clickstream.local.owner.questions import ReportRequest
    from clickstream.local.owner.registry import REPORT
    from clickstream.report import render_report, report_json

    if html is not None:
        _write_page(html, data, _options(filters, {"from": from_, "to": to, "tz": tz}), is_json=json)
        return
    request = ReportRequest(_options(filters, {"from": from_, "to": to, "tz": tz}))
    with ProgressBar(err, "reading the mart", unit="events") as progress:
        result = make_client(data, progress).call(REPORT, request)
    if json:
        print_json(report_json(result))
    else:
        render_report(result, out)


def _write_page(path: Path, data: Path | None, options: dict[str, str | list[str]], *, is_json: bool) -> None:
    from clickstream.local.owner.questions import ReportPageRequest
    from clickstream.local.owner.registry import REPORT_PAGE

    doing = "writing the report"
    check_target(path, doing)  # before the work, which can take seconds
    with ProgressBar(err, "reading the mart", unit="events") as progress:
        page = make_client(data, progress).call(REPORT_PAGE, ReportPageRequest(options))
    content = page.html.encode("utf-8", "replace")
    replace_file(path, content, doing)
    if is_json:
        print_json({"file": str(path), "bytes": len(content)})
    else:
        err.print(f"wrote {path}: {len(content):,} bytes", soft_wrap=True, markup=False)


def metric(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The metric, such as overview, time_series or products.")],
    data: Data = None,
    from_: FromText = None,
    to: ToText = None,
    tz: ZoneText = None,
    compare: Annotated[str | None, typer.Option(metavar="RANGE", help="previous, year or none.")] = None,
    limit: Annotated[str | None, typer.Option(metavar="N", help="Maximum number of rows in a ranking.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of this metric. Repeatable.")
    ] = None,
    filters: Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how the answer is computed, instead of it.")] = False,
    json: Json = False,
) -> None:
    """Show one metric as a table; docs/metrics describes them."""
    from clickstream.local.owner.questions import MetricRequest
    from clickstream.local.owner.registry import METRIC
    from clickstream.metrics.question import answer_document
    from clickstream.report.table import render_answer

    named = {"from": from_, "to": to, "tz": tz, "compare": compare, "limit": limit}
    request = MetricRequest(name, _options([*(filters or []), *(options or [])], named))
    if explain:
        _explain(request, data, json)
        return
    with ProgressBar(err, "reading the mart", unit="events") as progress:
        answer = make_client(data, progress).call(METRIC, request)
    if json:
        print_json(answer_document(answer))
    else:
        render_answer(answer, out)


def _explain(request: MetricRequest, data: Path | None, json: bool) -> None:
    from clickstream.local.owner.questions import ExplainRequest
    from clickstream.local.owner.registry import METRIC_EXPLAIN
    from clickstream.report.explanation import render_explanation

    with ProgressBar(err, "reading the mart", unit="events") as progress:
        found = make_client(data, progress).call(METRIC_EXPLAIN, ExplainRequest(request.name, request.options))
    if json:
        print_json(found)
    else:
        render_explanation(found, out)


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT.")],
    data: Data = None,
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="Maximum number of rows.")] = 10_000,
    json: Json = False,
) -> None:
    """Run one SELECT on the warehouse, read-only and for at most 30 seconds."""
    from clickstream.local.owner.questions import QueryRequest
    from clickstream.local.owner.registry import QUERY
    from clickstream.report.table import render_rows

    with ProgressBar(err, "running the query") as progress:
        result = make_client(data, progress).call(QUERY, QueryRequest(sql, rows))
    if json:
        print_json(result)
        return
    render_rows(result.columns, result.rows, out)
    if result.is_cut:
        err.print(f"only the first {rows:,} rows are shown; use --rows N for more")


def _options(pairs: list[str] | None, named: dict[str, str | None]) -> dict[str, str | list[str]]:
    """Return options as metrics/parse.py reads them: NAME=VALUE pairs; a repeated name becomes a list."""
    options: dict[str, list[str]] = {name: [value] for name, value in named.items() if value is not None}
    for pair in pairs or []:
        name, is_pair, value = pair.partition("=")
        if not is_pair:
            raise QuestionError("invalid_option", pair, "expected NAME=VALUE")
        options.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in options.items()}
