"""The user agent of an event that another program sends: its device and its bot score are those of the visitor."""

from __future__ import annotations

from typing import Any

from tests.etl.pipeline import Pipeline, received

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LIBRARY, IMPORTER = "python-requests/2.32", "clickstream-import/1"
COLUMNS = "browser, device_type, is_bot, bot_score is null as is_unjudged, field_errors"

CASES: dict[str, tuple[dict[str, Any], str, tuple[Any, ...]]] = {
    "header only": ({}, FIREFOX, ("Firefox", "desktop", False, False, None)),
    "forwarded by a server": ({"userAgent": IPHONE}, LIBRARY, ("Safari", "mobile", False, False, None)),
    "in snake_case": ({"user_agent": IPHONE}, LIBRARY, ("Safari", "mobile", False, False, None)),
    "forwarded crawler": ({"userAgent": GOOGLEBOT}, LIBRARY, (None, None, True, False, None)),
    "declared as server": (
        {"userAgent": IPHONE, "identitySource": "server"},
        LIBRARY,
        ("Safari", "mobile", False, True, None),
    ),
    "imported": ({"userAgent": IPHONE}, IMPORTER, ("Safari", "mobile", False, True, None)),
    "imported crawler": ({"userAgent": GOOGLEBOT}, IMPORTER, (None, None, False, True, None)),
    "empty": ({"userAgent": ""}, FIREFOX, ("Firefox", "desktop", False, False, None)),
    "wrong type": ({"userAgent": {"a": 1}}, FIREFOX, ("Firefox", "desktop", False, False, "userAgent")),
    "a boolean": ({"userAgent": True}, FIREFOX, ("Firefox", "desktop", False, False, "userAgent")),
}


def test_own_user_agent_of_an_event_replaces_that_of_its_sender(pipeline: Pipeline) -> None:
    for name, (fields, sender, _) in CASES.items():
        event = received(pipeline.clock(), eventName=name, **fields)
        event["_ingest"] |= {"userAgent": sender, "requestId": "1"}
        pipeline.put_event(event)
    pipeline.load()
    rows = pipeline.rows(f"select event_name, {COLUMNS} from clickstream_events")
    found = {name: row for name, *row in rows}
    for name, (_, _, (browser, device, *rest)) in CASES.items():
        if browser is not None:
            assert (name, found[name][:2]) == (name, [browser, device])
        assert (name, found[name][2:]) == (name, rest)
