"""Host names and origins in one form, in which they can be compared.

The form of a host: lower case, internationalised labels in Punycode (IDNA 2008, as browsers do it), no trailing dot.
An origin is scheme, host and a port that is not the default of the scheme. In: text from settings, which must be valid
(ValueError with the reason), or from clients, which is compared as well as possible and never raises.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote

import idna

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
OPAQUE_ORIGIN = "null"
"""What browsers send as the origin of pages that have none, such as files."""
MAX_HOST_CHARACTERS = 253
MAX_CACHED_CHARACTERS = 1_000  # longer text is not a host, and must not fill the memory
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_ORIGIN = re.compile(r"([^:/?#]+)://([^/?#]*)(.*)", re.DOTALL)


def normal_host(host: str) -> str:
    """Return the normal form of a host from a client; of an invalid host, lower case without the trailing dot."""
    return _normal_host(host) if len(host) <= MAX_CACHED_CHARACTERS else host.strip().lower().rstrip(".")


def normal_origin(origin: str) -> str:
    """Return the normal form of an origin from a client; an invalid one as it is."""
    return _normal_origin(origin) if len(origin) <= MAX_CACHED_CHARACTERS else origin


@lru_cache(4096)
def _normal_host(host: str) -> str:
    try:
        return _valid_host(unquote(host) if "%" in host else host)
    except ValueError:
        return host.strip().lower().rstrip(".")


@lru_cache(1024)
def _normal_origin(origin: str) -> str:
    try:
        return read_origin(origin)
    except ValueError:
        return origin


def read_origin(text: str) -> str:
    """Return the normal form of an origin such as `https://shop.example:8443`. Raises ValueError with the reason."""
    if text == OPAQUE_ORIGIN:
        return text
    match = _ORIGIN.fullmatch(text.strip())
    if match is None:
        raise ValueError("it has no scheme such as https://")
    scheme, authority, rest = match[1].lower(), match[2], match[3]
    if not _SCHEME.fullmatch(scheme):
        raise ValueError(f"{scheme!r} is not a scheme")
    if rest not in ("", "/"):
        raise ValueError("an origin has no path")
    if "@" in authority:
        raise ValueError("an origin has no user")
    if "*" in authority:
        raise ValueError("wildcards are not supported; list each origin")
    host, port = _split_port(authority)
    shown_port = "" if port is None or port == DEFAULT_PORTS.get(scheme) else f":{port}"
    return f"{scheme}://{_valid_host(host)}{shown_port}"


def read_host(text: str) -> str:
    """Return the normal form of the host in a host name, `host:port`, `*.host` or URL. Raises ValueError."""
    text = text.strip()
    authority = re.split("[/?#]", text.partition("://")[2] if "://" in text else text, maxsplit=1)[0]
    host, _ = _split_port(authority.rpartition("@")[2])
    return _valid_host(host.removeprefix("*."))


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine, without asking a name server."""
    host = normal_host(host)
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _split_port(authority: str) -> tuple[str, int | None]:
    """Split `host:port`; an IPv6 address keeps its brackets."""
    host, colon, port = authority.rpartition(":")
    if not colon or "]" in port:
        return authority, None
    if port and not (port.isascii() and port.isdecimal() and int(port) <= 65_535):
        raise ValueError(f"{port!r} is not a port")
    return host, int(port) if port else None


def _valid_host(host: str) -> str:
    host = host.strip().lower()
    if not host:
        raise ValueError("it has no host")
    if host.startswith("["):
        return f"[{ip_address(host[1:].removesuffix(']')).compressed}]"
    host = (host if host.isascii() else _punycode(host)).removesuffix(".")
    if len(host) > MAX_HOST_CHARACTERS or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError(f"{host!r} is not a host name")
    return host


def _punycode(host: str) -> str:
    """Encode the labels that are not ASCII. Those that a client has encoded already are left as they are."""
    labels = idna.uts46_remap(host, std3_rules=False, transitional=False).split(".")
    return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in labels)
