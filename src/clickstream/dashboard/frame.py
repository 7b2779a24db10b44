"""What stands around every page: top bar, row of filters, and word of the sample.

In: the view of one browser. Out: HTML. The parts that follow the address without new data (tabs, lists of
choices, the theme) are kept in step by static/dashboard.js.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from htmltools import HTML, Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.loads import Heartbeat, Pulse
from clickstream.dashboard.panel import choice, place
from clickstream.dashboard.view import COMPARES, FILTERS, PAGES, PERIODS, Days, View, zones

DOT_TEXT = "Green: the loader finished a pass in the last 2 minutes. Amber: in the last 90 minutes. Red: longer ago."
_WAREHOUSE = tags.span("Warehouse ", class_="wide-only")  # left out where there is no room for it
_MODES = {"auto": "Sample automatic", "include": "Sample included", "only": "Sample only"}


def top_bar(view: View) -> Tag:
    """Product name, tabs, age of the data, theme."""
    tabs = [
        tags.a(
            label,
            href=View(page=page).query(),
            data_page=page,
            aria_current="page" if page == view.page else None,
        )
        for page, label in PAGES.items()
    ]
    theme = tags.button(
        tags.span(class_="theme-icon", aria_hidden="true"),
        type="button",
        data_act="theme",
        class_="icon-button",
        title="Light or dark",
        aria_label="Switch between light and dark",
    )
    name = tags.a(
        tags.img(src="static/favicon.svg", alt="", width=20, height=20), "Clickstream", href="?", class_="name"
    )
    bar = tags.div(
        name, tags.nav(*tabs, aria_label="Pages"), place("freshness", class_="freshness"), theme, class_="wrap"
    )
    return tags.header(bar, class_="top")


def filter_row(view: View, zone: str) -> Tag:
    """The sticky row: days, comparison, zone, chips, and the menu that adds a filter. `zone`: the warehouse's own."""
    compares = {"" if key == "previous" else key: f"vs {text.lower()}" for key, text in COMPARES.items()}
    compares["none"] = COMPARES["none"]
    compare = "" if view.compare == "previous" else view.compare
    return tags.section(
        tags.div(
            place("dates", tags.div(class_="skeleton button-skeleton"), class_="dates"),
            choice("compare", "Compare with", compares, compare),
            _zone_choice(zone),
            place("chips", class_="chips"),
            place("hidden_bots", class_="hidden-bots quiet"),
            _add_filter(),
            class_="wrap",
        ),
        class_="filters",
        aria_label="Filters",
    )


def dates_menu(view: View, shown: Days) -> Tag:
    """The button that says which days are on screen, with presets and a range of one's own behind it."""
    name = PERIODS.get(view.period, "")
    if not name and view.days is None:
        name = PERIODS["30d"] if (shown.end - shown.first).days == 30 else PERIODS["all"]
    text = formats.days(shown.first, shown.last)
    presets = [
        tags.a(
            label,
            href=replace(view, period=period, days=None).query(),
            aria_current="true" if period == view.period else None,
        )
        for period, label in PERIODS.items()
    ]
    form = tags.form(
        _day_field("First day", "from", shown.first.isoformat()),
        _day_field("Last day", "last", shown.last.isoformat()),
        tags.button("Show these days", class_="button"),
    )
    label = tags.summary(tags.strong(name) if name else None, tags.span(text), class_="button", data_key="dates")
    return tags.details(label, tags.div(tags.div(*presets, class_="list"), form, class_="menu-body"), class_="menu")


def chips(view: View) -> TagList:
    """The filters that are on, each with a way to remove it."""
    items: list[TagChild] = [
        tags.a(
            tags.span(f"{FILTERS[name]}: ", class_="quiet"),
            _value(name, value),
            tags.span("×", class_="cross", aria_hidden="true"),
            href=view.toggle(name, value).query(),
            class_="chip",
            data_key=f"chip-{name}-{value}",
            title="Remove this filter",
        )
        for name, value in view.filters
    ]
    if view.sample != "auto":
        off = replace(view, sample="auto").query()
        cross = tags.span("×", class_="cross", aria_hidden="true")
        items.append(tags.a(_MODES[view.sample], cross, href=off, class_="chip", title="Back to automatic"))
    people = tags.a(
        "People only",
        tags.span("×", class_="cross", aria_hidden="true") if view.humans else None,
        href=replace(view, humans=not view.humans).query(),
        class_="chip" if view.humans else "toggle",
        role="button",
        aria_pressed="true" if view.humans else "false",
        data_key="people",
        title="Count bots again" if view.humans else "Leave out visits of bots",
    )
    if view.humans:
        items.append(people)
    if len(items) > 1:
        items.append(tags.a("Clear all", href=cleared(view).query(), class_="clear"))
    return TagList(*items) if view.humans else TagList(*items, people)


def hidden_bots(count: int) -> TagChild:
    """Beside the chip that leaves out bots: how many events it hides."""
    text = f"{formats.exact(count)} bot event{'' if count == 1 else 's'} hidden"
    return tags.span(text, title="Events in these days that would count as well, were they not of bots")


def cleared(view: View) -> View:
    """The view without any filter."""
    return replace(view, filters=(), sample="auto", humans=False)


def filter_values(view: View, name: str, values: Sequence[tuple[str, int]]) -> Tag:
    """The values of one dimension to filter by, each with its number of events."""
    if not values:
        return tags.p(f"No {FILTERS[name].lower()} in these days.", class_="quiet")
    items = [
        tags.li(
            tags.a(
                tags.span("✓" if (name, value) in view.filters else "", class_="tick"),
                tags.span(_value(name, value), class_="text"),
                tags.span(formats.short(count), class_="quiet number", title=f"{formats.exact(count)} events"),
                href=view.toggle(name, value).query(),
                data_key=f"value-{value}",
                aria_pressed="true" if (name, value) in view.filters else "false",
                role="button",
            )
        )
        for value, count in values
    ]
    return tags.ul(*items)


def freshness(pulse: Pulse | None, beat: Heartbeat) -> TagChild:
    """How old the data is; the dot says whether the loader is alive."""
    if beat.failure:
        return tags.span(tags.i(class_="dot", data_level="dead"), _WAREHOUSE, "not readable", title=str(beat.failure))
    if pulse is None:
        return None
    seen = beat.seen_at.isoformat() if beat.seen_at else ""
    dot = Tag("live-dot", class_="dot", datetime=seen)
    if pulse.loaded_at is None:
        return tags.span(dot, "No load yet", title=DOT_TEXT)
    age = Tag("time-ago", datetime=pulse.loaded_at.isoformat())
    return tags.span(dot, tags.span("Last load ", class_="wide-only"), age, title=DOT_TEXT)


def late_loader(beat: Heartbeat) -> Tag:
    """Over a page whose figures are old because nothing is loaded now: since when, why, and what to do."""
    since = (
        TagList(" since ", Tag("time-ago", datetime=beat.seen_at.isoformat(), _add_ws=False)) if beat.seen_at else ""
    )
    cause = f" The loader says: {beat.trouble}." if beat.trouble else ""
    return tags.p(
        tags.strong("New events are not being loaded", since, "."),
        f"{cause} What the collector takes meanwhile is kept, and is loaded once this is mended. ",
        "DATA/logs/owner.log says more; ",
        tags.code("clickstream check"),
        " counts what waits.",
        class_="banner late-banner",
        role="alert",
    )


def sample_banner(view: View, sample: Mapping[str, object], collector_url: str) -> TagChild:
    """One line on the sample: that it is one and how to send events, or that it is hidden and how to see it."""
    if sample.get("is_hidden"):
        link = tags.a("Include it", href=replace(view, sample="include").query())
        return tags.p("Sample data is hidden since your own events have arrived. ", link, class_="banner quiet-banner")
    if not sample.get("is_present"):
        return None
    text = "This is sample data: real clicks in a shop for maternity wear, April to August 2008 (UCI, CC BY 4.0). "
    return tags.div(
        tags.span(text),
        tags.details(tags.summary("Send your own events"), send_line(collector_url), class_="inline"),
        class_="banner",
    )


def no_data(collector_url: str) -> Tag:
    """In place of a page when the warehouse holds no event."""
    return tags.div(
        tags.h1("No events yet"),
        tags.p("Nothing has been loaded. Send a first event; it shows here within seconds:"),
        send_line(collector_url),
        class_="no-data panel",
    )


def no_match(view: View, days: Days) -> Tag:
    """Over a page whose days hold no event that passes the filters."""
    text = f"No events in {formats.days(days.first, days.last)}"
    if view.filters or view.humans:
        link = tags.a("Clear filters", href=cleared(view).query())
        return tags.p(f"{text} match these filters. ", link, class_="banner")
    link = tags.a("Show all days with data", href=replace(view, period="all", days=None).query())
    return tags.p(f"{text}. ", link, class_="banner")


def stale() -> Tag:
    """Under word of a warehouse that cannot be read."""
    return tags.p("Figures on this page are the last that could be read.", class_="quiet")


def send_line(collector_url: str) -> Tag:
    """The command that sends a first event."""
    line = (
        f"curl {collector_url}/clickstream -H 'Content-Type: application/json' "
        """-d '{"eventName": "page_view", "clientId": "me", "pageUrl": "https://shop.example/"}'"""
    )
    copy = tags.button("Copy", type="button", class_="button", data_act="copy")
    return tags.div(tags.code(line), copy, class_="command")


def lost_bar() -> Tag:
    """Said by the browser itself when the server is gone."""
    text = "The dashboard's server does not answer. These figures are the last it sent; the page returns by itself."
    return tags.p(text, id="lost", class_="banner lost", role="alert", hidden=True)


def _add_filter() -> Tag:
    first = next(iter(FILTERS))
    dimensions = [
        tags.button(
            label, type="button", value=name, data_act="dimension", aria_pressed="true" if name == first else "false"
        )
        for name, label in FILTERS.items()
    ]
    search = tags.input(type="search", placeholder="Search", aria_label="Search values", data_search="")
    body = tags.div(
        tags.div(*dimensions, class_="list dimensions"),
        tags.div(search, place("filter_values", class_="values"), class_="stack"),
        class_="menu-body split",
    )
    return tags.details(tags.summary("Add filter", class_="button"), body, class_="menu", id="add-filter")


def _day_field(label: str, name: str, value: str) -> Tag:
    return tags.label(label, tags.input(type="date", name=name, value=value, required=True))


def _value(name: str, value: str) -> TagChild:
    """A filter's value as it is read: country codes by name, a negation as "not"."""
    positive = value.removeprefix("!")
    text: TagChild = Tag("region-name", positive) if name == "country" else formats.cut(positive)
    return TagList("not ", text) if value.startswith("!") else text


@cache
def _zone_choice(zone: str) -> HTML:
    """All zones of places, and UTC; old spellings and fixed offsets are left out. Written once: it is long."""
    old = ("Etc/", "US/", "SystemV/", "posix", "right")
    places = sorted(name for name in zones() if "/" in name and not name.startswith(old))
    names = {name: name for name in ("UTC", *places) if name != zone}
    return HTML(choice("tz", "Time zone", {"": zone, **names}))
