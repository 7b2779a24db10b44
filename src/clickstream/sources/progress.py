"""The progress bar of an import: on a terminal only, on stderr, gone when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from clickstream.sources.importer import ImportResult, OnBatch


@contextmanager
def progress_bar(console: Console, title: str) -> Iterator[OnBatch]:
    """A bar as long as the block runs; hand what it yields to `import_file` as `on_batch`."""
    columns = (
        TextColumn(title),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=1.0, events=0)

        def show(result: ImportResult) -> None:
            progress.update(task, completed=result.fraction, events=result.sent)

        yield show
