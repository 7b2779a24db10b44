"""The commands that put a warehouse right: bad rows, and the rebuild; given an open place.

As commands.py does for the others: the owner runs them for whoever asks, or the command itself where the file is free.
Each has a loader of its own, so that the owner's loop goes on meanwhile.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import date
from functools import partial

from clickstream.etl.repair import bad_rows
from clickstream.etl.repair.rebuild import RebuildContext, RebuildRequest, rebuild
from clickstream.etl.repair.replay import ReplayFilter, replay
from clickstream.local.owner.commands import Json, Place
from clickstream.progress import Progress, no_progress


def bad_list(place: Place, since: date | None = None, reason: str | None = None) -> Json:
    """Reasons with their counts, and the newest bad rows."""
    return bad_rows.list_bad_rows(place.warehouse, since, reason)


def bad_show(place: Place, object_: str, line: int) -> Json:
    """One bad row with its bytes."""
    return bad_rows.show_bad_row(place.warehouse, object_, line)


def bad_replay(place: Place, chosen: ReplayFilter, reached: Progress = no_progress) -> Json:
    """Read bad lines again; what came of them."""
    bad_rows.assert_any(place.warehouse, chosen.reason, chosen.object)
    with closing(place.make_loader(place.warehouse)) as loader:
        return asdict(replay(loader, chosen, reached))


def etl_rebuild(place: Place, wish: RebuildRequest, reached: Progress = no_progress) -> Json:
    """Build the warehouse anew beside itself, compare, and swap if wished."""

    def load() -> object:
        return place.load((), partial(reached, doing="loading what is new"), None)

    progress = partial(reached, doing="building anew")
    return rebuild(RebuildContext(place.warehouse, place.store, place.clock, load, place.make_loader), wish, progress)
