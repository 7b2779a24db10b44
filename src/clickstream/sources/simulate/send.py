"""Sends posts in the order in which they are due, over several connections at a time.

In: Posts. Out: SendStats. Guarantee: posts of one household use one connection, so that of two copies of an event the
one that is due first is received first. The number of waiting posts is bounded, and so is memory.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from clickstream.delivery import Delivery, Sender
from clickstream.sources.simulate.calendar import instant
from clickstream.sources.simulate.disorder import Post

LANES = 8
_WAITING = 16
_CLOSING_S = 1.0  # after an error, threads that still wait for the collector are not waited for
_TOO_SLOW_S = 5.0  # slower requests make a right clock look wrong, and its events are corrected
# Without `sentAt`, the load accepts a `createdAt` of the last seven days.
_ACCEPTED_WITHOUT_SENT_AT = timedelta(days=6)


@dataclass(slots=True)
class SendStats:
    """What the collector answered. slow: requests of 5 s or more; their events may be dated late by the duration."""

    posts: int = 0
    accepted: int = 0
    rejected: int = 0
    slow: int = 0
    slowest_s: float = 0.0

    def add(self, accepted: int, rejected: int, took_s: float) -> None:
        self.posts += 1
        self.accepted += accepted
        self.rejected += rejected
        self.slow += took_s >= _TOO_SLOW_S
        self.slowest_s = max(self.slowest_s, took_s)


class Lanes:
    """Connections to one collector. Use as a context: when it ends, the collector has answered every post."""

    def __init__(self, collector_url: str, clock: Callable[[], datetime]) -> None:
        self.stats = SendStats()
        self._clock = clock
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self._queues: list[queue.Queue[Post | None]] = [queue.Queue(_WAITING) for _ in range(LANES)]
        deliveries = [Delivery(collector_url, clock) for _ in self._queues]
        self._threads = [
            threading.Thread(target=self._run, args=pair, daemon=True)
            for pair in zip(self._queues, deliveries, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for lane in self._queues:
            if kind is not None:
                _empty(lane)
            lane.put(None)
        until = time.monotonic() + _CLOSING_S
        for thread in self._threads:
            thread.join(None if kind is None else max(0.0, until - time.monotonic()))
        if kind is None and self._error is not None:
            raise self._error

    def put(self, post: Post) -> None:
        """Send a post as soon as its lane is free. Raises the error of an earlier post, if there was one."""
        if self._error is not None:
            raise self._error
        self._queues[post.household % LANES].put(post)

    def _run(self, lane: queue.Queue[Post | None], delivery: Delivery) -> None:
        """Send posts. After an error, empty the queue without sending, so that `put` never blocks."""
        with delivery:
            while (post := lane.get()) is not None:
                if self._error is None:
                    self._post(delivery, post)

    def _post(self, delivery: Delivery, post: Post) -> None:
        started = time.perf_counter()
        try:
            receipt = delivery.post(post.events, self._sender(post))
        except Exception as error:  # `put` raises it on the thread that makes the posts
            self._error = error
            return
        with self._lock:
            self.stats.add(receipt.accepted, len(receipt.rejected), time.perf_counter() - started)

    def _sender(self, post: Post) -> Sender:
        now = self._clock()
        if (
            post.may_lack_sent_at
            and now - _ACCEPTED_WITHOUT_SENT_AT < instant(post.oldest)
            and instant(post.newest) < now
        ):
            return Sender(post.device.user_agent, None)
        return Sender(post.device.user_agent, timedelta(seconds=post.skew_s))


def _empty(lane: queue.Queue[Post | None]) -> None:
    while True:
        try:
            lane.get_nowait()
        except queue.Empty:
            return
