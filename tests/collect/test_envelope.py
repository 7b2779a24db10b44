"""Bodies: what is wrong in one event costs that event alone; what cannot be decoded is refused whole."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.collect.envelope import MAX_CUT_BRACKETS, MAX_GZIP_MEMBERS, gunzip, read_envelope
from clickstream.collect.rejected import rejected_parts
from clickstream.event import Rejection, replace_lone_surrogates

GOOD = b'{"eventName":"x"}'
TOO_DEEP = [b'{"eventName":"y","a":%s%s}' % (b"[" * levels, b"]" * levels) for levels in (32, 60, 10_000)]


@pytest.mark.parametrize("more", [0, 1])
def test_gzip_body_with_too_many_members_is_refused(more: int) -> None:
    data = gzip.compress(b"x") * (MAX_GZIP_MEMBERS + more)
    found = gunzip(data)
    if more:
        assert isinstance(found, Rejection)
        assert (found.status, found.code) == (400, "invalid_encoding")
    else:
        assert found == b"x" * MAX_GZIP_MEMBERS


@pytest.mark.parametrize(
    ("body", "event"),
    [
        pytest.param(rb'{"eventName":"x","text":"a\ud83d"}', {"text": "a\ufffd"}, id="high half at the end of a text"),
        pytest.param(rb'{"eventName":"x","text":"\uDE00a"}', {"text": "\ufffda"}, id="low half at the start"),
        pytest.param(rb'{"eventName":"x","text":"\ud83d\u0041"}', {"text": "\ufffdA"}, id="high half before a letter"),
        pytest.param(rb'{"eventName":"x","text":"\ud83d\n"}', {"text": "\ufffd\n"}, id="high half before an escape"),
        pytest.param(rb'{"eventName":"x","text":"\ud83d\ud83d"}', {"text": "\ufffd\ufffd"}, id="two high halves"),
        pytest.param(rb'{"eventName":"x","text":"\ud83d\ud83d\ude00"}', {"text": "\ufffd😀"}, id="half before a pair"),
        pytest.param(rb'{"eventName":"x","text":"\ude00\ud83d"}', {"text": "\ufffd\ufffd"}, id="halves in wrong order"),
        pytest.param(rb'{"eventName":"x","text":"\\\ud83d"}', {"text": "\\\ufffd"}, id="behind an escaped backslash"),
        pytest.param(
            rb'{"eventName":"x","a":"\ud800","text":"\\ud83d"}', {"a": "\ufffd", "text": r"\ud83d"}, id="text"
        ),
        pytest.param(rb'{"eventName":"x","\ud83d":{"\udc00":[1]}}', {"\ufffd": {"\ufffd": [1]}}, id="in keys"),
    ],
)
def test_half_of_a_surrogate_pair_becomes_a_replacement_character(body: bytes, event: dict[str, Any]) -> None:
    envelope = read_envelope(body, lambda: "1")
    assert envelope.rejected == []
    assert envelope.accepted == [{"eventName": "x", "eventId": "1", **event}]


def test_half_of_a_surrogate_pair_in_the_name_and_in_an_envelope_is_accepted() -> None:
    envelope = read_envelope(rb'{"sentAt":"\udc00","events":[{"eventName":"\ud83d"},{"eventName":"x"}]}', lambda: "1")
    assert [event["eventName"] for event in envelope.accepted] == ["\ufffd", "x"]
    assert envelope.sent_at == "\ufffd"


@given(st.text(st.characters() | st.characters(categories=["Cs"]) | st.sampled_from('\\"u0dD')))
def test_any_text_is_decoded_as_utf16_with_replacement_would(text: str) -> None:
    escaped = b'"%s"' % b"".join(rb"\u%02x%02x" % tuple(unit) for unit in units(text))
    expected = b"".join(map(bytes, units(text))).decode("utf-16-be", "replace")
    assert msgspec.json.decode(replace_lone_surrogates(escaped)) == expected


def units(text: str) -> list[bytes]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[at : at + 2] for at in range(0, len(data), 2)]


BAD_EVENTS = [
    pytest.param(TOO_DEEP[0], "too_deep", id="nested 33 deep"),
    pytest.param(TOO_DEEP[1], "too_deep", id="nested 60 deep"),
    pytest.param(TOO_DEEP[2], "too_deep", id="nested deeper than the decoder reads"),
    pytest.param(b'{"eventName":"y","a":1e999}', "invalid_json", id="1e999"),
    pytest.param(b'{"eventName":"y","a":-1e999}', "invalid_json", id="-1e999"),
    pytest.param(b'{"eventName":"y","a":%s}' % (b"1" * 5_000), "invalid_json", id="integer of 5,000 digits"),
    pytest.param(b'{"eventName":" "}', "invalid_name", id="blank name"),
    pytest.param(b"7", "not_an_object", id="a number"),
    pytest.param(rb'"\ud83d"', "not_an_object", id="a text"),
]


@pytest.mark.parametrize("shape", [b"[%s]", b'{"sentAt":17,"events":[%s]}', b' \n{"events":[%s],"a":[]} '])
@pytest.mark.parametrize(("bad", "code"), BAD_EVENTS)
def test_what_is_wrong_in_one_event_costs_that_event_alone(bad: bytes, code: str, shape: bytes) -> None:
    body = shape % b",".join([GOOD, bad, rb'{"eventName":"\ud83d"}', b'{"eventName":"z","a":1e999}', GOOD])
    envelope = read_envelope(body, lambda: "1")
    assert [event["eventName"] for event in envelope.accepted] == ["x", "\ufffd", "x"]
    assert [(one.index, one.code) for one in envelope.rejected] == [(1, code), (3, "invalid_json")]
    assert len(list(rejected_parts(body, envelope))) == 2


@pytest.mark.parametrize(("bad", "code"), BAD_EVENTS)
def test_single_event_that_is_wrong_is_refused(bad: bytes, code: str) -> None:
    envelope = read_envelope(bad, lambda: "1")
    assert envelope.accepted == []
    assert [one.code for one in envelope.rejected] == [code]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        pytest.param(b"NaN", "invalid_json", id="NaN"),
        pytest.param(b'{"eventName":"y"', "invalid_json", id="syntax"),
        pytest.param(b'{"eventName":"\xff"}', "invalid_encoding", id="not UTF-8"),
        pytest.param(b'{"eventName":"\xed\xa0\xbd"}', "invalid_encoding", id="a surrogate in UTF-8"),
        pytest.param(rb'{"eventName":"\ud83"}', "invalid_json", id="incomplete escape"),
        pytest.param(b"[" * 10_000 + b"}" * 10_000, "too_deep", id="unbalanced brackets"),
    ],
)
def test_body_that_cannot_be_decoded_is_refused_whole(bad: bytes, code: str) -> None:
    for others in (b"", GOOD + b",", b'{"eventName":"z","a":1e999},', rb'{"eventName":"\ud83d"},'):
        envelope = read_envelope(b"[%s%s]" % (others, bad), lambda: "1")
        assert envelope.accepted == []
        assert [(one.index, one.code) for one in envelope.rejected] == [(None, code)]


def test_body_with_too_many_brackets_to_cut_is_refused_whole() -> None:
    levels = MAX_CUT_BRACKETS + 1
    envelope = read_envelope(b"[%s,%s%s]" % (GOOD, b"[" * levels, b"]" * levels), lambda: "1")
    assert [(one.index, one.code) for one in envelope.rejected] == [(None, "too_deep")]


@pytest.mark.parametrize("levels", range(900, 1_100, 5))
def test_depth_near_the_limit_of_the_decoder_is_too_deep(levels: int) -> None:
    body = b"[%s,%s%s]" % (GOOD, b"[" * levels, b"]" * levels)
    envelope = read_envelope(body, lambda: "1")
    assert [(one.index, one.code) for one in envelope.rejected] == [(1, "too_deep")]
    assert len(list(rejected_parts(body, envelope))) == 1


@pytest.mark.parametrize("sent", [None, "", " undefined ", "[object Object]", "00000000-0000-0000-0000-000000000000"])
def test_an_event_without_a_real_id_gets_one(sent: str | None) -> None:
    envelope = read_envelope(msgspec.json.encode({"eventName": "x", "eventId": sent}), lambda: "minted")
    assert envelope.accepted == [{"eventName": "x", "eventId": "minted"}]


@pytest.mark.parametrize("sent", ["order-17", "0", 0, "Nil", ["undefined"]])
def test_an_id_of_the_client_is_kept(sent: object) -> None:
    envelope = read_envelope(msgspec.json.encode({"eventName": "x", "eventId": sent}), lambda: "minted")
    assert envelope.accepted == [{"eventName": "x", "eventId": sent}]
