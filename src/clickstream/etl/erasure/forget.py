"""Forgets a person, or removes the sample: raw lines first, then every row that came of them, then the proof.

In: a Person. Out: the warehouse and the raw store as if these events had never been sent, but for `erased` lines, which
keep the ledger's balance. Guarantee: a receipt with all places is durable before anything is changed, and the warehouse
changes in one transaction; killed at any moment, `finish` (or the next `forget`) completes it. Doing it twice is
harmless, and a rebuild brings nothing back. Loading goes on meanwhile: a chunk that was read before an erasure is read
anew (load.py). Copies outside, such as exports and backups, are the caller's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from functools import partial

import uuid_utils

from clickstream.etl.erasure.person import Kind, Person
from clickstream.etl.erasure.receipt import Receipt, close_receipt, make_receipt, open_receipts, prove, write_receipt
from clickstream.etl.erasure.rejected import count_copies, erase_copies
from clickstream.etl.erasure.rewrite import erase_places
from clickstream.etl.erasure.search import TRACES, Places, Search
from clickstream.etl.load import LOAD_STATEMENTS, Load, next_load_id, record_load
from clickstream.etl.rollups import keep_rollups
from clickstream.etl.run import Loader
from clickstream.etl.sql import run_statements
from clickstream.progress import Progress, no_progress
from clickstream.raw.listing import still_there
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill

ROUNDS = 3
"""Searches that may find something: events of the person may come while the first is at work."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, or would go. receipts: their numbers; none when there was nothing to do. secret: see receipt.py.

    lines: of raw objects, in `objects` of them. traces: rows of the warehouse that show the person. rejected: copies of
    refused input. left: all of these that a search finds afterwards; None when nothing was erased.
    """

    kind: Kind
    clients: tuple[str, ...]
    lines: int = 0
    objects: int = 0
    rejected: int = 0
    traces: int = 0
    receipts: tuple[str, ...] = ()
    secret: str = ""
    left: int | None = None


class Eraser:
    """Searches and erases, with the parser and by the settings of a loader that does nothing meanwhile."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._warehouse = loader.warehouse
        self._store = loader.store

    def user(self, user_id: str, *, with_clients: bool = True) -> Person:
        """A user; with the clients whose events without a user id the platform counts as that user's."""
        sql = "select client_id from clients where first_user_id = $user order by client_id"
        rows = self._warehouse.fetch(sql, {"user": user_id}).rows if with_clients else []
        return Person("user", user_id, tuple(row[0] for row in rows))

    def look(self, person: Person, progress: Progress = no_progress) -> Forgotten:
        """What `forget` would do."""
        places, traces = self._find(person, progress)
        copies = count_copies(self._store, person)
        return Forgotten(person.kind, person.clients, places.count, len(places.lines), copies, traces)

    def forget(self, person: Person, progress: Progress = no_progress) -> Forgotten:
        """Erase all that can be found of the person; then search again, and erase what has come meanwhile."""
        self.finish()
        done = Forgotten(person.kind, person.clients, rejected=erase_copies(self._store, person))
        for round_ in range(ROUNDS + 1):
            doing = "proving" if round_ else "searching"
            places, traces = self._find(person, partial(progress, doing=doing))
            done = replace(done, left=places.count + traces + count_copies(self._store, person))
            if round_ == ROUNDS or not (places.count or traces):
                break
            secret = done.secret or secrets.token_hex(16)
            receipt = self._receipt(person, places, secret)
            write_receipt(self._store, receipt)
            self._erase(receipt, person)
            done = replace(
                done,
                lines=done.lines + receipt.lines,
                objects=done.objects + receipt.objects,
                traces=done.traces + traces,
                receipts=(*done.receipts, receipt.number),
                secret=secret,
            )
        return done

    def finish(self) -> int:
        """Complete what was begun and killed; how many receipts that were."""
        receipts = open_receipts(self._store)
        for receipt in receipts:
            self._erase(receipt, None)
        return len(receipts)

    def _find(self, person: Person, progress: Progress) -> tuple[Places, int]:
        search = Search(person, self._warehouse, self._store, self._loader.parser, progress)
        return search.run(), search.traces()

    def _receipt(self, person: Person, places: Places, secret: str) -> Receipt:
        now = self._loader.stamp().loaded_at
        number = str(uuid_utils.uuid7(nanoseconds=int(now.timestamp() * 1000) * 1_000_000))
        lines = {key: sorted(found) for key, found in sorted(places.lines.items())}
        proof = prove(secret, person.value) if person.value else ""
        return make_receipt(number, person.kind, lines, now, proof)

    def _erase(self, receipt: Receipt, person: Person | None) -> None:
        """Do what a receipt says. Without the person, what shows the ids alone is left to the next `forget`."""
        with self._warehouse.transaction() as cursor:  # first: loaders of other processes wait here
            names = still_there(self._store, receipt.places)  # the others have expired
            erase_places(self._store, names, receipt.places, receipt.number)
            self._erase_rows(cursor, receipt, person)
        close_receipt(self._store, receipt, self._loader.stamp().loaded_at)
        self._warehouse.tidy()

    def _erase_rows(self, cursor: Cursor, receipt: Receipt, person: Person | None) -> None:
        places = [(key, line) for key, lines in receipt.places.items() for line in lines]
        load_id = next_load_id(cursor)
        stamp = self._loader.stamp()
        params = {
            "objects": [key for key, _ in places],
            "lines": [line for _, line in places],
            "receipt": receipt.number,
            "load_id": load_id,
            "currency": stamp.currency,
            "earliest": None,
            "latest": None,
            **(person.params if person else {}),
        }
        slots = {"condition": person.condition() if person else "false"}
        for name in ("forget", *LOAD_STATEMENTS[1:]):
            run_statements(cursor, name, params, slots)
        keep_rollups(cursor, stamp.zone)
        if person is not None:
            for table in ("seen", "clients", "daily_visitors"):  # rows that outlived the expiry of their events
                condition = person.condition(**TRACES[table])
                delete = fill("delete from {table} where {condition}", table=table, condition=condition)
                cursor.execute(delete, person.params)
        cursor.execute("delete from erasures where receipt = $receipt", {"receipt": receipt.number})
        cursor.execute(
            "insert into erasures values ($receipt, $now, $lines)",
            {"receipt": receipt.number, "now": stamp.loaded_at, "lines": receipt.lines},
        )
        # A load of its own: whoever remembers answers by the number of the load asks anew.
        record_load(cursor, Load(load_id, 0, 0, 0), stamp)
