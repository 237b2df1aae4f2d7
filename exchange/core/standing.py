"""Where a certificate stands at a moment: what is found out about it, and what follows for a document.

``exchange.core.path`` finds out; intake asks here, and touches neither network nor cryptography.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from cryptography import x509

from exchange.core.receipt import Notice, instant
from exchange.core.refusal import Refused, refuse

Mode = Literal["off", "soft", "hard"]
# RFC 6960 4.2.2.1: an answer without nextUpdate says that there is always a newer one.
FRESH_WITHOUT_NEXT = timedelta(minutes=30)
RETRY_SECONDS = 60  # when to try again what nobody could check

HOLD = "certificate_hold"  # the only revocation that can end: RFC 5280 5.3.1
# After these the key may be in other hands: whoever has it writes whatever time of signing he likes.
COMPROMISED = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})
CAUSES_VI: Mapping[str, str] = {
    "": "không nêu lý do",
    "unspecified": "không nêu lý do",
    "key_compromise": "lộ khóa",
    "ca_compromise": "lộ khóa của CA",
    "affiliation_changed": "thay đổi thông tin",
    "superseded": "đã được thay thế",
    "cessation_of_operation": "ngừng sử dụng",
    HOLD: "tạm dừng",
    "privilege_withdrawn": "thu hồi quyền",
    "aa_compromise": "lộ khóa",
}


def spoken(moment: datetime) -> str:
    """A moment within a sentence."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class Status(StrEnum):
    """What was found. ``GOOD`` is only said of what was checked."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # there are answers, and none of them decides
    NOT_CHECKED = "not_checked"  # nothing that speaks of it was there
    INVALID = "invalid"  # no trusted path, or one that does not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A CRL or an OCSP answer that a finding rests on."""

    kind: Literal["crl", "ocsp"]
    digest: str  # SHA-256 of its DER, lower-case hex
    issuer: str  # name of the CA that it speaks for
    this_update: datetime
    next_update: datetime | None

    @property
    def good_until(self) -> datetime:
        """Until when it may be relied on."""
        return self.next_update or self.this_update + FRESH_WITHOUT_NEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether a certificate held at ``at``, and why; ``path`` leads from it to the trust anchor.

    ``revoked_at`` may lie after ``at``: it was good then, and is revoked by now. Of what was handed in
    and not believed the reasons say why.
    """

    status: Status
    at: datetime
    reason_en: str
    reason_vi: str
    revoked_at: datetime | None = None
    cause: str = ""  # as in RFC 5280 5.3.1: key_compromise, superseded, …
    sources: tuple[Source, ...] = ()
    path: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of a registered certificate now; ``good_until``: it is not relied on any longer."""

    status: Status
    reason_en: str
    reason_vi: str
    checked_at: datetime
    as_of: datetime | None = None  # the oldest answer that it rests on
    good_until: datetime | None = None
    revoked_at: datetime | None = None
    cause: str = ""

    @classmethod
    def of(cls, finding: Finding) -> "Verdict":
        """What follows from a finding about now."""
        return cls(
            status=finding.status,
            reason_en=finding.reason_en,
            reason_vi=finding.reason_vi,
            checked_at=finding.at,
            as_of=min((each.this_update for each in finding.sources), default=None),
            good_until=min((each.good_until for each in finding.sources), default=None),
            revoked_at=finding.revoked_at,
            cause=finding.cause,
        )

    def good_at(self, now: datetime) -> bool:
        """Whether it says that the certificate is not revoked, and may be relied on."""
        fresh = self.good_until is not None and now <= self.good_until
        return self.status is Status.GOOD and fresh


def shown(verdict: Verdict | None, now: datetime) -> Literal["good", "revoked", "not_checked"]:
    """What is known of a certificate at ``now``, in a word; ``good`` only while that may be relied on."""
    if verdict is not None and verdict.revoked_at is not None:
        return "revoked"
    return "good" if verdict is not None and verdict.good_at(now) else "not_checked"


NEVER_CHECKED = "The CA was not asked yet."
NEVER_CHECKED_VI = "Chưa hỏi CA."


# Of a certificate when it signed. Nothing is said where revocation is not looked at, and good alone is
# said to have been checked. revoked_since: revoked after the time of signing.
Revocation = Literal["", "good", "revoked_since", "not_checked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance:
    """What the acceptance says of the signer's certificate, by what its CA said ``as_of`` then."""

    revocation: Revocation = ""
    as_of: datetime | None = None
    notices: tuple[Notice, ...] = ()


NOTHING_SAID = Assurance()


def judge(verdict: Verdict | None, mode: Mode, signed_at: datetime, now: datetime) -> Assurance:
    """Whether a document signed at ``signed_at`` may be taken at ``now``, as far as revocation goes.

    Refused: ``certificate_revoked`` (at or before the time of signing; and whatever that time, when
    the key may be in other hands), ``revocation_unknown`` (mode ``hard``: nobody knows).
    """
    if mode == "off":
        return NOTHING_SAID
    if verdict is not None and verdict.revoked_at is not None:
        return _revoked(verdict, verdict.revoked_at, signed_at)
    if verdict is not None and verdict.good_at(now):
        return Assurance(revocation="good", as_of=verdict.as_of)
    why, why_vi = _why_unknown(verdict)
    if mode == "hard":
        raise refuse("revocation_unknown", why, why_vi, where="KeyInfo", retry_after_seconds=RETRY_SECONDS)
    return Assurance(
        revocation="not_checked", notices=(Notice(code="revocation_not_checked", text=f"{why} / {why_vi}"),)
    )


def _revoked(verdict: Verdict, revoked_at: datetime, signed_at: datetime) -> Assurance:
    if revoked_at <= signed_at:
        raise _refused(
            verdict,
            f"{verdict.reason_en} The document says it was signed at {spoken(signed_at)}.",
            f"{verdict.reason_vi} Văn bản ghi thời điểm ký {spoken(signed_at)}.",
        )
    if verdict.cause in COMPROMISED:
        raise _refused(
            verdict,
            f"{verdict.reason_en} The key may be in other hands: nobody attests the time of signing.",
            f"{verdict.reason_vi} Khóa có thể đã lộ: không thể tin thời điểm ký tự ghi.",
        )
    text = f"signed before: {verdict.reason_en} / ký trước đó: {verdict.reason_vi}"
    return Assurance(
        revocation="revoked_since",
        as_of=verdict.as_of,
        notices=(Notice(code="certificate_revoked_since", text=text),),
    )


def _refused(verdict: Verdict, detail: str, detail_vi: str) -> Refused:
    assert verdict.revoked_at is not None
    return refuse(
        "certificate_revoked",
        detail,
        detail_vi,
        where="KeyInfo",
        revoked_at=instant(verdict.revoked_at),
        cause=verdict.cause,
    )


def _why_unknown(verdict: Verdict | None) -> tuple[str, str]:
    if verdict is None:
        return NEVER_CHECKED, NEVER_CHECKED_VI
    if verdict.status is Status.GOOD and verdict.good_until is not None:
        until = spoken(verdict.good_until)
        return f"What the CA said was good until {until}.", f"Thông tin của CA chỉ dùng được đến {until}."
    return verdict.reason_en, verdict.reason_vi
