"""What was forgotten, and what expired, on a terminal.

In: the results as the commands give them (plain JSON values). Out: a few lines.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console

SHOWN = 20


def render_forgotten(done: dict[str, Any], console: Console) -> None:
    """What went, with the numbers of the receipts and the proof; or, when nothing was erased, what would go."""

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    if "finished" in done:
        say(f"finished {done['finished']:,} erasures that were begun")
        return
    is_done = done["left"] is not None
    clients = done["clients"]
    if clients:
        say(f"with the events before the first login of {len(clients):,} clients: {', '.join(clients[:SHOWN])}")
    verb = "erased" if is_done else "would erase"
    copies = f"{done['rejected']:,} copies of refused input"
    say(f"{verb} {done['lines']:,} lines in {done['objects']:,} raw objects, {copies}")
    say(f"{verb} what {done['traces']:,} rows of the warehouse showed")
    if waiting := done.get("in_spool"):
        say(f"besides, {waiting:,} events wait in the collector's spool: they are stored and searched before erasing")
    for number in done["receipts"]:
        say(f"receipt {number}")
    if done["secret"]:
        say(f"proof   {done['secret']}  (keep it with the request; it links receipt and id, and is stored nowhere)")
    if not is_done:
        return
    if done["left"]:
        say(f"NOT done: a search finds {done['left']:,} places still; they may be new: run it again", "red")
    else:
        say("searched again: nothing is left in the raw store and in the warehouse")


def render_expired(found: dict[str, Any], console: Console, *, dry_run: bool) -> None:
    """What went by which rule; or would go."""

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    verb = "would delete" if dry_run else "deleted"
    if found["raw_before"]:
        counts = f"{found['raw_days']:,} days, {found['raw_objects']:,} raw objects"
        say(f"{verb} before {found['raw_before']}: {counts}, {found['rejected']:,} files of refused input")
        if found["unloaded"]:
            days = ", ".join(found["unloaded"][:SHOWN])
            say(f"kept, since not all of it is loaded: {days}; next: clickstream etl run --reconcile DAY")
    if found["warehouse_before"]:
        names = ("events", "sessions", "orders", "duplicates", "bad_rows")
        counts = ", ".join(f"{found[name]:,} {name.replace('_', ' ')}" for name in names)
        say(f"{verb} before {found['warehouse_before']}: {counts}")
    if not found["raw_before"] and not found["warehouse_before"]:
        say("no rule is set, nothing expires: CLICKSTREAM_KEEP_RAW_DAYS, CLICKSTREAM_KEEP_WAREHOUSE_DAYS")
