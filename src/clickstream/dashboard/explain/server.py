"""The server's side of the Explain panel: it explains what the address names, and reads raw lines on request.

In: the state of one browser. Out: the outputs `explained` and `raw_line`. A browser names a row by its place in what
the panel shows, never an object: nothing else can be read.
"""

from __future__ import annotations

from htmltools import TagChild
from shiny import Inputs, reactive, render

from clickstream.dashboard.answers.raw_lines import RawLine, RawLines
from clickstream.dashboard.answers.state import LiveResult, PageState
from clickstream.dashboard.explain import sheet
from clickstream.dashboard.panel import content_or_failure
from clickstream.dashboard.view import Explained
from clickstream.errors import ClickstreamError
from clickstream.metrics.explain.explanation import Explanation
from clickstream.metrics.explain.rows import Row


def explain_server(input: Inputs, state: PageState, raw_lines: RawLines) -> None:
    """Fill the panel."""
    found = state.explanation()
    lines: LiveResult[tuple[Explained, Row, RawLine]] = LiveResult()

    @render.ui
    def explained() -> TagChild:
        if not state.explained().panel:
            return None
        return content_or_failure(found, "The explanation", lambda outcome: sheet.explanation(*outcome, state.zone()))

    @reactive.effect
    @reactive.event(input.raw_line)
    def _read() -> None:
        target, row = state.explained(), _row_at(found.outcome(), input.raw_line())
        if row is None:
            return

        async def read() -> tuple[Explained, Row, RawLine]:
            return target, row, await state.run(lambda: raw_lines.read(row.object, row.line))

        lines.start((target, row.object, row.line), read)

    @render.ui
    def raw_line() -> TagChild:
        target = state.explained()
        shown = lines.outcome()
        if isinstance(shown, ClickstreamError) or shown[0] != target:
            return None
        return sheet.raw_line(shown[2], shown[1].object, shown[1].line)


def _row_at(outcome: tuple[Explained, Explanation | None] | ClickstreamError, chosen: object) -> Row | None:
    """Return the row that the browser chose: what it sends is not trusted."""
    if isinstance(outcome, ClickstreamError) or outcome[1] is None or outcome[1].rows is None:
        return None
    text = str(chosen.get("row", "")) if isinstance(chosen, dict) else ""
    sample = outcome[1].rows.sample
    return sample[int(text)] if text.isdecimal() and int(text) < len(sample) else None
