"""The steps of the funnel as links: each moves a step, removes it or adds one, by changing the address."""

from __future__ import annotations

from collections.abc import Sequence

from htmltools import Tag, TagChild, TagList, tags

from clickstream.dashboard import formats
from clickstream.dashboard.panel import placeholder
from clickstream.dashboard.view import View
from clickstream.dashboard.words import event_in_words, step_in_words
from clickstream.errors import QuestionError
from clickstream.metrics.behaviour.funnel import DEFAULT_STEPS
from clickstream.metrics.rules.steps import PURCHASE, Step, read_steps, write_steps

MIN_STEPS, MAX_STEPS = 2, 10
_EXAMPLES = "page:/cart, page:/p/*, product_view[category = Laptops]"


def chosen_steps(view: View) -> str:
    """Return the steps in the address as they are written there, by default those of a purchase."""
    return dict(view.options).get("steps", DEFAULT_STEPS)


def step_chips(view: View) -> TagChild:
    """Return the chosen steps in their order, and a link back to the default if there are others."""
    text = chosen_steps(view)
    reset = tags.a("Default steps", href=view.with_option(steps="").query(), class_="clear", data_key="steps-default")
    try:
        steps = read_steps("steps", text, 1, MAX_STEPS)
    except QuestionError:  # the funnel shows what is wrong with them
        return reset
    chips = [_chip(view, steps, place) for place in range(len(steps))]
    return TagList(tags.ol(*chips, class_="step-chips"), None if text == DEFAULT_STEPS else reset)


def add_menu(values_id: str) -> Tag:
    """Return the menu that adds a step. values_id: the output with the events to choose from."""
    search = tags.input(type="search", placeholder="Search", aria_label="Search events", data_search="")
    other = tags.input(name="value", placeholder="page:/cart", required=True, title=_EXAMPLES)
    form = tags.form(
        tags.label("Another page or event", other),
        tags.button("Add", class_="button"),
        data_append="steps",
        data_fallback=DEFAULT_STEPS,
    )
    body = tags.div(search, placeholder(values_id, class_="values"), form, class_="menu-body stack")
    return tags.details(tags.summary("Add step", class_="button", data_key="add-step"), body, class_="menu add-step")


def step_values(view: View, events: Sequence[tuple[str, int]]) -> Tag:
    """Return the events of these days as links that add one as the last step; orders are the first of them."""
    links = [_add_link(view, PURCHASE, step_in_words(PURCHASE), None)]
    for name, count in events:
        quoted = name.replace('"', '""')
        (step,) = read_steps("step", f'"{quoted}"')  # with a label in its shortest form
        links.append(_add_link(view, step.label, event_in_words(name), count))
    return tags.ul(*links)


def _add_link(view: View, label: str, words: str, count: int | None) -> Tag:
    number = None if count is None else formats.short(count)
    title = None if count is None else f"{formats.exact(count)} events"
    return tags.li(
        tags.a(
            tags.span(formats.cut(words), class_="text", title=formats.safe_text(label)),
            tags.span(number, class_="quiet number", title=title),
            href=_with_steps(view, f"{chosen_steps(view)},{label}"),
            data_key=f"add-{label}",
        )
    )


def _chip(view: View, steps: Sequence[Step], place: int) -> Tag:
    name = step_in_words(steps[place].label)
    earlier = [*steps[: place - 1], steps[place], steps[place - 1], *steps[place + 1 :]] if place else None
    without = [*steps[:place], *steps[place + 1 :]] if len(steps) > MIN_STEPS else None
    return tags.li(
        tags.span(formats.cut(name), class_="text", title=formats.safe_text(steps[place].label)),
        _chip_link(view, earlier, "←", f"Move {name} one step earlier", f"earlier-{place}"),
        _chip_link(view, without, "×", f"Remove {name}", f"remove-{place}"),
        class_="chip",
    )


def _chip_link(view: View, steps: Sequence[Step] | None, sign: str, title: str, key: str) -> TagChild:
    if steps is None:
        return None
    mark = tags.span(sign, aria_hidden="true")
    return tags.a(
        mark, href=_with_steps(view, write_steps(steps)), class_="cross", title=title, aria_label=title, data_key=key
    )


def _with_steps(view: View, steps: str) -> str:
    return view.with_option(steps="" if steps == DEFAULT_STEPS else steps).query()
