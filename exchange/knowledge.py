"""Knowledge: the newest answers of the CAs in memory, and what follows from them for each certificate.

Heavy: it loads the validation library. Nothing here asks the network or writes to the database.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from cryptography import x509

from exchange.core.distribution import crl_urls, ocsp_urls
from exchange.core.ocsp import request
from exchange.core.path import Answers, Crl, NoPath, NotBelieved, Ocsp, Paths
from exchange.core.standing import Source, Status, Verdict, spoken
from exchange.core.trust import RegisteredCertificate, fingerprint
from exchange.ledger.revocations import Evidence, Place

Chain = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask a CA, and where: about the first of ``chain``, for all that a list speaks of."""

    kind: Literal["crl", "ocsp"]
    place: Place
    chain: Chain

    @property
    def body(self) -> bytes:
        """What to send; a list is asked for by its address alone."""
        return request(self.chain[0], self.chain[1]) if self.kind == "ocsp" else b""


class Fault(NamedTuple):
    """Why a CA could not be asked."""

    reason_en: str
    reason_vi: str


class Knowledge:
    """Of one thread."""

    def __init__(self, authorities: Sequence[x509.Certificate], skew: timedelta) -> None:
        self._paths = Paths.under(authorities)
        self._skew = skew
        self._held: dict[Place, tuple[Evidence, Crl | Ocsp]] = {}
        self._lists: dict[str, dict[Place, Crl]] = {}  # by issuer
        self._answers: dict[str, dict[Place, Ocsp]] = {}  # by certificate
        self._questions: dict[tuple[str, ...], tuple[Question, ...]] = {}

    def chain(self, registered: RegisteredCertificate, now: datetime) -> Chain:
        """The path of a certificate; empty if there is none."""
        try:
            return self._paths.find(registered.certificate, now)
        except NoPath:
            return ()

    def questions(self, chain: Chain) -> tuple[Question, ...]:
        """All that can be asked about the certificates of a path."""
        marks = tuple(map(fingerprint, chain))
        if marks not in self._questions:
            links = (chain[position:] for position in range(len(chain) - 1))
            self._questions[marks] = tuple(each for link in links for each in _questions(link))
        return self._questions[marks]

    def examine(self, question: Question, der: bytes, now: datetime) -> Evidence:
        """An answer that is authentic and speaks of what was asked; raises ``NotBelieved``."""
        answer = Crl(der) if question.kind == "crl" else Ocsp(der)
        lists = tuple(self._lists.get(fingerprint(question.chain[1]), {}).values())
        answers = Answers(
            crls=(answer,) if isinstance(answer, Crl) else lists,
            ocsps=(answer,) if isinstance(answer, Ocsp) else (),
        )
        statements, doubts = answers.about(question.chain)
        if not any(each.source.digest == answer.source.digest for each in statements):
            raise next(iter(doubts), NotBelieved("It speaks of something else.", "Nói về đối tượng khác."))
        source = answer.source
        if source.this_update > now + self._skew:
            raise NotBelieved(
                f"It is of {spoken(source.this_update)}, which is yet to come.",
                f"Ghi thời điểm {spoken(source.this_update)} ở tương lai.",
            )
        return Evidence(
            kind=question.kind,
            digest=hashlib.sha256(der).hexdigest(),
            url=question.place.url,
            issuer=fingerprint(question.chain[1]),
            certificate=question.place.certificate,
            this_update=source.this_update,
            next_update=source.next_update,
            der=der,
            fetched_at=now,
        )

    def holds(self, place: Place, digest: str) -> bool:
        """Whether this very answer is known."""
        held = self._held.get(place)
        return held is not None and held[0].digest == digest

    def take(self, evidence: Evidence) -> None:
        """Know an answer from now on, instead of the last one of its place, if it is newer."""
        place = Place(evidence.url, evidence.certificate)
        held = self._held.get(place)
        if held is not None and held[0].this_update > evidence.this_update:
            return
        try:
            answer = Crl(evidence.der) if evidence.kind == "crl" else Ocsp(evidence.der)
        except NotBelieved:
            return
        self._held[place] = (replace(evidence, der=b""), answer)
        if isinstance(answer, Crl):
            self._lists.setdefault(evidence.issuer, {})[place] = answer
        else:
            self._answers.setdefault(evidence.certificate, {})[place] = answer

    def source(self, place: Place) -> Source | None:
        """The last answer of a place."""
        held = self._held.get(place)
        return None if held is None else held[1].source

    def reasons(self, chain: Chain, faults: Sequence[Fault]) -> tuple[object, ...]:
        """All that a verdict rests on but the time: while it stays the same, so does the verdict."""
        answers = self._about(chain)
        known = [each.source.digest for each in answers.crls]
        known += [each.source.digest for each in answers.ocsps]
        return (*map(fingerprint, chain), *faults, *known)

    def verdict(
        self, registered: RegisteredCertificate, chain: Chain, faults: Sequence[Fault], now: datetime
    ) -> Verdict:
        """What is known of a certificate now."""
        found = Verdict.of(self._paths.check(registered.certificate, self._about(chain), now))
        if found.status in (Status.GOOD, Status.REVOKED) or not faults:
            return found
        return replace(
            found,
            reason_en=" ".join((found.reason_en, *(each.reason_en for each in faults))),
            reason_vi=" ".join((found.reason_vi, *(each.reason_vi for each in faults))),
        )

    def _about(self, chain: Chain) -> Answers:
        marks = list(map(fingerprint, chain))
        return Answers(
            crls=tuple(each for mark in marks[1:] for each in self._lists.get(mark, {}).values()),
            ocsps=tuple(each for mark in marks[:-1] for each in self._answers.get(mark, {}).values()),
        )


def _questions(link: Chain) -> list[Question]:
    certificate = link[0]
    lists = [Question(kind="crl", place=Place(url), chain=link) for url in crl_urls(certificate)]
    about = fingerprint(certificate)
    return lists + [
        Question(kind="ocsp", place=Place(url, about), chain=link) for url in ocsp_urls(certificate)
    ]
