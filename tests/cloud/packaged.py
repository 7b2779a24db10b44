"""Packages for the interpreter and the machine at hand, and for AWS, each built once per worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from clickstream.cloud.packages import Target
from clickstream.cloud.packages.builder import ROOT
from clickstream.cloud.packages.functions import FUNCTIONS, fill_function


def build_functions(folder: Path, target: Target) -> Path:
    """Build the contents of both functions for a target in a new folder; return it."""
    for function in FUNCTIONS:
        contents = folder / function.name
        contents.mkdir(parents=True)
        fill_function(contents, function, target, ROOT)
    return folder


@pytest.fixture(scope="session")
def functions_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions as this machine can run them."""
    return build_functions(tmp_path_factory.mktemp("here"), Target.here())


@pytest.fixture(scope="session")
def functions_there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions as they are uploaded."""
    return build_functions(tmp_path_factory.mktemp("there"), Target())
