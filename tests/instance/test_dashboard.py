"""The dashboard as its unit starts it on the warehouse: on loopback only, as a reader, showing what the ETL loads."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clickstream.cloud import names
from clickstream.etl.run import Loader
from clickstream.raw.store import LocalStore
from clickstream.warehouse.postgres import PostgresWarehouse
from tests.conftest import Clock
from tests.etl.pipeline import Pipeline, received
from tests.instance.attacks import PRIVATE, relay
from tests.instance.machine import INSTANCE, Machine
from tests.patience import wait_until
from tests.ports import free_port

pytestmark = pytest.mark.slow
UNIT = INSTANCE / "units/clickstream-dashboard.service"
USER = "clickstream-dashboard"


def values(name: str) -> list[str]:
    return [value.strip('"') for value in re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)]


def environment(machine: Machine) -> dict[str, str]:
    """Return the environment of the unit, with its places in the folder of the machine."""
    files = [machine.root / name.lstrip("-/") for name in values("EnvironmentFile")]
    lines = [
        *values("Environment"),
        *(line for file in files if file.exists() for line in file.read_text().splitlines()),
    ]
    found = dict(line.split("=", 1) for line in lines)
    found["CLICKSTREAM_RAW_URL"] = str(machine.folder / "raw")
    return {name: placed(machine, value) for name, value in found.items()}


def placed(machine: Machine, text: str) -> str:
    for place in ("/opt/clickstream", "/var/lib/clickstream", "/run/postgresql"):
        text = text.replace(place, f"{machine.root}{place}")
    return text


@pytest.fixture
def dashboard(warehouse_instance: Machine) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The running unit, and its port: a free one."""
    machine, port = warehouse_instance, free_port()
    (command,) = values("ExecStart")
    words = shlex.split(placed(machine, command).replace(" 3838", f" {port}"))
    switch = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", "--"]
    process = subprocess.Popen(
        [*switch, *words],
        env=machine.environment | environment(machine),
        cwd=placed(machine, values("WorkingDirectory")[0]),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until((machine.data / "dashboard/owner.json").exists)
        yield process, port
    finally:
        process.terminate()
        process.communicate(timeout=60)


@contextmanager
def loading(machine: Machine) -> Iterator[Pipeline]:
    """The ETL: its role, over TLS with a verified certificate, from the private network."""
    store = LocalStore(machine.folder / "raw")
    store.prepare()
    password = machine.parameter("/clickstream/warehouse/etl/password")["Value"]
    clock = Clock(datetime.now(UTC))
    with relay(machine.address, PRIVATE) as port:
        url = f"postgresql://etl:{password}@{machine.address}:{port}/clickstream_dw?hostaddr=127.0.0.1"
        url += f"&sslmode=verify-full&sslrootcert={machine.pki}/ca.crt"
        with PostgresWarehouse.open(url) as warehouse:
            loader = Loader(warehouse, store, machine.folder / "stage", clock)
            yield Pipeline(store, warehouse, clock, loader)
            loader.close()


def listening(process: int) -> set[str]:
    """Return the addresses on which a process listens, as in /proc/net/tcp."""
    sockets = {path.readlink().name for path in Path(f"/proc/{process}/fd").iterdir()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                found.add(words[1])
    return found


def clickstream(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the dashboard's user; it calls the running dashboard."""
    program = str(machine.root / "opt/clickstream/venv/bin/clickstream")
    return machine.run_as(USER, program, *words, **environment(machine))


def events(machine: Machine) -> int:
    done = clickstream(machine, "query", "select count(*) from clickstream_events", "--json")
    assert done.returncode == 0, done.stderr
    count: int = json.loads(done.stdout)["rows"][0][0]
    return count


def test_it_listens_on_loopback_only_and_shows_what_the_etl_loads(
    warehouse_instance: Machine, dashboard: tuple[subprocess.Popen[str], int]
) -> None:
    process, port = dashboard
    assert listening(process.pid) == {f"0100007F:{port:04X}"}
    before = events(warehouse_instance)
    with loading(warehouse_instance) as etl:
        etl.put_batch([received(etl.clock.now, clientId=f"c{n}") for n in range(3)])
        assert etl.load().lines == 3
    assert events(warehouse_instance) == before + 3
    done = clickstream(warehouse_instance, "metric", "overview", "--json")
    assert json.loads(done.stdout)["rows"][0]["visitors"] == 3
    refused = clickstream(warehouse_instance, "etl", "run")
    assert refused.returncode == 1
    assert "this process may only read the warehouse" in " ".join(refused.stderr.split())


@pytest.fixture
def truth_folder(warehouse_instance: Machine, web_instance: Machine) -> Iterator[Path]:
    """The folder with what the truth check needs, as truth.sh makes it once the shop's database is ready."""
    parameters = [path for path in (web_instance.folder / "ssm").iterdir() if "~web~" in path.name]
    copies = [Path(shutil.copy(path, warehouse_instance.folder / "ssm")) for path in parameters]
    done = warehouse_instance.script("truth.sh")
    assert done.returncode == 0, done.stderr
    folder = warehouse_instance.root / "etc/clickstream/truth"
    yield folder
    shutil.rmtree(folder)
    for copy in copies:
        copy.unlink()


def test_its_user_compares_the_shops_orders_over_tls_with_its_own_certificate(
    warehouse_instance: Machine, web_instance: Machine, truth_folder: Path
) -> None:
    """What differs from an instance: the address of the shop's database."""
    columns = "idempotency_key, email, currency, subtotal, total, payment_method, ship_to, placed_at"
    order = f"""insert into orders ({columns})
        values (gen_random_uuid(), 'a@example.com', 'EUR', 10, 10, 'test_card', '{{}}', now() - interval '1 hour')"""
    assert web_instance.psql("clickstream", "clickstream", names.WEB_DATABASE, order).returncode == 0
    with relay(web_instance.address, PRIVATE) as port:
        password = truth_folder / "password"
        there, here = f"{names.WEB_ADDRESS}:{names.POSTGRES_PORT}", f"{web_instance.address}:{port}"
        password.write_text(password.read_text().replace(there, here))
        settings = environment(warehouse_instance)
        url = settings["CLICKSTREAM_WEB_DB_URL"].replace(there, here) + "&hostaddr=127.0.0.1"
        url = url.replace("/etc/clickstream/truth", str(truth_folder))
        program = str(warehouse_instance.root / "opt/clickstream/venv/bin/clickstream")
        done = warehouse_instance.run_as(
            USER, program, "orders", "check", "--json", **settings | {"CLICKSTREAM_WEB_DB_URL": url}
        )
    web_instance.psql("clickstream", "clickstream", names.WEB_DATABASE, "delete from orders")
    assert json.loads(done.stdout or "{}").get("totals", {}).get("missing") == 1, done.stderr
