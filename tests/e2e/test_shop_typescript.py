"""The shop's TypeScript tests (checkouts at the same time, sign-in, schema) on a real PostgreSQL, and its packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clickstream.local.postgres import make_cluster, running
from clickstream.local.shop.build import build_shop, install_provider
from clickstream.shop.node import SOURCES, Node, find_node
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node() -> Node:
    found = find_node()
    build_shop(found, print)
    install_provider(found, print)
    return found


@pytest.fixture
def database_url() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="clickstream-shop-"))
    folder.chmod(0o755)
    try:
        cluster = make_cluster(folder / "web-db", free_port())
        with running(cluster):
            yield cluster.url("postgres")
    finally:
        shutil.rmtree(folder)


def npm(node: Node, folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(node.node).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*node.npm, *words],
        cwd=folder,
        env={**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def test_typescript_tests_pass(node: Node, database_url: str) -> None:
    done = npm(node, SOURCES, "test", CLICKSTREAM_WEB_DB_URL=database_url)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout or "fail 0" in done.stdout
    checked = npm(node, SOURCES, "run", "check")
    assert checked.returncode == 0, checked.stdout


def test_scripts_of_the_browser_contain_no_secret_names(node: Node) -> None:
    scripts = list((SOURCES / ".next" / "static").rglob("*.js"))
    assert scripts
    for name in ("SHOP_SECRET", "AUTH_CLIENT_SECRET", "CLICKSTREAM_WEB_DB_URL", "postgresql://"):
        assert not [path for path in scripts if name in path.read_text(encoding="utf-8")], name
