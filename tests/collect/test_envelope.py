"""A packed body, and how many members it may have."""

from __future__ import annotations

import gzip

import pytest

from clickstream.collect.envelope import MAX_GZIP_MEMBERS, gunzip
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
