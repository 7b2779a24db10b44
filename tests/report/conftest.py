from __future__ import annotations

from tests.metrics.conftest import mart

__all__ = ["mart"]
