"""All settings, read once at an entry point and passed on as one value.

In: environment variables `CLICKSTREAM_*`, then `clickstream.toml` in the working folder, then defaults.
Out: `Settings`. Every problem is reported at once, in the user's spelling of the name.
Nothing below an entry point reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from clickstream.errors import SettingsError

SETTINGS_FILE = "clickstream.toml"
PREFIX = "CLICKSTREAM_"


class Settings(BaseSettings):
    """Where things are and how they behave. Each field is `CLICKSTREAM_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file=SETTINGS_FILE, extra="forbid", frozen=True)

    data: Path = Field(default=Path("data"), description="Folder that holds the defaults of all places.")
    raw_url: str | None = Field(default=None, description="Raw store: a path or file:///… (default DATA/raw).")
    warehouse_url: str | None = Field(
        default=None, description="Warehouse: duckdb:///… (default DATA/warehouse.duckdb)."
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

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"no such time zone: {value!r}; expected an IANA name such as Europe/Berlin")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("raw_url")
    @classmethod
    def _raw_is_folder(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and not value.startswith("file:///"):
            raise ValueError(f"unknown kind of raw store: {value!r}; expected a path or file:///…")
        return value

    @field_validator("warehouse_url")
    @classmethod
    def _warehouse_is_duckdb(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("duckdb:///"):
            raise ValueError(f"unknown kind of warehouse: {value!r}; expected duckdb:///path")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def raw_path(self) -> Path:
        """Folder of the raw store."""
        url = self.raw_url
        if url is None:
            return self.data / "raw"
        return Path(url.removeprefix("file://"))

    @property
    def warehouse_path(self) -> Path:
        """File of the DuckDB warehouse. `duckdb:///x` is relative, `duckdb:////x` absolute."""
        if self.warehouse_url is None:
            return self.data / "warehouse.duckdb"
        return Path(self.warehouse_url.removeprefix("duckdb:///"))

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
