"""A packed body, and how many members it may have."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from clickstream.collect.envelope import MAX_GZIP_MEMBERS, gunzip, read_envelope
from clickstream.event import Rejection


@pytest.mark.parametrize("more", [0, 1])
def test_body_of_many_gzip_members_is_refused(more: int) -> None:
    packed = gzip.compress(b"x") * (MAX_GZIP_MEMBERS + more)
    found = gunzip(packed)
    if more:
        assert isinstance(found, Rejection)
        assert (found.status, found.code) == (400, "invalid_encoding")
    else:
        assert found == b"x" * MAX_GZIP_MEMBERS


@pytest.mark.parametrize("sent", [None, "", " undefined ", "[object Object]", "00000000-0000-0000-0000-000000000000"])
def test_an_event_without_a_real_id_gets_one(sent: str | None) -> None:
    envelope = read_envelope(msgspec.json.encode({"eventName": "x", "eventId": sent}), lambda: "minted")
    assert envelope.accepted == [{"eventName": "x", "eventId": "minted"}]


@pytest.mark.parametrize("sent", ["order-17", "0", 0, "Nil", ["undefined"]])
def test_an_id_of_the_client_is_kept(sent: object) -> None:
    envelope = read_envelope(msgspec.json.encode({"eventName": "x", "eventId": sent}), lambda: "minted")
    assert envelope.accepted == [{"eventName": "x", "eventId": sent}]
