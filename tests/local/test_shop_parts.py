"""The shop as a set of optional parts of `clickstream up`."""

from __future__ import annotations

import socket
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clickstream.errors import UnavailableError
from clickstream.local.part import Part
from clickstream.local.shop import build, parts
from clickstream.local.shop.build import build_shop
from clickstream.local.shop.config import ShopConfig, read_secrets, shop_environment, sign_in_environment
from clickstream.local.shop.parts import shop_parts, usable, with_origin
from clickstream.local.supervisor import RestartRule, Supervisor
from clickstream.local.up import Ports, _maker
from clickstream.local.up import parts as core_parts
from clickstream.settings import Settings
from clickstream.shop.node import Node
from tests.local.children import STEADY, child
from tests.patience import wait_until
from tests.ports import free_port

COLLECTOR = "http://127.0.0.1:8000"


def names(settings: Settings, config: ShopConfig) -> list[str]:
    return [part.name for part in shop_parts(settings, config, COLLECTOR, _maker(settings))]


def test_database_and_provider_that_the_settings_name_replace_the_local_parts(settings: Settings) -> None:
    assert names(settings, ShopConfig()) == ["web-db", "sign-in", "shop", "outbox"]
    assert names(settings, ShopConfig(issuer="https://login.example")) == ["web-db", "shop", "outbox"]
    named = settings.model_copy(update={"web_db_url": "postgresql://db.example/web"})
    assert names(named, ShopConfig()) == ["sign-in", "shop", "outbox"]


def test_parts_of_the_shop_are_optional_and_know_the_collector(settings: Settings) -> None:
    made = shop_parts(settings, ShopConfig(), COLLECTOR, _maker(settings))
    assert all(part.is_optional for part in made)
    assert [part.environment.get("CLICKSTREAM_COLLECTOR_URL") for part in made] == [None, None, COLLECTOR, COLLECTOR]
    core = core_parts(settings, Ports(1, 2), ShopConfig(port=3999))
    assert not any(part.is_optional for part in core)
    origins = core[0].environment["CLICKSTREAM_CORS_ORIGINS"].split(",")
    assert origins == [*settings.cors_origins, "http://localhost:3999"]
    assert with_origin(settings.model_copy(update={"cors_origins": ("*",)}), "http://localhost:3999") == {
        "CLICKSTREAM_CORS_ORIGINS": "*"
    }


def test_port_in_use_or_missing_sources_leave_the_shop_out_with_a_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    part = Part("shop", ("true",), free_port(), is_optional=True)
    assert usable([part], lines.append) == [part]
    assert lines == []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert usable([Part("shop", ("true",), port)], lines.append) == ()
    assert lines[0] == f"the shop is not started: port {port} is in use; the shop needs it"
    monkeypatch.setattr(parts, "has_sources", lambda: False)
    assert usable([part], lines.append) == ()
    assert "its sources are not installed" in lines[-1]


def test_optional_part_that_keeps_exiting_is_given_up_alone_and_its_notices_are_shown(tmp_path: Path) -> None:
    lines: list[str] = []
    failing = child("shop", "print('notice: building'); raise SystemExit(3)")
    failing = Part(failing.name, failing.argv, is_optional=True)
    rule = RestartRule(first_pause_s=0.01, max_early_exits=3)
    with Supervisor([child("owner", STEADY), failing], tmp_path, lines.append, rule) as supervisor:
        wait_until(lambda: any(line.startswith("the shop keeps exiting") for line in lines), "report", lambda: lines)
        time.sleep(0.3)
        assert supervisor.given_up is None
        assert list(supervisor.pids()) == ["owner"]
    assert "shop: building" in lines


def test_secrets_are_made_once_and_only_their_user_reads_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: read_secrets(tmp_path), range(8)))
    assert len(made) == 1
    path = tmp_path / "shop" / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["secrets.json"]
    path.write_text("{}")
    with pytest.raises(UnavailableError, match="reading the shop's secrets"):
        read_secrets(tmp_path)


def test_shop_and_provider_know_the_same_client(tmp_path: Path) -> None:
    config = ShopConfig(3999, 9999)
    shop = shop_environment(config, tmp_path, "postgresql://x", COLLECTOR)
    provider = sign_in_environment(config, tmp_path)
    shared = ("AUTH_CLIENT_ID", "AUTH_CLIENT_SECRET", "SHOP_ORIGIN")
    assert [shop[name] for name in shared] == [provider[name] for name in shared]
    assert (shop["AUTH_ISSUER"], provider["PROVIDER_ISSUER"]) == ("http://localhost:9999", "http://localhost:9999")
    elsewhere = shop_environment(ShopConfig(issuer="https://login.example"), tmp_path, "postgresql://x", COLLECTOR)
    assert not {name for name in elsewhere if name.startswith("AUTH_")}


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in place of the shop's, whose build takes no time."""
    folder = tmp_path / "shop"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "page.tsx").write_text("one")
    (folder / "package-lock.json").write_text("{}")
    monkeypatch.setattr(build, "SOURCES", folder)
    monkeypatch.setattr(build, "SERVER", folder / ".next" / "standalone" / "server.js")
    return folder


NPM = """
import pathlib, sys
if sys.argv[1] == "ci":
    pathlib.Path("node_modules").mkdir(exist_ok=True)
elif pathlib.Path("src/page.tsx").read_text() == "broken":
    print("type error in page.tsx")
    sys.exit(1)
else:
    pathlib.Path(".next/standalone").mkdir(parents=True, exist_ok=True)
    pathlib.Path(".next/standalone/server.js").write_text(pathlib.Path("src/page.tsx").read_text())
"""


def test_build_runs_only_if_the_sources_changed(sources: Path) -> None:
    node = Node(sys.executable, (sys.executable, "-c", NPM))
    notices: list[str] = []
    assert build_shop(node, notices.append).read_text() == "one"
    assert [notice.split()[0] for notice in notices] == ["installing", "building"]
    build_shop(node, notices.append)
    assert len(notices) == 2
    (sources / "src" / "page.tsx").write_text("two")
    assert build_shop(node, notices.append).read_text() == "two"
    (sources / "package-lock.json").write_text('{"name": "other"}')
    build_shop(node, notices.append)
    assert [notice.split()[0] for notice in notices[2:]] == ["building", "installing", "building"]


def test_failed_build_names_its_output_and_is_tried_again(sources: Path) -> None:
    node = Node(sys.executable, (sys.executable, "-c", NPM))
    build_shop(node, print)
    (sources / "src" / "page.tsx").write_text("broken")
    for _ in range(2):
        with pytest.raises(UnavailableError, match=r"type error in page\.tsx"):
            build_shop(node, print)
    (sources / "src" / "page.tsx").write_text("mended")
    assert build_shop(node, print).read_text() == "mended"
