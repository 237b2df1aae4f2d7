"""What is said of certification paths: why one holds or not, and whether its certificates were revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from exchange.core.answers import NotBelieved, Weighed
from exchange.core.standing import CAUSES_VI, Status, spoken


class NoPath(Exception):
    """No trusted path leads to the certificate, or it does not hold at the moment."""

    def __init__(self, reason_en: str, reason_vi: str) -> None:
        super().__init__(reason_en)
        self.reason_en = reason_en
        self.reason_vi = reason_vi


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What was found of one certificate of a path."""

    name: str
    weighed: Weighed
    doubts: Sequence[NotBelieved]


def reasons(link: Link, revocation: Weighed, at: datetime) -> tuple[str, str]:
    """Why a path stands as it does: of the certificate that decides, English and Vietnamese."""
    match link.weighed.status:
        case Status.REVOKED:
            return _revoked(link.name, revocation)
        case Status.GOOD:
            return _good(link, revocation, at)
        case Status.UNKNOWN:
            return _unknown(link, at)
    return (
        f"No CRL or OCSP answer speaks of {link.name}.",
        f"Không có CRL hay câu trả lời OCSP nào nói về {link.name}.",
    )


def _revoked(name: str, revocation: Weighed) -> tuple[str, str]:
    assert revocation.revoked_at is not None
    moment, cause = spoken(revocation.revoked_at), revocation.cause
    return (
        f"The certificate {name} was revoked at {moment} ({cause}).",
        f"Chứng thư số {name} bị thu hồi lúc {moment} ({CAUSES_VI.get(cause, cause)}).",
    )


def _good(link: Link, revocation: Weighed, at: datetime) -> tuple[str, str]:
    assert link.weighed.statement is not None
    given = spoken(link.weighed.statement.source.this_update)
    reason_en = f"The certificate {link.name} was not revoked at {spoken(at)}, as of {given}."
    reason_vi = f"Chứng thư số {link.name} chưa bị thu hồi lúc {spoken(at)}, theo thông tin lúc {given}."
    if revocation.revoked_at is None:
        return reason_en, reason_vi
    moment, cause = spoken(revocation.revoked_at), revocation.cause
    return (
        f"{reason_en} It was revoked later, at {moment} ({cause}).",
        f"{reason_vi} Sau đó bị thu hồi, lúc {moment} ({CAUSES_VI.get(cause, cause)}).",
    )


def _unknown(link: Link, at: datetime) -> tuple[str, str]:
    reason_en = f"Nothing tells whether {link.name} was revoked at {spoken(at)}."
    reason_vi = f"Không rõ {link.name} đã bị thu hồi lúc {spoken(at)} hay chưa."
    newest = link.weighed.statement
    if newest is not None and newest.status is Status.UNKNOWN:
        reason_en += " The OCSP responder does not know it."
        reason_vi += " Máy chủ OCSP không biết chứng thư số này."
    elif newest is not None and newest.source.this_update > at:
        begin = spoken(newest.source.this_update)
        reason_en += f" The answer of {begin} is from after its end: a CA need not list it any longer."
        reason_vi += (
            f" Thông tin lúc {begin} có sau khi chứng thư số hết hạn: CA có thể đã bỏ khỏi danh sách."
        )
    elif newest is not None:
        begin, end = spoken(newest.source.this_update), spoken(newest.source.good_until)
        reason_en += f" The newest answer is of {begin} and was good until {end}."
        reason_vi += f" Thông tin mới nhất lúc {begin}, chỉ dùng được đến {end}."
    for doubt in link.doubts:
        reason_en += f" {doubt.reason_en}"
        reason_vi += f" {doubt.reason_vi}"
    return reason_en, reason_vi


def named(name: x509.Name) -> str:
    """As people call it: its common name."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else name.rfc4514_string()


def nobody(certificate: x509.Certificate) -> NoPath:
    """No anchor is reached."""
    issuer = named(certificate.issuer)
    return NoPath(
        f"No trusted CA leads to it; its issuer is {issuer}.",
        f"Không có CA tin cậy nào dẫn tới; bên cấp là {issuer}.",
    )


def weak(name: str, why: str) -> NoPath:
    """Something in the path is signed with what is not allowed."""
    return NoPath(
        f"The path of {name} has a key or algorithm that is not allowed: {why}.",
        f"Đường dẫn chứng thực của {name} có khóa hoặc thuật toán không được phép: {why}.",
    )


def outside(certificate: x509.Certificate, what: str, what_vi: str, when: datetime) -> NoPath:
    """Something in the path had ended by then, or not begun."""
    name = named(certificate.subject)
    return NoPath(
        f"A certificate in the path of {name} {what} at {spoken(when)}.",
        f"Một chứng thư số trong đường dẫn của {name} {what_vi} lúc {spoken(when)}.",
    )


def not_holding(certificate: x509.Certificate, why: str) -> NoPath:
    """The library does not take the path."""
    name = named(certificate.subject)
    return NoPath(f"The path of {name} does not hold: {why}.", f"Đường dẫn của {name} không hợp lệ: {why}.")
