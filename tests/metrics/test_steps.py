"""The text of steps: what it means, and that it is read as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.errors import QuestionError
from clickstream.metrics.rules.steps import ATTRIBUTES, read_steps, write_steps


@pytest.mark.parametrize(
    ("text", "event", "attribute", "value", "is_prefix"),
    [
        ("click", "click", None, "", False),
        ('"Add to cart"', "Add to cart", None, "", False),
        ("click[brand=Zed]", "click", "brand", "Zed", False),
        (' click [ category = "Lap tops, new" ] ', "click", "category", "Lap tops, new", False),
        ('click[brand="a ""b"""]', "click", "brand", 'a "b"', False),
        ("page_view[page_path=/p/*]", "page_view", "page_path", "/p/", True),
        ("page:/", None, "page_path", "/", False),
        ("page:/p/*", None, "page_path", "/p/", True),
        ("page:/*", None, "page_path", "/", True),
        ('page:"/a*"', None, "page_path", "/a*", False),
        ('page:"/a b"*', None, "page_path", "/a b", True),
        ("click[login_state=(none)]", "click", "login_state", "(none)", False),
    ],
)
def test_a_step_is_read(text: str, event: str | None, attribute: str | None, value: str, is_prefix: bool) -> None:
    (step,) = read_steps("start", text)
    assert (step.event, step.attribute, step.value, step.is_prefix) == (event, attribute, value, is_prefix)
    assert not step.is_purchase
    assert read_steps("start", step.label) == [step]


def test_purchase_is_not_an_event_name_unless_it_is_in_quotes() -> None:
    (step, event) = read_steps("steps", 'purchase, "purchase"', 2, 10)
    assert (step.is_purchase, step.event, event.is_purchase, event.event) == (True, None, False, "purchase")


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a,", "a]", "a[brand]", "a[brand=]", "a[colour=x]", 'a["brand"=x]', '"a', "a*", "page:", "page:*"],
)
def test_what_is_not_a_step_is_rejected(text: str) -> None:
    with pytest.raises(QuestionError) as caught:
        read_steps("steps", text, 1, 10)
    assert (caught.value.code, caught.value.parameter) == ("invalid_option", "steps")


names = st.text(min_size=1, max_size=8) | st.sampled_from(["purchase", "page:/a", 'a"b', "a*"])


@given(st.lists(st.tuples(names, st.sampled_from((None, *ATTRIBUTES)), names), min_size=1, max_size=4))
def test_steps_with_any_names_and_values_are_read_as_they_were_written(
    parts: list[tuple[str, str | None, str]],
) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    text = ",".join(quoted(name) + (f"[{part}={quoted(value)}]" if part else "") for name, part, value in parts)
    steps = read_steps("steps", text, 1, 4)
    assert [(step.event, step.attribute, step.value if step.attribute else "") for step in steps] == [
        (name, part, value if part else "") for name, part, value in parts
    ]
    assert read_steps("steps", write_steps(steps), 1, 4) == steps
