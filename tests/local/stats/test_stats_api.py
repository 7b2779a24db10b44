"""The stats API answers with the rows of `clickstream metric`, whatever is sent to it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import duckdb
import pytest
import urllib3
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr

from clickstream.errors import ClickstreamError
from clickstream.local.owner.client import Client
from clickstream.local.owner.file import Owner
from clickstream.local.owner.questions import MetricRequest
from clickstream.local.owner.registry import METRIC
from clickstream.metrics.catalog import METRICS
from clickstream.metrics.definition import RecordMetric
from clickstream.metrics.parse import PARAMETERS
from clickstream.metrics.question import answer_document
from clickstream.metrics.rules.filters import filter_names
from clickstream.settings import Settings, read_settings
from tests.conftest import Clock
from tests.local.calls import load
from tests.local.conftest import STATS_TOKEN, owning
from tests.local.test_client import put_events

DAYS = {"from": "2026-03-09", "to": "2026-03-11"}
RANKING = {**DAYS, "by": "product"}


@pytest.fixture(scope="module")
def stats_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = read_settings(tmp_path_factory.mktemp("stats")).model_copy(update={"api_token": SecretStr(STATS_TOKEN)})
    put_events(found, Clock(), 30)
    load(Client(found, Clock()))
    return found


@pytest.fixture(scope="module")
def owner(stats_settings: Settings) -> Iterator[Owner]:
    with owning(stats_settings, Clock()) as me:
        yield me


@pytest.fixture(scope="module")
def client(owner: Owner, stats_settings: Settings) -> Client:
    del owner
    return Client(stats_settings, Clock())


def get(
    owner: Owner,
    path: str,
    parameters: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
    method: str = "GET",
    token: str = STATS_TOKEN,
    **headers: str,
) -> urllib3.BaseHTTPResponse:
    query = urlencode(parameters)
    sent = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return urllib3.request(method, f"{owner.url}{path}?{query}", headers=sent, retries=False, redirect=False)


def failure(response: urllib3.BaseHTTPResponse) -> tuple[int, str]:
    body = json.loads(response.data)
    assert body["success"] is False
    assert body.keys() <= {"success", "error", "message", "advice", "fields"}
    return response.status, body["error"]


@pytest.mark.parametrize("name", METRICS)
def test_an_answer_is_that_of_the_command(owner: Owner, client: Client, name: str) -> None:
    parameters = DAYS | ({"visitor_id": "c1"} if name == "visitor_timeline" else {})
    response = get(owner, f"/api/metrics/{name}", parameters)
    answer = client.call(METRIC, MetricRequest(name, parameters))
    assert response.status == 200, response.data
    assert json.loads(response.data) == json.loads(json.dumps(answer_document(answer)))
    assert response.headers["Clickstream-Load"] == str(answer.meta["load"]) == "1"


def test_csv_has_the_same_rows_and_a_header(owner: Owner, client: Client) -> None:
    response = get(owner, "/api/metrics/products", [*RANKING.items(), ("format", "csv")])
    answer = client.call(METRIC, MetricRequest("products", RANKING))
    head, *rows = csv.reader(io.StringIO(response.data.decode()))
    assert head == [column.name for column in answer.columns]
    assert [row[0] for row in rows] == [row[0] for row in answer.rows] == ["p0", "p1"]
    assert [row[head.index("views")] for row in rows] == ["15", "15"]
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Clickstream-Load"] == "1"


def test_parquet_has_the_same_rows_in_typed_columns(owner: Owner, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "products.parquet"
    path.write_bytes(get(owner, "/api/metrics/products", [*RANKING.items(), ("format", "parquet")]).data)
    answer = client.call(METRIC, MetricRequest("products", RANKING))
    relation = duckdb.read_parquet(str(path))
    assert relation.columns == [column.name for column in answer.columns]
    assert relation.fetchall() == answer.rows
    assert str(relation.types[relation.columns.index("revenue")]) == "DECIMAL(38,4)"


def test_the_list_names_every_metric_with_its_options_and_filters(owner: Owner) -> None:
    listed = {entry["name"]: entry for entry in json.loads(get(owner, "/api/metrics").data)["metrics"]}
    assert list(listed) == list(METRICS)
    products = listed["products"]
    assert products["question"] == METRICS["products"].question
    assert products["options"][0] == {
        "name": "by",
        "text": "one row per",
        "values": ["product", "category", "brand"],
        "default": "product",
    }
    assert "event" in products["filters"]
    assert "event" not in listed["funnel"]["filters"]


def test_the_openapi_document_is_valid_and_describes_every_metric(owner: Owner) -> None:
    document = json.loads(get(owner, "/api/openapi.json").data)
    assert document["openapi"] == "3.1.0"
    for name, metric in METRICS.items():
        operation = document["paths"][f"/api/metrics/{name}"]["get"]
        names = [entry.get("name") or entry["$ref"].rpartition("/")[2] for entry in operation["parameters"]]
        assert len(names) == len(set(names)), name
        filters = metric.filters if isinstance(metric, RecordMetric) else set(filter_names()) - set(metric.refused)
        wanted = {*PARAMETERS, "format", *metric.options, *filters}
        assert set(names) == wanted, name
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(document)


def test_an_unchanged_answer_is_not_sent_again(owner: Owner) -> None:
    first = get(owner, "/api/metrics/overview", DAYS)
    again = get(owner, "/api/metrics/overview", DAYS, If_None_Match=first.headers["ETag"])
    assert (again.status, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    later = get(owner, "/api/metrics/overview", {**DAYS, "as_of": "2026-03-10T13:00:00Z"})
    assert later.headers["ETag"] == first.headers["ETag"]  # the clock went on, the numbers did not change
    other = get(owner, "/api/metrics/overview", {**DAYS, "format": "csv"}, If_None_Match=first.headers["ETag"])
    assert other.status == 200


@pytest.mark.parametrize("path", ["/api/metrics", "/api/metrics/overview", "/api/openapi.json"])
def test_the_stats_token_and_the_owners_may_read(owner: Owner, path: str) -> None:
    assert get(owner, path).status == get(owner, path, token=owner.token).status == 200
    for wrong in ("", "wrong", STATS_TOKEN + "x", STATS_TOKEN[:-1], quote("é" * 20)):
        refused = get(owner, path, token=wrong)
        assert failure(refused) == (401, "invalid_token")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert STATS_TOKEN.encode() not in refused.data


@pytest.mark.parametrize("path", ["/api/status", "/api/query", "/api/metric", "/api/metricsx", "/api/openapi.jsonx"])
def test_the_stats_token_opens_nothing_else(owner: Owner, path: str) -> None:
    for method in ("GET", "POST"):
        assert failure(get(owner, path, method=method)) == (401, "invalid_token")


def test_without_the_setting_only_the_owners_token_is_valid(settings: Settings, clock: Clock) -> None:
    with owning(settings, clock) as me:
        assert get(me, "/api/metrics/overview", token=me.token).status == 200
        for wrong in ("", STATS_TOKEN):
            assert failure(get(me, "/api/metrics/overview", token=wrong)) == (401, "invalid_token")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/api/metrics", "/api/metrics/overview", "/api/openapi.json"])
def test_methods_other_than_get_are_refused(owner: Owner, path: str, method: str) -> None:
    response = get(owner, path, method=method)
    assert (response.status, response.headers["Allow"]) == (405, "GET")
    assert method == "HEAD" or failure(response) == (405, "method_not_allowed")


@pytest.mark.parametrize("host", ["evil.example", "localhost:9"])
def test_the_host_is_checked_as_in_the_rest_of_the_api(owner: Owner, host: str) -> None:
    assert failure(get(owner, "/api/metrics/overview", Host=host)) == (403, "forbidden_host")


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code"),
    [
        ("nothing", {}, 404, "unknown_metric"),
        ("Overview", {}, 404, "unknown_metric"),
        ("overview/more", {}, 404, "not_found"),
        ("overview", {"from": "soon"}, 400, "invalid_range"),
        ("overview", {"from": "2026-03-09", "to": "2026-03-09"}, 400, "invalid_range"),
        ("overview", {"from": "1999-01-01", "to": "2026-03-09"}, 400, "invalid_range"),
        ("overview", {"as_of": "0001-01-01T00:00:00+23:00"}, 400, "invalid_range"),
        ("overview", {"as_of": "9999-12-31T23:00:00-23:00"}, 400, "invalid_range"),
        ("overview", {"tz": "Mars/Olympus"}, 400, "invalid_zone"),
        ("overview", {"compare": "never"}, 400, "invalid_option"),
        ("products", {"by": "colour"}, 400, "invalid_option"),
        ("products", {"limit": "0"}, 400, "invalid_limit"),
        ("products", {"limit": "10001"}, 400, "invalid_limit"),
        ("overview", {"surprise": "1"}, 400, "unknown_parameter"),
        ("overview", {"country": ""}, 400, "invalid_filter"),
        ("funnel", {"event": "click"}, 400, "filter_not_applicable"),
        ("overview", {"format": "xlsx"}, 400, "invalid_option"),
        ("overview", [("format", "csv"), ("format", "json")], 400, "invalid_option"),
        ("overview", [("from", "2026-03-01"), ("from", "2026-03-02")], 400, "invalid_option"),
        ("products", [("by", "brand"), ("by", "brand")], 400, "invalid_option"),
    ],
)  # fmt: skip
def test_a_wrong_question_has_a_stable_code(owner: Owner, path: str, parameters: Any, status: int, code: str) -> None:
    assert failure(get(owner, f"/api/metrics/{path}", parameters)) == (status, code)


@pytest.mark.parametrize("path", ["/api/metrics", "/api/openapi.json"])
def test_a_document_has_no_parameters(owner: Owner, path: str) -> None:
    assert failure(get(owner, path, {"by": "x"})) == (400, "unknown_parameter")


def test_a_repeated_filter_has_several_values(owner: Owner, client: Client) -> None:
    both = [*DAYS.items(), ("product_id", "p0"), ("product_id", "p1,p2")]
    answer = client.call(METRIC, MetricRequest("overview", {**DAYS, "product_id": "p0,p1,p2"}))
    assert json.loads(get(owner, "/api/metrics/overview", both).data)["rows"] == answer_document(answer)["rows"]


_NAMES = st.sampled_from([*PARAMETERS, "format", "by", "metric", "split", "steps", "window", *filter_names()])
_TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        "0",
        "-1",
        "9" * 30,
        "2026-03-01",
        "9999-12-31",
        "0001-01-01",
        "2200-12-31",
        "csv",
        "json",
        "!",
        "*",
        "\\",
        "\0",
        "',;--",
    ]
)


@given(st.sampled_from([*METRICS, "x", "%00"]), st.lists(st.tuples(_NAMES, _TEXTS), max_size=4))
@examples(max_examples=150)
def test_nothing_that_is_sent_breaks_it(owner: Owner, name: str, parameters: list[tuple[str, str]]) -> None:
    query = [(key, text.encode("utf-8", "surrogatepass").decode("latin-1")) for key, text in parameters]
    response = get(owner, f"/api/metrics/{name}", query)
    assert response.status < 500, (name, parameters, response.data)


def test_a_mart_that_is_built_for_the_first_time_is_awaited_elsewhere(settings: Settings, clock: Clock) -> None:
    from clickstream.local.owner.context import open_context
    from clickstream.local.stats.routes import _require_mart

    with open_context(settings, clock) as context:
        context.keeper.building = (3, 9)
        with pytest.raises(ClickstreamError, match="the mart is being built: 3 of 9 events are done"):
            _require_mart(context.keeper)
        context.keeper.refresh()
        context.keeper.building = (3, 9)
        _require_mart(context.keeper)
