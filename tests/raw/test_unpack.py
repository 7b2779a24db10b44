"""The content of an object, as far as it can be unpacked, and its lines."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.raw.keys import Kind
from clickstream.raw.unpack import lines_in, unpack

ONE, TWO = gzip.compress(b"one\n"), gzip.compress(b"two\n")


@given(st.lists(st.binary()))
def test_any_number_of_gzip_members_is_unpacked(contents: list[bytes]) -> None:
    assert unpack(Kind.BATCH, b"".join(map(gzip.compress, contents))) == (b"".join(contents), "")


@given(st.binary(min_size=1), st.data())
def test_a_truncated_object_gives_its_beginning_and_the_reason(content: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(content)
    unpacked, problem = unpack(Kind.BATCH, packed[: data.draw(st.integers(1, len(packed) - 1))])
    assert content.startswith(unpacked)
    assert problem == "it ends too early"


@pytest.mark.parametrize(
    ("data", "content", "problem"),
    [
        pytest.param(b"", b"", "", id="empty"),
        pytest.param(ONE + b"\0" * 512, b"one\n", "", id="zero bytes after it"),
        pytest.param(ONE + TWO[:-1], b"one\ntwo\n", "ends too early", id="second member truncated"),
        pytest.param(ONE + b"nonsense", b"one\n", "incorrect header", id="other bytes after it"),
        pytest.param(b"nonsense", b"", "incorrect header", id="not gzip"),
        pytest.param(ONE[:-5] + b"\xff" + ONE[-4:], b"", "incorrect data check", id="wrong checksum"),
    ],
)
def test_content_that_cannot_be_unpacked_has_a_reason(data: bytes, content: bytes, problem: str) -> None:
    found, why = unpack(Kind.BATCH, data)
    assert found == content
    assert problem in why
    assert bool(why) is bool(problem)


def test_an_event_is_not_unpacked() -> None:
    assert unpack(Kind.EVENT, ONE) == (ONE, "")


@pytest.mark.parametrize(
    ("kind", "content", "lines"),
    [
        pytest.param(Kind.BATCH, b"a\n\n \t\r\nb", [b"a", b"b"], id="blank lines do not count"),
        pytest.param(Kind.BATCH, b" a\r\n", [b" a\r"], id="a line is not trimmed"),
        pytest.param(Kind.BATCH, b"\n", [], id="only a blank line"),
        pytest.param(Kind.EVENT, b"\n{\n1\n}\n", [b"{\n1\n}"], id="an event is one document"),
        pytest.param(Kind.EVENT, b" \n", [], id="a blank event"),
    ],
)
def test_lines_are_split_and_blank_ones_skipped(kind: Kind, content: bytes, lines: list[bytes]) -> None:
    assert lines_in(kind, content) == lines
