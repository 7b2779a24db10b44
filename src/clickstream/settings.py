"""All settings, read once at an entry point and passed down as one value.

In: environment variables `CLICKSTREAM_*`, then `clickstream.toml` in the working directory, then defaults.
Out: `Settings`, or a SettingsError that lists every wrong setting by the name that the user typed.
No code below an entry point reads the environment.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from clickstream.errors import SettingsError
from clickstream.hosts import is_loopback, read_host, read_origin
from clickstream.time_zone import is_zone, zone_advice

SETTINGS_FILE = "clickstream.toml"
MIN_KEY_CHARACTERS = 16
IpMode = Literal["full", "truncate", "drop"]
OptOut = Literal["ignore", "anonymous"]
PREFIX = "CLICKSTREAM_"
_S3_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[^?#]*)?")
_TOKEN = re.compile(f"[!-~]{{{MIN_KEY_CHARACTERS},}}")
_DUCKDB = "duckdb:///"
_POSTGRES = ("postgresql://", "postgres://")
_LAKE = "lake+file://"
_EXPECTED = {
    "currency": "a three-letter code such as EUR (ISO 4217)",
    "collector_url": "a URL such as https://collect.shop.example",
    "country_header": "a header name such as CF-IPCountry",
    "trusted_proxies": "networks such as 10.0.0.0/8",
    "literal_error": "{expected}",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
}
"""What is expected, by setting or by type of pydantic error."""


def _aws_endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


class Settings(BaseSettings):
    """Where data is stored and how the platform behaves. The field `name` is `CLICKSTREAM_NAME` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=SETTINGS_FILE, extra="forbid", frozen=True)

    data: Path = Field(
        default=Path("data"), description="Data directory; default parent of raw store, warehouse, spool and logs."
    )
    raw_url: str | None = Field(
        default=None, description="Raw store: a path, file:///… or s3://bucket[/prefix] (default: DATA/raw)."
    )
    s3_allow_http: bool = Field(default=False, description="Allow plain HTTP to an S3 endpoint on another machine.")
    s3_endpoint: str | None = Field(
        default_factory=_aws_endpoint,
        validate_default=True,
        description="URL of an S3 server other than AWS (default: AWS_ENDPOINT_URL_S3, then AWS_ENDPOINT_URL).",
    )
    warehouse_url: str | None = Field(
        default=None,
        description="Warehouse: duckdb:///…, postgresql://… or, to read only, lake+file:///… "
        "(default: DATA/warehouse.duckdb).",
    )
    web_db_url: str | None = Field(
        default=None,
        description="Database of the shop: postgresql://… (default: the one that clickstream up starts).",
    )
    collector_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$",
        description="Collector to which the shop sends its events.",
    )
    warehouse_memory_mb: int = Field(
        default=256,
        ge=128,
        description="Memory limit of the DuckDB warehouse in MiB; beyond it, DuckDB spills to disk.",
    )
    timezone: str = Field(default="UTC", description="IANA time zone in which days begin and end.")
    currency: str = Field(
        default="USD", pattern="^[A-Z]{3}$", description="Currency of amounts without one (ISO 4217 code)."
    )
    raw_layout: Literal["batch", "single"] = Field(
        default="batch", description="batch: concurrent requests share a raw object; single: one raw object per event."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("http://localhost:3000", "http://127.0.0.1:3000"),
        description="Origins whose pages may send events (CORS), comma-separated; * allows all.",
    )
    ack: Literal["store", "disk"] = Field(
        default="store",
        description="When events are acknowledged: store: as raw objects; disk: fsynced in DATA/spool.",
    )
    spool_max_mb: int = Field(
        default=1024, ge=1, description="Size limit of DATA/spool in MiB; beyond it, the collector responds 503."
    )
    ip: IpMode = Field(
        default="truncate",
        description="How much of a client address is stored: truncate keeps /24 (IPv6: /48).",
    )
    opt_out: OptOut = Field(
        default="ignore", description="anonymous: remove personal fields from events sent with Sec-GPC: 1 or DNT: 1."
    )
    write_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Write keys, comma-separated; if set, each POST must present one of them."
    )
    rate_limit: float | None = Field(default=None, gt=0, description="Requests per second allowed per client address.")
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = Field(
        default=(), description="Networks of proxies whose X-Forwarded-For is trusted, comma-separated."
    )
    own_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Your own hosts, which never count as referrers; subdomains included, comma-separated."
    )
    personal_parameters: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Query parameters to remove from URLs, besides the built-in list, comma-separated.",
    )
    country_header: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Request header in which your own proxy sends the country, such as CF-IPCountry.",
    )
    geoip_file: Path | None = Field(default=None, description="MaxMind database (.mmdb) for country lookup.")
    api_token: SecretStr | None = Field(
        default=None, description="Token with which others may read the stats API (default: none; only the owner's)."
    )

    keep_raw_days: int | None = Field(
        default=None, ge=1, description="Days to keep raw objects; older ones are deleted daily."
    )
    keep_warehouse_days: int | None = Field(
        default=None, ge=1, description="Days to keep warehouse rows; older ones are deleted daily."
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

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_valid(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return _read_all(values, lambda value: value if value == "*" else read_origin(value), "https://shop.example")

    @field_validator("own_hosts")
    @classmethod
    def _hosts_are_valid(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return _read_all(values, read_host, "shop.example")

    @field_validator("write_keys")
    @classmethod
    def _keys_are_long(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < MIN_KEY_CHARACTERS for key in value):
            raise ValueError(f"expected keys of at least {MIN_KEY_CHARACTERS} characters, got a shorter one")
        return value

    @field_validator("api_token")
    @classmethod
    def _api_token_is_long(cls, value: SecretStr | None) -> SecretStr | None:
        """Messages leave out the value."""
        if value is None or not value.get_secret_value():
            return None
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError(
                f"expected at least {MIN_KEY_CHARACTERS} characters, without blanks and of printable ASCII alone"
            )
        return value

    @field_validator("geoip_file")
    @classmethod
    def _geoip_file_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"file not found: {value}")
        return value

    @field_validator("raw_url")
    @classmethod
    def _raw_is_folder_or_bucket(cls, value: str | None) -> str | None:
        kind, colon, _ = (value or "").partition("/")[0].partition(":")
        if colon and value is not None and not value.startswith("file:///") and not _S3_URL.fullmatch(value):
            raise ValueError(f"expected a path, file:///… or s3://bucket[/prefix], got {kind}:…")
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _endpoint_is_safe(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Messages leave out the value: it may contain credentials."""
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("expected http(s)://host[:port] without user and password")
        if parts.scheme == "http" and not is_loopback(parts.hostname) and not info.data.get("s3_allow_http"):
            raise ValueError("plain http works on this machine only; use https or set CLICKSTREAM_S3_ALLOW_HTTP=true")
        return value

    @field_validator("warehouse_url")
    @classmethod
    def _warehouse_is_known(cls, value: str | None) -> str | None:
        """Messages leave out the value: it may contain a password."""
        if value is not None and not value.startswith((_DUCKDB, *_POSTGRES, f"{_LAKE}/")):
            kind = f"{value.partition('://')[0]}://…" if "://" in value else "something that is not a URL"
            raise ValueError(f"expected duckdb:///path, postgresql://… or {_LAKE}/path, got {kind}")
        return value

    @field_validator("web_db_url")
    @classmethod
    def _web_db_is_postgres(cls, value: str | None) -> str | None:
        """Messages leave out the value: it may contain a password."""
        if value and not value.startswith(_POSTGRES):
            raise ValueError("expected postgresql://user:password@host:port/database")
        return value or None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def raw_bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix of the raw store (prefix "" if unset); None if the raw store is a folder."""
        match = _S3_URL.fullmatch(self.raw_url or "")
        return None if match is None else (match[1], (match[2] or "").strip("/"))

    @property
    def raw_path(self) -> Path:
        """Folder of the raw store, unless it is a bucket."""
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
        """File of the DuckDB warehouse: `duckdb:///x` is relative, `duckdb:////x` absolute."""
        if self.warehouse_url is None:
            return self.data / "warehouse.duckdb"
        return Path(self.warehouse_url.removeprefix(_DUCKDB))

    @property
    def is_embedded(self) -> bool:
        """Whether the warehouse is a DuckDB file, which one process at a time can open."""
        return not (self.warehouse_url or "").startswith((*_POSTGRES, _LAKE))

    @property
    def lake_path(self) -> Path | None:
        """Folder of the lake that is the warehouse; None where it is a database."""
        url = self.warehouse_url or ""
        return Path(url.removeprefix(_LAKE)) if url.startswith(_LAKE) else None

    @property
    def warehouse_address(self) -> str:
        """URL of the warehouse for the code that opens it; may contain a password."""
        return f"{_DUCKDB}{self.warehouse_path}" if self.is_embedded else str(self.warehouse_url)

    @property
    def warehouse_name(self) -> str:
        """Name of the warehouse for messages: the path of the file, the lake, or host and database of the server."""
        if self.is_embedded:
            return str(self.warehouse_path.resolve())
        if self.lake_path is not None:
            return f"{_LAKE}{self.lake_path}"
        parts = urlsplit(str(self.warehouse_url))
        hosts = parse_qs(parts.query).get("host", [""])
        return f"postgresql://{parts.netloc.rpartition('@')[2] or hosts[0]}{parts.path}"

    @property
    def stage_path(self) -> Path:
        """Folder for temporary files of a load."""
        return (self.warehouse_path.parent if self.is_embedded else self.data) / "stage"

    @property
    def has_default_locations(self) -> bool:
        """Whether raw store and warehouse are where they are by default, so that `up` may load the sample."""
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
        del dotenv_settings, file_secret_settings  # the environment and clickstream.toml are enough
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _read_all(values: tuple[str, ...], read: Callable[[str], str], example: str) -> tuple[str, ...]:
    """Read each value into its normal form, without duplicates. Raises ValueError that names every invalid one."""
    found, problems = [], []
    for value in values:
        try:
            found.append(read(value))
        except ValueError as error:
            problems.append(f"{value!r} ({error})")
    if problems:
        raise ValueError(f"expected entries such as {example}, got {', '.join(problems)}")
    return tuple(dict.fromkeys(found))


def read_settings(data: Path | None = None) -> Settings:
    """Read the settings of this process. `data`, the `--data` option of a command, overrides all sources.

    Raises SettingsError with one line per wrong setting.
    """
    try:
        return Settings() if data is None else Settings(data=data)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([f"{SETTINGS_FILE}: expected a readable TOML file, got: {error}"]) from None
    except ValidationError as error:
        raise SettingsError(list(dict.fromkeys(map(_problem, error.errors())))) from None


def _problem(error: ErrorDetails) -> str:
    """One line: the setting, what is expected, and what was found unless it may be secret."""
    name = str(error["loc"][0]) if error["loc"] else "?"
    kind, limits = error["type"], error.get("ctx", {})
    if kind == "value_error":
        text = error["msg"].removeprefix("Value error, ")
    elif kind == "extra_forbidden":
        near = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
        text = f"unknown setting; did you mean {PREFIX}{near[0].upper()}?" if near else "unknown setting"
    elif expected := _EXPECTED.get(name) or _EXPECTED.get(kind):
        text = f"expected {expected.format(**limits)}, got {error['input']!r}"
    else:
        text = error["msg"]
    return f"{PREFIX}{name.upper()}: {text}"
