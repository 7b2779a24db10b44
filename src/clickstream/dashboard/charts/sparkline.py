"""A sparkline: a figure over time as a small SVG line, which needs no script and prints sharply."""

from __future__ import annotations

from collections.abc import Sequence

from htmltools import HTML

from clickstream.dashboard.formats import Number

_WIDTH, _HEIGHT, _PAD = 120, 28, 2


def sparkline(values: Sequence[Number], is_last_complete: bool = True) -> HTML:
    """Draw a line through `values` on a scale from zero. An incomplete last bucket is dashed; zeros alone are empty."""
    if len(values) < 2 or not any(values):
        return HTML("")
    top = float(max(values))
    step = _WIDTH / (len(values) - 1)
    points = [
        f"{i * step:.1f},{_HEIGHT - _PAD - float(value) / top * (_HEIGHT - 2 * _PAD):.1f}"
        for i, value in enumerate(values)
    ]
    solid = points if is_last_complete else points[:-1]
    lines = f'<polyline points="{" ".join(solid)}"/>' if len(solid) > 1 else ""
    if not is_last_complete:
        lines += f'<polyline points="{" ".join(points[-2:])}" stroke-dasharray="2 3"/>'
    return HTML(
        f'<svg class="sparkline" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f"{lines}</svg>"
    )
