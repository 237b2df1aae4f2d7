"""Certification paths: whether a certificate held at a moment, and whether it was revoked by then.

Pure: anchors, other CAs, CRLs, OCSP answers and the moment are handed in; nothing is fetched and no
clock is read. So an auditor finds the same years later, from what was kept.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathBuildingError,
    ValidationError,
)

from exchange.core.algorithms import key_weakness
from exchange.core.answers import (
    Chain,
    Elsewhere,
    NotBelieved,
    Statement,
    Weighed,
    asn1,
    finish,
    library_context,
    weigh,
)
from exchange.core.crl import Crl
from exchange.core.ocsp import Ocsp
from exchange.core.path_texts import Link, NoPath, named, nobody, not_holding, outside, reasons, weak
from exchange.core.standing import Finding, Source, Status
from exchange.core.trust import fingerprint

__all__ = [
    "Answers",
    "Crl",
    "Finding",
    "NoPath",
    "NotBelieved",
    "Ocsp",
    "Paths",
    "Source",
    "Status",
    "validate",
]

A = TypeVar("A", Crl, Ocsp)

INTERMEDIATES_MAX = 100

# What makes a path as a whole stand worst, first.
_WORST = (Status.REVOKED, Status.UNKNOWN, Status.NOT_CHECKED, Status.GOOD)


def validate(
    certificate: x509.Certificate,
    *,
    anchors: Iterable[x509.Certificate],
    intermediates: Iterable[x509.Certificate] = (),
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
    at: datetime,
) -> Finding:
    """Where ``certificate`` stood at ``at``, by these CRLs and OCSP answers (DER), whenever they were given.

    The anchors are all trusted, as ``Paths.under`` takes them.

    Never raises for what the certificate or an answer contains: the finding says it.
    """
    return Paths.under(tuple(anchors), intermediates).check(certificate, Answers.read(crls, ocsps), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """CRLs and OCSP answers that could be read, and why others could not."""

    crls: tuple[Crl, ...] = ()
    ocsps: tuple[Ocsp, ...] = ()
    broken: tuple[NotBelieved, ...] = ()

    @classmethod
    def read(cls, crls: Iterable[bytes], ocsps: Iterable[bytes]) -> "Answers":
        """From DER."""
        broken: list[NotBelieved] = []
        lists, answers = _read(Crl, crls, broken), _read(Ocsp, ocsps, broken)
        return cls(crls=lists, ocsps=answers, broken=tuple(broken))

    def about(self, chain: Chain) -> tuple[list[Statement], list[NotBelieved]]:
        """What they say of the first of ``chain``, and why some of them are not believed."""
        statements: list[Statement] = []
        doubts = list(self.broken)
        answers: tuple[Crl | Ocsp, ...] = (*self.crls, *self.ocsps)
        for answer in answers:
            try:
                statements += answer.says(chain) if isinstance(answer, Crl) else answer.says(chain, self.crls)
            except Elsewhere:
                continue
            except NotBelieved as error:
                doubts.append(error)
        return statements, doubts


def _read(kind: Callable[[bytes], A], ders: Iterable[bytes], broken: list[NotBelieved]) -> tuple[A, ...]:
    found = []
    for der in ders:
        try:
            found.append(kind(der))
        except NotBelieved as error:
            broken.append(error)
    return tuple(found)


@dataclass(slots=True)
class Paths:
    """Paths from some trust anchors. Remembers those that it found; for one thread at a time."""

    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    _found: dict[str, tuple[x509.Certificate, ...]] = field(default_factory=dict)

    def __init__(
        self, anchors: Iterable[x509.Certificate], intermediates: Iterable[x509.Certificate] = ()
    ) -> None:
        self.anchors, self._found = tuple(anchors), {}
        self.intermediates = _below(self.anchors, islice(intermediates, INTERMEDIATES_MAX))

    @classmethod
    def under(
        cls, authorities: Sequence[x509.Certificate], intermediates: Iterable[x509.Certificate] = ()
    ) -> "Paths":
        """From CAs that are all trusted: one whose issuer is among them stands as its issuer says.

        A self-signed one stands for itself, whoever signed its key too; so do those that only vouch for
        each other.
        """
        tops = [
            each
            for each in authorities
            if _issued(each, each)
            or not any(other is not each and _issued(other, each) for other in authorities)
        ]
        rest = [each for each in authorities if each not in tops]
        below = _below(tuple(tops), rest)
        circle = [each for each in rest if _is_ca(each) and each not in below]
        return cls((*tops, *circle), (*below, *intermediates))

    def find(self, certificate: x509.Certificate, at: datetime) -> tuple[x509.Certificate, ...]:
        """The path that holds at ``at``, from the certificate to its anchor; raises ``NoPath``."""
        known = self._found.get(fingerprint(certificate), ())
        if known and all(_lasts(each, at) for each in known):
            return known
        chain = self._find(certificate, at)
        self._found[fingerprint(certificate)] = chain
        return chain

    def _find(self, certificate: x509.Certificate, at: datetime) -> tuple[x509.Certificate, ...]:
        anchors = [each for each in self.anchors if _lasts(each, at)]
        try:
            if why := key_weakness(asn1(certificate).public_key):
                raise weak(named(certificate.subject), why)
            context = library_context(map(asn1, anchors), map(asn1, self.intermediates), at)
            path = finish(
                CertificateValidator(asn1(certificate), validation_context=context).async_validate_path()
            )
        except PathBuildingError:
            raise nobody(certificate) from None
        except DisallowedAlgorithmError as error:
            raise weak(named(certificate.subject), error.failure_msg) from None
        except ExpiredError as error:
            raise outside(certificate, "expired", "hết hạn", error.expired_dt) from None
        except NotYetValidError as error:
            raise outside(certificate, "begins", "bắt đầu", error.valid_from) from None
        except ValidationError as error:
            raise not_holding(certificate, error.failure_msg) from None
        except NoPath:
            raise
        # A certificate may be as broken as any other bytes.
        except Exception as error:
            raise not_holding(certificate, type(error).__name__) from None
        certificates = [x509.load_der_x509_certificate(each.dump()) for each in path.iter_certs(True)]
        return tuple(reversed(certificates))

    def check(self, certificate: x509.Certificate, answers: Answers, at: datetime) -> Finding:
        """Where the certificate stood at ``at``: it is as good as the worst of its path."""
        try:
            chain = self.find(certificate, at)
        except NoPath as error:
            return Finding(status=Status.INVALID, at=at, reason_en=error.reason_en, reason_vi=error.reason_vi)
        links = [_link(chain[position:], answers, at) for position in range(len(chain) - 1)]
        worst = min(links, key=lambda each: _WORST.index(each.weighed.status), default=None)
        if worst is None:
            return Finding(
                status=Status.NOT_CHECKED,
                at=at,
                reason_en="It is a trust anchor: nobody can tell whether it was revoked.",
                reason_vi="Là gốc tin cậy: không ai cho biết được đã thu hồi hay chưa.",
                path=chain,
            )
        return _finding(worst, links, chain, at)


def _link(chain: Chain, answers: Answers, at: datetime) -> Link:
    statements, doubts = answers.about(chain)
    weighed = weigh(statements, at, chain[0].not_valid_after_utc)
    if weighed.status is Status.NOT_CHECKED and doubts:
        weighed = Weighed(status=Status.UNKNOWN)
    return Link(name=named(chain[0].subject), weighed=weighed, doubts=doubts)


def _finding(worst: Link, links: Sequence[Link], chain: Chain, at: datetime) -> Finding:
    statements = [each.weighed.statement for each in links if each.weighed.statement is not None]
    revocations = [each.weighed for each in links if each.weighed.revoked_at is not None]
    first = worst.weighed
    if first.revoked_at is None and revocations:
        first = min(revocations, key=lambda each: each.revoked_at or at)
    reason_en, reason_vi = reasons(worst, first, at)
    return Finding(
        status=worst.weighed.status,
        at=at,
        reason_en=reason_en,
        reason_vi=reason_vi,
        revoked_at=first.revoked_at,
        cause=first.cause,
        sources=tuple(each.source for each in statements),
        path=tuple(chain),
    )


def _below(
    anchors: tuple[x509.Certificate, ...], others: Iterable[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """The CAs that an anchor, or one of them, has issued. Whoever hands in others may have made them up, and
    the library tries every way through them.
    """
    found, left = list(anchors), list(others)
    for above in found:  # grows on the way
        issued = [each for each in left if _issued(above, each)]
        left = [each for each in left if each not in issued]
        found += filter(_is_ca, issued)
    return tuple(found[len(anchors) :])


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _lasts(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _issued(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False  # another name, another kind of key, another key
    return True
