"""Writes a small MaxMind file: networks and their countries, as the real ones are laid out (format 2.0)."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

BUILD_EPOCH = 1_770_000_000
_RECORD_BYTES = 3


def write_geo_file(path: Path, countries: dict[str, str]) -> None:
    """countries: IPv4 network -> ISO code; no network may hold another."""
    tree: list[list[int | bytes | None]] = [[None, None]]
    for network, code in countries.items():
        parsed = ipaddress.IPv4Network(network)
        bits = f"{int(parsed.network_address):032b}"[: parsed.prefixlen]
        node = 0
        for bit in map(int, bits[:-1]):
            child = tree[node][bit]
            if not isinstance(child, int):
                tree.append([None, None])
                child = tree[node][bit] = len(tree) - 1
            node = child
        tree[node][int(bits[-1])] = code.encode()
    path.write_bytes(_file(tree))


def _file(tree: list[list[int | bytes | None]]) -> bytes:
    data = b""
    places: dict[bytes, int] = {}
    for code in sorted({side for node in tree for side in node if isinstance(side, bytes)}):
        places[code] = len(data)
        data += _encode({"country": {"iso_code": code.decode()}})
    count = len(tree)

    def record(side: int | bytes | None) -> bytes:
        value = count if side is None else side if isinstance(side, int) else count + 16 + places[side]
        return value.to_bytes(_RECORD_BYTES, "big")

    nodes = b"".join(record(side) for node in tree for side in node)
    about = {
        "node_count": count,
        "record_size": 8 * _RECORD_BYTES,
        "ip_version": 4,
        "database_type": "Test-Country",
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": BUILD_EPOCH,
        "description": {"en": "countries of a test"},
        "languages": [],
    }
    return nodes + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encode(about)


def _encode(value: Any) -> bytes:
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(_encode(key) + _encode(item) for key, item in value.items())
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    if isinstance(value, list):
        return bytes([0, 11 - 7])
    packed = int(value).to_bytes(4, "big").lstrip(b"\0")
    return bytes([6 << 5 | len(packed)]) + packed
