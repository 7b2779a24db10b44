"""Runs a step once for each distinct value and keeps the answers, so that rows only join them.

In: a step, and a query that yields its inputs. Out: a table `known_<step>` with inputs and answers, which holds every
input of the current chunk. Guarantee: memory is bounded; when the kept answers grow past a limit, all are forgotten
before the next chunk, so that values which never come twice (ids in URLs, made-up user agents) cannot pile up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from clickstream.warehouse.dialects import fill

MAX_KNOWN = 200_000
MAX_KNOWN_BYTES = 64 * 1_048_576


@dataclass(frozen=True, slots=True)
class Step:
    """One step. inputs: column -> SQL on `source`; a row whose first input is NULL is not asked.

    outputs: column -> SQL type, in the order in which `answer` gives them.
    """

    name: str
    source: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    answer: Callable[..., Sequence[Any]]


class Lookup:
    """The answers of one step, in a table of `connection`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, step: Step) -> None:
        self._connection = connection
        self._step = step
        self._table = f"known_{step.name}"
        self._count = 0
        self._size_bytes = 0
        columns = [f"{name} varchar" for name in step.inputs] + [f"{n} {kind}" for n, kind in step.outputs.items()]
        connection.execute(f"create or replace table {self._table} ({', '.join(columns)})")
        self._ask_sql = self._question()
        self._keep_sql = self._insertion()

    def put(self) -> None:
        """Answer whatever the current rows ask that is not known yet."""
        if self._count > MAX_KNOWN or self._size_bytes > MAX_KNOWN_BYTES:
            self._connection.execute(f"truncate {self._table}")
            self._count = self._size_bytes = 0
        asked = self._connection.execute(self._ask_sql).fetchall()
        if not asked:
            return
        rows = [(*inputs, *self._step.answer(*inputs)) for inputs in asked]
        names = (*self._step.inputs, *self._step.outputs)
        self._connection.execute(self._keep_sql, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
        self._count += len(rows)
        self._size_bytes += sum(len(value) for row in rows for value in row if isinstance(value, str))

    def _question(self) -> str:
        first = next(iter(self._step.inputs))
        inputs = ", ".join(f"{sql} as {name}" for name, sql in self._step.inputs.items())
        same = " and ".join(f"k.{name} = a.{name}" for name in self._step.inputs)
        return fill(
            "select * from (select distinct {inputs} from {source}) as a "
            "where {first} is not null and not exists (select 1 from {table} as k where {same})",
            inputs=inputs,
            source=self._step.source,
            first=first,
            table=self._table,
            same=same,
        )

    def _insertion(self) -> str:
        types = dict.fromkeys(self._step.inputs, "varchar") | self._step.outputs
        values = ", ".join(f"unnest(cast(${name} as {kind}[]))" for name, kind in types.items())
        return f"insert into {self._table} select {values}"
