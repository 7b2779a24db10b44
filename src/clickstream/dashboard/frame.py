"""The frame around every page: top bar, filter row, and banners.

In: the view of one browser. Out: HTML. static/dashboard.js updates the parts that depend on the address alone (tabs,
select boxes, theme).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache

from htmltools import HTML, Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.answers.loads import LoaderStatus, Snapshot
from clickstream.dashboard.panel import choice, command, placeholder
from clickstream.dashboard.segments import problem, problem_of, segment_box, segment_in_words
from clickstream.dashboard.view import (
    ALL_FILTERS,
    COMPARES,
    FILTERS,
    PAGES,
    PERIOD_KEYS,
    PERIODS,
    Days,
    View,
    neighbour,
    zones,
)
from clickstream.dashboard.words import in_words
from clickstream.metrics.rules.filter_values import read_value

DOT_TEXT = "Green: the loader finished a pass in the last 2 minutes. Amber: in the last 90 minutes. Red: longer ago."
_WAREHOUSE = tags.span("Warehouse ", class_="wide-only")  # hidden on narrow screens
MAX_SEGMENT_LENGTH = 60  # characters of a segment on its chip
_SAMPLE_CHIPS = {"include": "Sample data included", "only": "Sample data only"}


def top_bar(view: View, pages: Collection[str]) -> Tag:
    """Return the bar with product name, tabs for `pages`, age of the data, and theme button."""
    tabs = [
        tags.a(
            label,
            href=View(page=page).query(),
            data_page=page,
            aria_current="page" if page == view.page else None,
        )
        for page, label in PAGES.items()
        if page in pages
    ]
    theme = tags.button(
        tags.span(class_="theme-icon", aria_hidden="true"),
        type="button",
        data_action="theme",
        class_="icon-button",
        title="Switch between light and dark theme",
        aria_label="Switch between light and dark theme",
    )
    name = tags.a(
        tags.img(src="static/favicon.svg", alt="", width=20, height=20), "Clickstream", href="?", class_="name"
    )
    bar = tags.div(
        name, tags.nav(*tabs, aria_label="Pages"), placeholder("freshness", class_="freshness"), theme, class_="wrap"
    )
    return tags.header(bar, class_="top")


def filter_row(view: View, zone: str) -> Tag:
    """Return the sticky row: days, comparison, zone, filter chips, and the menu to add a filter. zone: the default."""
    compares = {"" if key == "previous" else key: f"vs {text.lower()}" for key, text in COMPARES.items()}
    compares["none"] = COMPARES["none"]
    compare = "" if view.compare == "previous" else view.compare
    return tags.section(
        tags.div(
            placeholder("dates", tags.div(class_="skeleton button-skeleton"), class_="dates"),
            choice("compare", "Compare with", compares, compare),
            _zone_choice(zone),
            placeholder("chips", class_="chips"),
            placeholder("hidden_bots", class_="hidden-bots quiet"),
            _add_filter(),
            class_="wrap",
        ),
        class_="filters",
        aria_label="Filters",
    )


def dates_menu(view: View, shown: Days, today: date) -> TagList:
    """Return the button that shows the days on screen and opens a menu of presets and a custom range.

    Beside it: buttons to the period before and after, which has the same number of days.
    """
    name = PERIODS.get(view.period, "")
    if not name and view.days is None:
        name = PERIODS["30d"] if (shown.end - shown.first).days == 30 else PERIODS["all"]
    text = formats.days(shown.first, shown.last)
    presets = [
        tags.a(
            label,
            _key(PERIOD_KEYS.get(period, "")),
            href=replace(view, period=period, days=None).query(),
            aria_current="true" if period == view.period else None,
        )
        for period, label in PERIODS.items()
    ]
    all_keys = tags.button("All keys", _key("?"), type="button", data_action="keys", class_="wide-only")
    form = tags.form(
        _day_field("First day", "from", shown.first.isoformat()),
        _day_field("Last day", "last", shown.last.isoformat()),
        tags.button("Apply", class_="button"),
    )
    label = tags.summary(tags.strong(name) if name else None, tags.span(text), class_="button", data_key="dates")
    body = tags.div(tags.div(*presets, all_keys, class_="list"), form, class_="menu-body")
    return TagList(
        _step(view, "previous", neighbour(shown, -1, today)),
        tags.details(label, body, class_="menu"),
        _step(view, "next", neighbour(shown, 1, today)),
    )


def keys_dialog() -> Tag:
    """Return the dialog that lists the keys, closed at first."""
    keys = {key: PERIODS[period] for period, key in PERIOD_KEYS.items()}
    keys |= {"p": "Previous period of the same length", "n": "Next period", "?": "This list", "Esc": "Close a menu"}
    rows = [tags.tr(tags.th(tags.kbd(key), scope="row"), tags.td(text)) for key, text in keys.items()]
    return tags.dialog(
        tags.h2("Keys", id="keys-title"),
        tags.table(tags.tbody(*rows)),
        tags.p("Keys do nothing while you type in a field.", class_="quiet"),
        tags.div(
            tags.button("Turn keys off", type="button", class_="button", data_action="keys-off", aria_pressed="false"),
            tags.button("Close", type="button", class_="button", data_action="close", autofocus=True),
            class_="more",
        ),
        id="keys",
        aria_labelledby="keys-title",
    )


def chips(view: View) -> TagList:
    """Return the active filters; a click on one removes it."""
    items: list[TagChild] = [
        tags.a(
            tags.span(f"{ALL_FILTERS[name]}: ", class_="quiet"),
            _filter_text(name, value),
            tags.span("×", class_="cross", aria_hidden="true"),
            href=view.without_filter(name, value).query(),
            class_="chip",
            data_key=f"chip-{name}-{value}",
            title=_chip_title(name, value),
        )
        for name, value in view.filters
    ]
    if view.sample != "auto":
        off = replace(view, sample="auto").query()
        cross = tags.span("×", class_="cross", aria_hidden="true")
        title = "Remove: sample data is hidden once your own events arrive"
        items.append(tags.a(_SAMPLE_CHIPS[view.sample], cross, href=off, class_="chip", title=title))
    people = tags.a(
        "People only",
        tags.span("×", class_="cross", aria_hidden="true") if view.humans else None,
        href=replace(view, humans=not view.humans).query(),
        class_="chip" if view.humans else "toggle",
        role="button",
        aria_pressed="true" if view.humans else "false",
        data_key="people",
        title="Include bots again" if view.humans else "Exclude visits by bots",
    )
    if view.humans:
        items.append(people)
    if len(items) > 1:
        items.append(tags.a("Clear all", href=cleared(view).query(), class_="clear"))
    rules = [value for name, value in view.filters if name == "segment"]
    problems = [problem(error) for rule in rules if (error := problem_of(rule)) is not None]
    return TagList(*items, *problems) if view.humans else TagList(*items, people, *problems)


def hidden_bots(count: int) -> TagChild:
    """Return how many events the chip "People only" hides."""
    text = f"{formats.exact(count)} bot event{'' if count == 1 else 's'} hidden"
    return tags.span(text, title="Events by bots that match these days and filters")


def cleared(view: View) -> View:
    """Return the view without filters."""
    return replace(view, filters=(), sample="auto", humans=False)


def filter_values(view: View, name: str, values: Sequence[tuple[str, int]]) -> Tag:
    """Return the values of one dimension to filter by, each with its number of events."""
    if not values:
        return tags.p("No values in these days.", class_="quiet")
    items = [
        tags.li(
            tags.a(
                tags.span("✓" if view.has_filter(name, value) else "", class_="tick"),
                tags.span(_value_text(name, value), class_="text", title=formats.safe_text(value)),
                tags.span(formats.short(count), class_="quiet number", title=f"{formats.exact(count)} events"),
                href=view.toggle(name, value).query(),
                data_key=f"value-{value}",
                aria_pressed="true" if view.has_filter(name, value) else "false",
                role="button",
            )
        )
        for value, count in values
    ]
    return tags.ul(*items)


def freshness(view: View, snapshot: Snapshot | None, status: LoaderStatus) -> TagChild:
    """Return the age of the data, which links to Data health; the dot's colour shows whether the loader is running."""
    if status.failure:
        dot = tags.i(class_="dot", data_level="dead")
        return _to_data_health(view, str(status.failure), dot, _WAREHOUSE, "not readable")
    if snapshot is None:
        return None
    seen = status.seen_at.isoformat() if status.seen_at else ""
    dot = Tag("live-dot", class_="dot", datetime=seen)
    if snapshot.loaded_at is None:
        return _to_data_health(view, DOT_TEXT, dot, "No data yet")
    age = Tag("time-ago", datetime=snapshot.loaded_at.isoformat())
    return _to_data_health(view, DOT_TEXT, dot, tags.span("Loaded ", class_="wide-only"), age)


def _to_data_health(view: View, title: str, *content: TagChild) -> Tag:
    page = "data-health"
    href = replace(view, page=page, options=()).query()
    return tags.a(*content, href=href, title=title, data_page=page, data_key="freshness")


def late_loader(status: LoaderStatus) -> Tag:
    """Return the banner above outdated figures: when the loader last ran, why it fails, and what to do."""
    ran = (
        TagList(" The last pass finished ", Tag("time-ago", datetime=status.seen_at.isoformat(), _add_ws=False), ".")
        if status.seen_at
        else ""
    )
    cause = f" The loader reports: {formats.safe_text(status.trouble)}." if status.trouble else ""
    log = TagList(tags.code("logs/owner.log"), " in the data directory")
    return tags.p(
        tags.strong("New events are not being loaded."),
        ran,
        f"{cause} The collector still stores incoming events; they will be loaded once this is fixed. See ",
        "the log of the process that loads" if status.is_elsewhere else log,
        " for details; ",
        tags.code("clickstream check"),
        " shows how many events are waiting.",
        class_="banner late-banner",
        role="alert",
    )


def sample_banner(view: View, sample: Mapping[str, object], collector_url: str) -> TagChild:
    """Return the banner about sample data: how to send events while it is shown, how to show it while it is hidden."""
    if sample.get("is_hidden"):
        link = tags.a("Show it", href=replace(view, sample="include").query())
        return tags.p("Sample data is hidden because you have events of your own. ", link, class_="banner quiet-banner")
    if not sample.get("is_present"):
        return None
    text = "This is sample data: real clicks in a maternity wear shop, April to August 2008 (UCI, CC BY 4.0). "
    return tags.div(
        tags.span(text),
        tags.details(tags.summary("Send your own events"), curl_command(collector_url), class_="inline"),
        class_="banner",
    )


def no_data(collector_url: str) -> Tag:
    """Return the content of a page when the warehouse has no events."""
    return tags.div(
        tags.h1("No events yet"),
        tags.p("Send your first event; it appears here within seconds:"),
        curl_command(collector_url),
        class_="no-data panel",
    )


def no_match(view: View, days: Days) -> Tag:
    """Return the banner of a page without matching events."""
    shown = formats.days(days.first, days.last)
    if view.filters or view.humans:
        link = tags.a("Clear filters", href=cleared(view).query())
        return tags.p(f"No events match these filters ({shown}). ", link, class_="banner")
    link = tags.a("Show all days with data", href=replace(view, period="all", days=None).query())
    return tags.p(f"No events in this period ({shown}). ", link, class_="banner")


def building_note(done: int, total: int) -> Tag:
    """Return the banner while the mart is built for the first time: figures appear when it is done."""
    share = f" {100 * done // total} % of {total:,} events are read." if total else ""
    text = f"{share} This page shows the figures as soon as they are ready."
    return tags.p(tags.strong("Preparing the figures."), text, class_="banner quiet-banner")


def stale_note() -> Tag:
    """Return the note below the message that the warehouse cannot be read."""
    return tags.p("This page shows the last figures that could be read.", class_="quiet")


def curl_command(collector_url: str) -> Tag:
    """Return the command that sends a first event."""
    line = (
        f"curl {collector_url}/clickstream -H 'Content-Type: application/json' "
        """-d '{"eventName": "page_view", "clientId": "me", "pageUrl": "https://shop.example/"}'"""
    )
    return command(line)


def disconnected_bar() -> Tag:
    """Return the banner that the browser shows while the server does not respond."""
    text = "The dashboard server does not respond. The figures below may be outdated. Reconnecting…"
    return tags.p(text, id="disconnected", class_="banner disconnected", role="alert", hidden=True)


def _key(key: str) -> Tag | None:
    return tags.kbd(key, aria_hidden="true") if key else None


def _step(view: View, name: str, days: Days | None) -> Tag:
    """Return the button to the period before or after. days: None if there is none."""
    title = f"{name.capitalize()} period"
    arrow = tags.span("‹" if name == "previous" else "›", aria_hidden="true")
    look = {"class_": "button step", "data_step": name, "data_key": f"step-{name}", "aria_label": title}
    if days is None:
        return tags.a(arrow, role="link", aria_disabled="true", title=f"{title}: in the future", **look)
    href = replace(view, period="", days=days).query()
    return tags.a(arrow, href=href, title=f"{title}: {formats.days(days.first, days.last)}", **look)


def _add_filter() -> Tag:
    first = next(iter(FILTERS))
    dimensions = [
        tags.button(
            label, type="button", value=name, data_action="dimension", aria_pressed="true" if name == first else "false"
        )
        for name, label in {**FILTERS, "segment": ALL_FILTERS["segment"]}.items()
    ]
    search = tags.input(type="search", placeholder="Search", aria_label="Search values", data_search="")
    body = tags.div(
        tags.div(*dimensions, class_="list dimensions"),
        tags.div(search, placeholder("filter_values", class_="values"), class_="stack value-box"),
        segment_box(),
        class_="menu-body split",
    )
    return tags.details(tags.summary("Add filter", class_="button"), body, class_="menu", id="add-filter")


def _day_field(label: str, name: str, value: str) -> Tag:
    return tags.label(label, tags.input(type="date", name=name, value=value, required=True))


def _filter_text(name: str, value: str) -> TagChild:
    """Return the text of a filter: an excluded value follows "not"."""
    read = read_value(name, value)
    text = _value_text(name, read.text)
    return TagList("not ", text) if read.is_excluded else text


def _chip_title(name: str, value: str) -> str:
    """Return what a click on the chip does; of a segment also the rule, which the chip shortens."""
    if name != "segment":
        return "Remove this filter"
    return f"{formats.safe_text(read_value(name, value).text)}: remove this filter"


def _value_text(name: str, text: str) -> TagChild:
    """Return a value for display: in words, a country by its name."""
    if name == "segment":
        return formats.cut(segment_in_words(text), MAX_SEGMENT_LENGTH)
    shown = formats.cut(in_words(name, text))
    return Tag("region-name", shown) if name == "country" else shown


@cache
def _zone_choice(zone: str) -> HTML:
    """Return the select box of UTC and all regional zones, without outdated names. Cached: it is long."""
    outdated = ("Etc/", "US/", "SystemV/", "posix", "right")
    regional = sorted(name for name in zones() if "/" in name and not name.startswith(outdated))
    names = {name: name for name in ("UTC", *regional) if name != zone}
    return HTML(choice("tz", "Time zone", {"": zone, **names}))
