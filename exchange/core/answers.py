"""What CRLs and OCSP answers say of a certificate, and what follows from all that they say for a moment.

``crl`` and ``ocsp`` read them; the validation library decides whether one is authentic and speaks of
the certificate, as of the time at which it was given. For any other time ``weigh`` decides.
"""

from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import AuthorityWithCert, TrustAnchor
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo, ValidationTimingParams
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from exchange.core.algorithms import AllowedAlgorithms, AllowedSignatures
from exchange.core.standing import COMPROMISED, HOLD, Source, Status

T = TypeVar("T")

Chain = Sequence[x509.Certificate]  # from a certificate up to its trust anchor


class Elsewhere(Exception):
    """The answer speaks of other certificates."""


class NotBelieved(Exception):
    """The answer is broken, forged, or given by somebody who must not give it."""

    def __init__(self, reason_en: str, reason_vi: str) -> None:
        super().__init__(reason_en)
        self.reason_en = reason_en
        self.reason_vi = reason_vi


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one answer says of one certificate: good, revoked, or that it does not know it."""

    source: Source
    status: Literal[Status.GOOD, Status.REVOKED, Status.UNKNOWN]
    revoked_at: datetime | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What follows for a moment; ``statement`` is the one that decides, None where none does."""

    status: Status
    statement: Statement | None = None
    revoked_at: datetime | None = None
    cause: str = ""


def weigh(statements: Sequence[Statement], at: datetime, expires: datetime) -> Weighed:
    """Where a certificate that ends at ``expires`` stood at ``at``, by all that was ever said of it.

    (1) A revocation at or before ``at`` counts for ever, out of an old answer too. (2) A hold counts
    where the newest answer until ``at``, or a later one, says so: it can have ended. (3) Good is what
    an answer says that was current at ``at``, or a later one: that knows more. Only while the
    certificate lasts: afterwards a CA may drop its revocation (RFC 5280 3.3).
    """
    until = sorted((each for each in statements if each.source.this_update <= at), key=_given)
    later = [each for each in statements if each.source.this_update > at]
    newest_until = [each for each in until if _given(each) == _given(until[-1])]
    binding = [*newest_until, *later]
    ended = [each for each in statements if each.cause != HOLD and _revoked_by(each, at)]
    ended += [each for each in binding if each.cause == HOLD and _revoked_by(each, at)]
    if ended:
        first = min(ended, key=_when)
        return Weighed(
            status=Status.REVOKED, statement=first, revoked_at=first.revoked_at, cause=_cause(ended)
        )
    good = [each for each in until if each.status is not Status.UNKNOWN and at <= each.source.good_until]
    good += [each for each in later if _good_later(each, expires)]
    if good:
        best = max(good, key=_given)
        after = [each for each in statements if each.revoked_at and not _revoked_by(each, at)]
        return Weighed(
            status=Status.GOOD,
            statement=best,
            revoked_at=min(map(_when, after), default=None),
            cause=_cause(after) if after else "",
        )
    newest = max(statements, key=_given, default=None)
    return Weighed(status=Status.UNKNOWN if newest else Status.NOT_CHECKED, statement=newest)


def _given(statement: Statement) -> tuple[datetime, bool]:
    # Of two of one moment the one that says revoked is the newer.
    return statement.source.this_update, statement.status is Status.REVOKED


def _when(statement: Statement) -> datetime:
    assert statement.revoked_at is not None
    return statement.revoked_at


def _cause(statements: Sequence[Statement]) -> str:
    """The worst that is said: a CA may find out later that a key was stolen, or that a hold was for good."""
    return min(statements, key=_worst).cause


def _worst(statement: Statement) -> tuple[bool, bool, datetime, str]:
    return (
        statement.cause not in COMPROMISED,
        statement.cause == HOLD,
        _when(statement),
        statement.cause,
    )


def _revoked_by(statement: Statement, at: datetime) -> bool:
    return statement.revoked_at is not None and statement.revoked_at <= at


def _good_later(statement: Statement, expires: datetime) -> bool:
    if statement.status is Status.REVOKED:
        return True  # and after the moment, or it would have counted before
    return statement.status is Status.GOOD and statement.source.this_update <= expires


# --- the library, configured ---


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of one of the library's coroutines; it has nothing to wait for when it may not fetch."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("the validation library waits for something, though it must not fetch")


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """The same certificate for the library."""
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER), strict=True)


def library_path(chain: Chain) -> ValidationPath:
    """The same path for the library."""
    leaf, *between, anchor = map(asn1, chain)
    return ValidationPath(TrustAnchor(AuthorityWithCert(anchor)), reversed(between), leaf)


def library_context(
    anchors: Iterable[asn1_x509.Certificate],
    others: Iterable[asn1_x509.Certificate],
    at: datetime,
    *,
    crls: Sequence[CRLContainer] = (),
    ocsps: Sequence[OCSPContainer] = (),
) -> ValidationContext:
    """Everything explicit: no network, no system's list of CAs, no tolerance, our algorithms.

    What is revoked is reported whenever it was: when matters is our decision.
    """
    context = ValidationContext(
        trust_roots=list(anchors),
        other_certs=list(others),
        moment=at,
        allow_fetching=False,
        crls=list(crls),
        ocsps=list(ocsps),
        revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
        time_tolerance=timedelta(0),
        algorithm_usage_policy=AllowedAlgorithms(),
        signature_validator=AllowedSignatures(),
    )
    timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=False)
    context.timing_params = ValidationTimingParams(timing, timedelta(0))
    return context


def unreadable(what: str) -> NotBelieved:
    """The answer is broken."""
    return NotBelieved(f"The {what} cannot be read.", f"Không đọc được {what}.")


def not_signed(what: str) -> NotBelieved:
    """The answer was altered, or somebody else signed it."""
    return NotBelieved(
        f"The {what} was not signed by its CA, or was altered.", f"{what} không do CA ký hoặc đã bị sửa."
    )


def weak(what: str, why: str) -> NotBelieved:
    """The answer is signed with what is not allowed."""
    return NotBelieved(
        f"The {what} is signed with a key or algorithm that is not allowed: {why}.",
        f"{what} được ký bằng khóa hoặc thuật toán không được phép: {why}.",
    )


def doubted(what: str, failures: Iterable[object]) -> NotBelieved:
    """The library does not take the answer, for these reasons."""
    why = "; ".join(sorted({str(each[0] if isinstance(each, tuple) else each) for each in failures}))
    return NotBelieved(f"The {what} is not taken: {why}.", f"Không dùng được {what}: {why}.")
