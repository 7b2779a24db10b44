"""`paths` and `journeys` recomputed in plain Python: the nodes of each session, one after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from tests.metrics.oracle import Event, World, divide, shown
from tests.metrics.oracle_orders import BROWSER, SERVER
from tests.metrics.oracle_time import Range


def sequence(world: World, session: Sequence[Event], options: Mapping[str, str]) -> list[str]:
    """The nodes of a session in reading order; empty without nodes or without the anchor."""
    if options["nodes"] == "pages":
        nodes = [shown(row["page_path"]) for row in session if row["is_page_view"]]
    else:
        carriers = [order.carrier["event_id"] for order in world.all_orders]
        nodes = [
            "purchase" if row["event_id"] in carriers else row["event_name"]
            for row in session
            if row["event_name"] not in ("page_view", "click", BROWSER, SERVER) or row["event_id"] in carriers
        ]
    nodes = [node for node, _ in groupby(nodes)]
    if options["direction"] == "before":
        nodes = nodes[::-1]
    if "anchor" in options:
        nodes = nodes[nodes.index(options["anchor"]) :] if options["anchor"] in nodes else []
    return nodes[: int(options["steps"])]


def sequences(world: World, span: Range, options: Mapping[str, str]) -> dict[str, list[str]]:
    """The sequence of each counted session that has one."""
    found = {key: sequence(world, one, options) for key, one in world.counted_sessions(span).items()}
    return {key: nodes for key, nodes in found.items() if nodes}


def paths(world: World, span: Range, options: Mapping[str, str], top: int) -> list[dict[str, Any]]:
    """`paths`: a row for each link."""
    steps, end = int(options["steps"]), "(entry)" if options["direction"] == "before" else "(exit)"
    found = list(sequences(world, span, options).values())
    kept = []
    for step in range(steps):
        counts = Counter(nodes[step] for nodes in found if len(nodes) > step)
        kept.append(sorted(counts, key=lambda node: (-counts[node], node.encode()))[:top])
    links: Counter[tuple[int, str, str]] = Counter()
    for nodes in found:
        names = [node if node in kept[step] else "(other)" for step, node in enumerate(nodes)]
        names += [end] if len(names) < steps else []
        links.update((step, *link) for step, link in enumerate(pairwise(names), 1))
    rows = [{"step": step, "source": a, "target": b, "sessions": n} for (step, a, b), n in links.items()]
    return sorted(rows, key=lambda row: (row["step"], -row["sessions"], row["source"].encode(), row["target"].encode()))


def journeys(world: World, span: Range, options: Mapping[str, str]) -> list[dict[str, Any]]:
    """`journeys`: a row for each whole sequence."""
    found = sequences(world, span, options)
    counts = Counter(tuple(nodes) for nodes in found.values())
    rows = []
    for nodes, count in counts.items():
        ordered = sum(tuple(one) == nodes and bool(world.orders_in(key)) for key, one in found.items())
        steps = {f"step_{step + 1}": nodes[step] if step < len(nodes) else None for step in range(10)}
        rows.append({**steps, "sessions": count, "share": divide(count, len(found)), "order_sessions": ordered})
    return sorted(
        rows,
        key=lambda row: (
            -row["sessions"],
            [(row[f"step_{n}"] is None, (row[f"step_{n}"] or "").encode()) for n in range(1, 11)],
        ),
    )
