"""The dashboard as the unit of the warehouse's instance starts it, in a folder instead of the instance's paths."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.cloud.warehouse_server import INSTANCE, WarehouseServer

UNIT = INSTANCE / "units" / "clickstream-dashboard.service"
PORT = "3838"


def unit_values(name: str) -> list[str]:
    """Return the values of a setting of the unit, without the quotes around them."""
    lines = UNIT.read_text("utf-8").splitlines()
    return [line.removeprefix(f"{name}=").strip('"') for line in lines if line.startswith(f"{name}=")]


@contextmanager
def running_dashboard(
    warehouse: WarehouseServer, settings: Mapping[str, str], port: int, folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the unit's command with the unit's environment. settings: the lines of its EnvironmentFile.

    What differs: paths are in `folder`, the socket is that of `warehouse`, the port is `port`, and the system user is
    the current one.
    """
    home = folder / "dashboard"
    home.mkdir()
    places = {
        "/opt/clickstream/venv/bin": str(Path(sys.executable).parent),
        "/var/lib/clickstream/dashboard": str(home),
        "host=/run/postgresql": f"host={warehouse.socket}&port={warehouse.port}",
    }

    def placed(text: str) -> str:
        for there, here in places.items():
            text = text.replace(there, here)
        return text

    (command,) = unit_values("ExecStart")
    arguments = shlex.split(placed(command))
    assert arguments[-2:] == ["--port", PORT]
    environment = dict(placed(each).split("=", 1) for each in unit_values("Environment"))
    (working,) = unit_values("WorkingDirectory")
    with (folder / "dashboard.log").open("wb") as log:
        process = subprocess.Popen(
            [*arguments[:-1], str(port)],
            env={**environment, **settings},
            cwd=placed(working),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)
