"""The ETL as an AWS Lambda function: one pass when a schedule says so, or as soon as S3 says that objects came.

In: an EventBridge event, or SQS messages that hold S3 notifications; settings from the environment
(CLICKSTREAM_DATA is a folder that may be written, such as /tmp/clickstream). Out: what the pass did, as a small JSON
object; for SQS also which messages are to come again, since the time was up before their object was loaded.
Guarantee: the pass itself finds what is new, so that a message that is lost, doubled or late does no harm; what raises
marks the invocation as failed, and SQS brings its messages again. Reserve one concurrent execution for the function;
two at once do no harm either, one waits for the other.
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
from clickstream.raw.open import open_store
from clickstream.settings import Settings, read_settings
from clickstream.warehouse import open_warehouse
from clickstream.warehouse.contract import Warehouse

MARGIN_SHARE = 0.2
LONGEST_MARGIN_S = 10.0

Json = dict[str, Any]


class Context(Protocol):
    """What the runtime tells of an invocation, as far as it matters here."""

    def get_remaining_time_in_millis(self) -> int: ...


class EtlFunction:
    """The function. What an invocation opened stays open for the next one, until something goes wrong."""

    def __init__(self, read: Callable[[], Settings] = read_settings, clock: Callable[[], datetime] = utc_now) -> None:
        self._read = read
        self._clock = clock
        self._settings: Settings | None = None
        self._opened = ExitStack()
        self._loader: Loader | None = None
        self._warehouse: Warehouse

    def __call__(self, event: Mapping[str, Any], context: Context) -> Json:
        """Run one pass. Raises what the pass raises; the next invocation opens everything anew."""
        remaining_s = context.get_remaining_time_in_millis() / 1000
        max_seconds = remaining_s - min(LONGEST_MARGIN_S, MARGIN_SHARE * remaining_s)
        try:
            loader = self._open()
            result: Json = asdict(loader.run_pass(max_seconds=max_seconds))
            messages = [record for record in event.get("Records", []) if record.get("eventSource") == "aws:sqs"]
            if messages:
                result["batchItemFailures"] = [] if result["is_finished"] else self._unserved(messages)
        except BaseException:
            self._close()
            raise
        return result

    def _open(self) -> Loader:
        """The loader of this environment, opened at a cold start and after an error."""
        if self._loader is None:
            settings = self._settings = self._settings or self._read()
            self._warehouse = self._opened.enter_context(open_warehouse(settings.warehouse_address))
            store, rules = open_store(settings), LoadConfig.of(settings)
            loader = Loader(self._warehouse, store, settings.stage_path, self._clock, rules)
            self._loader = self._opened.enter_context(closing(loader))
        return self._loader

    def _close(self) -> None:
        self._loader = None
        self._opened.close()

    def _unserved(self, messages: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Messages whose objects are not all loaded yet: they come again, and with them the next pass."""
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
    """Keys of raw objects that a message tells of; none when it is something else, such as S3's test message."""
    try:
        body = msgspec.json.decode(message["body"])
        for record in body["Records"]:
            key = unquote_plus(record["s3"]["object"]["key"])
            if key.startswith(prefix):
                yield key.removeprefix(prefix)
    except (KeyError, TypeError, AttributeError, msgspec.DecodeError):
        return


handler = EtlFunction()
