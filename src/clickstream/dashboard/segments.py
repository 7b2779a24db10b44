"""The filter by segment: its box in the filter menu, and rules in words.

In: the text of a rule. Out: HTML of the box, of what the server found about the text, and of examples to start from.
A rule is checked before it can be applied: the button appears with the number of its visitors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from htmltools import Tag, TagChild, tags

from clickstream.dashboard import formats
from clickstream.dashboard.panel import placeholder
from clickstream.dashboard.view import FILTERS, View
from clickstream.dashboard.words import in_words, step_in_words
from clickstream.errors import QuestionError
from clickstream.metrics.question import Question
from clickstream.metrics.rules.filter_values import FilterValue
from clickstream.metrics.segments.language import AllOf, AnyOf, Did, Field, Not, Rule, Span, Spent, read_segment

POPULATION = ("sample", "humans")
_HINT = "Pick an example and change it, or write a rule: who did what, how often, and when."
_COUNTS = {"=": "exactly", "!=": "not", "<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}


def examples(currency: str | None) -> dict[str, str]:
    """Return rules to start from: name -> text. currency: that of the amounts."""
    return {
        "Buyers": "did(purchase)",
        "Bought at least twice": "did(purchase, >= 2)",
        "Spent over 100": f"spent({currency or 'EUR'}, > 100)",
        "Came back": "sessions >= 2",
        "New in these days": "first_seen = range",
        "Added to cart, but did not buy": "did(add_to_cart_click, range) and not did(purchase, range)",
        "Bought before, but not lately": "did(purchase) and not did(purchase, 90d)",
        "First came by email": "channel = email",
    }


def segment_box() -> Tag:
    """Return the box of the filter menu: the rule, what is known about it, and examples."""
    text = tags.textarea(
        rows=3,
        maxlength=2000,
        spellcheck="false",
        autocomplete="off",
        placeholder="did(purchase, >= 2)",
        data_segment="",
        aria_describedby="segment_check",
    )
    return tags.div(
        tags.label(tags.span("Visitors who match this rule", class_="quiet"), text),
        placeholder("segment_check", class_="segment-check"),
        placeholder("segment_examples", class_="values"),
        class_="stack segment-box",
    )


def example_list(currency: str | None) -> Tag:
    """Return the examples; a click on one writes it into the box."""
    items = [
        tags.li(
            tags.button(
                tags.span(name), tags.code(text, class_="quiet"), type="button", value=text, data_action="segment"
            )
        )
        for name, text in examples(currency).items()
    ]
    return tags.ul(*items, class_="examples", aria_label="Examples")


def problem_of(text: str) -> QuestionError | None:
    """Return what is wrong with a rule; None for a valid one."""
    try:
        read_segment(text)
    except QuestionError as error:
        return error
    return None


def size_question(question: Question, text: str) -> Question:
    """Return the question how many visitors match: about all visitors of these days, whatever else is filtered."""
    kept = {name: values for name, values in question.filters.items() if name in POPULATION}
    return replace(question, filters={**kept, "segment": (FilterValue(text).write(),)}, compare="none")


def hint() -> Tag:
    """Return the text under an empty box."""
    return tags.p(_HINT, class_="quiet")


def problem(error: QuestionError) -> Tag:
    """Return what is wrong with the rule, and what to do."""
    parts = [f"{part[0].upper()}{part[1:]}." for part in (error.why, error.advice) if part]
    return tags.p(formats.safe_text(" ".join(parts)), class_="problem", role="alert")


def found(view: View, text: str, size: Mapping[str, Any]) -> TagChild:
    """Return the number of visitors of a valid rule, and the link that applies it."""
    visitors = f"{formats.exact(size['visitors'])} of {formats.exact(size['visitors_in_range'])} visitors in these days"
    ever = formats.exact(size["visitors_ever"])
    is_on = view.has_filter("segment", text)
    link = tags.a("Apply", href=view.toggle("segment", text).query(), class_="button", data_text=text)
    return tags.div(
        tags.p(tags.strong(visitors), f" match. All time: {ever}.", role="status"),
        tags.span("This filter is on", class_="quiet") if is_on else link,
    )


def segment_in_words(text: str) -> str:
    """Return a rule in words, safe to show; one that cannot be read as it is."""
    try:
        return formats.safe_text(_words(read_segment(text)))
    except QuestionError:
        return formats.safe_text(text)


def _words(rule: Rule) -> str:
    if isinstance(rule, Not):
        return f"not {_in_parentheses(rule.rule)}"
    if isinstance(rule, AllOf | AnyOf):
        word = " and " if isinstance(rule, AllOf) else " or "
        return word.join(map(_in_parentheses, rule.rules))
    if isinstance(rule, Did):
        how_often = "" if (rule.operator, rule.number) == (">=", 1) else f" {_COUNTS[rule.operator]} {rule.number}×"
        return f"{step_in_words(rule.step.label)}{how_often}{_when(rule.span)}"
    if isinstance(rule, Spent):
        return f"spent {_COUNTS[rule.operator]} {rule.amount} {rule.currency}{_when(rule.span)}"
    if isinstance(rule, Field):
        return _field_in_words(rule)
    assert_never(rule)


def _in_parentheses(rule: Rule) -> str:
    return f"({_words(rule)})" if isinstance(rule, AllOf | AnyOf) else _words(rule)


def _field_in_words(rule: Field) -> str:
    if rule.name == "sessions":
        return f"{_COUNTS[rule.operator]} {rule.value} sessions"
    if rule.name == "first_seen":
        if isinstance(rule.value, Span):
            return f"{'not ' if rule.operator == '!=' else ''}first seen{_when(rule.value)}"
        signs = {"=": "on", "!=": "not on", "<": "before", "<=": "up to", ">": "after", ">=": "since"}
        return f"first seen {signs[rule.operator]} {rule.value}"
    first = "" if rule.name == "login_state" else "first "
    word = " not" if rule.operator == "!=" else ""
    return f"{first}{FILTERS[rule.name].lower()}{word} {in_words(rule.name, str(rule.value))}"


def _when(span: Span) -> str:
    if span.is_range:
        return " in these days"
    if span.days is not None:
        return f" in the last {span.days} days" if span.days > 1 else " on the last day"
    if span.dates is not None:
        return f" from {span.dates[0]} to before {span.dates[1]}"
    return ""
