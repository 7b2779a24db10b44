"""The HTML document around the pages. It replaces Shiny's own, which loads files that the dashboards do not use.

In: the view of a request's address. Out: the document with all pages, of which the requested one is visible, ready to
be filled over the websocket.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from htmltools import TagChild, TagList, tags
from shiny import ui
from shiny.ui._page import PageHtmlDocument

from clickstream.dashboard.view import EXPLAINED, OPTIONS, PAGES, View

STATIC = Path(__file__).parent / "static"
_SCRIPTS = ("echarts.js", "echart.js", "dashboard.js")
_SHINY = '<meta name="shiny-dependency-placeholder" content="">'
# Runs before the first paint; later the wrong theme would be visible for a moment.
_THEME = "const theme = localStorage.getItem('theme'); if (theme) document.documentElement.dataset.theme = theme;"


def document(view: View, frame: TagChild, pages: Mapping[str, TagChild]) -> PageHtmlDocument:
    """Return the document for `view`: `frame`, then the pages, all except the requested one hidden."""
    sections = [
        tags.div(content, class_="page", data_page=name, hidden=None if name == view.page else True)
        for name, content in pages.items()
    ]
    skip = tags.a("Skip to main content", href="#content", class_="skip")
    body = TagList(skip, frame, tags.main(*sections, id="content", class_="wrap", tabindex="-1"))
    head = TagList(
        tags.meta(charset="utf-8"),
        tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
        tags.title(f"{PAGES[view.page]} · Clickstream"),
        tags.link(rel="icon", type="image/svg+xml", href=_address("favicon.svg")),
        tags.script(_THEME),
    )
    own = TagList(
        ui.busy_indicators.use(spinners=False, pulse=False, fade=False),
        tags.link(rel="stylesheet", href=_address("dashboard.css")),
        *(tags.script(src=_address(name), defer=True) for name in _SCRIPTS),
    )
    options = " ".join((*OPTIONS, *EXPLAINED))  # those that a link to another page leaves out
    return ui.page_html(
        f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n{_SHINY}\n{own}\n</head>\n'
        f'<body data-options="{options}">\n{body}\n</body>\n</html>'
    )


@cache
def _address(name: str) -> str:
    """Return the address of a static file with its content's hash: a new page never runs with a cached old script."""
    return f"static/{name}?{sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"
