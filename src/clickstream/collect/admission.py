"""Admission: who may send events, decided before a body is read.

In: a request's headers and the address of its connection. Out: CORS headers, the sender's address, and a Rejection for
a request that is not admitted. Nothing here is stored or logged; the rate limiter remembers at most MAX_ADDRESSES
networks.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from clickstream.event import Rejection
from clickstream.hosts import normal_origin
from clickstream.settings import Settings

Headers = list[tuple[bytes, bytes]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PREFLIGHT_MAX_AGE_S = 7200
BURST_S = 10.0
MAX_ADDRESSES = 50_000
_EXPOSED = (b"access-control-expose-headers", b"retry-after")  # pages cannot read this header otherwise


class Cors:
    """The allow-list of origins whose pages may read responses, such as `https://shop.example`; `*` allows all.

    Credentials are never allowed: the collector has no cookies. A page that is not on the list can still send a simple
    request, for which browsers send no preflight; it only cannot read the response.
    """

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._allows_all = "*" in origins
        self._origins = frozenset(map(normal_origin, origins))

    def allows(self, origin: bytes | None) -> bool:
        """Whether pages of `origin` may read responses. None: the request has no Origin header."""
        return origin is None or self._allows_all or normal_origin(origin.decode("latin-1")) in self._origins

    def headers(self, origin: bytes | None) -> Headers:
        """Return the CORS headers of a response to a page of `origin`."""
        if origin is None:
            return []
        if self._allows_all:
            return [(b"access-control-allow-origin", b"*"), _EXPOSED]
        vary = [(b"vary", b"origin")]
        return [(b"access-control-allow-origin", origin), _EXPOSED, *vary] if self.allows(origin) else vary

    def preflight_headers(self, origin: bytes | None) -> Headers:
        """Return what a response to OPTIONS adds for an allowed origin."""
        if origin is None or not self.allows(origin):
            return []
        return [
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type, content-encoding, x-write-key"),
            (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_S).encode()),
        ]


@dataclass(frozen=True, slots=True)
class AdmissionConfig:
    """The settings that decide who may send events.

    write_keys: each POST must have one of them; empty: no key is needed. rate_limit: requests per second and address;
    None: unlimited. trusted_proxies: networks whose X-Forwarded-For header is trusted.
    """

    write_keys: tuple[bytes, ...] = ()
    rate_limit: float | None = None
    trusted_proxies: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> AdmissionConfig:
        keys = tuple(key.get_secret_value().encode() for key in settings.write_keys)
        return cls(keys, settings.rate_limit, settings.trusted_proxies)


class Admission:
    """Applies an AdmissionConfig, and keeps the state of its rate limiter."""

    def __init__(self, config: AdmissionConfig) -> None:
        self._config = config
        self._busy_until: dict[str, float] = {}
        self.retry_after_s = math.ceil(1 / config.rate_limit) if config.rate_limit else 0
        self.admits_all = not config.write_keys and config.rate_limit is None

    def sender(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return the address that sent a request: the peer, or the last address that no trusted proxy added.

        X-Forwarded-For is read from its end. Reading stops at an entry that is not an address: the entries before it
        were written by an unknown sender.
        """
        if not self._config.trusted_proxies or peer is None or not self._is_trusted(peer):
            return peer
        hops = [hop for name, value in headers if name == b"x-forwarded-for" for hop in value.split(b",")]
        for hop in reversed(hops):
            address = _address_in(hop.decode("latin-1").strip())
            if address is None:
                break
            peer = address
            if not self._is_trusted(address):
                break
        return peer

    def check(self, sender: str | None, headers: Mapping[bytes, bytes], query: bytes, now_s: float) -> Rejection | None:
        """Return why a POST is not admitted, or None when it is. now_s: any monotonic clock."""
        if self._config.write_keys and not self._has_write_key(headers, query):
            return Rejection(
                401, "invalid_write_key", "missing or unknown write key; send one in the header X-Write-Key"
            )
        if self._config.rate_limit and sender is not None and not self._is_within_rate(_network_of(sender), now_s):
            why = f"more than {self._config.rate_limit:g} requests per second from one address"
            return Rejection(429, "rate_limited", why)
        return None

    def _has_write_key(self, headers: Mapping[bytes, bytes], query: bytes) -> bool:
        """Look in the header, then in the query, which is for senders that cannot set headers.

        Every key is compared in constant time, also after a match.
        """
        sent = headers.get(b"x-write-key")
        if sent is None:
            sent = dict(parse_qsl(query)).get(b"writeKey", b"")
        return sum(hmac.compare_digest(sent, key) for key in self._config.write_keys) > 0

    def _is_within_rate(self, network: str, now_s: float) -> bool:
        """Each request keeps its network busy for another 1/rate seconds; more than BURST_S ahead is over the rate."""
        until = max(self._busy_until.pop(network, 0.0), now_s)
        is_within = until - now_s <= BURST_S
        cost_s = 1 / self._config.rate_limit if is_within and self._config.rate_limit else 0.0
        self._busy_until[network] = until + cost_s
        if len(self._busy_until) > MAX_ADDRESSES:
            del self._busy_until[next(iter(self._busy_until))]  # the network that has been silent longest
        return is_within

    def _is_trusted(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in network for network in self._config.trusted_proxies)


@lru_cache(4096)
def _network_of(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or an IPv6 /64, which one household gets."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def _address_in(hop: str) -> str | None:
    """Return the address in an entry of X-Forwarded-For, without its port.

    The forms are `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1` and `[2001:db8::1]:5678`.
    """
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None
