"""Sends the events that the shop's server recorded in its transactions to the collector, until it has them.

In: the table `outbox`. Out: the same events at the collector, in the order of their ids, with `sent_at` set once the
collector stored them. An event that the collector rejects is noted with its error and sent again later; it never blocks
others. Rows stay locked while they are sent, so several senders share the work. A sender that is killed before it notes
its success leads to a second delivery with the same event ids, which count once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec

import clickstream
from clickstream.delivery import Delivery, Receipt, Sender
from clickstream.errors import ShopError, UnavailableError
from clickstream.shop.database import open_shop
from clickstream.warehouse.connections import Connection

BATCH = 50
BATCH_BYTES = 512 * 1024
"""Half of what a request may have. A single larger event is sent alone."""
DOING = "sending the shop's events"
IDLE_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
PATIENCE_S = 30.0
_SENDER = Sender(user_agent=f"clickstream-shop/{clickstream.__version__}")
_TAKE = b"""
    select id, event::text from outbox
    where sent_at is null and id > $1 and id <> all($2)
    order by id
    limit $3
    for update skip locked
"""
_NOTE_SENT = b"update outbox set sent_at = now(), attempts = attempts + 1, last_error = null where id = any($1)"
_NOTE_REJECTED = b"update outbox set attempts = attempts + 1, last_error = left($2, 500) where id = $1"


class Sent(msgspec.Struct, frozen=True):
    """What one pass did: events that the collector stored, and events that it rejected."""

    sent: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Rejections:
    """When to send rejected events again: after pauses that double, from FIRST_PAUSE_S to LONGEST_PAUSE_S."""

    clock: Callable[[], float] = time.monotonic
    times: dict[int, int] = field(default_factory=dict)
    due_at: dict[int, float] = field(default_factory=dict)

    def note(self, row: int) -> None:
        self.times[row] = self.times.get(row, 0) + 1
        self.due_at[row] = self.clock() + min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (min(self.times[row], 10) - 1))

    def forget(self, rows: Sequence[int]) -> None:
        for row in rows:
            self.times.pop(row, None)
            self.due_at.pop(row, None)

    def resting(self) -> list[int]:
        """Return the rows that must not be sent yet."""
        now = self.clock()
        return [row for row, due_at in self.due_at.items() if due_at > now]


class Outbox:
    """A sender with a connection to the shop's database."""

    def __init__(self, connection: Connection, delivery: Delivery) -> None:
        self._connection = connection
        self._delivery = delivery
        self._rejections = _Rejections()

    def send(self) -> Sent:
        """Send every event that is due, once. Raises UnavailableError when the collector does not take any."""
        sent = rejected = last = 0
        resting = self._rejections.resting()
        while True:
            with self._connection.transaction():
                rows = self._connection.execute(_TAKE, [last, resting, BATCH]).fetchall()
                batch = _fitting(rows)
                if not batch:
                    return Sent(sent, rejected)
                receipt = self._delivery.post([event.encode() for event in batch.values()], _SENDER)
                count = self._note(list(batch), receipt)
            last = max(batch)
            sent, rejected = sent + len(batch) - count, rejected + count

    def _note(self, rows: list[int], receipt: Receipt) -> int:
        """Note what became of each row; return how many were rejected."""
        errors: Mapping[int, str] = {each.index: f"{each.error}: {each.message}" for each in receipt.rejected}
        if receipt.accepted + len(errors) != len(rows):
            why = f"the collector answered for {receipt.accepted + len(errors)} of {len(rows)} events"
            raise UnavailableError(DOING, why, "check that the URL is that of a collector")
        stored = [row for index, row in enumerate(rows) if index not in errors]
        self._connection.execute(_NOTE_SENT, [stored])
        self._rejections.forget(stored)
        for index, error in errors.items():
            self._connection.execute(_NOTE_REJECTED, [rows[index], error])
            self._rejections.note(rows[index])
        return len(errors)


def send_once(url: str, delivery: Delivery) -> Sent:
    """Send what waits in the outbox of this database."""
    with open_shop(url, DOING) as connection:
        return Outbox(connection, delivery).send()


def watch(find_url: Callable[[], str | None], delivery: Delivery, report: Callable[[str], None]) -> NoReturn:
    """Send events as they come, until a signal. Failures are reported once each and retried after growing pauses.

    find_url: returns the URL of the shop's database, None as long as it is not known.
    """
    trouble, pause_s = "", FIRST_PAUSE_S
    while (url := find_url()) is None:
        time.sleep(IDLE_S)
    while True:
        try:
            with open_shop(url, DOING) as connection:
                outbox = Outbox(connection, delivery)
                while True:
                    done = outbox.send()
                    if done.sent and trouble:
                        report("sending works again")
                    if done.rejected:
                        report(f"warning: the collector rejected {done.rejected:,} events; outbox.last_error says why")
                    trouble, pause_s = "", FIRST_PAUSE_S
                    time.sleep(IDLE_S)
        except (ShopError, UnavailableError) as error:
            if str(error) != trouble:
                trouble = str(error)
                report(f"warning: {trouble}; retrying")
        time.sleep(pause_s)
        url = find_url() or url
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)


def _fitting(rows: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Return the first rows that fit into one request, and at least one."""
    batch: dict[int, str] = {}
    size = 0
    for row, event in rows:
        size += len(event.encode())
        if batch and size > BATCH_BYTES:
            break
        batch[row] = event
    return batch
