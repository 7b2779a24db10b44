"""Runs the shop's server and its sign-in provider: what `clickstream shop serve` and `clickstream shop sign-in` do.

In: settings, ports. Each prepares what it needs (packages, build, tables), then runs the program until a signal. Lines
that begin with "notice" are shown by `clickstream up`, because a first build takes a while.
"""

from __future__ import annotations

import sys
import threading
import time

from clickstream.errors import ShopError, UnavailableError
from clickstream.local.child import Program, run
from clickstream.local.health import is_healthy
from clickstream.local.postgres import find_shop
from clickstream.local.shop.build import PROVIDER, build_shop, install_provider
from clickstream.local.shop.config import ShopConfig, has_sources, shop_environment, sign_in_environment
from clickstream.settings import Settings
from clickstream.shop.migrate import migrate
from clickstream.shop.node import SOURCES, find_node

DATABASE_PATIENCE_S = 120.0
READY_S = 120.0


def serve(settings: Settings, config: ShopConfig) -> int:
    """Build the shop if needed, bring its database up to date and run its server; return the exit code of that."""
    _require_sources()
    node = find_node()
    server = build_shop(node, _notice)
    url = _wait_for_database(settings)
    migrate(url)
    environment = shop_environment(config, settings.data, url, settings.collector_url)
    threading.Thread(target=_announce, args=(config,), daemon=True).start()
    return run(Program([node.node, str(server)], server.parent, environment))


def serve_sign_in(settings: Settings, config: ShopConfig) -> int:
    """Install the local sign-in provider if needed and run it; return its exit code."""
    _require_sources()
    node = find_node()
    program = install_provider(node, _notice)
    return run(Program([node.node, str(program)], PROVIDER, sign_in_environment(config, settings.data)))


def _require_sources() -> None:
    if not has_sources():
        why = f"{SOURCES} does not exist; a wheel does not contain it"
        raise UnavailableError("starting the shop", why, "run it from a checkout of the project")


def _wait_for_database(settings: Settings) -> str:
    """Return the URL of the shop's database as soon as it is known. `clickstream up` starts it at the same time."""
    deadline = time.monotonic() + DATABASE_PATIENCE_S
    while (url := find_shop(settings)) is None:
        if time.monotonic() > deadline:
            advice = "see DATA/logs/web-db.log, or set CLICKSTREAM_WEB_DB_URL"
            raise ShopError("starting the shop", "its database is not running", advice)
        time.sleep(0.2)
    return url


def _announce(config: ShopConfig) -> None:
    """Report the shop's URL as soon as it answers."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if is_healthy(f"http://127.0.0.1:{config.port}/api/health"):
            _notice(f"ready at {config.origin}")
            return
        time.sleep(0.2)


def _notice(text: str) -> None:
    sys.stderr.write(f"notice: {text}\n")
    sys.stderr.flush()
