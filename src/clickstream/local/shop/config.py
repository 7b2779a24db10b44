"""Where the shop listens, where its sources are, and the environment of its processes.

In: ports, the data directory. Out: environment variables. What must stay secret and the same is made once and kept in
DATA/shop/secrets.json, which only its user can read.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from clickstream.errors import UnavailableError
from clickstream.shop.node import SOURCES

CLIENT_ID = "clickstream-shop"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ShopConfig:
    """Ports of the shop's processes. issuer: of another sign-in provider (AUTH_ISSUER); "" for the local one."""

    port: int = 3000
    sign_in_port: int = 9000
    database_port: int = 5433
    issuer: str = ""

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def local_issuer(self) -> str:
        return f"http://localhost:{self.sign_in_port}"


class ShopSecrets(msgspec.Struct, frozen=True):
    """shop_secret: seals cookies and refresh tokens. client_secret: the shop's at the local sign-in provider."""

    shop_secret: str
    client_secret: str


def has_sources() -> bool:
    """Whether the shop can be built here."""
    return (SOURCES / "package.json").exists()


def read_secrets(data: Path) -> ShopSecrets:
    """Return the secrets of this data directory; make them if there are none. Safe for several processes at once."""
    path = data / "shop" / "secrets.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        made = ShopSecrets(base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(), secrets.token_urlsafe(32))
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(made))
        with suppress(FileExistsError):  # another process was first: its secrets count
            path.hardlink_to(fresh)
        fresh.unlink()
    try:
        return msgspec.json.decode(path.read_bytes(), type=ShopSecrets)
    except msgspec.MsgspecError as error:
        doing = f"reading the shop's secrets in {path}"
        raise UnavailableError(doing, str(error), "remove the file; visitors must then sign in again") from None


def shop_environment(config: ShopConfig, data: Path, database_url: str, collector_url: str) -> Mapping[str, str]:
    """Return the variables of the shop's server. Those of another sign-in provider are already in the environment."""
    kept = read_secrets(data)
    sign_in = {
        "AUTH_ISSUER": config.local_issuer,
        "AUTH_CLIENT_ID": CLIENT_ID,
        "AUTH_CLIENT_SECRET": kept.client_secret,
    }
    return {
        "CLICKSTREAM_WEB_DB_URL": database_url,
        "CLICKSTREAM_COLLECTOR_URL": collector_url,
        "SHOP_ORIGIN": config.origin,
        "SHOP_SECRET": kept.shop_secret,
        "HOSTNAME": "127.0.0.1",
        "PORT": str(config.port),
        "NODE_ENV": "production",
        "NEXT_TELEMETRY_DISABLED": "1",
        **({} if config.issuer else sign_in),
    }


def sign_in_environment(config: ShopConfig, data: Path) -> Mapping[str, str]:
    """Return the variables of the local sign-in provider."""
    return {
        "PROVIDER_PORT": str(config.sign_in_port),
        "PROVIDER_ISSUER": config.local_issuer,
        "PROVIDER_DATA": str((data / "shop" / "sign-in").absolute()),
        "SHOP_ORIGIN": config.origin,
        "AUTH_CLIENT_ID": CLIENT_ID,
        "AUTH_CLIENT_SECRET": read_secrets(data).client_secret,
    }
