"""The progress bar of what is sent: on a terminal only, on stderr, gone when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


class Measured(Protocol):
    """How far something is: fraction of it, 0 to 1; events sent."""

    @property
    def fraction(self) -> float: ...

    @property
    def sent(self) -> int: ...


@contextmanager
def progress_bar(console: Console, title: str) -> Iterator[Callable[[Measured], None]]:
    """A bar as long as the block runs; hand what it yields to `import_file` or `simulate`."""
    columns = (
        TextColumn(title),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=1.0, events=0)

        def show(result: Measured) -> None:
            progress.update(task, completed=result.fraction, events=result.sent)

        yield show
