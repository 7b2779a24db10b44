"""What an import needs from the warehouse: the earlier import of a file erased, and the number of new events.

In: the mark of an import (sources/importer.py) and settings. The collector and the warehouse must belong to the same
platform; `count_new` returns None where the warehouse does not know the events.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from clickstream.errors import ClickstreamError, WarehouseError
from clickstream.local.owner.client import Client
from clickstream.local.owner.erasure import ForgetRequest
from clickstream.local.owner.file import find_owner
from clickstream.local.owner.loading import EtlRunRequest
from clickstream.local.owner.questions import QueryRequest
from clickstream.local.owner.registry import ETL_RUN, FORGET, QUERY
from clickstream.local.spool import count_events
from clickstream.progress import Progress, no_progress
from clickstream.settings import Settings
from clickstream.sources.importer import MARK
from clickstream.warehouse.dialects import fill

SPOOL_PATIENCE_S = 15.0
"""How long the collector may take to ship its spool, where it has one."""


_COUNT_NEW = """
    select count(case when properties like '%"{field}":"{mark}"%' then 1 end), count(*)
    from clickstream_events where properties like '%"{field}":"{file}.%'
"""
"""A mark consists of hexadecimal digits and a dot, so it can be a slot of the statement."""


@dataclass(frozen=True, slots=True)
class ErasedImport:
    """What was erased: lines of raw objects, with the numbers of their receipts."""

    lines: int
    receipts: tuple[str, ...]


def erase_import(settings: Settings, file_mark: str) -> ErasedImport:
    """Erase all earlier imports of the file of this mark, with a receipt. Safe to repeat after an interruption."""
    found = Client(settings).call(FORGET, ForgetRequest("import", file_mark))
    if found.left:
        why = f"{found.left:,} lines or rows are left; another import of this file may be running"
        raise WarehouseError("erasing the earlier import", why, "wait until it has ended, then import again")
    return ErasedImport(found.lines, tuple(found.receipts))


def count_new(settings: Settings, mark: str, collector_url: str, progress: Progress = no_progress) -> int | None:
    """Return how many events of this import the warehouse did not know before; None when it cannot tell.

    It needs a collector on this machine and a running owner: without one, the events are not loaded yet.
    """
    if urlsplit(collector_url).hostname not in ("127.0.0.1", "::1", "localhost") or find_owner(settings) is None:
        return None
    deadline = time.monotonic() + SPOOL_PATIENCE_S
    while count_events(settings.spool_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    client = Client(settings, progress=progress)
    file, _, _ = mark.partition(".")
    sql = fill(_COUNT_NEW, field=MARK, mark=mark, file=file)
    try:
        client.call(ETL_RUN, EtlRunRequest())
        ((new, known),) = client.call(QUERY, QueryRequest(sql)).rows
    except ClickstreamError:
        return None
    return int(new) if known else None
