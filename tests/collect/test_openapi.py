"""The published contract is true: its codes are the code's, and whatever is sent, the answer is one it describes.

The input is made by hypothesis: JSON of any shape, events that are nearly right, and bytes that are nothing at all.
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
from tests.collect.conftest import Answer, Client, running

ROOT = Path(app.__file__).parent
DOCUMENT = json.loads((ROOT / "openapi.json").read_text())
POST = DOCUMENT["paths"]["/clickstream"]["post"]
EXAMPLES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

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


def described(answer: Answer) -> bool:
    """Whether the contract describes this answer: its status, its code, its fields."""
    found = POST["responses"].get(str(answer.status))
    if found is None or answer.headers["content-type"] not in found["content"]:
        return False
    schema = DOCUMENT["components"]["schemas"][found["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
    is_named = answer.status == 200 or answer.body["error"] in found["description"]
    entries = [set(entry) == {"index", "error", "message"} for entry in answer.body["rejected"]]
    success = schema["properties"]["success"]["const"]
    return (
        is_named and set(answer.body) == set(schema["required"]) and answer.body["success"] is success and all(entries)
    )


@EXAMPLES
@given(body=BODIES | st.binary(max_size=200) | BODIES.map(gzip.compress), headers=HEADERS)
def test_whatever_is_sent_the_answer_is_one_of_the_contract(
    client: Client, body: bytes, headers: dict[str, str]
) -> None:
    client.headers = headers
    answer = client.send(body)
    assert answer.status < 500, answer.body
    assert described(answer), answer


@EXAMPLES
@given(value=EVENTS | st.lists(EVENTS, min_size=1, max_size=5))
def test_count_of_the_answer_is_what_was_stored(client: Client, value: Any) -> None:
    client.headers = {"Content-Type": "application/json"}
    before = counted(client)
    answer = client.send(json.dumps(value).encode())
    sent = value if isinstance(value, list) else [value]
    taken = answer.body.get("accepted", 0)
    assert counted(client) - before == taken
    if answer.status == 200:
        assert taken + len(answer.body["rejected"]) == len(sent)


def counted(client: Client) -> int:
    """How much the names in the raw store say was accepted."""
    names = [re.fullmatch(r"(?:event|batch)-[0-9a-f-]{36}(?:-(\d+))?\..*", name) for name in client.objects()]
    return sum(int(match[1] or 1) for match in names if match)


def test_the_document_is_served_and_names_every_code(client: Client) -> None:
    client.headers = {}
    answer = client.send(b"", "GET", "/openapi.json")
    assert (answer.status, answer.body) == (200, DOCUMENT)
    source = "".join((ROOT / name).read_text() for name in ("envelope.py", "app.py", "door.py", "request.py"))
    codes = set(re.findall(r'Rejection\(\s*\d+, "(\w+)"', source)) | set(re.findall(r'return "(\w+)", "', source))
    documented = " ".join(entry["description"] for entry in POST["responses"].values())
    assert [code for code in sorted(codes - {"not_found", "method_not_allowed"}) if code not in documented] == []
    assert "unavailable" in codes
    assert "missing_name" in documented
