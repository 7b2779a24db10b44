"""Compressed bodies."""

from __future__ import annotations

import gzip

import pytest

from clickstream.collect.envelope import MAX_GZIP_MEMBERS, gunzip
from clickstream.event import Rejection


@pytest.mark.parametrize("more", [0, 1])
def test_gzip_body_with_too_many_members_is_refused(more: int) -> None:
    data = gzip.compress(b"x") * (MAX_GZIP_MEMBERS + more)
    found = gunzip(data)
    if more:
        assert isinstance(found, Rejection)
        assert (found.status, found.code) == (400, "invalid_encoding")
    else:
        assert found == b"x" * MAX_GZIP_MEMBERS
