"""Certificates: what they are valid for, how long, and when they are made again."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.instance.machine import PUBLIC_ADDRESS, Machine

pytestmark = pytest.mark.slow


def openssl(*words: str | Path) -> str:
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=True).stdout


def serial(machine: Machine, name: str) -> str:
    return openssl("x509", "-in", machine.pki / f"{name}.crt", "-noout", "-serial")


def make(machine: Machine, **facts: str) -> str:
    """Run the script with other facts; return what it reports."""
    path = machine.root / "etc/clickstream/instance.env"
    before = path.read_text()
    path.write_text(before + "".join(f"{name}='{value}'\n" for name, value in facts.items()))
    try:
        done = machine.script("certificates.sh")
    finally:
        path.write_text(before)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "use", "alternatives"),
    [
        ("server", "TLS Web Server Authentication", f"IP Address:{PUBLIC_ADDRESS}, DNS:ec2-203-0-113-7.eu-central-1"),
        ("shop", "TLS Web Client Authentication", "DNS:shop"),
        ("truth", "TLS Web Client Authentication", "DNS:truth"),
    ],
)
def test_a_certificate_serves_one_purpose(web_instance: Machine, name: str, use: str, alternatives: str) -> None:
    path = web_instance.pki / f"{name}.crt"
    text = openssl("x509", "-in", path, "-noout", "-text")
    assert f"Extended Key Usage: \n                {use}\n" in text
    assert "CA:FALSE" in text
    assert alternatives in text
    assert openssl("verify", "-x509_strict", "-CAfile", web_instance.pki / "ca.crt", path) == f"{path}: OK\n"
    dates = openssl("x509", "-in", path, "-noout", "-dates").splitlines()
    first, last = (datetime.strptime(line.partition("=")[2], "%b %d %H:%M:%S %Y %Z") for line in dates)  # noqa: DTZ007
    assert (last - first).days == 825


def test_the_authority_can_sign_certificates_and_no_other_authority(web_instance: Machine) -> None:
    text = openssl("x509", "-in", web_instance.pki / "ca.crt", "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text


def test_each_instance_has_its_own_authority(web_instance: Machine, warehouse_instance: Machine) -> None:
    keys = {(machine.pki / "ca.key").read_text() for machine in (web_instance, warehouse_instance)}
    assert len(keys) == 2


def test_certificates_that_are_valid_stay(web_instance: Machine) -> None:
    before = [serial(web_instance, name) for name in ("server", "shop", "truth", "ca")]
    assert make(web_instance) == ""
    assert [serial(web_instance, name) for name in ("server", "shop", "truth", "ca")] == before


def test_another_public_address_gets_a_new_server_certificate(web_instance: Machine) -> None:
    assert make(web_instance, INSTANCE_PUBLIC_ADDRESS="198.51.100.4") == "certificates: a new certificate for server\n"
    text = openssl("x509", "-in", web_instance.pki / "server.crt", "-noout", "-text")
    assert "IP Address:198.51.100.4, DNS:ec2-198-51-100-4.eu-central-1.compute.amazonaws.com" in text
    assert make(web_instance) == "certificates: a new certificate for server\n"


def test_certificates_that_end_soon_or_fit_no_key_are_made_again(web_instance: Machine) -> None:
    pki = web_instance.pki
    for name, days in (("shop", 59), ("truth", 61)):
        request = openssl("req", "-new", "-key", pki / f"{name}.key", "-subj", f"/CN={name}")
        command = ["openssl", "x509", "-req", "-CA", f"{pki}/ca.crt", "-CAkey", f"{pki}/ca.key", "-days", str(days)]
        done = subprocess.run([*command, "-set_serial", "7"], input=request, capture_output=True, text=True, check=True)
        (pki / f"{name}.crt").write_text(done.stdout)
    assert make(web_instance) == "certificates: a new certificate for shop\n"
    (pki / "shop.key").write_text((pki / "truth.key").read_text())
    assert make(web_instance) == "certificates: a new certificate for shop\n"
    (pki / "truth.crt").write_text("")
    assert make(web_instance) == "certificates: a new certificate for truth\n"


def test_a_renewal_reaches_the_server_and_the_parameters(web_instance: Machine) -> None:
    (web_instance.pki / "server.crt").unlink()
    (web_instance.pki / "shop.crt").unlink()
    calls = len(web_instance.called())
    done = web_instance.script("renew.sh")
    assert done.returncode == 0, done.stderr
    assert "systemctl reload clickstream-postgresql.service" in web_instance.called()[calls:]
    for name in ("crt", "key"):
        installed = (web_instance.data / f"pgsql/server.{name}").read_text()
        assert installed == (web_instance.pki / f"server.{name}").read_text()
    certificate = web_instance.parameter("/clickstream/web/shop/certificate")["Value"]
    assert certificate + "\n" == (web_instance.pki / "shop.crt").read_text()
    calls = len(web_instance.called())
    assert web_instance.script("renew.sh").returncode == 0
    later = web_instance.called()[calls:]
    assert not [call for call in later if call.startswith(("systemctl", "aws ssm put"))]
