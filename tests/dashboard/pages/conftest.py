"""A loaded shop for all tests of pages that read single rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import BrowserContext

from tests.dashboard.conftest import BrowserPage, open_page
from tests.dashboard.pages.loaded import LoadedShop, loaded_shop

if TYPE_CHECKING:  # it is a plugin: pytest imports it
    from tests.dashboard.stage import AppServer


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedShop]:
    with loaded_shop(tmp_path_factory.mktemp("loaded")) as opened:
        yield opened


@pytest.fixture
def loaded_page(profile: BrowserContext, app_server: AppServer, loaded: LoadedShop) -> Iterator[BrowserPage]:
    """A browser page for the dashboards of the loaded shop."""
    with open_page(profile, app_server, loaded.app) as opened:
        yield opened
