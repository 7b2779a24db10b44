"""Charts over time as SVG, drawn by ourselves: no script, no font and no file from elsewhere.

In: the values of a figure and of the comparison period. Out: an SVG element with a text for screen readers. Few buckets
are drawn as bars, many as a line; an incomplete bucket is dashed or pale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from htmltools import Tag, TagChild

BARS_BELOW = 8
_WIDTH, _HEIGHT = 720, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 708, 24, 166
_TICKS = 4
_LABELS = 8


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over time.

    names: of the buckets, short. values: None = unknown. is_complete: of each bucket. earlier: values of the comparison
    period, bucket by bucket. notes: index of a bucket -> numbers of its notes. label: for screen readers.
    """

    label: str
    names: Sequence[str]
    values: Sequence[float | None]
    is_complete: Sequence[bool]
    earlier: Sequence[float | None] = ()
    notes: dict[int, list[int]] = field(default_factory=dict)


def draw_curve(curve: Curve) -> Tag:
    """Draw a curve from zero."""
    known = [value for value in (*curve.values, *curve.earlier) if value is not None]
    step = tick_step(max(known, default=0))
    if step % 1 and all(value == int(value) for value in known):
        step = 1 if step < 1 else 5  # counts have whole marks
    top = step * max(1, ceil(max(known, default=0) / step))
    plot = _Plot(len(curve.names), top)
    draw = _bars if len(curve.names) < BARS_BELOW else _line
    return Tag(
        "svg",
        *_axes(curve, plot, step),
        *(_path(plot.points(curve.earlier), "earlier") if curve.earlier else ()),
        *draw(curve, plot),
        *(shape for index, numbers in curve.notes.items() for shape in _note(plot, index, numbers)),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=curve.label,
        class_="curve",
    )


def tick_step(most: float) -> float:
    """Return the distance of the marks on an axis: 1, 2, 2.5 or 5 times a power of ten, for about four marks."""
    rough = most / _TICKS
    if rough <= 0:
        return 1
    power = 10.0 ** floor(log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)


@dataclass(frozen=True, slots=True)
class _Plot:
    """The area between the axes: `count` buckets across, values from 0 to `top` upwards."""

    count: int
    top: float

    @property
    def slot(self) -> float:
        return (_RIGHT - _LEFT) / self.count

    def x(self, index: int) -> float:
        return round(_LEFT + (index + 0.5) * self.slot, 1)

    def y(self, value: float) -> float:
        return round(_BOTTOM - value / self.top * (_BOTTOM - _TOP), 1)

    def points(self, values: Sequence[float | None]) -> list[tuple[float, float]]:
        shown = values[: self.count]
        return [(self.x(index), self.y(value)) for index, value in enumerate(shown) if value is not None]


def _axes(curve: Curve, plot: _Plot, step: float) -> list[Tag]:
    shapes = []
    for number in range(round(plot.top / step) + 1):
        value = number * step
        shapes.append(_shape("line", "grid", x1=_LEFT, x2=_RIGHT, y1=plot.y(value), y2=plot.y(value)))
        shapes.append(_shape("text", "tick", _short(value), x=_LEFT - 8, y=plot.y(value) + 4, text_anchor="end"))
    every = ceil(plot.count / _LABELS)
    for index in range(0, plot.count, every):
        shapes.append(_shape("text", "tick", curve.names[index], x=plot.x(index), y=_BOTTOM + 18, text_anchor="middle"))
    return shapes


def _line(curve: Curve, plot: _Plot) -> list[Tag]:
    """Draw a line through the complete buckets, with the area below it, and a dashed one to the incomplete ones."""
    last = next((i for i in range(plot.count, 0, -1) if curve.is_complete[i - 1]), 0)
    solid = plot.points(curve.values[:last])
    shapes = []
    if len(solid) > 1:
        corners = [(solid[0][0], _BOTTOM), *solid, (solid[-1][0], _BOTTOM)]
        shapes.append(_shape("polygon", "area", points=_pairs(corners)))
    shapes += _path(solid, "now")
    if last < plot.count:
        shapes += _path(plot.points(curve.values)[max(0, last - 1) :], "now open")
    return shapes


def _bars(curve: Curve, plot: _Plot) -> list[Tag]:
    width = min(56, plot.slot * 0.6)
    return [
        _shape(
            "rect",
            "bar-now" if curve.is_complete[index] else "bar-now open",
            x=round(plot.x(index) - width / 2, 1),
            y=plot.y(value),
            width=round(width, 1),
            height=round(_BOTTOM - plot.y(value), 1),
        )
        for index, value in enumerate(curve.values)
        if value
    ]


def _note(plot: _Plot, index: int, numbers: Sequence[int]) -> list[Tag]:
    x = plot.x(index)
    text = ", ".join(map(str, numbers)) if len(numbers) < 3 else f"{numbers[0]}–{numbers[-1]}"
    half = 5 + 3.2 * len(text)
    return [
        _shape("line", "note-line", x1=x, x2=x, y1=_TOP - 6, y2=_BOTTOM),
        _shape("rect", "note-mark", x=round(x - half, 1), y=_TOP - 22, width=round(2 * half, 1), height=16, rx=8),
        _shape("text", "note-text", text, x=x, y=_TOP - 10, text_anchor="middle"),
    ]


def _path(points: Sequence[tuple[float, float]], name: str) -> list[Tag]:
    if len(points) == 1:
        return [_shape("circle", f"dot {name}", cx=points[0][0], cy=points[0][1], r=3)]
    return [_shape("polyline", name, points=_pairs(points))] if points else []


def _pairs(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _shape(kind: str, name: str, *content: TagChild, **attributes: float | str) -> Tag:
    return Tag(kind, *content, class_=name, **{key: f"{value}" for key, value in attributes.items()})


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 10 * size or (value >= size and letter != "k"):
            return f"{value / size:g} {letter}"
    return f"{value:,g}"
