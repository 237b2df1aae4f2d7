"""Whose certificate signed a PDF: a person's or an organ's.

Nothing in X.509 says it in one place. The authorities of Vietnam write a person's identity number or an
organ's tax or budget number into the subject, those of the Government often neither; then the document
around the file may give the name, and at last the name itself tells, which is no proof.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from cryptography import x509
from cryptography.x509.oid import NameOID

from exchange.core.pdf_findings import Basis, Names, Role, Signer
from exchange.core.trust import fingerprint

# In UID (RFC 4519 2.39): identity card, citizen's card, passport; tax number, budget number.
_OF_PERSON = re.compile(r"(CMND|CCCD|HC|CMT|CMSQ)\s*:", re.IGNORECASE)
_OF_ORGAN = re.compile(r"(MST|MNS|MDV|MQHNS)\s*:", re.IGNORECASE)
# ETSI EN 319 412-1 5.1.3: the semantics of a natural person's serialNumber.
_NATURAL_PERSON = re.compile(r"(PAS|IDC|PNO|TIN|TAX)[A-Z]{2}-")

_ORGAN_WORDS = re.compile(
    r"(ủy ban|uỷ ban|ubnd|hội đồng|hđnd|bộ|sở|tổng cục|cục|chi cục|vụ|văn phòng|ban|phòng|thanh tra|trung tâm"
    r"|trường|viện|học viện|đại học|bệnh viện|tòa án|toà án|viện kiểm sát|công an|kho bạc|bảo hiểm|ngân hàng"
    r"|tỉnh ủy|thành ủy|huyện ủy|đảng ủy|công ty|tổng công ty|tập đoàn|quỹ|hội|liên đoàn|đài|báo|thư viện"
    r"|bảo tàng|cơ quan|đoàn đại biểu|hạt|đội|trạm|xí nghiệp|nhà máy|chi nhánh)\s"
)
_FAMILY_NAMES = frozenset(
    (
        *(
            "nguyễn",
            "trần",
            "lê",
            "phạm",
            "hoàng",
            "huỳnh",
            "phan",
            "vũ",
            "võ",
            "đặng",
            "bùi",
            "đỗ",
            "hồ",
            "ngô",
        ),
        *(
            "dương",
            "lý",
            "đinh",
            "đoàn",
            "trịnh",
            "mai",
            "đào",
            "lâm",
            "lương",
            "trương",
            "phùng",
            "hà",
            "cao",
        ),
        *("tạ", "tô", "thái", "châu", "chu", "kiều", "nông", "triệu", "quách", "lưu", "vương", "tăng", "từ"),
        *(
            "thạch",
            "hứa",
            "tống",
            "đàm",
            "giang",
            "nghiêm",
            "doãn",
            "bạch",
            "lục",
            "văn",
            "khổng",
            "thân",
            "mạc",
        ),
    )
)
_PERSON_WORDS_MAX = 6


def identify(certificate: x509.Certificate, organs: Mapping[str, str], names: Names) -> Signer:
    """Whose certificate it is. ``organs``: fingerprints of agencies' certificates, with the code."""
    subject, mark = certificate.subject, fingerprint(certificate)
    name = _first(subject, NameOID.COMMON_NAME) or subject.rfc4514_string()
    role, basis = (Role.ORGAN, Basis.DIRECTORY) if mark in organs else _role(subject, name, names)
    return Signer(
        name=name,
        organisation=_first(subject, NameOID.ORGANIZATION_NAME),
        subject=subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        fingerprint=mark,
        role=role,
        basis=basis,
        agency=organs.get(mark, ""),
    )


def _role(subject: x509.Name, name: str, names: Names) -> tuple[Role, Basis]:
    by_subject = _by_attributes(subject)
    if by_subject is not None:
        return by_subject, Basis.CERTIFICATE
    plain = _plain(name)
    if plain in map(_plain, names.persons):
        return Role.PERSON, Basis.DOCUMENT
    if plain in map(_plain, names.organs):
        return Role.ORGAN, Basis.DOCUMENT
    by_name = _by_name(plain)
    return (Role.UNKNOWN, Basis.NOTHING) if by_name is None else (by_name, Basis.NAME)


def _by_attributes(subject: x509.Name) -> Role | None:
    """A person's own numbers and names come first: many stand beside those of the employer."""
    numbers = _all(subject, NameOID.USER_ID)
    if _all(subject, NameOID.GIVEN_NAME) or _all(subject, NameOID.SURNAME) or _any(_OF_PERSON, numbers):
        return Role.PERSON
    if _any(_NATURAL_PERSON, _all(subject, NameOID.SERIAL_NUMBER)):
        return Role.PERSON
    if _all(subject, NameOID.ORGANIZATION_IDENTIFIER) or _any(_OF_ORGAN, numbers):
        return Role.ORGAN
    return None


def _by_name(plain: str) -> Role | None:
    if _ORGAN_WORDS.match(plain + " "):
        return Role.ORGAN
    words = plain.split()
    is_name = 2 <= len(words) <= _PERSON_WORDS_MAX and words[0] in _FAMILY_NAMES
    return Role.PERSON if is_name and all(map(str.isalpha, words)) else None


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _any(pattern: re.Pattern[str], texts: Iterable[str]) -> bool:
    return any(pattern.match(each.strip()) for each in texts)


def _all(subject: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(each.value) for each in subject.get_attributes_for_oid(oid)]


def _first(subject: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return next(iter(_all(subject, oid)), "")
