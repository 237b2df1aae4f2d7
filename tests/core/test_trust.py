"""What a certificate must be to be registered, and when it signs for its agency."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.refusal import Refused
from exchange.core.signing import SigningKey
from exchange.core.trust import check_chain, check_suitable, fingerprint, is_valid_at, load_certificate
from exchange.demo.authority import Authority, certificate_pem, private_key_pem
from tests.core.hostile import NOW, cast, registered, self_made

BEGIN = NOW - timedelta(days=10)


def code_of(certificate: x509.Certificate, *authorities: x509.Certificate) -> str:
    with pytest.raises(Refused) as refused:
        check_chain(certificate, authorities or [cast().authority.certificate], NOW)
    return refused.value.refusals[0].code


@pytest.mark.parametrize("usage", [("digital_signature",), ("content_commitment",), ()])
def test_a_certificate_of_a_configured_authority_is_taken(usage: tuple[str, ...]) -> None:
    certificate = cast().authority.certify("x", "y", cast().ec.private_key, BEGIN, key_usage=usage)
    check_chain(certificate, [cast().authority.certificate], NOW)


def test_an_rsa_certificate_is_taken() -> None:
    check_chain(cast().rsa.certificate, [cast().authority.certificate], NOW)


def test_a_key_that_is_not_for_signing_is_refused() -> None:
    certificate = cast().authority.certify(
        "x", "y", cast().ec.private_key, BEGIN, key_usage=("key_encipherment",)
    )
    assert code_of(certificate) == "certificate_unsuitable"


def test_a_certificate_of_another_authority_is_refused_even_under_the_same_name() -> None:
    namesake = Authority.create("CA thử nghiệm", BEGIN)
    assert namesake.certificate.subject == cast().authority.certificate.subject
    assert code_of(namesake.issue("x", "y", BEGIN).certificate) == "certificate_chain"


def test_no_configured_authority_means_no_certificate_is_taken() -> None:
    with pytest.raises(Refused, match="certificate_chain"):
        check_chain(cast().ec.certificate, [], NOW)


def test_an_agency_is_no_authority() -> None:
    agency = Authority(cast().ec.private_key, cast().ec.certificate)  # type: ignore[arg-type]
    assert code_of(agency.issue("x", "y", BEGIN).certificate, cast().ec.certificate) == "certificate_chain"


def test_an_expired_authority_is_no_authority() -> None:
    authority = Authority.create("CA cũ", NOW - timedelta(days=30), days=20)
    certificate = authority.issue("x", "y", NOW - timedelta(days=30)).certificate
    assert code_of(certificate, authority.certificate) == "certificate_chain"


@pytest.mark.parametrize("days", [-5, 5])
def test_a_certificate_outside_its_validity_is_refused(days: int) -> None:
    begin = NOW + timedelta(days=days)
    assert code_of(cast().authority.issue("x", "y", begin, days=2).certificate) == "certificate_expired"


def test_weak_and_foreign_keys_are_refused() -> None:
    for key in (
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        with pytest.raises(Refused, match="certificate_unsuitable"):
            check_suitable(self_made(key))


def test_an_authority_does_not_sign_documents() -> None:
    assert code_of(cast().authority.certificate) == "certificate_unsuitable"


def test_a_certificate_is_read_from_pem_and_der() -> None:
    certificate = cast().ec.certificate
    assert load_certificate(certificate.public_bytes(Encoding.PEM)) == certificate
    assert load_certificate(certificate.public_bytes(Encoding.DER)) == certificate


@pytest.mark.parametrize(
    "data", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="certificate_unsuitable"):
        load_certificate(data)


def test_a_file_with_two_certificates_is_refused() -> None:
    with pytest.raises(Refused, match="certificate_unsuitable"):
        load_certificate(cast().authority.certificate_pem + certificate_pem(cast().ec))


def test_a_fingerprint_is_the_sha_256_of_the_der() -> None:
    mark = fingerprint(cast().ec.certificate)
    assert len(mark) == 64
    assert mark == mark.lower()
    assert cast().trust.find(mark) is not None
    assert cast().trust.find("0" * 64) is None


def test_validity_includes_both_ends() -> None:
    certificate = cast().ec.certificate
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    assert is_valid_at(certificate, begin)
    assert is_valid_at(certificate, end)
    assert not is_valid_at(certificate, begin - timedelta(seconds=1))
    assert not is_valid_at(certificate, end + timedelta(seconds=1))


def test_a_registration_begins_at_its_first_moment_and_ends_before_its_last() -> None:
    entry = registered(cast().ec.certificate, "x", NOW, NOW + timedelta(days=1))
    assert entry.signs_at(NOW)
    assert not entry.signs_at(NOW - timedelta(seconds=1))
    assert not entry.signs_at(NOW + timedelta(days=1))


def test_an_open_registration_ends_with_the_certificate() -> None:
    entry = registered(cast().ec.certificate, "x", NOW - timedelta(days=300))
    assert entry.signs_at(cast().ec.certificate.not_valid_after_utc)
    assert not entry.signs_at(cast().ec.certificate.not_valid_before_utc - timedelta(seconds=1))


def test_a_signing_key_is_loaded_from_pem() -> None:
    for key in (cast().ec, cast().rsa):
        loaded = SigningKey.load(private_key_pem(key), certificate_pem(key))
        assert loaded.certificate == key.certificate
    with pytest.raises(ValueError, match="does not belong"):
        SigningKey.load(private_key_pem(cast().ec), certificate_pem(cast().other))
