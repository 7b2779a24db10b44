"""The progress bar for events that are being sent: on a terminal only, on stderr, removed when the work is done.

It is shared by `import`, `simulate` and the start of `up`; the sources themselves report to any `Progress`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from clickstream.progress import Progress


@contextmanager
def progress_bar(console: Console, title: str) -> Iterator[Progress]:
    """Show a bar while the block runs; pass what it yields to `import_file` or `simulate`."""
    columns = (
        TextColumn("{task.fields[title]}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, title=title)

        def progress(done: int, total: int, doing: str = "") -> None:
            bar.update(task, completed=done, total=total or None)
            if doing:
                bar.update(task, description=doing)

        yield progress
