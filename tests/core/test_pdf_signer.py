"""Whether a certificate is a person's or an organ's: by what authorities of Vietnam write into subjects."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exchange.core.pdf_findings import Basis, Names, Role
from exchange.core.pdf_signer import identify
from tests.house import START

KEY = ec.generate_private_key(ec.SECP256R1())
CN, ORG, UNIT = NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME
UID = NameOID.USER_ID
PROVINCE = "ỦY BAN NHÂN DÂN TỈNH PHÚ YÊN"


def certificate(*subject: tuple[x509.ObjectIdentifier, str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    builder = builder.serial_number(7).not_valid_before(START).not_valid_after(START)
    return builder.sign(KEY, hashes.SHA256())


@pytest.mark.parametrize(
    ("subject", "role", "basis"),
    [
        # a commercial CA: a person, an organisation, and a person with the tax number of the employer
        ([(UID, "CMND:001089020747"), (CN, "PHẠM ĐỨC THỬ")], Role.PERSON, Basis.CERTIFICATE),
        ([(UID, "MST:0104359717"), (CN, "THỬ NGHIỆM"), (ORG, "THỬ NGHIỆM")], Role.ORGAN, Basis.CERTIFICATE),
        ([(UID, "MST:0100686209"), (UID, "CCCD:025199009534"), (CN, "THỬ")], Role.PERSON, Basis.CERTIFICATE),
        # the Government's CA: a department, with and without a budget number, and a person
        ([(UID, "MNS:1047665"), (CN, "Y TẾ"), (ORG, PROVINCE)], Role.ORGAN, Basis.CERTIFICATE),
        ([(CN, "SỞ Y TẾ"), (ORG, PROVINCE)], Role.ORGAN, Basis.NAME),
        ([(CN, "Văn phòng"), (ORG, PROVINCE)], Role.ORGAN, Basis.NAME),
        ([(CN, "Nguyễn Văn Thử"), (UNIT, "VĂN PHÒNG"), (ORG, PROVINCE)], Role.PERSON, Basis.NAME),
        ([(CN, "Văn Thị Phòng"), (ORG, PROVINCE)], Role.PERSON, Basis.NAME),
        # ETSI EN 319 412
        ([(NameOID.GIVEN_NAME, "A"), (NameOID.SURNAME, "B"), (CN, "Sở A")], Role.PERSON, Basis.CERTIFICATE),
        ([(NameOID.SERIAL_NUMBER, "IDCVN-079"), (CN, "Thử")], Role.PERSON, Basis.CERTIFICATE),
        ([(NameOID.ORGANIZATION_IDENTIFIER, "000.00.01.H45"), (CN, "Lê Thử")], Role.ORGAN, Basis.CERTIFICATE),
        # nothing to go by
        ([(CN, "Seal 7")], Role.UNKNOWN, Basis.NOTHING),
        ([(ORG, PROVINCE)], Role.UNKNOWN, Basis.NOTHING),
    ],
)
def test_a_subject_tells_a_person_from_an_organ(
    subject: list[tuple[x509.ObjectIdentifier, str]], role: Role, basis: Basis
) -> None:
    signer = identify(certificate(*subject), {}, Names())
    assert (signer.role, signer.basis) == (role, basis)


def test_the_document_s_names_are_believed_before_what_names_look_like() -> None:
    names = Names(persons=("Seal  7",), organs=("Nguyễn Văn Thử",))
    assert identify(certificate((CN, "seal 7")), {}, names).role is Role.PERSON
    found = identify(certificate((CN, "NGUYỄN VĂN THỬ")), {}, names)
    assert (found.role, found.basis) == (Role.ORGAN, Basis.DOCUMENT)
