"""Which source decides the country, with the real reader on a small file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickstream.errors import SettingsError
from clickstream.etl.enrich.country import GeoFile, country_reader
from tests.etl.enrich.geo_file import BUILD_EPOCH, write_geo_file


@pytest.fixture(scope="module")
def geo(tmp_path_factory: pytest.TempPathFactory) -> GeoFile:
    path = tmp_path_factory.mktemp("geo") / "country.mmdb"
    write_geo_file(path, {"192.0.2.0/24": "FR", "198.51.100.0/24": "PL", "203.0.113.0/24": "XX"})
    return GeoFile(path)


ANSWERS = [
    pytest.param("DE", "PL", "192.0.2.0", "DE", id="the sent country first"),
    pytest.param(" de ", "", "", "DE", id="in capitals"),
    pytest.param("", "pl", "192.0.2.0", "PL", id="then that of the proxy"),
    pytest.param("", "", "192.0.2.0", "FR", id="then that of the file"),
    pytest.param("", "T1", "198.51.100.7", "PL", id="Tor is not a country"),
    pytest.param("XX", "", "", None, id="XX is not a country"),
    pytest.param("", "XX", "203.0.113.0", None, id="unknown everywhere"),
    pytest.param("", "", "10.0.0.0", None, id="not in the file"),
    pytest.param("", "", "no address", None, id="not an address"),
    pytest.param("Germany", "PL", "", "PL", id="a code wins over a name"),
    pytest.param("Germany", "", "10.0.0.0", "Germany", id="a name stays if there is no code"),
    pytest.param("", "", "", None, id="nothing"),
]


@pytest.mark.parametrize(("sent", "header", "address", "country"), ANSWERS)
def test_country_comes_from_the_first_source_that_has_a_code(
    geo: GeoFile, sent: str, header: str, address: str, country: str | None
) -> None:
    assert country_reader(geo)(sent, header, address) == (country,)


def test_addresses_are_ignored_without_a_file() -> None:
    assert country_reader(None)("", "", "192.0.2.0") == (None,)


@given(st.text(), st.text(), st.text())
def test_any_text_is_accepted(sent: str, header: str, address: str) -> None:
    (country,) = country_reader(None)(sent, header, address)
    assert country is None or country


def test_build_of_the_file_is_known(geo: GeoFile) -> None:
    assert geo.build == f"Test-Country {BUILD_EPOCH}"


@pytest.mark.parametrize("content", [None, b"", b"not a MaxMind file"], ids=["missing", "empty", "something else"])
def test_unreadable_file_is_a_settings_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="CLICKSTREAM_GEOIP_FILE"):
        GeoFile(path)
