"""Every error that Clickstream raises, in one tree.

    ClickstreamError            an error that a user can act on
    ├── SettingsError           settings are missing or invalid; it lists all of them
    ├── StoreError              the raw store cannot be read or written
    ├── WarehouseError          the warehouse cannot be opened, read or written
    │   └── WarehouseBusyError  another process holds the DuckDB file
    ├── ShopError               the shop's database cannot be used, or refuses a change
    ├── QuestionError           a parameter of a request is invalid
    ├── SourceError             a file to import, or its mapping, cannot be used
    ├── CloudError              AWS, or a tool that deploys to it, refuses or fails
    └── UnavailableError        a process that must run does not respond

Errors take facts, keep them as attributes, and report three things: what failed, why, and what to do.
Bad data is never an exception; it is a value (`event.BadRow`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class ClickstreamError(Exception):
    """An error that a user can act on: what failed (`doing`), why, and what to do (`advice`).

    code: the stable word for it in JSON. facts: the constructor's parameters, kept under the same names.
    """

    code = "error"
    facts: ClassVar[tuple[str, ...]] = ("doing", "why", "advice")

    def __init__(self, doing: str, why: str, advice: str = "") -> None:
        super().__init__(doing, why, advice)
        self.doing = doing
        self.why = why
        self.advice = advice

    def __str__(self) -> str:
        return ": ".join(part for part in (self.doing, self.why) if part)

    def as_fields(self) -> dict[str, Any]:
        """Return the error's class name and facts; `error_from_fields` restores the error from them."""
        return {"kind": type(self).__name__} | {name: getattr(self, name) for name in self.facts}


class SettingsError(ClickstreamError):
    """Settings are missing or invalid. `problems` has one line for each."""

    code = "invalid_settings"
    facts = ("problems",)

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "reading the settings",
            "; ".join(problems),
            "correct them in the environment (CLICKSTREAM_*) or in clickstream.toml",
        )


class StoreError(ClickstreamError):
    """The raw store cannot be read or written."""

    code = "store_failed"


class WarehouseError(ClickstreamError):
    """The warehouse cannot be opened, read or written."""

    code = "warehouse_failed"


class WarehouseBusyError(WarehouseError):
    """Another process holds the DuckDB file.

    holder: that process, as far as it is known. is_owner: it is a Clickstream owner, which serves other commands.
    what: `warehouse`, or `mart`.
    """

    code = "warehouse_busy"
    facts = ("path", "holder", "is_owner", "what")

    def __init__(self, path: str, holder: str, is_owner: bool = False, what: str = "warehouse") -> None:
        self.path = path
        self.holder = holder
        self.is_owner = is_owner
        self.what = what
        advice = "stop that process, or wait for it to end; then run this again"
        if is_owner:
            advice = "stop clickstream up (Ctrl-C in its terminal), or use commands that work beside it, such as report"
        super().__init__(f"opening the {what} {path}", f"it is open in {holder}", advice)


class ShopError(ClickstreamError):
    """The shop's database cannot be opened, read or changed, or it refuses a change."""

    code = "shop_failed"


class QuestionError(ClickstreamError):
    """A parameter of a request is unknown or invalid. `code` is the kind of fault."""

    facts = ("code", "parameter", "why", "advice")

    def __init__(self, code: str, parameter: str, why: str, advice: str = "") -> None:
        super().__init__(f"invalid parameter `{parameter}`", why, advice)
        self.code = code
        self.parameter = parameter


class SourceError(ClickstreamError):
    """A file to import, or its mapping, cannot be used."""

    code = "source_failed"


class CloudError(ClickstreamError):
    """AWS, or a tool that deploys to it, refuses or fails."""

    code = "cloud_failed"


class UnavailableError(ClickstreamError):
    """A process that must run does not respond."""

    code = "unavailable"


_KINDS = {
    kind.__name__: kind
    for kind in (
        ClickstreamError,
        SettingsError,
        StoreError,
        WarehouseError,
        WarehouseBusyError,
        ShopError,
        QuestionError,
        SourceError,
        CloudError,
        UnavailableError,
    )
}


def error_from_fields(fields: Mapping[str, Any]) -> ClickstreamError:
    """Restore an error from `ClickstreamError.as_fields`."""
    facts = dict(fields)
    return _KINDS[facts.pop("kind")](**facts)
