"""All settings, read once at an entry point and passed on as one value.

In: environment variables `CLICKSTREAM_*`, then `clickstream.toml` in the working folder, then defaults.
Out: `Settings`. Every problem is reported at once, in the user's spelling of the name.
Nothing below an entry point reads the environment.
"""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from clickstream.errors import SettingsError
from clickstream.time_zone import is_zone, zone_advice

SETTINGS_FILE = "clickstream.toml"
MIN_KEY_CHARACTERS = 16
IpMode = Literal["full", "truncate", "drop"]
OptOut = Literal["ignore", "anonymous"]
PREFIX = "CLICKSTREAM_"
_S3_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[^?#]*)?")
_DUCKDB = "duckdb:///"
_POSTGRES = ("postgresql://", "postgres://")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _endpoint_of_aws() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


class Settings(BaseSettings):
    """Where things are and how they behave. Each field is `CLICKSTREAM_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=SETTINGS_FILE, extra="forbid", frozen=True)

    data: Path = Field(default=Path("data"), description="Folder that holds the defaults of all places.")
    raw_url: str | None = Field(
        default=None, description="Raw store: a path, file:///… or s3://bucket[/prefix] (default DATA/raw)."
    )
    s3_allow_http: bool = Field(default=False, description="Let an S3 endpoint off this machine speak plain HTTP.")
    s3_endpoint: str | None = Field(
        default_factory=_endpoint_of_aws,
        validate_default=True,
        description="S3 server other than AWS (default AWS_ENDPOINT_URL_S3, then AWS_ENDPOINT_URL).",
    )
    warehouse_url: str | None = Field(
        default=None, description="Warehouse: duckdb:///… or postgresql://… (default DATA/warehouse.duckdb)."
    )
    warehouse_memory_mb: int = Field(
        default=256,
        ge=128,
        description="MiB that the embedded warehouse may hold in memory; beyond it, it spills to disk.",
    )
    timezone: str = Field(default="UTC", description="IANA zone that days are counted in.")
    currency: str = Field(
        default="USD", pattern="^[A-Z]{3}$", description="Currency of prices that name none (ISO 4217)."
    )
    raw_layout: Literal["batch", "single"] = Field(
        default="batch", description="batch: requests that wait together share an object; single: one per event."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("http://localhost:3000", "http://127.0.0.1:3000"),
        description="Origins whose pages may read the collector's answers, separated by commas; * for all.",
    )
    ack: Literal["store", "disk"] = Field(
        default="store", description="When events are acknowledged: stored as raw objects, or fsynced in DATA/spool."
    )
    spool_max_mb: int = Field(
        default=1024, ge=1, description="MiB that may wait in DATA/spool before the answer is 503."
    )
    ip: IpMode = Field(
        default="truncate", description="How much of a sender's address is stored: truncate keeps /24 or /48."
    )
    opt_out: OptOut = Field(
        default="ignore", description="anonymous: Sec-GPC and DNT take from events what ties them to a person."
    )
    write_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Keys of which each POST must bring one, separated by commas; none: open."
    )
    rate_limit: float | None = Field(default=None, gt=0, description="Requests a second that one address may send.")
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Networks whose X-Forwarded-For is believed, separated by commas."
    )
    own_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Hosts that are no referrers, with their subdomains, separated by commas."
    )
    personal_parameters: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Query parameters whose values the warehouse never holds, besides the shipped list."
    )
    country_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Request header of your own proxy that names the country, such as CF-IPCountry.",
    )
    geoip_file: Path | None = Field(default=None, description="MaxMind file (.mmdb) to look up countries in.")

    keep_raw_days: int | None = Field(
        default=None, ge=1, description="Whole days that raw objects are kept; older ones are deleted daily."
    )
    keep_warehouse_days: int | None = Field(
        default=None, ge=1, description="Whole days that rows of the warehouse are kept; older ones are deleted daily."
    )

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError(f"unknown time zone {value!r}; {zone_advice(value)}")
        return value

    @field_validator("cors_origins", "own_hosts", "personal_parameters", "write_keys", "trusted_proxies", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("write_keys")
    @classmethod
    def _keys_are_long(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < MIN_KEY_CHARACTERS for key in value):
            raise ValueError(f"a write key has at least {MIN_KEY_CHARACTERS} characters")
        return value

    @field_validator("geoip_file")
    @classmethod
    def _geoip_file_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"no such file: {value}")
        return value

    @field_validator("raw_url")
    @classmethod
    def _raw_is_folder_or_bucket(cls, value: str | None) -> str | None:
        kind, colon, _ = (value or "").partition("/")[0].partition(":")
        if colon and value is not None and not value.startswith("file:///") and not _S3_URL.fullmatch(value):
            raise ValueError(f"no raw store by its form ({kind}:…); expected a path, file:///… or s3://bucket[/prefix]")
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _endpoint_is_safe(cls, value: str | None, info: ValidationInfo) -> str | None:
        """The value stands in no message: it may hold what should not be printed."""
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("expected http(s)://host[:port], without user or password")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not info.data.get("s3_allow_http"):
            raise ValueError("plain http is for this machine only; use https, or set CLICKSTREAM_S3_ALLOW_HTTP")
        return value

    @field_validator("warehouse_url")
    @classmethod
    def _warehouse_is_known(cls, value: str | None) -> str | None:
        """The value stands in no message: it may hold a password."""
        if value is not None and not value.startswith((_DUCKDB, *_POSTGRES)):
            kind = value.partition("://")[0] if "://" in value else "no URL"
            raise ValueError(f"unknown kind of warehouse: {kind}; expected duckdb:///path or postgresql://…")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def raw_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix ("" for none) of the raw store; None when it is a folder."""
        match = _S3_URL.fullmatch(self.raw_url or "")
        return None if match is None else (match[1], (match[2] or "").strip("/"))

    @property
    def raw_path(self) -> Path:
        """Folder of the raw store, where that is a folder."""
        url = self.raw_url
        if url is None:
            return self.data / "raw"
        return Path(url.removeprefix("file://"))

    @property
    def spool_path(self) -> Path:
        """Folder of the collector's write-ahead files."""
        return self.data / "spool"

    @property
    def warehouse_path(self) -> Path:
        """File of the DuckDB warehouse. `duckdb:///x` is relative, `duckdb:////x` absolute."""
        if self.warehouse_url is None:
            return self.data / "warehouse.duckdb"
        return Path(self.warehouse_url.removeprefix(_DUCKDB))

    @property
    def is_embedded(self) -> bool:
        """Whether the warehouse is a DuckDB file, which one process holds."""
        return not (self.warehouse_url or "").startswith(_POSTGRES)

    @property
    def warehouse_address(self) -> str:
        """The warehouse as warehouse/open.py takes it; may hold a password."""
        return f"{_DUCKDB}{self.warehouse_path}" if self.is_embedded else str(self.warehouse_url)

    @property
    def warehouse_name(self) -> str:
        """The warehouse as it may be shown: the file's absolute path, or host and database of the server."""
        if self.is_embedded:
            return str(self.warehouse_path.resolve())
        parts = urlsplit(str(self.warehouse_url))
        hosts = parse_qs(parts.query).get("host", [""])
        return f"postgresql://{parts.netloc.rpartition('@')[2] or hosts[0]}{parts.path}"

    @property
    def stage_path(self) -> Path:
        """Folder for files on their way into the warehouse."""
        return (self.warehouse_path.parent if self.is_embedded else self.data) / "stage"

    @property
    def has_default_places(self) -> bool:
        """Neither place was chosen: only then may the sample be loaded by itself."""
        return self.raw_url is None and self.warehouse_url is None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # two places are enough
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(data: Path | None = None) -> Settings:
    """Read the settings of this process; `data` (a command's `--data`) wins over everything.

    Raises SettingsError with one line for each wrong setting.
    """
    try:
        return Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        raise SettingsError([_problem(dict(item)) for item in error.errors()]) from None


def _problem(item: dict[str, object]) -> str:
    place = item.get("loc")
    name = str(place[0]) if isinstance(place, tuple) and place else "?"
    message = str(item.get("msg")).removeprefix("Value error, ")
    return f"{PREFIX}{name.upper()}: {message}"
