"""Settings: their sources and precedence, and the report of all invalid ones at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from clickstream.errors import SettingsError
from clickstream.settings import read_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_default_locations_are_in_the_data_directory() -> None:
    settings = read_settings()
    assert settings.raw_path == Path("data/raw")
    assert settings.warehouse_path == Path("data/warehouse.duckdb")
    assert settings.has_default_locations


def test_environment_overrides_the_file_and_the_data_option_overrides_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("clickstream.toml").write_text('timezone = "Europe/Rome"\ncurrency = "EUR"\ndata = "from-file"\n')
    monkeypatch.setenv("CLICKSTREAM_TIMEZONE", "Asia/Tokyo")
    settings = read_settings(Path("given"))
    assert (settings.timezone, settings.currency, settings.data) == ("Asia/Tokyo", "EUR", Path("given"))


@pytest.mark.parametrize(
    ("url", "path"),
    [("duckdb:///w.duckdb", "w.duckdb"), ("duckdb:////abs/w.duckdb", "/abs/w.duckdb")],
)
def test_duckdb_url_with_three_slashes_is_relative_and_with_four_absolute(
    monkeypatch: pytest.MonkeyPatch, url: str, path: str
) -> None:
    monkeypatch.setenv("CLICKSTREAM_WAREHOUSE_URL", url)
    assert read_settings().warehouse_path == Path(path)
    assert not read_settings().has_default_locations


@pytest.mark.parametrize(("url", "path"), [("./raw", "raw"), ("/abs/raw", "/abs/raw"), ("file:///abs/raw", "/abs/raw")])
def test_raw_url_can_be_a_path_or_a_file_url(monkeypatch: pytest.MonkeyPatch, url: str, path: str) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", url)
    assert read_settings().raw_path == Path(path)


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://shop-events", ("shop-events", "")),
        ("s3://shop-events/", ("shop-events", "")),
        ("s3://shop-events/raw/2/", ("shop-events", "raw/2")),
        ("./raw", None),
    ],
)
def test_raw_url_of_a_bucket_may_have_a_prefix(
    monkeypatch: pytest.MonkeyPatch, url: str, bucket: tuple[str, str] | None
) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", url)
    assert read_settings().raw_bucket == bucket
    assert not read_settings().has_default_locations


@pytest.mark.parametrize("url", ["s3://", "s3://A_b", "s3://key:sesame@bucket", "s3://bucket?region=x", "s3:bucket//x"])
def test_invalid_bucket_url_is_rejected_without_repeating_its_credentials(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", url)
    with pytest.raises(SettingsError, match="CLICKSTREAM_RAW_URL: ") as caught:
        read_settings()
    assert "sesame" not in str(caught.value)


def test_s3_endpoint_defaults_to_the_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().s3_endpoint is None
    for name, url in (
        ("AWS_ENDPOINT_URL", "https://s3.example"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ("CLICKSTREAM_S3_ENDPOINT", "http://localhost:9001"),
    ):
        monkeypatch.setenv(name, url)
        assert read_settings().s3_endpoint == url


@pytest.mark.parametrize(
    "url", ["http://s3.example", "http://10.0.0.7:9000", "ftp://x", "https://key:sesame@s3.example", "s3.example"]
)
def test_s3_endpoint_on_another_machine_needs_https_and_no_credentials_in_its_url(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(SettingsError, match="CLICKSTREAM_S3_ENDPOINT: ") as caught:
        read_settings()
    assert "sesame" not in str(caught.value)


def test_plain_http_to_an_s3_endpoint_can_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_S3_ENDPOINT", "http://10.0.0.7:9000")
    monkeypatch.setenv("CLICKSTREAM_S3_ALLOW_HTTP", "true")
    assert read_settings().s3_endpoint == "http://10.0.0.7:9000"


def test_all_invalid_settings_are_reported_at_once_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_TIMEZONE", "Mars/Olympus")
    monkeypatch.setenv("CLICKSTREAM_CURRENCY", "euro")
    monkeypatch.setenv("CLICKSTREAM_RAW_URL", "ftp://x")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    reported = "\n".join(caught.value.problems)
    assert all(name in reported for name in ("CLICKSTREAM_TIMEZONE", "CLICKSTREAM_CURRENCY", "CLICKSTREAM_RAW_URL"))


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_CORS_ORIGINS", "https://a.example, https://b.example")
    assert read_settings().cors_origins == ("https://a.example", "https://b.example")


def test_hosts_and_parameters_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_OWN_HOSTS", "a.example, b.example")
    monkeypatch.setenv("CLICKSTREAM_PERSONAL_PARAMETERS", "vip,")
    assert (read_settings().own_hosts, read_settings().personal_parameters) == (("a.example", "b.example"), ("vip",))


def test_hosts_and_origins_are_read_into_their_normal_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_CORS_ORIGINS", "https://www.bücher.example,https://Shop.Example:443/, *,")
    monkeypatch.setenv("CLICKSTREAM_OWN_HOSTS", "bücher.example,https://sister.example/,Bücher.example.,*.wild.example")
    settings = read_settings()
    assert settings.cors_origins == ("https://www.xn--bcher-kva.example", "https://shop.example", "*")
    assert settings.own_hosts == ("xn--bcher-kva.example", "sister.example", "wild.example")


def test_every_invalid_origin_is_reported_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_CORS_ORIGINS", "https://a.example,shop3.example,https://shop4.example/path")
    monkeypatch.setenv("CLICKSTREAM_OWN_HOSTS", "a..example")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert caught.value.problems == [
        "CLICKSTREAM_CORS_ORIGINS: expected entries such as https://shop.example, got 'shop3.example' "
        "(it has no scheme such as https://), 'https://shop4.example/path' (an origin has no path)",
        "CLICKSTREAM_OWN_HOSTS: expected entries such as shop.example, got 'a..example' "
        "('a..example' is not a host name)",
    ]


def test_missing_geoip_file_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_GEOIP_FILE", "missing.mmdb")
    with pytest.raises(SettingsError, match="CLICKSTREAM_GEOIP_FILE: file not found"):
        read_settings()


def test_unknown_setting_in_the_file_suggests_the_name_that_was_meant() -> None:
    Path("clickstream.toml").write_text('timezon = "UTC"\n')
    with pytest.raises(SettingsError, match="CLICKSTREAM_TIMEZON: unknown setting; did you mean CLICKSTREAM_TIMEZONE"):
        read_settings()


def test_write_keys_and_proxies_are_lists_and_an_invalid_key_is_reported_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "0123456789abcdef"
    monkeypatch.setenv("CLICKSTREAM_WRITE_KEYS", f"{key}, {key}2")
    monkeypatch.setenv("CLICKSTREAM_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")
    settings = read_settings()
    assert [one.get_secret_value() for one in settings.write_keys] == [key, f"{key}2"]
    assert list(map(str, settings.trusted_proxies)) == ["127.0.0.1/32", "10.0.0.0/8"]
    assert key not in repr(settings)
    monkeypatch.setenv("CLICKSTREAM_WRITE_KEYS", "too-short")
    monkeypatch.setenv("CLICKSTREAM_TRUSTED_PROXIES", "proxy.example")
    monkeypatch.setenv("CLICKSTREAM_RATE_LIMIT", "0")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    reported = "\n".join(caught.value.problems)
    names = ("CLICKSTREAM_WRITE_KEYS", "CLICKSTREAM_TRUSTED_PROXIES", "CLICKSTREAM_RATE_LIMIT")
    assert all(name in reported for name in names)
    assert "too-short" not in reported


@pytest.mark.parametrize(
    "content", [b"timezone = [\n", b"\xff\xfe", b"a = 1\na = 2\n"], ids=["syntax", "encoding", "twice"]
)
def test_a_settings_file_that_is_not_toml_is_an_error_of_the_settings(content: bytes) -> None:
    Path("clickstream.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"clickstream\.toml: expected a readable TOML file"):
        read_settings()


def test_shop_database_and_collector_are_urls_and_no_password_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_WEB_DB_URL", "mysql://me:secret-word@db.example/web")
    monkeypatch.setenv("CLICKSTREAM_COLLECTOR_URL", "collect.shop.example")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert caught.value.problems == [
        "CLICKSTREAM_WEB_DB_URL: expected postgresql://user:password@host:port/database",
        "CLICKSTREAM_COLLECTOR_URL: expected a URL such as https://collect.shop.example, got 'collect.shop.example'",
    ]
    monkeypatch.setenv("CLICKSTREAM_WEB_DB_URL", "")
    monkeypatch.setenv("CLICKSTREAM_COLLECTOR_URL", "https://collect.shop.example/clickstream")
    assert read_settings().web_db_url is None


def test_an_api_token_is_long_and_an_invalid_one_is_reported_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKSTREAM_API_TOKEN", "0123456789abcdef")
    token = read_settings().api_token
    assert token is not None
    assert token.get_secret_value() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(read_settings())
    monkeypatch.setenv("CLICKSTREAM_API_TOKEN", "")
    assert read_settings().api_token is None
    for wrong in ("too-short", "with a blank in it, long", "ümlaute-sind-nicht-ascii"):
        monkeypatch.setenv("CLICKSTREAM_API_TOKEN", wrong)
        with pytest.raises(SettingsError) as failed:
            read_settings()
        assert "CLICKSTREAM_API_TOKEN: expected at least 16 characters" in str(failed.value)
        assert wrong not in str(failed.value)
