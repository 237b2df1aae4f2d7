"""The make-believe PKI does what a real one does, as openssl sees it."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from exchange.demo.pki import Pki
from tests.house import START
from tests.pki import HOLDERS
from tests.province import OFFICE


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], check=False, capture_output=True, text=True, timeout=30
    )
    return done.stdout + done.stderr


@pytest.fixture
def files(pki: Pki, tmp_path: Path) -> Path:
    """Certificates as files, as openssl wants them."""
    for name in ("root", "authority", *HOLDERS):
        (tmp_path / f"{name}.crt").write_bytes(pki.certificate(name).public_bytes(Encoding.PEM))
    return tmp_path


def verified(files: Path, name: str, *more: str | Path) -> str:
    at = str(int(START.timestamp()))
    chain = ("-CAfile", files / "root.crt", "-untrusted", files / "authority.crt", "-attime", at)
    return openssl("verify", *chain, *more, files / f"{name}.crt")


def test_certificates_lead_to_the_root_while_they_are_valid(files: Path) -> None:
    for name in HOLDERS:
        assert ("certificate has expired" in verified(files, name)) == (name == "expired")
    for name in ("agency-rsa", "agency-ec", "person", "organisation"):
        assert f"{name}.crt: OK" in verified(files, name)


def test_an_agencys_certificate_names_it_and_its_code(pki: Pki) -> None:
    subject = pki.certificate("agency-ec").subject
    [code] = subject.get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    [name] = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert (code.value, name.value) == (OFFICE, "Văn phòng UBND tỉnh Phú Yên")
    assert pki.signing_key("agency-ec").certificate == pki.certificate("agency-ec")


def fetched_crl(pki: Pki, issuer: str = "authority") -> x509.CertificateRevocationList:
    answer = urllib3.request("GET", pki.crl_url(issuer))
    assert answer.status == 200
    return x509.load_der_x509_crl(answer.data)


def test_the_crl_lists_what_is_revoked_from_its_next_update(pki: Pki) -> None:
    serial = pki.certificate("agency-ec").serial_number
    assert fetched_crl(pki).get_revoked_certificate_by_serial_number(serial) is None
    assert fetched_crl(pki).get_revoked_certificate_by_serial_number(pki.certificate("revoked").serial_number)
    pki.revoke("agency-ec", START)
    entry = fetched_crl(pki).get_revoked_certificate_by_serial_number(serial)
    assert entry is not None
    assert entry.revocation_date_utc == START
    assert fetched_crl(pki, "root").is_signature_valid(pki.root.public_key())  # type: ignore[arg-type]


def test_the_ocsp_responder_answers_by_the_clock(pki: Pki, files: Path) -> None:
    pki.revoke("agency-ec", START)
    ask = ("ocsp", "-issuer", files / "authority.crt", "-cert", files / "agency-ec.crt", "-resp_text")
    trust = ("-CAfile", files / "root.crt", "-attime", str(int(START.timestamp())))
    answer = openssl(*ask, *trust, "-url", pki.ocsp_url)
    assert "Response verify OK" in answer
    assert "Cert Status: revoked" in answer
    pki.now = lambda: START - timedelta(seconds=1)
    answer = openssl(*ask, *trust, "-url", pki.ocsp_url)
    assert "Response verify OK" in answer
    assert "Cert Status: good" in answer


def test_the_time_stamping_authority_stamps_with_the_time_of_the_clock(pki: Pki, files: Path) -> None:
    query, reply = files / "q.tsq", files / "r.tsr"
    openssl("ts", "-query", "-digest", "ab" * 32, "-sha256", "-cert", "-out", query)
    answer = urllib3.request(
        "POST",
        pki.tsa_url(),
        body=query.read_bytes(),
        headers={"Content-Type": "application/timestamp-query"},
    )
    reply.write_bytes(answer.data)
    shown = openssl("ts", "-reply", "-in", reply, "-text")
    assert "Time stamp: Nov 24 03:00:00 2026 GMT" in shown
    at = ("-attime", str(int(START.timestamp())))
    verify = ("ts", "-verify", "-in", reply, "-queryfile", query, "-CAfile", files / "root.crt", *at)
    assert "Verification: OK" in openssl(*verify)
