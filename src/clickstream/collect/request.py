"""One POST as every front door sees it, and what is noted of it: the `_ingest` block of each of its events.

In: method, path, headers, body, address and time of a request. Out: its events, and lines as they will be stored.
Privacy is decided here, before anything is stored anywhere: how much of the address is kept, and what is left of the
events of a visitor who opted out of tracking.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import msgspec

from clickstream.collect.envelope import MAX_BODY_BYTES, Envelope, body_too_large, gunzip, read_envelope
from clickstream.event import RawEvent, RawLine, Rejection
from clickstream.settings import IpMode, OptOut, Settings

# These stand in every event of a request: a long one would be stored a thousand times.
MAX_USER_AGENT_BYTES = 1_024
MAX_SENT_AT_CHARACTERS = 64
MAX_COUNTRY_BYTES = 16
PERSONAL_FIELDS = ("userId", "clientId", "sessionId", "identitySource")
_Where = tuple[str, str, tuple[tuple[str, str], ...]]
_encoder = msgspec.json.Encoder()
_encode = _encoder.encode


@dataclass(slots=True)
class Request:
    """ip: the sender's whole address. gateway: further facts to note, such as the API's id on AWS."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    ip: str | None
    received_ns: int
    id: str
    gateway: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted of requests.

    country_header: name, in small letters, of the header in which a proxy says the country; `country` is there when it
    does. opt_out: whether `Sec-GPC: 1` and `DNT: 1` take from an event what ties it to a person.
    """

    ip: IpMode = "truncate"
    opt_out: OptOut = "ignore"
    country_header: bytes | None = None

    @classmethod
    def of(cls, settings: Settings) -> Notes:
        header = settings.country_header
        return cls(settings.ip, settings.opt_out, header.lower().encode() if header else None)

    def has_opted_out(self, request: Request) -> bool:
        """Whether the visitor asked not to be followed, and is heard."""
        headers = request.headers
        return self.opt_out == "anonymous" and (headers.get(b"sec-gpc") == b"1" or headers.get(b"dnt") == b"1")

    def block(self, request: Request) -> dict[str, Any]:
        """The `_ingest` block of a request."""
        block: dict[str, Any] = msgspec.json.decode(self._head(request) + _tail(request, None))
        return block

    def lines(self, request: Request, envelope: Envelope) -> list[RawLine]:
        """The accepted events as lines of a raw object, each with the request's facts and the envelope's `sentAt`.

        The facts are put into the events; they are encoded once for all.
        """
        events = envelope.accepted
        if self.opt_out != "ignore" and self.has_opted_out(request):
            events = [_without_person(event) for event in events]
        block = msgspec.Raw(self._head(request) + _tail(request, envelope.sent_at))
        for event in events:
            event["_ingest"] = block
        if len(events) == 1:
            return [RawLine(_encode(events[0]))]
        return cast("list[RawLine]", _encoder.encode_lines(events)[:-1].split(b"\n"))

    def _head(self, request: Request) -> bytes:
        headers = request.headers
        country = b"" if self.country_header is None else headers.get(self.country_header, b"")[:MAX_COUNTRY_BYTES]
        is_anonymous = self.opt_out != "ignore" and self.has_opted_out(request)
        where = (request.method, request.path, request.gateway)
        if is_anonymous:
            return _head(None, b"", country, where, is_anonymous=True)
        return _head(
            _kept_ip(request.ip, self.ip), headers.get(b"user-agent", b"")[:MAX_USER_AGENT_BYTES], country, where
        )


def read_events(headers: Mapping[bytes, bytes], body: bytes, new_id: Callable[[], str]) -> tuple[Envelope, bytes]:
    """What the body of a POST brings, accepted and refused; and its bytes, unpacked where they can be."""
    plain = body_too_large() if len(body) > MAX_BODY_BYTES else _unpacked(headers, body)
    if isinstance(plain, Rejection):
        return Envelope([], [plain]), body
    return read_envelope(plain, new_id), plain


def _unpacked(headers: Mapping[bytes, bytes], body: bytes) -> bytes | Rejection:
    """The body, unpacked, when its headers say something that the collector reads."""
    content_type = headers.get(b"content-type", b"")
    if content_type != b"application/json":
        content_type = content_type.partition(b";")[0].strip().lower()
        if content_type not in (b"", b"application/json", b"text/plain"):
            return Rejection(415, "unsupported_media_type", "send application/json or text/plain")
    if b"content-encoding" not in headers:
        return body
    encoding = headers[b"content-encoding"].strip().lower()
    if encoding not in (b"gzip", b"identity", b""):
        return Rejection(415, "unsupported_media_type", "the only content-encoding is gzip")
    return gunzip(body) if encoding == b"gzip" and body else body


@lru_cache(1024)
def _head(ip: str | None, user_agent: bytes, country: bytes, where: _Where, is_anonymous: bool = False) -> bytes:
    """The part of the block that the requests of one visitor share, as JSON without its end."""
    method, path, gateway = where
    block: dict[str, Any] = {
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


def _tail(request: Request, sent_at: object) -> bytes:
    text = f',"receivedAt":"{iso_micros(request.received_ns)}","requestId":"{request.id}"'
    if isinstance(sent_at, int | float) or (isinstance(sent_at, str) and len(sent_at) <= MAX_SENT_AT_CHARACTERS):
        return text.encode() + b',"sentAt":' + _encode(sent_at) + b"}"
    return text.encode() + b"}"


def _without_person(event: RawEvent) -> RawEvent:
    """The event without what ties it to a person or to the events around it."""
    return {name: value for name, value in event.items() if name not in PERSONAL_FIELDS}


def country_code(value: bytes) -> str | None:
    """Two letters in capitals. XX and T1 are what proxies say of addresses that they cannot place: no country."""
    code = value.strip().upper()
    return code.decode() if len(code) == 2 and code.isalpha() and code not in (b"XX", b"ZZ") else None


def iso_micros(now_ns: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC with microseconds, rounded down."""
    seconds, rest = divmod(now_ns, 1_000_000_000)
    return f"{_iso_seconds(seconds)}.{rest // 1000:06d}Z"


@lru_cache(2)
def _iso_seconds(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _kept_ip(text: str | None, mode: IpMode) -> str | None:
    if text is None or mode == "drop":
        return None
    return truncate_ip(text) if mode == "truncate" else text


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
