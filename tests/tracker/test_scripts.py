"""The tracker's files as the collector serves them: compressed, cacheable, and never missing."""

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


def test_script_is_compressed_for_clients_that_accept_gzip(scripts: TrackerScripts) -> None:
    packed = scripts.respond("/clickstream.js", {b"accept-encoding": b"gzip, br"})
    plain = scripts.respond("/clickstream.js", {})
    assert packed is not None
    assert plain is not None
    assert gzip.decompress(packed.body) == plain.body == CODE
    assert dict(packed.headers)[b"content-encoding"] == b"gzip"
    assert dict(plain.headers)[b"cache-control"] == b"public, max-age=3600"
    assert dict(plain.headers)[b"etag"] != dict(packed.headers)[b"etag"]


def test_client_with_the_current_script_gets_not_modified(scripts: TrackerScripts) -> None:
    tag = f'"{hashlib.sha256(CODE).hexdigest()[:16]}"'.encode()
    response = scripts.respond("/clickstream.js", {b"if-none-match": b'"other", ' + tag})
    assert response is not None
    assert (response.status, response.body) == (304, b"")
    assert dict(response.headers)[b"etag"] == tag


def test_name_with_the_current_hash_is_cached_forever(scripts: TrackerScripts) -> None:
    response = scripts.respond(f"/clickstream.{hashlib.sha256(CODE).hexdigest()[:16]}.js", {})
    assert response is not None
    assert (response.status, response.body) == (200, CODE)
    assert b"immutable" in dict(response.headers)[b"cache-control"]


def test_name_with_another_hash_redirects_to_the_current_script(scripts: TrackerScripts) -> None:
    response = scripts.respond(f"/clickstream.{'0' * 16}.js", {})
    assert response is not None
    assert (response.status, dict(response.headers)[b"location"]) == (302, b"/clickstream.js")


@pytest.mark.parametrize(
    "path", ["/", "/clickstream", "/clickstream.extra.js", "/clickstream.0.js", "/../clickstream.js"]
)
def test_other_paths_are_not_served(scripts: TrackerScripts, path: str) -> None:
    assert scripts.respond(path, {}) is None


def test_collector_serves_the_built_scripts(tmp_path: Path) -> None:
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
