"""Clicks: tracked by attribute, by option and automatically. The contents of forms are never tracked."""

from __future__ import annotations

import json
from typing import Any

from tests.tracker.site import Visit

pytest_plugins = ["tests.dashboard.stage"]

BODY = """
<article data-cs-product-id="X1" data-cs-product-name="ThinkPad" data-cs-product-discount-price="9.50">
  <button id="add" data-cs-event="add_to_cart_click" data-cs-place="card" data-other="no"><b> Add
     to cart </b></button>
</article>
<a id="out" href="https://elsewhere.example/path?q=1" onclick="return false">Elsewhere</a>
<a id="in" href="#in">Inside</a>
<div id="form">Name <input id="input" value="Secret One"> <textarea id="area">Secret Two</textarea>
  <select><option>Secret Three</select></div>
<div id="note" contenteditable>Secret Four</div>
<section data-cs-ignore><button id="ignored" data-cs-event="ignored">Secret Five</button></section>
<p id="emoji">😀😀</p>
"""
LABELS = """
<label id="wish" data-cs-event="wishlist_toggle"><b>Wish</b><input id="box" type="checkbox"></label>
<label id="for" for="other">Other</label><input id="other" type="checkbox" data-cs-event="other_toggle">
<label id="prevented" data-cs-event="later_toggle" onclick="event.target.id === 'later' || event.preventDefault()">
  Later <input id="later" type="checkbox"></label>
"""
ELEMENT = "event_name, element_tag, element_id, element_text, element_dataset, context_product_id"


def clicked(visit: Visit, count: int) -> list[dict[str, Any]]:
    visit.wait_until_stored(count + 1)
    names = ELEMENT.split(", ")
    return [dict(zip(names, row, strict=True)) for row in visit.rows(ELEMENT, "event_name <> 'page_view'")]


def test_attributes_name_the_event_its_data_and_the_product_around_it(visit: Visit) -> None:
    visit.put(body=BODY)
    page = visit.open()
    page.click("#add b")
    for other in ("#in", "#input", "#ignored", "#emoji"):
        page.click(other)
    (click,) = clicked(visit, 1)
    assert click == {
        "event_name": "add_to_cart_click",
        "element_tag": "button",
        "element_id": "add",
        "element_text": "Add to cart",
        "element_dataset": '{"place":"card"}',
        "context_product_id": "X1",
    }
    assert visit.rows("context_product_name, context_product_discount_price", "element_id = 'add'")[0][0] == "ThinkPad"


def test_link_to_another_host_is_tracked_automatically(visit: Visit) -> None:
    visit.put(body=BODY)
    page = visit.open()
    page.click("#out")
    page.click("#in")
    (click,) = clicked(visit, 1)
    assert (click["event_name"], click["element_text"]) == ("click", "Elsewhere")
    ((properties,),) = visit.rows("properties", "event_name = 'click'")
    assert json.loads(properties) == {"outbound": "https://elsewhere.example/path?q=1"}


def test_link_in_an_svg_is_tracked_like_any_other(visit: Visit) -> None:
    link = '<a href="https://elsewhere.example/"><rect id="area" width="90" height="90" data-cs-event="drawn"/></a>'
    stay = "<script>addEventListener('click', (event) => event.preventDefault())</script>"
    visit.put(body=f'<svg width="100" height="100">{link}</svg>{stay}')
    page = visit.open()
    page.click("#area")
    (click,) = clicked(visit, 1)
    assert (click["event_name"], click["element_tag"], click["element_id"]) == ("drawn", "rect", "area")


def test_click_on_a_label_is_one_event(visit: Visit) -> None:
    """The browser repeats the click on the label's control, in the same turn of the event loop."""
    visit.put(body=LABELS)
    page = visit.open()
    for each in ("#wish b", "#wish b", "#box", "#box", "#for", "#other", "#prevented", "#later"):
        page.click(each)
        page.evaluate("new Promise((resolve) => setTimeout(resolve))")  # wait for the end of this turn
    clicks = [(click["event_name"], click["element_id"]) for click in clicked(visit, 8)]
    assert clicks == [
        *[("wishlist_toggle", "wish")] * 4,
        *[("other_toggle", "other")] * 2,
        *[("later_toggle", "prevented")] * 2,
    ]


def test_click_on_a_label_is_one_event_with_all_clicks_too_unless_its_control_names_another(visit: Visit) -> None:
    visit.put("data-clicks=all", f'{LABELS}<label id="plain">Plain <input type="checkbox"></label>')
    page = visit.open()
    for each in ("#plain", "#for"):
        page.click(each, position={"x": 2, "y": 2})
    clicks = [(click["event_name"], click["element_id"]) for click in clicked(visit, 3)]
    assert clicks == [("click", "plain"), ("click", "for"), ("other_toggle", "other")]


def test_all_clicks_are_tracked_by_option_without_the_contents_of_forms(visit: Visit) -> None:
    visit.put("data-clicks=all", BODY)
    page = visit.open()
    page.fill("#input", "Secret Six")
    for each in ("#input", "#area", "#note", "#ignored", "#emoji", "#in", "#add"):
        page.click(each)
    page.click("#form", position={"x": 2, "y": 2})
    page.evaluate("document.querySelector('#emoji').textContent = '\\ud83d' + '😀'.repeat(500)")
    page.click("#emoji", position={"x": 2, "y": 2})
    clicks = clicked(visit, 8)
    assert [click["element_id"] for click in clicks] == ["input", "area", "note", "emoji", "in", "add", "form", "emoji"]
    assert [click["element_text"] for click in clicks[:7]] == [None, None, None, "😀😀", "Inside", "Add to cart", None]
    assert clicks[7]["element_text"] == "\ufffd" + "😀" * 159
    mine = [event for event in visit.tracked.raw_events() if event["pageUrl"].startswith(visit.url())]
    assert "Secret" not in json.dumps(mine)
