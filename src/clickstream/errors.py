"""Every error that Clickstream raises, in one tree.

    ClickstreamError            anything a user can be told in three lines
    ├── SettingsError           settings are missing or wrong; all of them at once
    ├── StoreError              the raw store could not be read or written
    ├── WarehouseError          the warehouse could not be opened, read or written
    │   └── WarehouseBusyError  another process holds the DuckDB file
    ├── QuestionError           a metric was asked something it has no answer to
    ├── SourceError             a file to import, or its mapping, cannot be used
    └── UnavailableError        a part that must run does not answer

Errors take facts, keep them, and say three things: what was being done, what was
found, what to do next. Bad data is never an exception; it is a value (`event.BadRow`).
"""

from __future__ import annotations


class ClickstreamError(Exception):
    """An error with its three lines: what failed, why, and what to do.

    `code` is the stable word that stands in JSON answers.
    """

    code = "error"

    def __init__(self, doing: str, why: str, advice: str = "") -> None:
        super().__init__(doing, why, advice)
        self.doing = doing
        self.why = why
        self.advice = advice

    def __str__(self) -> str:
        return ": ".join(part for part in (self.doing, self.why) if part)


class SettingsError(ClickstreamError):
    """Settings are missing or wrong. `problems` holds one line for each."""

    code = "invalid_settings"

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "reading the settings",
            "; ".join(problems),
            "set them in the environment (CLICKSTREAM_*) or in clickstream.toml",
        )


class StoreError(ClickstreamError):
    """The raw store could not be read or written."""

    code = "store_failed"


class WarehouseError(ClickstreamError):
    """The warehouse could not be opened, read or written."""

    code = "warehouse_failed"


class WarehouseBusyError(WarehouseError):
    """Another process holds the DuckDB file. `holder` names it, as far as it can be known."""

    code = "warehouse_busy"

    def __init__(self, path: str, holder: str) -> None:
        self.path = path
        self.holder = holder
        super().__init__(
            f"opening the warehouse {path}",
            f"it is held by {holder}",
            "stop that process, or use the commands that ask it: report, metric, check",
        )


class QuestionError(ClickstreamError):
    """A metric was asked with a parameter it does not know or cannot use. `code` says which kind."""

    def __init__(self, code: str, parameter: str, why: str, advice: str = "") -> None:
        super().__init__(f"asking with {parameter}", why, advice)
        self.code = code
        self.parameter = parameter


class SourceError(ClickstreamError):
    """A file to import, or the mapping for it, cannot be used."""

    code = "source_failed"


class UnavailableError(ClickstreamError):
    """A part that must run does not answer."""

    code = "unavailable"
