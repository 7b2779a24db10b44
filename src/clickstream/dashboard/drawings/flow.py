"""What visitors do next: a Sankey diagram whose nodes are links.

In: an answer of `paths`, which is complete: what enters a node is what leaves it. Out: HTML with the same numbers as a
table and as CSV. The bands are an SVG that is stretched to the width of the panel; nodes and names are elements over
it, so that text keeps its size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import accumulate

from htmltools import HTML, Tag, TagChild, tags

from clickstream.dashboard.charts.output import csv_text
from clickstream.dashboard.charts.ranking import Row
from clickstream.dashboard.formats import cut, exact, short
from clickstream.dashboard.panel import number_table

ENDS = ("(exit)", "(entry)")
OTHER = "(other)"
_HEIGHT = 280  # pixels of all sessions together
_SLOT = 20  # pixels that the name of a node needs
_GAP = 8  # pixels between nodes
_WIDTH = 1000  # of the SVG, in its own units
_LONGEST = 60  # characters of a name

Node = tuple[int, str]  # the column, from 0, and the page or event


@dataclass(frozen=True, slots=True)
class Flow:
    """The layout. name: of a node on screen. link: the address that a node opens, None for a node without one.

    heads: titles of the columns. is_backward: columns run from right to left, so that time always runs to the right.
    """

    name: Callable[[str], str]
    link: Callable[[str], str | None]
    heads: Sequence[str]
    is_backward: bool = False


@dataclass(slots=True)
class _Box:
    """A node on the drawing: its first pixel from the top and its height, and how much of both sides is used."""

    top: float
    height: float
    used: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def take(self, side: str, height: float) -> float:
        """Return where the next band at this side begins."""
        start = self.top + self.used[side]
        self.used[side] += height
        return start


def flow(rows: Sequence[Row], layout: Flow) -> Tag:
    """Draw the links between the nodes of consecutive columns."""
    sizes = _sizes(rows)
    columns = 1 + max(column for column, _ in sizes)
    per_session = _HEIGHT / sum(size for (column, _), size in sizes.items() if column == 0)
    boxes = _boxes(sizes, per_session)
    height = max(box.top + max(box.height, _SLOT) for box in boxes.values())
    bands = "".join(_band(row, boxes, per_session, columns, layout) for row in _in_drawing_order(rows, boxes))
    svg = HTML(
        f'<svg viewBox="0 0 {_WIDTH} {height:.1f}" style="height:{height:.1f}px" preserveAspectRatio="none" '
        f'aria-hidden="true">{bands}</svg>'
    )
    width = 100 / columns
    heads = [tags.span(head, style=f"width:{width:.3f}%") for head in _in_time_order(layout, layout.heads[:columns])]
    places = {node: f"left:{_left(node[0], columns, layout) * 100:.3f}%;max-width:{width:.3f}%" for node in sizes}
    nodes = [_node(node, size, boxes[node], places[node], layout) for node, size in sizes.items()]
    return tags.div(
        tags.div(
            tags.div(
                tags.div(*heads, class_="flow-heads caption"),
                tags.div(svg, *nodes, class_="flow-body", style=f"height:{height:.1f}px"),
                class_="flow",
                style=f"min-width:{columns * 170}px",
            ),
            class_="flow-scroll backward" if layout.is_backward else "flow-scroll",
            tabindex="0",
            role="group",
            aria_label="What visitors do next, column by column",
        ),
        _table(rows, layout),
        data_csv=csv_text([["Column", "From", "To", "Sessions"], *(_cells(row) for row in rows)]),
        class_="drawing",
    )


def _sizes(rows: Sequence[Row]) -> Mapping[Node, int]:
    """Return the sessions of each node, column by column, the largest first; the rest and the ends are last."""
    into: dict[Node, int] = defaultdict(int)
    out_of: dict[Node, int] = defaultdict(int)
    for row in rows:
        out_of[row["step"] - 1, row["source"]] += row["sessions"]
        into[row["step"], row["target"]] += row["sessions"]
    found = {node: max(into[node], out_of[node]) for node in {*into, *out_of}}
    order = sorted(found, key=lambda n: (n[0], n[1] in ENDS, n[1] == OTHER, -found[n], n[1]))
    return {node: found[node] for node in order}


def _boxes(sizes: Mapping[Node, int], per_session: float) -> dict[Node, _Box]:
    """Put the nodes of each column below each other."""
    boxes: dict[Node, _Box] = {}
    for column in {column for column, _ in sizes}:
        nodes = [node for node in sizes if node[0] == column]
        slots = [max(sizes[node] * per_session, _SLOT) + _GAP for node in nodes]
        tops = [0.0, *accumulate(slots)]
        boxes |= {node: _Box(top, sizes[node] * per_session) for node, top in zip(nodes, tops, strict=False)}
    return boxes


def _in_drawing_order(rows: Sequence[Row], boxes: Mapping[Node, _Box]) -> list[Row]:
    """Sort the links from top to bottom, so that those of a node do not cross each other at its side."""
    return sorted(
        rows,
        key=lambda row: (
            row["step"],
            boxes[row["step"] - 1, row["source"]].top,
            boxes[row["step"], row["target"]].top,
        ),
    )


def _band(row: Row, boxes: Mapping[Node, _Box], per_session: float, columns: int, layout: Flow) -> str:
    source, target = (row["step"] - 1, row["source"]), (row["step"], row["target"])
    height = row["sessions"] * per_session
    x1, x2 = (_left(column, columns, layout) * _WIDTH for column in (source[0], target[0]))
    y1, y2 = boxes[source].take("out", height), boxes[target].take("in", height)
    middle = (x1 + x2) / 2
    shape = (
        f"M{x1:.1f},{y1:.1f}C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
        f"V{y2 + height:.1f}C{middle:.1f},{y2 + height:.1f} {middle:.1f},{y1 + height:.1f} {x1:.1f},{y1 + height:.1f}Z"
    )
    names = [layout.name(name) for name in _in_time_order(layout, (row["source"], row["target"]))]
    title = escape(f"{names[0]} → {names[1]}: {_sessions(row['sessions'])}")
    end = ' class="end"' if row["target"] in ENDS else ""
    return f'<path d="{shape}"{end}><title>{title}</title></path>'


def _node(node: Node, size: int, box: _Box, place: str, layout: Flow) -> Tag:
    name, link = layout.name(node[1]), layout.link(node[1])
    title = f"{name}: {_sessions(size)}, {exact(box.height / _HEIGHT, 'percent')} of all"
    kind = "end" if node[1] in ENDS else "rest" if node[1] == OTHER else ""
    content: list[TagChild] = [
        tags.i(style=f"height:{max(box.height, 1):.1f}px", aria_hidden="true"),
        Tag("long-name", cut(name, _LONGEST)),
        tags.span(short(size), class_="count"),
    ]
    style = f"top:{box.top:.1f}px;{place}"
    css = f"flow-node {kind}".strip()
    if link is None:
        return tags.span(*content, title=title, style=style, class_=css)
    key = f"flow-{node[0]}-{node[1]}"
    return tags.a(*content, href=link, title=title, style=style, class_=css, data_key=key)


def _left(column: int, columns: int, layout: Flow) -> float:
    """Return where a column begins, as a part of the width."""
    return (columns - 1 - column if layout.is_backward else column) / columns


def _in_time_order(layout: Flow, names: Sequence[str]) -> list[str]:
    return list(reversed(names)) if layout.is_backward else list(names)


def _table(rows: Sequence[Row], layout: Flow) -> Tag:
    texts = [
        [
            layout.heads[row["step"] - 1],
            *(cut(layout.name(row[key]), _LONGEST) for key in ("source", "target")),
            exact(row["sessions"]),
        ]
        for row in rows
    ]
    heads = ("From", "Before it") if layout.is_backward else ("From", "To")
    return number_table(["Column", *heads, "Sessions"], texts, names=3)


def _cells(row: Row) -> list[str | int]:
    return [row["step"], row["source"], row["target"], row["sessions"]]


def _sessions(count: int) -> str:
    return f"{exact(count)} session{'' if count == 1 else 's'}"
