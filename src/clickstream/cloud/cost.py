"""What the platform costs per month on AWS: the bill by part, fixed and per event, and what batching saves.

In: events per month, events per request, a region. Out: one line for each thing that AWS bills. The assumptions are
the constants below; docs/guide/aws.md works the same bill out by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from clickstream.cloud.prices import API_STEP, DATED, HOURS, PRICES, Price
from clickstream.errors import QuestionError

MILLION = Decimal(1_000_000)
GB = Decimal(1_000_000_000)
REGION = "us-east-1"
BATCH = 10
"""Events in a request of the tracker, on average: it sends what 5 seconds or a page collected."""
BATCHES = (1, 10, 25)

ENDPOINTS = 3
SYSTEM_GB = 8
WAREHOUSE_GB = 20
WEB_GB = 8
ALARMS = 10
INGEST_GB = Decimal("0.5")
INGEST_S = Decimal("0.06")
ETL_GB = Decimal(2)
PASSES = HOURS
PASS_S = Decimal(5)
"""What a pass without new events takes, with the start of the function."""
ETL_EVENTS_PER_S = Decimal(5_000)
"""A third of what docs/benchmarks.md measures: the function has about one processor."""
OBJECT_BYTES = Decimal(300)
"""An event in the raw store, in a compressed object of many events."""
SINGLE_BYTES = Decimal(1_100)
"""An event in an object that is not compressed."""
ROW_BYTES = Decimal(1_000)
"""An event in the warehouse, with its indexes."""
KEPT_MONTHS = 12
LOG_BYTES = Decimal(900)
"""Log lines of a request: one of the API, three of the function."""
ANSWER_BYTES = Decimal(500)
EVENTS_PER_PAGE = Decimal(5)
PAGE_BYTES = Decimal(40_000)
PAGE_GB_HOURS = Decimal("0.5") * Decimal("0.1") / 3600
ASSET_REQUESTS = Decimal(2)
ASSET_BYTES = Decimal(20_000)
SMALL_UP_TO = 30_000_000
"""Events a month for which the instance and its volume are chosen. Above that, take a larger instance."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. amount: US dollars of the month, rounded to cents."""

    part: str
    item: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal
    is_fixed: bool
    source: str


@dataclass(frozen=True, slots=True)
class Saving:
    """What a number of events per request costs for its requests. All amounts in US dollars a month."""

    batch: int
    requests: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """A month's bill. prices_of: the day on which the prices were collected."""

    region: str
    events: int
    batch: int
    lines: list[Line]
    fixed: Decimal
    variable: Decimal
    total: Decimal
    per_million_events: Decimal
    savings: list[Saving]
    notes: list[str]
    prices_of: str = DATED
    currency: str = "USD"

    def parts(self) -> dict[str, Decimal]:
        """Return the amount of each part, in the order of the lines."""
        totals: dict[str, Decimal] = {}
        for line in self.lines:
            totals[line.part] = totals.get(line.part, Decimal(0)) + line.amount
        return totals


def bill(events: int, batch: int = BATCH, region: str = REGION, has_ec2messages: bool = True) -> Bill:
    """Return the bill of a month with this many events. Raises QuestionError for an unknown region."""
    if region not in PRICES:
        raise QuestionError(
            "unknown_region", "region", f"no prices for {region}", f"known regions: {', '.join(sorted(PRICES))}"
        )
    biller = _Biller(region)
    lines = [*_fixed(biller, has_ec2messages), *_variable(biller, events, batch)]
    fixed = sum((line.amount for line in lines if line.is_fixed), Decimal(0))
    variable = sum((line.amount for line in lines if not line.is_fixed), Decimal(0))
    savings = [Saving(each, -(-events // each), biller.requests_cost(events, each)) for each in BATCHES]
    per_million = _cents(variable / (events / MILLION)) if events else Decimal(0)
    return Bill(
        region, events, batch, lines, fixed, variable, fixed + variable, per_million, savings, _notes(events, batch)
    )


class _Biller:
    """Makes the lines of a bill in one region."""

    def __init__(self, region: str) -> None:
        self.prices = PRICES[region]

    def fixed(self, part: str, item: str, key: str, quantity: Decimal) -> Line:
        return self._line(Line(part, item, quantity, "", Decimal(0), Decimal(0), True, ""), self.prices[key])

    def variable(self, part: str, item: str, key: str, quantity: Decimal) -> Line:
        return self._line(Line(part, item, quantity, "", Decimal(0), Decimal(0), False, ""), self.prices[key])

    def _line(self, line: Line, price: Price) -> Line:
        amount = _cents(max(line.quantity - price.free, Decimal(0)) * price.amount)
        quantity = line.quantity.quantize(Decimal("0.001"), ROUND_HALF_UP)
        unit = f"{price.unit} (first {price.free:,} free)" if price.free else price.unit
        return replace(line, quantity=quantity, unit=unit, price=price.amount, amount=amount, source=price.source)

    def requests_cost(self, events: int, batch: int) -> Decimal:
        """Return what depends on the number of requests: receiving, storing, logging and reading them."""
        requests = Decimal(-(-events // batch))
        logs = _cents(requests * LOG_BYTES / GB * self.prices["logs"].amount)
        reads = _cents((requests / 1000 * self.prices["put"].amount + requests * self.prices["get"].amount) / MILLION)
        return sum((line.amount for line in _requests(self, requests)), logs + reads)


def _fixed(biller: _Biller, has_ec2messages: bool) -> Iterator[Line]:
    endpoints = ENDPOINTS if has_ec2messages else ENDPOINTS - 1
    hours = Decimal(HOURS)
    yield biller.fixed("network", f"{endpoints} endpoints of Systems Manager", "endpoint", endpoints * hours)
    yield biller.fixed("network", "public address of the shop's database", "address", hours)
    yield biller.fixed("warehouse", "t4g.small", "t4g.small", hours)
    yield biller.fixed("warehouse", "volumes", "volume", Decimal(SYSTEM_GB + WAREHOUSE_GB))
    yield biller.fixed("shop's database", "t4g.micro", "t4g.micro", hours)
    yield biller.fixed("shop's database", "volumes", "volume", Decimal(SYSTEM_GB + WEB_GB))
    yield biller.fixed("operations", "alarms", "alarm", Decimal(ALARMS))


def _variable(biller: _Biller, events: int, batch: int) -> Iterator[Line]:
    requests = Decimal(-(-events // batch))
    yield from _requests(biller, requests)
    yield from _etl(biller, Decimal(events), requests)
    kept_bytes = events * KEPT_MONTHS * (OBJECT_BYTES if batch > 1 else SINGLE_BYTES)
    yield biller.variable("raw store", f"storage of {KEPT_MONTHS} months", "storage", kept_bytes / GB)
    more_gb = max(events * KEPT_MONTHS * ROW_BYTES / GB - WAREHOUSE_GB, Decimal(0))
    item = f"volume for {KEPT_MONTHS} months beyond {WAREHOUSE_GB} GB"
    yield biller.variable("warehouse", item, "volume", more_gb)
    yield biller.variable("operations", "logs", "logs", requests * LOG_BYTES / GB)
    yield from _shop(biller, events / EVENTS_PER_PAGE)


def _requests(biller: _Biller, requests: Decimal) -> Iterator[Line]:
    """What each request costs until its events are stored."""
    millions = requests / MILLION
    above = max(millions - API_STEP, Decimal(0))
    yield biller.variable("ingestion", "HTTP API", "api", millions - above)
    if above:
        yield biller.variable("ingestion", "HTTP API above 300 million", "api above 300 million", above)
    yield biller.variable("ingestion", "function: invocations", "invocation", millions)
    yield biller.variable("ingestion", "function: compute", "compute", requests * INGEST_GB * INGEST_S)
    yield biller.variable("ingestion", "answers", "traffic", requests * ANSWER_BYTES / GB)
    yield biller.variable("raw store", "PUT of objects", "put", millions)


def _etl(biller: _Biller, events: Decimal, objects: Decimal) -> Iterator[Line]:
    lists = objects / 1000 + 2 * PASSES
    seconds = PASSES * PASS_S + events / ETL_EVENTS_PER_S
    yield biller.variable("ETL", "LIST of objects", "put", lists / MILLION)
    yield biller.variable("ETL", "GET of objects", "get", objects / MILLION)
    yield biller.variable("ETL", "function: compute", "compute", seconds * ETL_GB)


def _shop(biller: _Biller, pages: Decimal) -> Iterator[Line]:
    yield biller.variable("shop", "Amplify: requests", "shop requests", pages / MILLION)
    yield biller.variable("shop", "Amplify: compute", "shop compute", pages * PAGE_GB_HOURS)
    yield biller.variable("shop", "Amplify: traffic", "shop traffic", pages * PAGE_BYTES / GB)
    yield biller.variable("shop", "CloudFront: requests", "cdn requests", pages * ASSET_REQUESTS / MILLION)
    yield biller.variable("shop", "CloudFront: traffic", "cdn traffic", pages * ASSET_BYTES / GB)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _notes(events: int, batch: int) -> list[str]:
    notes = [
        "list prices without taxes, savings plans and the free tier of a new account",
        f"assumes {EVENTS_PER_PAGE} events per page of the shop, and {KEPT_MONTHS} months of raw objects and rows",
        "Cognito is free up to 10,000 active users a month",
    ]
    if batch == 1:
        notes.append("the tracker sends several events in a request; one event each is the worst case")
    if events > SMALL_UP_TO:
        notes.append(f"above {SMALL_UP_TO:,} events a month, choose a larger instance for the warehouse")
    return notes
