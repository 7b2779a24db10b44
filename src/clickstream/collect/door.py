"""Who may come in, decided before a body is read: origins, addresses behind proxies, write keys, rates.

In: headers and the address of a connection. Out: CORS headers, the sender's address, a Rejection or None.
Nothing here is stored or logged; the table of rates holds at most MAX_ADDRESSES networks.
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
_EXPOSED = (b"access-control-expose-headers", b"retry-after")  # else a page could not see when to try again


class Cors:
    """Which pages may read the answers: `origins` such as `https://shop.example`, or `*` for all.

    Credentials are never allowed: the collector has no cookies. A page that is not on the list can still send a simple
    request (browsers do not ask before those); it only cannot read the answer.
    """

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._all = "*" in origins
        self._origins = frozenset(map(normal_origin, origins))

    def lists(self, origin: bytes | None) -> bool:
        """Whether pages of `origin` may read answers. None: not asked by a page of another origin."""
        return origin is None or self._all or normal_origin(origin.decode("latin-1")) in self._origins

    def headers(self, origin: bytes | None) -> Headers:
        """Headers of every answer to a page of `origin`."""
        if origin is None:
            return []
        if self._all:
            return [(b"access-control-allow-origin", b"*"), _EXPOSED]
        vary = [(b"vary", b"origin")]
        return [(b"access-control-allow-origin", origin), _EXPOSED, *vary] if self.lists(origin) else vary

    def preflight(self, origin: bytes | None) -> Headers:
        """What the answer to OPTIONS adds for an allowed origin."""
        if origin is None or not self.lists(origin):
            return []
        return [
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type, content-encoding, x-write-key"),
            (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_S).encode()),
        ]


@dataclass(frozen=True, slots=True)
class Rules:
    """write_keys: one of them must come with each POST; none = open. rate_limit: requests a second and address, None =
    unlimited. trusted_proxies: networks whose X-Forwarded-For is believed."""

    write_keys: tuple[bytes, ...] = ()
    rate_limit: float | None = None
    trusted_proxies: tuple[Network, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        keys = tuple(key.get_secret_value().encode() for key in settings.write_keys)
        return cls(keys, settings.rate_limit, settings.trusted_proxies)


class Door:
    """Holds `rules`."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._busy_until: dict[str, float] = {}
        self.retry_after_s = math.ceil(1 / rules.rate_limit) if rules.rate_limit else 0
        self.is_guarded = bool(rules.write_keys) or rules.rate_limit is not None

    def sender(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The address that sent a request: the peer, or what trusted proxies say, read from the last hop on.

        A hop that is no address ends the reading: what stands before it was written by whoever came from there.
        """
        if not self._rules.trusted_proxies or peer is None or not self._is_trusted(peer):
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

    def refusal(
        self, sender: str | None, headers: Mapping[bytes, bytes], query: bytes, now_s: float
    ) -> Rejection | None:
        """Why a POST may not come in; None when it may. now_s: any clock that only goes forward."""
        if self._rules.write_keys and not self._has_key(headers, query):
            return Rejection(401, "invalid_write_key", "send a write key in the header X-Write-Key")
        if self._rules.rate_limit and sender is not None and not self._takes(_network_of(sender), now_s):
            return Rejection(429, "rate_limited", f"at most {self._rules.rate_limit:g} requests a second and address")
        return None

    def _has_key(self, headers: Mapping[bytes, bytes], query: bytes) -> bool:
        """The query is for senders that cannot set headers. Each key is compared whole, whether or not one fits."""
        sent = headers.get(b"x-write-key")
        if sent is None:
            sent = dict(parse_qsl(query)).get(b"writeKey", b"")
        return sum(hmac.compare_digest(sent, key) for key in self._rules.write_keys) > 0

    def _takes(self, network: str, now_s: float) -> bool:
        """Each request makes its network busy for 1/rate longer; one that is busy for over BURST_S must wait."""
        until = max(self._busy_until.pop(network, 0.0), now_s)
        is_taken = until - now_s <= BURST_S
        self._busy_until[network] = until + 1 / self._rules.rate_limit if is_taken and self._rules.rate_limit else until
        if len(self._busy_until) > MAX_ADDRESSES:
            del self._busy_until[next(iter(self._busy_until))]  # the one that was not heard of for longest
        return is_taken

    def _is_trusted(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        ip = getattr(ip, "ipv4_mapped", None) or ip
        return any(ip in network for network in self._rules.trusted_proxies)


@lru_cache(4096)
def _network_of(address: str) -> str:
    """What is counted as one sender: an IPv4 address, or the /64 that a household gets of IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def _address_in(hop: str) -> str | None:
    """The address in one entry of X-Forwarded-For: `1.2.3.4`, `1.2.3.4:5678`, `2001:db8::1` or `[2001:db8::1]:5678`."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None
