"""What the doctor finds: facts, and problems of at most three lines."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """what is wrong, why (or how it shows), what to do. is_warning: nothing fails of it yet."""

    what: str
    why: str
    advice: str
    is_warning: bool = False


class PartFact(msgspec.Struct, frozen=True):
    """A process of the platform. state: one word for programs; note: the rest for people."""

    name: str
    state: str
    pid: int | None = None
    url: str | None = None
    note: str = ""


class PlaceFact(msgspec.Struct, frozen=True):
    """A place on disk. size_bytes None: not counted to its end."""

    name: str
    path: str
    exists: bool
    is_writable: bool
    size_bytes: int | None = None
    objects: int | None = None
    free_bytes: int | None = None
    file_system: str | None = None


class SpoolFact(msgspec.Struct, frozen=True):
    """What the collector acknowledged and has not stored yet (CLICKSTREAM_ACK=disk). limit_bytes: then it refuses."""

    path: str
    files: int
    size_bytes: int
    limit_bytes: int
    oldest_age_s: float | None = None


class SettingFact(msgspec.Struct, frozen=True):
    """A setting as it holds. source: default, file, environment or --data."""

    name: str
    value: str
    source: str


class LoadingFact(msgspec.Struct, frozen=True):
    """How far loading is. balanced None: there is no warehouse to ask, or it could not be asked."""

    last_pass_at: str | None = None
    newest_object_at: str | None = None
    accepted: int | None = None
    pending: int | None = None
    balanced: bool | None = None


class Examination(msgspec.Struct):
    """All that was found. `is_well`: no problem but warnings. spool: None where there is none, and none is wanted."""

    is_well: bool = True
    parts: list[PartFact] = []
    places: list[PlaceFact] = []
    spool: SpoolFact | None = None
    settings: list[SettingFact] = []
    versions: dict[str, str] = {}
    loading: LoadingFact = LoadingFact()
    problems: list[Problem] = []

    def blame(self, what: str, why: str, advice: str, *, is_warning: bool = False) -> None:
        self.problems.append(Problem(what, why, advice, is_warning))
        self.is_well = self.is_well and is_warning
