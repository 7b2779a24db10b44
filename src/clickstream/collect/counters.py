"""What the collector has done since it started, as Prometheus text for `GET /metrics`.

In: calls from the application, one for each answer and each commit. Out: text. Labels come from fixed lists (codes of
the contract), so that nobody outside can make the table grow; no value says anything about a person.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counters:
    """Plain numbers; the application adds to them on its own thread."""

    def __init__(self) -> None:
        self.accepted = 0
        self.body_bytes = 0
        self.anonymous = 0
        self.unlisted_origins = 0
        self.rejected: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.failed_commits = 0
        self._commits = [0] * (len(BUCKETS_S) + 1)
        self._commit_s = 0.0

    def on_stored(self, seconds: float, is_stored: bool) -> None:
        """A group of requests waited so long and was stored, or not."""
        if not is_stored:
            self.failed_commits += 1
            return
        self._commits[bisect_left(BUCKETS_S, seconds)] += 1
        self._commit_s += seconds

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> bytes:
        """All counters, and `gauges` (name -> meaning and value at this moment)."""
        lines: list[str] = []
        _put(lines, "accepted_events_total", "counter", "Events that were stored and acknowledged.", self.accepted)
        _put(lines, "anonymous_events_total", "counter", "Those of visitors who opted out.", self.anonymous)
        _put(lines, "body_bytes_total", "counter", "Bytes of bodies, as they came.", self.body_bytes)
        _put(lines, "failed_commits_total", "counter", "Groups of requests that were not stored.", self.failed_commits)
        _head(lines, "rejected_total", "counter", "Events, or whole bodies, that were refused, by reason.")
        lines += [f'clickstream_rejected_total{{error="{code}"}} {n}' for code, n in sorted(self.rejected.items())]
        _head(lines, "answers_total", "counter", "Answers to POST /clickstream, by status.")
        lines += [f'clickstream_answers_total{{status="{status}"}} {n}' for status, n in sorted(self.answers.items())]
        unlisted = "Requests of pages whose origin is not listed: they cannot read the answer."
        _put(lines, "unlisted_origin_requests_total", "counter", unlisted, self.unlisted_origins)
        self._put_commits(lines)
        for name, (meaning, value) in gauges.items():
            _put(lines, name, "counter" if name.endswith("_total") else "gauge", meaning, value)
        return "\n".join([*lines, ""]).encode()

    def _put_commits(self, lines: list[str]) -> None:
        name = "clickstream_commit_seconds"
        _head(lines, "commit_seconds", "histogram", "From the first request of a group until it was durable.")
        total = 0
        for limit, count in zip((*map(str, BUCKETS_S), "+Inf"), self._commits, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{limit}"}} {total}')
        lines += [f"{name}_sum {self._commit_s:.6f}", f"{name}_count {total}"]


def _head(lines: list[str], name: str, kind: str, meaning: str) -> None:
    lines += [f"# HELP clickstream_{name} {meaning}", f"# TYPE clickstream_{name} {kind}"]


def _put(lines: list[str], name: str, kind: str, meaning: str, value: float) -> None:
    _head(lines, name, kind, meaning)
    lines.append(f"clickstream_{name} {value:g}" if isinstance(value, float) else f"clickstream_{name} {value}")
