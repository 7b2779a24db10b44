"""The parts of the shop that `clickstream up` supervises: database, sign-in provider, server, and outbox sender.

All of them are optional: when one is given up, collector and dashboard keep running. A database or sign-in provider
that the settings name replaces the local part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from clickstream.errors import UnavailableError
from clickstream.local.part import Part, Report
from clickstream.local.shop.config import ShopConfig, has_sources
from clickstream.local.supervisor import check_ports
from clickstream.settings import Settings

DATABASE, SIGN_IN, SHOP, OUTBOX = "web-db", "sign-in", "shop", "outbox"

MakePart = Callable[..., Part]
"""make(name, *words, port, environment, is_optional) returns the part that runs `clickstream WORDS`."""


def shop_parts(settings: Settings, config: ShopConfig, collector_url: str, make: MakePart) -> Sequence[Part]:
    """Return the parts that these settings need, in the order of their start."""
    ports = ("--sign-in-port", str(config.sign_in_port))
    environment = {"CLICKSTREAM_COLLECTOR_URL": collector_url}
    parts = []
    if settings.web_db_url is None:
        database = ("shop", "database", "--port", str(config.database_port))
        parts.append(make(DATABASE, *database, port=config.database_port))
    if not config.issuer:
        sign_in = ("shop", "sign-in", "--port", str(config.sign_in_port), "--shop-port", str(config.port))
        parts.append(make(SIGN_IN, *sign_in, port=config.sign_in_port))
    serve = ("shop", "serve", "--port", str(config.port), *ports)
    parts.append(make(SHOP, *serve, port=config.port, environment=environment))
    parts.append(make(OUTBOX, "shop", "send", "--watch", environment=environment))
    return parts


def usable(parts: Sequence[Part], report: Report) -> Sequence[Part]:
    """Return the parts of the shop; none, with a line about the reason, if it cannot run here."""
    if not has_sources():
        report("the shop is not started: its sources are not installed; a checkout of the project has them")
        return ()
    try:
        check_ports(parts)
    except UnavailableError as error:
        report(f"the shop is not started: {error.why}")
        report("  other ports: --shop-port, --sign-in-port, --web-db-port; --no-shop leaves it out")
        return ()
    return parts


def with_origin(settings: Settings, origin: str) -> Mapping[str, str]:
    """Return the collector's setting that also admits the pages of the shop."""
    origins = settings.cors_origins if "*" in settings.cors_origins else dict.fromkeys((*settings.cors_origins, origin))
    return {"CLICKSTREAM_CORS_ORIGINS": ",".join(origins)}
