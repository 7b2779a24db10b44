"""The ordered list of steps, what each is asked and what it fills.

In: rows of `parsed` (etl/sql/parse.sql). Out: a table `known_<step>` for each step, which events.sql joins. A step may
build on those before it: `channel` reads what `page` and `referrer` cut out of their URLs. `versions` says by which
rules and reference data the columns came about, since the warehouse is a function of those too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb

from clickstream.etl.enrich.bots import put_bot_score
from clickstream.etl.enrich.channel import channel_reader
from clickstream.etl.enrich.country import GeoFile, country_reader
from clickstream.etl.enrich.device import put_device
from clickstream.etl.enrich.lookup import Lookup, Step
from clickstream.etl.enrich.page import page_reader, referrer_reader
from clickstream.etl.enrich.sources import shipped_sources
from clickstream.settings import Settings

RULES_VERSION = "3"
"""Raised with every change of a rule in this folder that gives another value to the same line."""


@dataclass(frozen=True, slots=True)
class EnrichmentConfig:
    """What the settings say about enrichment. own_hosts: hosts that are no referrers, with their subdomains.

    personal_parameters: query parameters whose values are removed, besides the shipped ones.
    geoip_file: a MaxMind file with countries.
    """

    own_hosts: tuple[str, ...] = ()
    personal_parameters: tuple[str, ...] = ()
    geoip_file: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> EnrichmentConfig:
        return cls(settings.own_hosts, settings.personal_parameters, settings.geoip_file)

    def as_text(self) -> dict[str, str]:
        """What is set, for the record of a load."""
        given = {
            "own_hosts": ",".join(sorted(self.own_hosts)),
            "personal_parameters": ",".join(sorted(self.personal_parameters)),
        }
        return {name: value for name, value in given.items() if value}


class Enrichment:
    """The steps over one connection; `versions` names rules and reference data. SettingsError for a bad geo file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, rules: EnrichmentConfig) -> None:
        geo = GeoFile(rules.geoip_file) if rules.geoip_file else None
        # Networks are many, and would make each event a value of its own: they are asked only when a file can answer.
        connection.execute("set variable has_geo_file = $1", [geo is not None])
        self._lookups = [Lookup(connection, step) for step in steps(rules, geo)]
        self.versions = {
            "enrichment": RULES_VERSION,
            "sources": shipped_sources().version,
            "ua-parser-builtins": version("ua-parser-builtins"),
            "crawlerdetect": version("crawlerdetect"),
        }
        if geo is not None:
            self.versions["geoip"] = geo.build

    def put_enriched(self) -> None:
        """Make the `known_` tables answer for every row of `parsed`."""
        for lookup in self._lookups:
            lookup.put()


def steps(rules: EnrichmentConfig, geo: GeoFile | None) -> Sequence[Step]:
    text = "varchar"
    return (
        Step(
            "page",
            "parsed",
            {"sent": "page_url"},
            {"page_url": text, "page_path": text, "host": text, "campaign": text},
            page_reader(rules.personal_parameters),
        ),
        Step(
            "referrer",
            "parsed",
            {"sent": "referrer"},
            {"referrer": text, "host": text},
            referrer_reader(rules.personal_parameters),
        ),
        Step(
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
            channel_reader(shipped_sources(), rules.own_hosts),
        ),
        Step(
            "device",
            "parsed",
            {"sent": "user_agent"},
            {"device_type": text, "browser": text, "os": text},
            put_device,
        ),
        Step(
            "bot",
            "parsed",
            {"sent": "judged_agent"},
            {"bot_score": "integer", "bot_reasons": text, "is_bot": "boolean"},
            put_bot_score,
        ),
        Step(
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
