"""OpenSSL, which shares no code with our validation, finds the same of the same CRLs and OCSP answers."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.path import Status, validate
from tests.core.authorities import Ca, certify, ec_key

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)  # OpenSSL reads the clock
WEEK = timedelta(days=7)


@dataclass
class Cast:
    root: Ca
    ca: Ca
    agency: x509.Certificate


@pytest.fixture
def cast() -> Cast:
    root = Ca.root()
    ca = root.authority()
    return Cast(root, ca, ca.issue())


def revoked(cast: Cast) -> Ca:
    cast.ca.revoke(cast.agency, NOW - WEEK, x509.ReasonFlags.superseded)
    return cast.ca


def flipped(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 4]) + content[-8:]


def by_stranger(cast: Cast) -> bytes:
    """By a responder of the right name that another CA appointed."""
    other = Ca.root("Other")
    return cast.ca.ocsp(cast.agency, NOW, by=other.responder())


def by_namesake(cast: Cast) -> bytes:
    key = ec_key()
    name = cast.ca.certificate.subject
    fake = certify("", key, name, key, subject=name)
    return cast.ca.ocsp(cast.agency, NOW, by=(key, fake))


Make = Callable[[Cast], bytes]
CRLS: Mapping[str, tuple[Make, Status]] = {
    "good": (lambda cast: cast.ca.crl(NOW), Status.GOOD),
    "another is revoked": (
        lambda cast: revoked(Cast(cast.root, cast.ca, cast.ca.issue())).crl(NOW),
        Status.GOOD,
    ),
    "revoked": (lambda cast: revoked(cast).crl(NOW), Status.REVOKED),
    "ran out": (lambda cast: cast.ca.crl(NOW - WEEK), Status.UNKNOWN),
    "of another CA": (lambda cast: Ca.root("Other").crl(NOW), Status.NOT_CHECKED),
    "of a namesake": (lambda cast: Ca.root("Authority").crl(NOW), Status.UNKNOWN),
    "a bit flipped": (lambda cast: flipped(cast.ca.crl(NOW)), Status.UNKNOWN),
}
OCSPS: Mapping[str, tuple[Make, Status]] = {
    "good": (lambda cast: cast.ca.ocsp(cast.agency, NOW), Status.GOOD),
    "good, by a responder": (
        lambda cast: cast.ca.ocsp(cast.agency, NOW, by=cast.ca.responder()),
        Status.GOOD,
    ),
    "revoked": (lambda cast: revoked(cast).ocsp(cast.agency, NOW), Status.REVOKED),
    "unknown": (lambda cast: cast.ca.ocsp(cast.agency, NOW, unknown=True), Status.UNKNOWN),
    "ran out": (lambda cast: cast.ca.ocsp(cast.agency, NOW - WEEK), Status.UNKNOWN),
    "by a stranger": (by_stranger, Status.UNKNOWN),
    "by a namesake": (by_namesake, Status.UNKNOWN),
    "no purpose": (
        lambda cast: cast.ca.ocsp(cast.agency, NOW, by=cast.ca.responder(purpose=False)),
        Status.UNKNOWN,
    ),
    "a bit flipped": (lambda cast: flipped(cast.ca.ocsp(cast.agency, NOW, carries=[])), Status.UNKNOWN),
}


def pem(folder: Path, name: str, *certificates: x509.Certificate) -> Path:
    file = folder / name
    file.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return file


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize(("make", "expected"), CRLS.values(), ids=CRLS)
def test_openssl_finds_the_same_of_a_list(cast: Cast, tmp_path: Path, make: Make, expected: Status) -> None:
    crl = make(cast)
    (tmp_path / "list.pem").write_bytes(x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM))
    anchors = pem(tmp_path, "anchors.pem", cast.root.certificate)
    chain = pem(tmp_path, "chain.pem", cast.ca.certificate)
    checked = openssl(
        *("verify", "-crl_check", "-CAfile", anchors, "-untrusted", chain),
        *("-CRLfile", tmp_path / "list.pem", pem(tmp_path, "agency.pem", cast.agency)),
    )
    finding = validate(cast.agency, anchors=[cast.ca.certificate], crls=[crl], at=NOW)
    assert finding.status is expected
    assert (checked.returncode == 0) == (expected is Status.GOOD), checked.stderr
    assert ("certificate revoked" in checked.stderr) == (expected is Status.REVOKED)


@pytest.mark.parametrize(("make", "expected"), OCSPS.values(), ids=OCSPS)
def test_openssl_finds_the_same_of_an_answer(
    cast: Cast, tmp_path: Path, make: Make, expected: Status
) -> None:
    answer = make(cast)
    (tmp_path / "answer.der").write_bytes(answer)
    checked = openssl(
        *("ocsp", "-respin", tmp_path / "answer.der", "-no_nonce"),
        *("-issuer", pem(tmp_path, "ca.pem", cast.ca.certificate)),
        *("-cert", pem(tmp_path, "agency.pem", cast.agency)),
        *("-CAfile", pem(tmp_path, "anchors.pem", cast.root.certificate, cast.ca.certificate)),
    )
    said = checked.stdout + checked.stderr
    sound = "Response verify OK" in said and "Status times invalid" not in said
    finding = validate(cast.agency, anchors=[cast.ca.certificate], ocsps=[answer], at=NOW)
    assert finding.status is expected
    assert (sound and "agency.pem: good" in said) == (expected is Status.GOOD), said
    assert (sound and "agency.pem: revoked" in said) == (expected is Status.REVOKED), said
