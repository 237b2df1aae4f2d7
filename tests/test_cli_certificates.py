"""Commands on certificates: what is known of them, what ends soon, what can be shown to others."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner, Result

from exchange.cli.root import root
from exchange.core.signature import RegisteredCertificate
from exchange.core.trust import fingerprint
from exchange.demo.pki import Pki
from exchange.ledger import directory_store
from exchange.revocation import Revocation
from tests.house import House
from tests.pki import MakePki
from tests.province import DISTRICT, FINANCE, OFFICE


def clock() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def live(make_pki: MakePki) -> Pki:
    """A PKI of this very moment, as the commands know no other."""
    return make_pki(now=clock)


@pytest.fixture
def house(tmp_path: Path, live: Pki, monkeypatch: pytest.MonkeyPatch) -> House:
    """Three agencies with certificates of the PKI, one of them revoked and one that ends soon."""
    file = tmp_path / "authorities.pem"
    file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (live.authority, live.root)))
    for name, value in {
        "DATA": str(tmp_path / "data"),
        "AUTHORITIES": str(file),
        "REVOCATION": "soft",
        "REVOCATION_HOSTS": f'["{live.url.removeprefix("http://")}"]',
    }.items():
        monkeypatch.setenv(f"EXCHANGE_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")
    house = House.build(tmp_path / "data", "")
    house.clock.now = clock()
    for code, name in ((OFFICE, "agency-ec"), (FINANCE, "revoked"), (DISTRICT, "expiring")):
        for each in house.province.agencies[code].certificates:
            directory_store.end_certificate(house.context.database, each.fingerprint, clock())
        certificate = live.certificate(name)
        directory_store.register_certificate(
            house.context.database,
            RegisteredCertificate(
                fingerprint=fingerprint(certificate),
                agency=code,
                certificate=certificate,
                valid_from=certificate.not_valid_before_utc,
            ),
        )
    house.context.registry.renew()
    return house


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(root, list(arguments))
    assert result.exit_code == code, result.output
    return result


def line(output: str, certificate: x509.Certificate) -> list[str]:
    [found] = [each for each in output.splitlines() if fingerprint(certificate) in each]
    return found.split("\t")


def test_the_list_tells_what_is_known_of_each_certificate_and_as_of_when(house: House, live: Pki) -> None:
    assert line(run("certificate", "list").output, live.certificate("agency-ec"))[7:] == ["not_checked", ""]
    Revocation(house.context).step()
    listed = run("certificate", "list").output
    assert line(listed, live.certificate("agency-ec"))[7] == "good"
    assert line(listed, live.certificate("agency-ec"))[8] != ""
    assert line(listed, live.certificate("revoked"))[7].startswith("revoked ")
    assert "(key_compromise)" in line(listed, live.certificate("revoked"))[7]


def test_where_revocation_is_off_the_list_says_so(
    house: House, live: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    Revocation(house.context).step()
    monkeypatch.setenv("EXCHANGE_REVOCATION", "off")
    assert line(run("certificate", "list").output, live.certificate("agency-ec"))[7:] == ["off", ""]


def test_certificates_that_end_soon_are_listed_with_the_days_that_are_left(house: House, live: Pki) -> None:
    output = run("certificate", "expiring").output
    cells = line(output, live.certificate("expiring"))
    assert cells[0] == DISTRICT
    assert cells[4] == "29"
    assert cells[5] == "no"
    assert fingerprint(live.certificate("agency-ec")) not in output
    assert (
        fingerprint(live.certificate("expiring")) not in run("certificate", "expiring", "--days", "9").output
    )


def test_an_agency_that_has_another_certificate_is_told_apart(house: House, live: Pki) -> None:
    another = house.province.authority.issue(DISTRICT, DISTRICT, clock(), days=400).certificate
    directory_store.register_certificate(
        house.context.database,
        RegisteredCertificate(
            fingerprint=fingerprint(another), agency=DISTRICT, certificate=another, valid_from=clock()
        ),
    )
    assert line(run("certificate", "expiring").output, live.certificate("expiring"))[5] == "yes"


def test_what_was_kept_is_shown_and_openssl_finds_the_same_of_it(
    house: House, live: Pki, tmp_path: Path
) -> None:
    Revocation(house.context).step()
    for name, said, expected in (
        ("agency-ec", "was not revoked", 0),
        ("revoked", "was revoked", 2),
    ):
        folder = tmp_path / name
        output = run("certificate", "show", fingerprint(live.certificate(name)), "--to", str(folder)).output
        assert said in output
        assert live.crl_url() in output
        lists = sorted(folder.glob("*.crl"))
        assert len(lists) == 2
        pems = b"".join(
            x509.load_der_x509_crl(each.read_bytes()).public_bytes(Encoding.PEM) for each in lists
        )
        (folder / "lists.pem").write_bytes(pems)
        checked = subprocess.run(
            [
                *("openssl", "verify", "-crl_check_all", "-CAfile", str(folder / "authorities.pem")),
                *("-CRLfile", str(folder / "lists.pem"), str(folder / "certificate.pem")),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert checked.returncode == expected, checked.stderr


def test_a_certificate_that_nobody_registered_is_not_shown(house: House) -> None:
    assert "no such certificate" in run("certificate", "show", "0" * 64, code=1).output


def test_a_place_that_cannot_be_asked_is_shown_with_the_reason(house: House, live: Pki) -> None:
    live.close()
    Revocation(house.context).step()
    output = run("certificate", "show", fingerprint(live.certificate("agency-ec"))).output
    [failed] = [each for each in output.splitlines() if each.startswith(live.crl_url("authority"))]
    assert failed.split("\t")[2] == "1"
    assert "it cannot be reached (NewConnectionError)" in failed


def test_days_left_are_counted_down(house: House, live: Pki) -> None:
    days = line(run("certificate", "list").output, live.certificate("expiring"))[6]
    assert int(days) == timedelta(days=29).days
