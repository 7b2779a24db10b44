"""The collector in front of S3: what it answered 2xx to is in the bucket, in both layouts."""

from __future__ import annotations

import pytest

from clickstream.raw.s3 import S3Store
from tests.collect.conftest import running


@pytest.mark.parametrize("layout", ["batch", "single"])
def test_events_are_in_the_bucket_when_the_answer_comes(s3_store: S3Store, layout: str) -> None:
    with running(s3_store, layout=layout) as collector:
        for number in range(1, 4):
            answer = collector.send([{"eventName": "x"} for _ in range(5)])
            assert (answer.status, answer.body["accepted"]) == (200, 5)
            assert len({event["eventId"] for event in collector.stored()}) == 5 * number
            assert len(collector.objects()) == (number if layout == "batch" else 5 * number)
