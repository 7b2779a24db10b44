"""The tracker's files as the collector serves them: small, kept by browsers, and never a dead link."""

from __future__ import annotations

import gzip
import hashlib
import http.client
from pathlib import Path

import pytest

from clickstream.collect.tracker import FOLDER, TrackerScripts
from clickstream.raw.store import LocalStore
from tests.collect.conftest import running

CODE = b"start()" * 500


@pytest.fixture
def scripts(tmp_path: Path) -> TrackerScripts:
    (tmp_path / "clickstream.js").write_bytes(CODE)
    return TrackerScripts(tmp_path)


def test_the_script_is_packed_for_who_can_unpack_it(scripts: TrackerScripts) -> None:
    packed = scripts.respond("/clickstream.js", {b"accept-encoding": b"gzip, br"})
    plain = scripts.respond("/clickstream.js", {})
    assert packed is not None
    assert plain is not None
    assert gzip.decompress(packed.body) == plain.body == CODE
    assert dict(packed.headers)[b"content-encoding"] == b"gzip"
    assert dict(plain.headers)[b"cache-control"] == b"public, max-age=3600"
    assert dict(plain.headers)[b"etag"] != dict(packed.headers)[b"etag"]


def test_who_has_it_already_is_told_so(scripts: TrackerScripts) -> None:
    tag = f'"{hashlib.sha256(CODE).hexdigest()[:16]}"'.encode()
    answer = scripts.respond("/clickstream.js", {b"if-none-match": b'"other", ' + tag})
    assert answer is not None
    assert (answer.status, answer.body) == (304, b"")
    assert dict(answer.headers)[b"etag"] == tag


def test_the_name_with_the_hash_is_kept_for_ever(scripts: TrackerScripts) -> None:
    answer = scripts.respond(f"/clickstream.{hashlib.sha256(CODE).hexdigest()[:16]}.js", {})
    assert answer is not None
    assert (answer.status, answer.body) == (200, CODE)
    assert b"immutable" in dict(answer.headers)[b"cache-control"]


def test_the_hash_of_another_version_leads_to_the_present_one(scripts: TrackerScripts) -> None:
    answer = scripts.respond(f"/clickstream.{'0' * 16}.js", {})
    assert answer is not None
    assert (answer.status, dict(answer.headers)[b"location"]) == (302, b"/clickstream.js")


@pytest.mark.parametrize(
    "path", ["/", "/clickstream", "/clickstream.extra.js", "/clickstream.0.js", "/../clickstream.js"]
)
def test_other_paths_are_not_the_trackers(scripts: TrackerScripts, path: str) -> None:
    assert scripts.respond(path, {}) is None


def test_the_collector_serves_what_was_built(tmp_path: Path) -> None:
    with running(LocalStore(tmp_path / "raw")) as client:
        for name in ("clickstream.js", "clickstream.extra.js"):
            connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
            connection.request("GET", f"/{name}")
            response = connection.getresponse()
            assert response.read() == (FOLDER / name).read_bytes()
            assert response.getheader("content-type") == "text/javascript; charset=utf-8"
            assert response.getheader("access-control-allow-origin") == "*"
            connection.request("HEAD", f"/{name}")
            assert connection.getresponse().read() == b""
            connection.close()
