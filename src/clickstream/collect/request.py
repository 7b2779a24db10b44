"""One POST as every adapter passes it on, and the `_ingest` block that is stored with each of its events.

In: the facts of a request (method, path, headers, address, time) and its accepted events. Out: raw lines. Privacy is
decided here, before anything is stored: how much of the address is kept, and which fields remain of the events of a
visitor who opted out of tracking.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

import msgspec

from clickstream.collect.envelope import Envelope
from clickstream.event import RawEvent, RawLine
from clickstream.settings import IpMode, OptOut, Settings

# These are stored with every event of a request: a long value would be stored up to a thousand times.
MAX_USER_AGENT_BYTES = 1_024
MAX_SENT_AT_CHARACTERS = 64
MAX_COUNTRY_BYTES = 16
PERSONAL_FIELDS = ("userId", "clientId", "sessionId", "identitySource", "userAgent")
_Route = tuple[str, str, tuple[tuple[str, str], ...]]
_encoder = msgspec.json.Encoder()
_encode = _encoder.encode


@dataclass(slots=True)
class Request:
    """The facts of a POST. ip: the sender's full address. gateway: further facts, such as the API's id on AWS."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    ip: str | None
    received_ns: int
    id: str
    gateway: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What is stored about requests.

    country_header: lower-case name of the header in which a proxy names the country. opt_out: `anonymous` removes from
    an event with `Sec-GPC: 1` or `DNT: 1` everything that identifies a person.
    """

    ip: IpMode = "truncate"
    opt_out: OptOut = "ignore"
    country_header: bytes | None = None

    @classmethod
    def of(cls, settings: Settings) -> IngestConfig:
        header = settings.country_header
        return cls(settings.ip, settings.opt_out, header.lower().encode() if header else None)

    def has_opted_out(self, request: Request) -> bool:
        """Whether the visitor opted out of tracking, and the setting respects that."""
        headers = request.headers
        return self.opt_out == "anonymous" and (headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1")


def ingest_block(request: Request, config: IngestConfig) -> dict[str, object]:
    """Return the `_ingest` block of a request."""
    block: dict[str, object] = msgspec.json.decode(_sender_part(request, config) + _request_part(request, None))
    return block


def raw_lines(request: Request, envelope: Envelope, config: IngestConfig) -> list[RawLine]:
    """Return the accepted events as lines of a raw object, each with the `_ingest` block.

    The block is put into the events themselves, and encoded once for all of them.
    """
    events = envelope.accepted
    if config.opt_out != "ignore" and config.has_opted_out(request):
        events = [_without_person(event) for event in events]
    block = msgspec.Raw(_sender_part(request, config) + _request_part(request, envelope.sent_at))
    for event in events:
        event["_ingest"] = block
    if len(events) == 1:
        return [RawLine(_encode(events[0]))]
    return cast("list[RawLine]", _encoder.encode_lines(events)[:-1].split(b"\n"))


def _sender_part(request: Request, config: IngestConfig) -> bytes:
    headers = request.headers
    country = b"" if config.country_header is None else headers.get(config.country_header, b"")[:MAX_COUNTRY_BYTES]
    route = (request.method, request.path, request.gateway)
    if config.opt_out != "ignore" and config.has_opted_out(request):
        return _encoded_sender(None, b"", country, route, is_anonymous=True)
    user_agent = headers.get(b"user-agent", b"")[:MAX_USER_AGENT_BYTES]
    return _encoded_sender(_stored_ip(request.ip, config.ip), user_agent, country, route)


@lru_cache(1024)
def _encoded_sender(
    ip: str | None, user_agent: bytes, country: bytes, route: _Route, is_anonymous: bool = False
) -> bytes:
    """Return the part of the block that all requests of one visitor share, as JSON without its closing brace."""
    method, path, gateway = route
    block: dict[str, object] = {
        "sourceIp": ip,
        "userAgent": user_agent.decode("latin-1") or None,
        "method": method,
        "path": path,
        **dict(gateway),
    }
    if code := country_code(country):
        block["country"] = code
    if is_anonymous:
        block["optOut"] = True
    return _encode(block)[:-1]


def _request_part(request: Request, sent_at: object) -> bytes:
    """Return the rest of the block: what differs from request to request."""
    text = f',"receivedAt":"{iso_micros(request.received_ns)}","requestId":"{request.id}"'
    if isinstance(sent_at, int | float) or (isinstance(sent_at, str) and len(sent_at) <= MAX_SENT_AT_CHARACTERS):
        return text.encode() + b',"sentAt":' + _encode(sent_at) + b"}"
    return text.encode() + b"}"


def _without_person(event: RawEvent) -> RawEvent:
    """Return the event without the fields that link it to a person or to other events."""
    return {name: value for name, value in event.items() if name not in PERSONAL_FIELDS}


def country_code(value: bytes) -> str | None:
    """Return two upper-case letters, or None when the header names no country.

    Proxies send XX or ZZ for an unknown country, and T1 (not two letters) for the Tor network.
    """
    code = value.strip().upper()
    return code.decode() if len(code) == 2 and code.isalpha() and code not in (b"XX", b"ZZ") else None


def iso_micros(now_ns: int) -> str:
    """Return nanoseconds since 1970 as ISO 8601 in UTC with microseconds, rounded down."""
    seconds, rest = divmod(now_ns, 1_000_000_000)
    return f"{_iso_seconds(seconds)}.{rest // 1000:06d}Z"


@lru_cache(2)
def _iso_seconds(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _stored_ip(text: str | None, mode: IpMode) -> str | None:
    if text is None or mode == "drop":
        return None
    return truncate_ip(text) if mode == "truncate" else text


@lru_cache(4096)
def truncate_ip(text: str) -> str | None:
    """Return the network of an address, /24 for IPv4 and /48 for IPv6; None if `text` is not an address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)
