"""The data folder of tests/local, for commands as a shell calls them."""

from __future__ import annotations

from tests.local.conftest import owner, settings

__all__ = ["owner", "settings"]
