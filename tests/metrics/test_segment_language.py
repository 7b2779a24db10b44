"""Segments as text: what is read, and how invalid text is rejected."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream.errors import QuestionError
from clickstream.metrics.rules.filter_values import FilterValue, read_value, split_values
from clickstream.metrics.rules.steps import Step
from clickstream.metrics.segments.language import (
    MAX_CONDITIONS,
    AllOf,
    AnyOf,
    Did,
    Field,
    Not,
    Rule,
    Span,
    Spent,
    read_segment,
)

PURCHASE = Step("purchase")
DE = Field("country", "=", "DE")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("did(purchase)", Did(PURCHASE)),
        (" did ( purchase , >= 2 , 30d ) ", Did(PURCHASE, ">=", 2, Span(days=30))),
        ("did(purchase, range)", Did(PURCHASE, span=Span(is_range=True))),
        ("did(purchase, = 0, ever)", Did(PURCHASE, "=", 0)),
        (
            "did(purchase,<3,2026-01-01..2026-02-01)",
            Did(PURCHASE, "<", 3, Span(dates=(date(2026, 1, 1), date(2026, 2, 1)))),
        ),
        (
            'did(product_view[category = "Lamps, (old)"])',
            Did(Step('product_view[category = "Lamps, (old)"]', "product_view", "category", "Lamps, (old)")),
        ),
        ("did(page:/p/*)", Did(Step("page:/p/*", None, "page_path", "/p/", is_prefix=True))),
        ("spent(eur, > 49.90)", Spent("EUR", ">", Decimal("49.90"))),
        ("country=DE", DE),
        ('campaign != "two words"', Field("campaign", "!=", "two words")),
        ('campaign = "say ""hi"""', Field("campaign", "=", 'say "hi"')),
        ("medium = (none)", Field("medium", "=", "(none)")),
        ("sessions >= 2", Field("sessions", ">=", 2)),
        ("first_seen < 2026-03-01", Field("first_seen", "<", date(2026, 3, 1))),
        ("first_seen = range", Field("first_seen", "=", Span(is_range=True))),
        ("login_state = logged_in", Field("login_state", "=", "logged_in")),
        ("not country = DE", Not(DE)),
        ("country = DE or country = DE and not country = DE", AnyOf((DE, AllOf((DE, Not(DE)))))),
        ("(country = DE OR country = DE) AND country = DE", AllOf((AnyOf((DE, DE)), DE))),
        ("not ((country = DE))", Not(DE)),
    ],
    ids=str,
)
def test_a_segment_is_read(text: str, rule: Rule) -> None:
    assert read_segment(text) == rule


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a condition at character 1, found the end"),
        ("did(purchase", "expected ) at character 13, found the end"),
        ("did(purchase, 3)", "expected a comparison such as >= 2, or a period at character 15, found '3)'"),
        ("did(purchase, >= many)", "expected a whole number at character 18, found 'many)'"),
        ("did(purchase, >= 1, 0d)", "expected a period at character 21, found '0d)'"),
        ("did()", "expected a step at character 5, found ')'"),
        ("did(a[colour = red])", "expected a step (attribute 'colour' (expected"),
        ('did("abc', "expected a step at character 5"),
        ("did(page:/p/(x))", "expected ) at character 13, found '(x))'"),
        ("country > DE", "expected = or != at character 9, found '> DE'"),
        ("country DE", "expected a comparison at character 9, found 'DE'"),
        ('country = ""', "expected a value at character 11"),
        ("login_state = in", "expected logged_in, anonymous or (none) at character 15"),
        ("spent(euros, > 1)", "expected a currency such as EUR at character 7"),
        ("spent(EUR, > -1)", "expected an amount such as 100 or 49.90 at character 14"),
        ("first_seen = ever", "expected a day or a period other than ever at character 14"),
        ("first_seen > 30d", "expected a day such as 2026-01-01 at character 14"),
        ("first_seen = 2026-02-30", "expected a day such as 2026-01-01, or a period at character 14"),
        ("did(a, 2026-02-01..2026-02-01)", "expected a period whose second day is after its first at character 8"),
        ("age > 30", "expected did, spent or a field (channel,"),
        ("country = DE country = US", "expected and, or, or the end at character 14"),
        ("country = DE)", "expected and, or, or the end at character 13"),
        ("not not country = DE", "expected did, spent or a field"),
        ("(((country = DE)))", "expected at most 3 levels at character 3"),
        (" and ".join(["country = DE"] * (MAX_CONDITIONS + 1)), "expected at most 20 conditions at character 341"),
        ("x" * 2_001, "2,001 characters (expected at most 2,000)"),
        ("(" * 2_000, "expected at most 3 levels"),
        ("did([" + '"' * 1_500, "expected a step at character 5"),
        ("'; drop table hits; --", "expected a condition at character 1"),
    ],
    ids=lambda text: text[:30],
)
def test_invalid_text_is_rejected_with_its_place(text: str, why: str) -> None:
    with pytest.raises(QuestionError) as caught:
        read_segment(text)
    assert (caught.value.code, caught.value.parameter) == ("invalid_filter", "segment")
    assert caught.value.why.startswith(why)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from([*'did(purchase, >= 2)[]"\\!*.=', " and ", "not ", "country", "30d", "ä", "\0"])))
def test_any_text_is_a_rule_or_an_invalid_filter(parts: list[str]) -> None:
    with suppress(QuestionError):
        read_segment("".join(parts))


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("did(purchase, >= 2), !country = DE", ["did(purchase, >= 2)", "!country = DE"]),
        (r"did(purchase\, >= 2),country = DE", ["did(purchase, >= 2)", "country = DE"]),
        ('campaign = "a, b)",country = DE', ['campaign = "a, b)"', "country = DE"]),
        ("did(a[brand = x], 30d)", ["did(a[brand = x], 30d)"]),
        ("did(a, ", ["did(a,"]),
    ],
)
def test_commas_within_a_segment_do_not_end_it(written: str, values: list[str]) -> None:
    read = [read_value("segment", text) for text in split_values(written, "segment")]
    assert [("!" if value.is_excluded else "") + value.text for value in read] == values
    rewritten = ",".join(value.write() for value in read)
    assert [read_value("segment", text) for text in split_values(rewritten, "segment")] == read
    assert FilterValue(values[0]).write() in rewritten
