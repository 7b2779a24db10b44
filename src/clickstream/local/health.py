"""Whether a part of the platform responds."""

from __future__ import annotations

import urllib3
from urllib3.exceptions import HTTPError


def is_healthy(url: str, timeout_s: float = 2.0) -> bool:
    """Whether a GET of this URL is answered with 200 within `timeout_s`."""
    try:
        with urllib3.PoolManager(retries=False, timeout=timeout_s) as pool:
            return pool.request("GET", url).status == 200
    except HTTPError:
        return False
