"""Forgets a person, or removes the sample: erases raw lines, then every row that came from them, then verifies.

In: a Person. Out: the warehouse and the raw store as if these events had never been sent, except for `erased` lines,
which keep the ledger balanced. Guarantee: a receipt with all positions is durable before anything changes, and the
warehouse changes in one transaction; if the process is killed, `finish` (or the next `forget`) completes the erasure.
Forgetting twice is harmless, and a rebuild restores nothing. Loading continues meanwhile: a chunk that was read before
an erasure is read again (load.py). Copies outside the platform, such as exports and backups, are up to the user.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from functools import partial

import uuid_utils

from clickstream.etl.erasure.person import Kind, Person
from clickstream.etl.erasure.raw_store import (
    Receipt,
    close_receipt,
    count_copies,
    erase_copies,
    erase_lines,
    make_receipt,
    open_receipts,
    prove,
    write_receipt,
)
from clickstream.etl.erasure.search import ID_COLUMNS, PersonSearch, Positions
from clickstream.etl.load import LOAD_STATEMENTS, Load, count_removal, next_load_id, record_load
from clickstream.etl.run import Loader
from clickstream.etl.sql import run_statements
from clickstream.progress import Progress, no_progress
from clickstream.raw.listing import still_there
from clickstream.warehouse.contract import Cursor
from clickstream.warehouse.dialects import fill

ROUNDS = 3
"""Searches that may find something: events of the person may arrive during an erasure."""


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What was erased, or would be.

    lines: of raw objects, in `objects` of them. traces: rows of the warehouse that showed the person. rejected: copies
    of refused input. receipts: their numbers; empty when there was nothing to erase. secret: see raw_store.py.
    left: how many of all these a final search still found; None when nothing was erased.
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
    """Searches and erases with the parser and settings of a loader, which must not load at the same time."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._warehouse = loader.warehouse
        self._store = loader.store

    def user(self, user_id: str, *, with_clients: bool = True) -> Person:
        """Return a user, by default with the clients whose anonymous events the platform counts as that user's."""
        sql = "select client_id from clients where first_user_id = $user order by client_id"
        rows = self._warehouse.fetch(sql, {"user": user_id}).rows if with_clients else []
        return Person("user", user_id, tuple(row[0] for row in rows))

    def preview(self, person: Person, progress: Progress = no_progress) -> ForgetResult:
        """Return what `forget` would erase."""
        positions, traces = self._find(person, progress)
        copies = count_copies(self._store, person)
        return ForgetResult(person.kind, person.clients, positions.count, len(positions.lines), copies, traces)

    def forget(self, person: Person, progress: Progress = no_progress) -> ForgetResult:
        """Erase everything that a search finds; search again, and erase what has arrived meanwhile."""
        self.finish()
        result = ForgetResult(person.kind, person.clients, rejected=erase_copies(self._store, person))
        for number in range(ROUNDS + 1):
            doing = "verifying" if number else "searching"
            positions, traces = self._find(person, partial(progress, doing=doing))
            result = replace(result, left=positions.count + traces + count_copies(self._store, person))
            if number == ROUNDS or not (positions.count or traces):
                break
            secret = result.secret or secrets.token_hex(16)
            receipt = self._receipt(person, positions, secret)
            write_receipt(self._store, receipt)
            self._erase(receipt, person)
            result = replace(
                result,
                lines=result.lines + receipt.lines,
                objects=result.objects + receipt.objects,
                traces=result.traces + traces,
                receipts=(*result.receipts, receipt.number),
                secret=secret,
            )
        return result

    def finish(self) -> int:
        """Complete erasures that were killed; return how many receipts there were."""
        receipts = open_receipts(self._store)
        for receipt in receipts:
            self._erase(receipt, None)
        return len(receipts)

    def _find(self, person: Person, progress: Progress) -> tuple[Positions, int]:
        search = PersonSearch(person, self._warehouse, self._store, self._loader.parser, progress)
        return search.find_positions(), search.count_rows()

    def _receipt(self, person: Person, positions: Positions, secret: str) -> Receipt:
        now = self._loader.stamp().loaded_at
        number = str(uuid_utils.uuid7(nanoseconds=int(now.timestamp() * 1000) * 1_000_000))
        lines = {key: sorted(found) for key, found in sorted(positions.lines.items())}
        proof = prove(secret, person.value) if person.value else ""
        return make_receipt(number, person.kind, lines, now, proof)

    def _erase(self, receipt: Receipt, person: Person | None) -> None:
        """Erase the positions of a receipt. Without the person, rows that only show ids stay for the next `forget`."""
        with self._warehouse.transaction() as cursor:  # first: loaders of other processes wait here
            names = still_there(self._store, receipt.positions)  # the others have expired
            erase_lines(self._store, names, receipt.positions, receipt.number)
            self._erase_rows(cursor, receipt, person)
        close_receipt(self._store, receipt, self._loader.stamp().loaded_at)
        self._warehouse.tidy()

    def _erase_rows(self, cursor: Cursor, receipt: Receipt, person: Person | None) -> None:
        positions = [(key, line) for key, lines in receipt.positions.items() for line in lines]
        load_id = next_load_id(cursor)
        stamp = self._loader.stamp()
        params = {
            "objects": [key for key, _ in positions],
            "lines": [line for _, line in positions],
            "receipt": receipt.number,
            "load_id": load_id,
            "currency": stamp.currency,
            "earliest": None,
            "latest": None,
            **(person.params if person else {}),
        }
        slots = {"condition": person.condition() if person else "false"}
        for name in ("forget", *LOAD_STATEMENTS[1:], "gone"):
            run_statements(cursor, name, params, slots)
        if person is not None:
            for table in ("seen", "clients"):  # rows that outlived the expiry of their events
                condition = person.condition(**ID_COLUMNS[table])
                delete = fill("delete from {table} where {condition}", table=table, condition=condition)
                cursor.execute(delete, person.params)
            cursor.execute("insert into gone values ($load_id, 'visitors', '')", {"load_id": load_id})
        count_removal(cursor, int(cursor.scalar("select count(*) from replaced")))
        cursor.execute("delete from erasures where receipt = $receipt", {"receipt": receipt.number})
        cursor.execute(
            "insert into erasures values ($receipt, $now, $lines)",
            {"receipt": receipt.number, "now": stamp.loaded_at, "lines": receipt.lines},
        )
        # Its own load number: caches of answers are keyed by the last load, and must miss from now on.
        record_load(cursor, Load(load_id, 0, 0, 0), stamp)
