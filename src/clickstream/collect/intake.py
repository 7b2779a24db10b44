"""The intake: what happens to a request, whether ASGI, the direct protocol or Lambda received it.

In: the facts and the body of a request. Out: its judged events, the lines to store, and the response; and the counts
for `GET /metrics`. An adapter only translates its own form of a request, and stores the lines in its own way:

    respond      answer any request but a POST of events
    admit        check whether the sender may send events
    judge        body -> accepted and rejected events
    lines        accepted events -> raw lines
    acknowledge  the response, once the lines are stored or could not be
    refuse       the response, if there is nothing to store
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from clickstream.collect.admission import Admission, AdmissionConfig, Cors, Headers
from clickstream.collect.connection.body import RefusedBody
from clickstream.collect.envelope import (
    JSON,
    Envelope,
    Response,
    accepted_response,
    read_body,
    refused_response,
    unavailable,
)
from clickstream.collect.rejected import Excerpt, RejectedLog, rejected_parts
from clickstream.collect.request import IngestConfig, Request, ingest_block, raw_lines
from clickstream.event import RawLine, Rejection
from clickstream.settings import Settings

PATH = "/clickstream"
PATHS = (PATH, f"{PATH}/")
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """The settings of an intake. origins: whose pages may read responses (admission.Cors)."""

    ingest: IngestConfig = field(default_factory=IngestConfig)
    admission: AdmissionConfig = field(default_factory=AdmissionConfig)
    origins: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> IntakeConfig:
        return cls(IngestConfig.of(settings), AdmissionConfig.of(settings), settings.cors_origins)


class Intake:
    """Judges requests and forms responses. It stores nothing but excerpts of rejected input, in `rejected`.

    pages: path -> what GET returns there, besides `/health`.
    """

    def __init__(
        self, config: IntakeConfig, rejected: RejectedLog, pages: Mapping[str, Callable[[], Response]] | None = None
    ) -> None:
        self.counters = Counters()
        self.rejected = rejected
        self._ingest = config.ingest
        self._cors = Cors(config.origins)
        self._admission = Admission(config.admission)
        self._pages = {"/health": _health, **(pages or {})}

    def respond(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Response:
        """Answer any request but a POST of events."""
        origin = headers.get(b"origin")
        cors = self._cors_headers(origin)
        path = PATH if path in PATHS else path
        if path == PATH and method == "OPTIONS":
            return Response(204, b"", (*cors, *self._cors.preflight_headers(origin)))
        if path in self._pages and method in ("GET", "HEAD"):
            return self._pages[path]().with_headers(cors)
        if path == PATH or path in self._pages:
            allowed = b"POST, OPTIONS" if path == PATH else b"GET, HEAD"
            why = f"{path} does not accept {method} (allowed: {allowed.decode()})"
            response = refused_response([Rejection(405, "method_not_allowed", why)])
            return response.with_headers([*cors, (b"allow", allowed)])
        why = "this path does not exist; send events to POST /clickstream"
        return refused_response([Rejection(404, "not_found", why)]).with_headers(cors)

    def sender(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return the address that sent a request: the peer, or the one that trusted proxies forwarded."""
        return self._admission.sender(peer, headers)

    def admit(self, request: Request, query: bytes) -> Response | None:
        """Return None if the sender may send events, else the response that refuses the request."""
        if self._admission.admits_all:
            return None
        rejection = self._admission.check(request.ip, request.headers, query, time.monotonic())
        if rejection is None:
            return None
        self.counters.rejected[rejection.code] += 1
        return self._finish(request, refused_response([rejection], self._admission.retry_after_s))

    def judge(self, request: Request, body: bytes | RefusedBody, new_id: Callable[[], str]) -> Envelope:
        """Judge the body of a POST; count what is rejected, and keep an excerpt of it."""
        if isinstance(body, RefusedBody):
            self.counters.body_bytes += body.size_bytes
            envelope = Envelope([], [body.rejection])
            self._keep_rejected(request, body.excerpt, envelope)
            return envelope
        self.counters.body_bytes += len(body)
        envelope, body = read_body(request.headers, body, new_id)
        if envelope.rejected:
            self._keep_rejected(request, body, envelope)
        return envelope

    def lines(self, request: Request, envelope: Envelope) -> list[RawLine]:
        """Return the accepted events as lines of a raw object."""
        return raw_lines(request, envelope, self._ingest)

    def acknowledge(self, request: Request, envelope: Envelope, is_stored: bool) -> Response:
        """Return the response to a request whose accepted events are stored, or could not be."""
        count = len(envelope.accepted)
        if not is_stored:
            self.counters.rejected["unavailable"] += count
            return self._finish(request, refused_response([unavailable()]))
        self.counters.accepted += count
        if self._ingest.has_opted_out(request):
            self.counters.anonymous += count
        return self._finish(request, accepted_response(envelope))

    def refuse(self, request: Request, envelope: Envelope) -> Response:
        """Return the response to a request without an accepted event."""
        return self._finish(request, refused_response(envelope.rejected))

    def _finish(self, request: Request, response: Response) -> Response:
        """Count a response to a POST, and add its CORS headers."""
        self.counters.responses[response.status] += 1
        origin = request.headers.get(b"origin")
        return response if origin is None else response.with_headers(self._cors_headers(origin))

    def _cors_headers(self, origin: bytes | None) -> Headers:
        if not self._cors.allows(origin):
            self.counters.unlisted_origins += 1
        return self._cors.headers(origin)

    def _keep_rejected(self, request: Request, body: bytes | Excerpt | None, envelope: Envelope) -> None:
        """Count what is rejected, and keep excerpts; for a visitor who opted out, only size and hash."""
        for rejection in envelope.rejected:
            self.counters.rejected[rejection.code] += 1
        if body is None:
            return
        block = ingest_block(request, self._ingest)
        with_head = not self._ingest.has_opted_out(request)
        for data, rejection in rejected_parts(body, envelope):
            self.rejected.put(data, rejection, block, with_head)


def _health() -> Response:
    return Response(200, b'{"status": "ok"}', JSON)


class Counters:
    """What the collector has done since it started: plain numbers, written and read on one thread.

    Labels come from fixed lists (the codes of the contract), so that no sender can make the table grow; no value says
    anything about a person.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.body_bytes = 0
        self.anonymous = 0
        self.unlisted_origins = 0
        self.rejected: Counter[str] = Counter()
        self.responses: Counter[int] = Counter()
        self.failed_commits = 0
        self._commits = [0] * (len(BUCKETS_S) + 1)
        self._commit_s = 0.0

    def on_commit(self, seconds: float, is_stored: bool) -> None:
        """Count a group of requests: how long its first request waited, and whether the group was stored."""
        if not is_stored:
            self.failed_commits += 1
            return
        self._commits[bisect_left(BUCKETS_S, seconds)] += 1
        self._commit_s += seconds

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> bytes:
        """Return all counters as Prometheus text, with `gauges`: name -> meaning and present value."""
        lines: list[str] = []
        _put(lines, "accepted_events_total", "counter", "Events that were stored and acknowledged.", self.accepted)
        _put(lines, "anonymous_events_total", "counter", "Accepted events of visitors who opted out.", self.anonymous)
        _put(lines, "body_bytes_total", "counter", "Bytes of request bodies, as received.", self.body_bytes)
        _put(lines, "failed_commits_total", "counter", "Groups of requests that were not stored.", self.failed_commits)
        _head(lines, "rejected_total", "counter", "Rejected events and refused bodies, by reason.")
        lines += [f'clickstream_rejected_total{{error="{code}"}} {n}' for code, n in sorted(self.rejected.items())]
        _head(lines, "answers_total", "counter", "Responses to POST /clickstream, by status.")
        lines += [f'clickstream_answers_total{{status="{status}"}} {n}' for status, n in sorted(self.responses.items())]
        unlisted = "Requests from pages whose origin is not listed: they cannot read the response."
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
