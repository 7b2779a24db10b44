"""The ETL as an AWS Lambda function: one pass, started by a schedule or by S3 notifications of new objects.

In: an EventBridge event, or SQS messages with S3 notifications; settings from the environment (CLICKSTREAM_DATA must be
a writable folder, such as /tmp/clickstream). Out: the result of the pass as a small JSON object; for SQS also the
messages whose objects were not loaded in time, which SQS delivers again.
Guarantee: the pass finds new objects itself, so that a lost, duplicate or late message does no harm. An exception marks
the invocation as failed, and SQS delivers its messages again. Two at a time are safe, because one waits for the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote_plus

import msgspec

from clickstream.etl.run import LoadConfig, Loader
from clickstream.event import utc_now
from clickstream.raw.store import open_store
from clickstream.settings import Settings, read_settings
from clickstream.warehouse import open_warehouse
from clickstream.warehouse.contract import Warehouse

MARGIN_SHARE = 0.2
LONGEST_MARGIN_S = 10.0

Json = dict[str, Any]


class Context(Protocol):
    """The part of Lambda's context object that is used here."""

    def get_remaining_time_in_millis(self) -> int: ...


class EtlFunction:
    """The function. Later invocations use the loader that the first one opened, until an error closes it."""

    def __init__(self, read: Callable[[], Settings] = read_settings, clock: Callable[[], datetime] = utc_now) -> None:
        self._read = read
        self._clock = clock
        self._settings: Settings | None = None
        self._opened = ExitStack()
        self._loader: Loader | None = None
        self._warehouse: Warehouse

    def __call__(self, event: Mapping[str, Any], context: Context) -> Json:
        """Run one pass. Raises what the pass raises; the next invocation then opens a new loader."""
        remaining_s = context.get_remaining_time_in_millis() / 1000
        max_seconds = remaining_s - min(LONGEST_MARGIN_S, MARGIN_SHARE * remaining_s)
        try:
            loader = self._open()
            result: Json = asdict(loader.run_pass(max_seconds=max_seconds))
            messages = [record for record in event.get("Records", []) if record.get("eventSource") == "aws:sqs"]
            if messages:
                result["batchItemFailures"] = [] if result["is_finished"] else self._unloaded(messages)
        except BaseException:
            self.close()
            raise
        return result

    def database_size_bytes(self) -> int:
        """Return how large the database of the warehouse is; the warehouse is PostgreSQL and a pass has opened it."""
        return int(self._warehouse.fetch("select pg_database_size(current_database())").rows[0][0])

    def close(self) -> None:
        """Close what a pass opened; the next one opens it again."""
        self._loader = None
        self._opened.close()

    def _open(self) -> Loader:
        """Return the loader, which is opened at a cold start and after an error."""
        if self._loader is None:
            settings = self._settings = self._settings or self._read()
            self._warehouse = self._opened.enter_context(open_warehouse(settings.warehouse_address))
            store, config = open_store(settings), LoadConfig.of(settings)
            loader = Loader(self._warehouse, store, settings.stage_path, self._clock, config)
            self._loader = self._opened.enter_context(closing(loader))
        return self._loader

    def _unloaded(self, messages: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Return the messages whose objects are not all loaded yet. SQS delivers them again, for another pass."""
        prefix = self._prefix()
        wanted = {message["messageId"]: set(_keys(message, prefix)) for message in messages}
        loaded: set[str] = set()
        with self._warehouse.reading() as cursor:
            for key in set().union(*wanted.values()):
                if cursor.fetch("select 1 from raw_objects where name = $name", {"name": key}).rows:
                    loaded.add(key)
        return [{"itemIdentifier": number} for number, keys in wanted.items() if keys - loaded]

    def _prefix(self) -> str:
        bucket = self._settings.raw_bucket if self._settings is not None else None
        return f"{bucket[1]}/" if bucket is not None and bucket[1] else ""


def _keys(message: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Yield the keys of raw objects in a message; none from another kind of message, such as S3's test message."""
    try:
        body = msgspec.json.decode(message["body"])
        for record in body["Records"]:
            key = unquote_plus(record["s3"]["object"]["key"])
            if key.startswith(prefix):
                yield key.removeprefix(prefix)
    except (KeyError, TypeError, AttributeError, msgspec.DecodeError):
        return


handler = EtlFunction()
