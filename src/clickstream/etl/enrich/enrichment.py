"""The ordered list of enrichers, what each one reads and fills, and how it runs once for each distinct value.

In: rows of `parsed` (etl/sql/parse.sql). Out: a table `known_<enricher>` with the inputs and outputs of each enricher,
which holds every input of the current chunk; enriched.sql joins it to the rows. An enricher may build on those before
it: `channel` reads what `page` and `referrer` found in their URLs. `versions` names the rules and reference data, since
the warehouse depends on them too. Guarantee: memory is bounded. When a table grows past a limit, it is emptied before
the next chunk, so that values that never repeat (ids in URLs, made-up user agents) cannot pile up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from clickstream.etl.enrich.bots import put_bot_score
from clickstream.etl.enrich.channel import channel_reader
from clickstream.etl.enrich.country import GeoFile, country_reader
from clickstream.etl.enrich.device import put_device
from clickstream.etl.enrich.page import page_reader, referrer_reader
from clickstream.etl.enrich.sources import shipped_sources
from clickstream.settings import Settings
from clickstream.warehouse.dialects import fill
from clickstream.warehouse.duckdb import DuckStatements

RULES_VERSION = "3"
"""Raise it with every change of a rule in this folder that gives another value to the same line."""
MAX_KNOWN = 200_000
MAX_KNOWN_BYTES = 64 * 1_048_576


@dataclass(frozen=True, slots=True)
class EnrichmentConfig:
    """Settings of the enrichment.

    own_hosts: hosts that do not count as referrers, with their subdomains. personal_parameters: query parameters whose
    values are removed, besides the shipped ones. geoip_file: a MaxMind file with countries.
    """

    own_hosts: tuple[str, ...] = ()
    personal_parameters: tuple[str, ...] = ()
    geoip_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> EnrichmentConfig:
        return cls(settings.own_hosts, settings.personal_parameters, settings.geoip_file)

    def as_text(self) -> dict[str, str]:
        """Return what is set, for the record of a load."""
        given = {
            "own_hosts": ",".join(sorted(self.own_hosts)),
            "personal_parameters": ",".join(sorted(self.personal_parameters)),
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Enricher:
    """One enrichment: a function that runs once for each distinct combination of its inputs.

    inputs: column -> SQL on `source`; rows whose first input is NULL are skipped. outputs: column -> SQL type, in the
    order in which `enrich` returns them.
    """

    name: str
    source: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    enrich: Callable[..., Sequence[Any]]


class Enrichment:
    """All enrichers, over one connection. Raises SettingsError for a GeoIP file that cannot be read."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, statements: DuckStatements, config: EnrichmentConfig
    ) -> None:
        geo = GeoFile(config.geoip_file) if config.geoip_file else None
        # Networks are many, and would make almost every event a distinct value: they count only if a file is there.
        connection.execute("set variable has_geo_file = $1", [geo is not None])
        self._known = [_KnownValues(connection, statements, enricher) for enricher in enrichers(config, geo)]
        self.versions = {
            "enrichment": RULES_VERSION,
            "sources": shipped_sources().version,
            "ua-parser-builtins": version("ua-parser-builtins"),
            "crawlerdetect": version("crawlerdetect"),
        }
        if geo is not None:
            self.versions["geoip"] = geo.build

    def put_enriched(self) -> None:
        """Fill the `known_` tables with the values of every row of `parsed`."""
        for known in self._known:
            known.put()


class _KnownValues:
    """The inputs and outputs of one enricher, in a table of `connection`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, statements: DuckStatements, enricher: Enricher) -> None:
        self._connection = connection
        self._statements = statements
        self._enricher = enricher
        self._table = f"known_{enricher.name}"
        self._count = 0
        self._size_bytes = 0
        types = dict.fromkeys(enricher.inputs, "varchar") | enricher.outputs
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        connection.execute(f"create or replace table {self._table} ({columns})")
        values = ", ".join(f"unnest(cast(${name} as {kind}[]))" for name, kind in types.items())
        self._insert_sql = f"insert into {self._table} select {values}"
        self._new_inputs_sql = self._select_new_inputs()

    def put(self) -> None:
        """Add the inputs of the current rows that the table does not hold yet."""
        if self._count > MAX_KNOWN or self._size_bytes > MAX_KNOWN_BYTES:
            self._connection.execute(f"truncate {self._table}")
            self._count = self._size_bytes = 0
        new_inputs = self._statements.run(self._connection, self._new_inputs_sql).fetchall()
        if not new_inputs:
            return
        rows = [(*inputs, *self._enricher.enrich(*inputs)) for inputs in new_inputs]
        names = (*self._enricher.inputs, *self._enricher.outputs)
        values = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        self._statements.run(self._connection, self._insert_sql, values)
        self._count += len(rows)
        self._size_bytes += sum(len(value) for row in rows for value in row if isinstance(value, str))

    def _select_new_inputs(self) -> str:
        enricher = self._enricher
        first = next(iter(enricher.inputs))
        inputs = ", ".join(f"{sql} as {name}" for name, sql in enricher.inputs.items())
        same = " and ".join(f"k.{name} = a.{name}" for name in enricher.inputs)
        return fill(
            "select * from (select distinct {inputs} from {source}) as a "
            "where {first} is not null and not exists (select 1 from {table} as k where {same})",
            inputs=inputs,
            source=enricher.source,
            first=first,
            table=self._table,
            same=same,
        )


def enrichers(config: EnrichmentConfig, geo: GeoFile | None) -> Sequence[Enricher]:
    """Return all enrichers, in the order in which they run."""
    text = "varchar"
    return (
        Enricher(
            "page",
            "parsed",
            {"sent": "page_url"},
            {"page_url": text, "page_path": text, "host": text, "campaign": text},
            page_reader(config.personal_parameters),
        ),
        Enricher(
            "referrer",
            "parsed",
            {"sent": "referrer"},
            {"referrer": text, "host": text},
            referrer_reader(config.personal_parameters),
        ),
        Enricher(
            "channel",
            """(select distinct page_url, referrer, sent_campaign from parsed) as p
            join known_page as g on g.sent = p.page_url
            left join known_referrer as r on r.sent = p.referrer""",
            {
                "page_host": "g.host",
                "page_campaign": "g.campaign",
                "referrer_host": "coalesce(r.host, '')",
                "sent_campaign": "case when g.campaign = '' then coalesce(p.sent_campaign, '') else '' end",
            },
            {"source": text, "medium": text, "campaign": text, "channel": text, "referrer_domain": text},
            channel_reader(shipped_sources(), config.own_hosts),
        ),
        Enricher(
            "device",
            "parsed",
            {"sent": "user_agent"},
            {"device_type": text, "browser": text, "os": text},
            put_device,
        ),
        Enricher(
            "bot",
            "parsed",
            {"sent": "judged_agent"},
            {"bot_score": "integer", "bot_reasons": text, "is_bot": "boolean"},
            put_bot_score,
        ),
        Enricher(
            "country",
            "parsed",
            {
                "sent": "coalesce(country, '')",
                "header": "coalesce(header_country, '')",
                "address": "coalesce(source_ip, '')",
            },
            {"country": text},
            country_reader(geo),
        ),
    )
