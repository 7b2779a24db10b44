"""What all benchmarks share: options, a folder on a real disk, and the output of figures.

Machines are shared and noisy: a figure is only meaningful relative to a limit that was measured in the same run, so
that most figures name the limit that they are a ratio of.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Bench:
    """One run of a benchmark. `put` prints a figure; `folder` is on a real disk, and is removed at the end."""

    events: int
    is_json: bool
    folder: Path
    values: dict[str, float] = field(default_factory=dict)
    cpu_values: dict[str, float] = field(default_factory=dict)

    def put(self, name: str, value: float, unit: str, of: str | None = None, cpu: float | None = None) -> None:
        """Print one figure. of: the name of an earlier figure, the limit; the ratio of the two is printed too.

        cpu: the same figure counted in processor time of this process, for a ratio that other programs hardly change.
        """
        self.values[name] = value
        row: dict[str, object] = {"name": name, "value": float(f"{value:.4g}"), "unit": unit}
        if of is not None:
            row |= {"ratio": round(value / self.values[of], 3), "of": of}
        if cpu is not None:
            self.cpu_values[name] = cpu
            if of in self.cpu_values:
                row["cpu_ratio"] = round(cpu / self.cpu_values[of], 3)
        text = json.dumps(row) if self.is_json else f"{name:40} {value:>14,.6g} {unit:10}" + _ratio(row)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def log(self, text: str) -> None:
        sys.stderr.write(text + "\n")


def _ratio(row: dict[str, object]) -> str:
    cpu = f" (processor time: {row['cpu_ratio']})" if "cpu_ratio" in row else ""
    return f"  {row['ratio']} of {row['of']}{cpu}" if "of" in row else ""


@contextmanager
def bench(about: str, events: int = 1_000_000) -> Iterator[Bench]:
    """Read the options, log the machine and the disk, and yield a run with a folder to work in."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--events", type=int, default=events, help=f"number of events (default {events:,})")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="working folder; must be on a real disk")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    system = file_system(options.folder)
    if system in ("tmpfs", "ramfs"):
        raise SystemExit(f"{options.folder} is on {system}: choose a --folder on a real disk")
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    run = Bench(options.events, options.json, folder)
    run.log(f"machine: {machine()}")
    run.log(f"disk: {system}, one fsync {fsync_ms(folder):.2f} ms")
    try:
        yield run
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine() -> str:
    """Describe this machine: processor, cores, memory, system and Python."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}, Python {platform.python_version()}"
    )


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds `folder`."""
    target, best = str(folder.resolve()), ("", "unknown")
    for line in _lines("/proc/mounts"):
        _, point, kind, *_ = line.split()
        if target.startswith(point) and len(point) > len(best[0]):
            best = (point, kind)
    return best[1]


def fsync_ms(folder: Path, times: int = 50) -> float:
    """Return the median time of writing and fsyncing 4 KiB."""
    path = folder / "fsync"
    durations = []
    with path.open("wb") as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            durations.append((time.perf_counter() - start) * 1000)
    path.unlink()
    return statistics.median(durations)


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timed_twice(work: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds `work` takes, and how many of processor time in all threads of this process."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu_start


def peak_rss_mb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed."""
    return sorted(values)[max(0, -(-int(len(values) * share * 100) // 100) - 1)]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
