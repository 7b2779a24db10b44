"""The published contract is complete: it lists every code, and describes the response to any input.

Hypothesis generates the input: JSON of any shape, almost valid events, and arbitrary bytes.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clickstream.collect import app
from clickstream.raw.store import LocalStore
from tests.collect.conftest import Client, Reply, running

ROOT = Path(app.__file__).parent
DOCUMENT = json.loads((ROOT / "openapi.json").read_text())
POST = DOCUMENT["paths"]["/clickstream"]["post"]
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=30,
)
NAMES = st.sampled_from(["eventName", "event_name", "eventId", "createdAt", "sentAt", "product", "_ingest", "userId"])
EVENTS = st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=6) | st.fixed_dictionaries(
    {"eventName": st.text(max_size=220)}, optional={"eventId": JSON, "product": JSON, "order": JSON, "properties": JSON}
)
ENVELOPES = st.fixed_dictionaries({"events": st.lists(EVENTS | JSON, max_size=4) | JSON}, optional={"sentAt": JSON})
BODIES = (JSON | EVENTS | st.lists(EVENTS, max_size=5) | ENVELOPES).map(lambda value: json.dumps(value).encode())
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(["application/json", "text/plain; charset=utf-8", "text/html", "", "a/b;;"]),
        "Content-Encoding": st.sampled_from(["gzip", "identity", "br", ""]),
        "X-Forwarded-For": st.sampled_from(["1.2.3.4", ",,", "[::1]:80", "\xe9"]),
        "User-Agent": st.text(
            st.characters(min_codepoint=160, max_codepoint=255) | st.sampled_from("aZ9 ;/()"), max_size=50
        ).map(str.strip),
        "DNT": st.just("1"),
        "Origin": st.sampled_from(["https://shop.example", "null", ""]),
    },
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(LocalStore(tmp_path_factory.mktemp("fuzz") / "raw")) as started:
        yield started


def is_described(reply: Reply) -> bool:
    """Whether the contract describes this response: its status, its code, its fields."""
    found = POST["responses"].get(str(reply.status))
    if found is None or reply.headers["content-type"] not in found["content"]:
        return False
    schema = DOCUMENT["components"]["schemas"][found["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
    is_named = reply.status == 200 or reply.body["error"] in found["description"]
    entries = [set(entry) == {"index", "error", "message"} for entry in reply.body["rejected"]]
    success = schema["properties"]["success"]["const"]
    return is_named and set(reply.body) == set(schema["required"]) and reply.body["success"] is success and all(entries)


@EXAMPLES
@given(body=BODIES | st.binary(max_size=200) | BODIES.map(gzip.compress), headers=HEADERS)
def test_any_input_gets_a_response_that_the_contract_describes(
    client: Client, body: bytes, headers: dict[str, str]
) -> None:
    client.headers = headers
    reply = client.send(body)
    assert reply.status < 500, reply.body
    assert is_described(reply), reply


@EXAMPLES
@given(value=EVENTS | st.lists(EVENTS, min_size=1, max_size=5))
def test_accepted_count_is_the_number_of_stored_events(client: Client, value: Any) -> None:
    client.headers = {"Content-Type": "application/json"}
    before = counted(client)
    reply = client.send(json.dumps(value).encode())
    sent = value if isinstance(value, list) else [value]
    accepted = reply.body.get("accepted", 0)
    assert counted(client) - before == accepted
    if reply.status == 200:
        assert accepted + len(reply.body["rejected"]) == len(sent)


def counted(client: Client) -> int:
    """Count the accepted events by the names of the raw objects."""
    names = [re.fullmatch(r"(?:event|batch)-[0-9a-f-]{36}(?:-(\d+))?\..*", name) for name in client.objects()]
    return sum(int(match[1] or 1) for match in names if match)


def test_document_is_served_and_lists_every_code(client: Client) -> None:
    client.headers = {}
    reply = client.send(b"", "GET", "/openapi.json")
    assert (reply.status, reply.body) == (200, DOCUMENT)
    source = "".join(
        (ROOT / name).read_text()
        for name in ("envelope.py", "app.py", "admission.py", "intake.py", "connection/limited.py")
    )
    codes = set(re.findall(r'Rejection\(\s*\d+, "(\w+)"', source)) | set(re.findall(r'return "(\w+)", "', source))
    documented = " ".join(entry["description"] for entry in POST["responses"].values())
    assert [code for code in sorted(codes - {"not_found", "method_not_allowed"}) if code not in documented] == []
    assert "unavailable" in codes
    assert "missing_name" in documented
