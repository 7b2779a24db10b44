"""What the collector notes about a request: the `_ingest` block of every event that came with it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from clickstream.event import RawEvent, RawLine

# These stand in every event of a request: a long one would be stored a thousand times.
MAX_USER_AGENT_BYTES = 1_024
MAX_SENT_AT_CHARACTERS = 64
_encode = msgspec.json.Encoder().encode


def ingest_block(
    scope: Mapping[str, Any], headers: Mapping[bytes, bytes], now_ns: int, request_id: str
) -> dict[str, Any]:
    """Facts of one request, as they are stored. `sourceIp` is truncated before it is stored anywhere."""
    client = scope.get("client")
    return {
        "receivedAt": iso_micros(now_ns),
        "sourceIp": truncate_ip(client[0]) if client else None,
        "userAgent": headers.get(b"user-agent", b"")[:MAX_USER_AGENT_BYTES].decode("latin-1") or None,
        "method": scope["method"],
        "path": scope["path"],
        "requestId": request_id,
    }


def raw_lines(events: list[RawEvent], ingest: dict[str, Any], sent_at: object) -> list[RawLine]:
    """The events as lines of a raw object, each with the request's facts and the envelope's `sentAt`."""
    is_time = isinstance(sent_at, int | float) or (isinstance(sent_at, str) and len(sent_at) <= MAX_SENT_AT_CHARACTERS)
    block = b',"_ingest":' + _encode(ingest | {"sentAt": sent_at} if is_time else ingest) + b"}"
    return [RawLine(_encode(event)[:-1] + block) for event in events]


def iso_micros(now_ns: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC with microseconds, rounded down."""
    seconds, rest = divmod(now_ns, 1_000_000_000)
    return f"{_iso_seconds(seconds)}.{rest // 1000:06d}Z"


@lru_cache(2)
def _iso_seconds(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


@lru_cache(4096)
def truncate_ip(text: str) -> str | None:
    """The network of an address: /24 for IPv4, /48 for IPv6; None for what is no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)
