"""Time-stamps of a real authority: what they say is believed, and nothing that was changed is."""

import contextlib
import hashlib
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from exchange.core import stamp
from exchange.core.stamp import BadStamp, Cause
from exchange.demo.pki import Pki
from tests.house import START, Clock
from tests.pki import HOLDERS
from tests.thorough import examples

TEXT = b"exchange/ledger\n17\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n"
DIGEST = hashlib.sha256(TEXT).digest()


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def pki(pki_keys: Path, clock: Clock) -> Iterator[Pki]:
    """One PKI for all tests here; nothing in it is changed but its time."""
    with Pki(pki_keys, HOLDERS, clock) as started:
        yield started


@pytest.fixture(autouse=True)
def today(clock: Clock) -> None:
    clock.now = START


def asked(pki: Pki, service: str = "tsa", request: bytes | None = None) -> bytes:
    if request is None:
        built = TimestampRequestBuilder().data(TEXT).hash_algorithm(HashAlgorithm.SHA256).build()
        request = built.as_bytes()
    answer = urllib3.request("POST", pki.tsa_url(service), body=request)
    assert answer.status == 200
    return answer.data


@pytest.fixture(scope="module")
def token(pki: Pki) -> bytes:
    return asked(pki)


def refused(token: bytes, pki: Pki, digest: bytes = DIGEST, nonce: int | None = None) -> BadStamp:
    with pytest.raises(BadStamp) as caught:
        stamp.verify(digest, token, [pki.root], nonce)
    return caught.value


def openssl_believes(token: bytes, pki: Pki, folder: Path, digest: bytes = DIGEST) -> bool:
    (folder / "token.tsr").write_bytes(token)
    (folder / "root.pem").write_bytes(pki.root.public_bytes(Encoding.PEM))
    files = ["-in", folder / "token.tsr", "-CAfile", folder / "root.pem"]
    at = ["-attime", str(int(START.timestamp()))]
    command = ["openssl", "ts", "-verify", "-digest", digest.hex(), *map(str, files), *at]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ("Verification: OK" in done.stdout) == (done.returncode == 0)
    return done.returncode == 0


def test_a_stamp_tells_who_said_when_under_which_policy(pki: Pki, token: bytes, tmp_path: Path) -> None:
    said = stamp.verify(DIGEST, token, [pki.root])
    assert said.at == START
    assert said.authority == "CN=Make-believe time-stamping authority,C=VN"
    assert said.policy == "1.3.6.1.4.1.4146.2.3"
    assert (
        said.serial
        == tsp.TimeStampResp.load(token)["time_stamp_token"]["content"]["encap_content_info"]["content"]
        .parsed["serial_number"]
        .native
    )
    assert said.certificate == pki.certificate("tsa")
    assert openssl_believes(token, pki, tmp_path)


def test_a_stamp_of_something_else_is_refused_with_both_digests(
    pki: Pki, token: bytes, tmp_path: Path
) -> None:
    other = hashlib.sha256(b"other").digest()
    bad = refused(token, pki, other)
    assert bad.cause is Cause.DIGEST
    assert DIGEST.hex() in bad.reason_en
    assert other.hex() in bad.reason_vi
    assert not openssl_believes(token, pki, tmp_path, other)


def test_a_digest_made_in_another_way_is_another_digest(pki: Pki) -> None:
    # RFC 3161 2.4.1: the imprint names its hash; equal bytes under another hash are of another text.
    imprint = {"hash_algorithm": {"algorithm": "sha3_256"}, "hashed_message": DIGEST}
    request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "cert_req": True})
    assert refused(asked(pki, request=request.dump()), pki).cause is Cause.DIGEST


def test_an_answer_to_another_request_is_refused(pki: Pki, token: bytes) -> None:
    assert refused(token, pki, nonce=1).cause is Cause.NONCE


@pytest.mark.parametrize(
    ("service", "cause"),
    [
        ("tsa-without-purpose", Cause.PURPOSE),
        ("other-tsa", Cause.CHAIN),
        ("tsa-expired", Cause.CHAIN),
    ],
)
def test_a_stamp_of_a_wrong_authority_is_refused(
    pki: Pki, tmp_path: Path, service: str, cause: Cause
) -> None:
    token = asked(pki, service)
    assert refused(token, pki).cause is cause
    assert not openssl_believes(token, pki, tmp_path)


def test_a_stamp_stays_good_when_the_certificate_of_its_authority_has_expired(pki: Pki, clock: Clock) -> None:
    clock.now = START - timedelta(days=200)
    token = asked(pki, "tsa-expired")
    assert stamp.verify(DIGEST, token, [pki.root]).at == clock.now


def test_nothing_is_believed_without_a_root(pki: Pki, token: bytes) -> None:
    for roots in ([], [pki.authority]):  # a CA below the root does not vouch by itself
        with pytest.raises(BadStamp) as caught:
            stamp.verify(DIGEST, token, roots)
        assert caught.value.cause is Cause.CHAIN
    assert stamp.verify(DIGEST, token, [pki.root, pki.authority, pki.root])


def test_two_certificates_for_one_signer_are_refused(pki: Pki, token: bytes) -> None:
    """Of one issuer and number: what is shown need not be what was checked."""
    answer = tsp.TimeStampResp.load(token)
    forged = _like(pki.certificate("tsa"), pki)
    certificates = answer["time_stamp_token"]["content"]["certificates"]
    certificates.append(type(certificates[0])("certificate", _parsed(forged)))
    answer["time_stamp_token"]["content"]["certificates"] = certificates
    bad = refused(answer.dump(force=True), pki)
    assert bad.cause is Cause.CHAIN
    assert "2 certificates" in bad.reason_en


def _like(certificate: x509.Certificate, pki: Pki) -> x509.Certificate:
    """Another key's, under the same issuer's name and number."""
    key = pki.private_key("agency-ec")
    name = x509.Name.from_rfc4514_string("CN=The Ministry,C=VN")
    return (
        x509.CertificateBuilder(certificate.issuer, name, key.public_key(), certificate.serial_number)
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def _parsed(certificate: x509.Certificate) -> object:
    from asn1crypto import x509 as asn1

    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def test_what_the_authority_did_not_grant_is_refused_with_its_words(pki: Pki) -> None:
    status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["policy not supported"]}).dump()
    rejection = b"\x30" + bytes([len(status)]) + status  # with no token behind it
    bad = refused(rejection, pki)
    assert bad.cause is Cause.NOT_GRANTED
    assert "policy not supported" in bad.reason_vi


def test_a_changed_byte_is_refused_or_changes_nothing_that_is_said(pki: Pki, token: bytes) -> None:
    said = stamp.verify(DIGEST, token, [pki.root])
    causes: Counter[Cause] = Counter()
    unchanged = []
    for position in range(len(token)):
        for change in (1 << position % 8, 0xFF):
            changed = bytearray(token)
            changed[position] ^= change
            try:
                assert stamp.verify(DIGEST, bytes(changed), [pki.root]) == said
                unchanged.append(position)
            except BadStamp as bad:
                causes[bad.cause] += 1
    assert {Cause.MALFORMED, Cause.DIGEST, Cause.SIGNATURE, Cause.CHAIN, Cause.NOT_GRANTED} <= set(causes)
    assert len(unchanged) < 30  # numbers of versions, and names of algorithms that the signature repeats


@given(st.binary(max_size=200))
def test_bytes_that_are_no_stamp_are_refused_as_such(content: bytes) -> None:
    with pytest.raises(BadStamp) as caught:
        stamp.verify(DIGEST, content, [])
    assert caught.value.cause in (Cause.MALFORMED, Cause.NOT_GRANTED)


@settings(deadline=None, max_examples=examples(30, 60))
@given(data=st.data())
def test_pieces_of_a_stamp_are_refused(data: st.DataObject, pki: Pki, token: bytes) -> None:
    begin = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(begin, len(token)))
    middle = data.draw(st.binary(max_size=4))
    changed = token[:begin] + middle + token[end:]
    if changed == token:
        return
    with contextlib.suppress(BadStamp):
        assert stamp.verify(DIGEST, changed, [pki.root]) == stamp.verify(DIGEST, token, [pki.root])


def test_an_endless_answer_is_not_read() -> None:
    with pytest.raises(BadStamp, match="over 65536 bytes"):
        stamp.verify(DIGEST, bytes(stamp.TOKEN_BYTES_MAX + 1), [])


def test_each_reason_is_said_in_both_languages() -> None:
    assert set(stamp.TEXTS) == set(Cause)
    for cause in Cause:
        bad = BadStamp(cause, "x")
        assert bad.reason_vi.endswith("(x)")
        assert bad.reason_vi != bad.reason_en
