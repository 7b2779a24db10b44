"""What is uploaded to AWS: complete, for the target, the same bytes each time, and clear errors."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from clickstream.cloud.packages import Target
from clickstream.cloud.packages.builder import ROOT, build
from clickstream.cloud.packages.functions import FUNCTIONS, Function, fill_function
from clickstream.cloud.packages.instance import fetch_wheels, needed_there
from clickstream.cloud.packages.modules import needed_by
from clickstream.cloud.packages.tools import run
from clickstream.errors import CloudError
from tests.lambda_runtime import RUNTIME_PACKAGES

HASH = f"sha256:{'0' * 64}"
OF_RUNTIME = {*RUNTIME_PACKAGES, "botocore"}


def module(folder: Path, name: str, text: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_function_needs_what_its_handler_imports_directly_or_not(tmp_path: Path) -> None:
    module(tmp_path, "clickstream/__init__.py")
    module(tmp_path, "clickstream/start.py", "from clickstream.a import b\nimport json, msgspec\n")
    module(tmp_path, "clickstream/a/__init__.py")
    module(tmp_path, "clickstream/a/b.py", "def f() -> None:\n    from clickstream.c import value\n")
    module(tmp_path, "clickstream/a/other.py", "import duckdb\n")
    module(tmp_path, "clickstream/a/sql/one.sql")
    module(tmp_path, "clickstream/c.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars\n")
    module(tmp_path, "clickstream/d/__init__.py")
    module(tmp_path, "clickstream/d/two.sql")
    needed = needed_by("clickstream.start", tmp_path)
    assert [str(path.relative_to(tmp_path / "clickstream")) for path in needed.files] == [
        "__init__.py",
        "a/__init__.py",
        "a/b.py",
        "a/sql/one.sql",
        "c.py",
        "start.py",
    ]
    assert needed.packages == {"msgspec"}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_lock_of_a_function_has_what_its_modules_import_in_the_versions_of_the_platform(function: Function) -> None:
    lock = list(needed_there((ROOT / "requirements" / function.lock).read_text("utf-8"), Target()))
    versions = {line.split("==")[0]: line.split()[0] for line in lock}
    distributions = packages_distributions()
    imported = {canonicalize_name(distributions[name][0]) for name in needed_by(function.module, ROOT / "src").packages}
    assert imported - OF_RUNTIME <= versions.keys()
    run = needed_there((ROOT / "requirements" / "run.txt").read_text("utf-8"), Target())
    assert set(lock) <= set(run)


def test_start_of_the_collector_imports_nothing_that_only_other_work_needs() -> None:
    """Its cold starts delay responses."""
    script = "import sys, clickstream.collect.aws; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "obstore" in loaded
    assert {"boto3", "duckdb", "psycopg", "rich", "starlette", "typer", "urllib3", "uvicorn"}.isdisjoint(loaded)


def test_markers_are_judged_for_the_target() -> None:
    lock = (
        f"here==1 ; sys_platform == 'win32' \\\n    --hash={HASH}\n"
        f"old==1 ; python_version < '3.13' \\\n    --hash={HASH}\n"
        f"arm==1 ; platform_machine == 'aarch64' \\\n    --hash={HASH} \\\n    --hash={HASH}\n    # via other\n"
        f"all==2 \\\n    --hash={HASH}\n"
    )
    assert list(needed_there(lock, Target("3.13", "aarch64"))) == [
        f"arm==1 --hash={HASH} --hash={HASH}\n",
        f"all==2 --hash={HASH}\n",
    ]
    assert [line.split("==")[0] for line in needed_there(lock, Target("3.11", "x86_64"))] == ["old", "all"]


def test_target_here_is_this_interpreter() -> None:
    assert Target.here() == Target(f"{sys.version_info[0]}.{sys.version_info[1]}", os.uname().machine)
    assert Target().wheel_platforms[0] == "manylinux_2_28_aarch64"


def test_without_a_network_the_error_names_the_step_and_the_way_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    (tmp_path / "out").mkdir()
    with pytest.raises(CloudError) as caught:
        fill_function(tmp_path / "out", FUNCTIONS[0], Target(), ROOT)
    assert caught.value.doing == "installing the dependencies of ingest"
    assert caught.value.advice.startswith("check the network")


def test_wheel_with_another_hash_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"idna==3.20 \\\n    --hash={HASH}\n")
    (tmp_path / "out").mkdir()
    with pytest.raises(CloudError, match=r"(?i)hash"):
        fetch_wheels(tmp_path / "out", Target(), lock)
    assert list((tmp_path / "out").iterdir()) == []


def test_failing_program_is_reported_with_the_end_of_its_output(capfd: pytest.CaptureFixture[str]) -> None:
    script = "import sys; print(*range(50), sep='\\n', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CloudError, match=r"49$") as caught:
        run("trying", [sys.executable, "-c", script])
    assert "\n37\n" not in caught.value.why
    assert caught.value.advice == ""
    assert capfd.readouterr().err == "trying\n"


def test_packages_are_built_from_a_checkout_only(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="expected a checkout"):
        build(tmp_path / "out", Target(), root=tmp_path)
    assert not (tmp_path / "out").exists()
