"""Revocation: the CAs are asked about the registered certificates in the background, at our own pace.

The door reads what was decided here out of memory. Every answer is kept for ever, so that what was
known at any time can be checked; only authentic ones are, so that nobody else fills the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from cryptography import x509

from exchange.asking import Asking, NotAnswered
from exchange.context import Context
from exchange.core.receipt import instant
from exchange.core.standing import Status, Verdict, spoken
from exchange.core.trust import RegisteredCertificate
from exchange.ledger import revocations
from exchange.ledger.revocations import Asked, Place
from exchange.metrics import REVOCATION_ANSWERS
from exchange.pdf_evidence import seen

if TYPE_CHECKING:  # loaded with the first step that has something to decide: it is heavy
    from exchange.knowledge import Chain, Fault, Knowledge, Question

log = structlog.get_logger(__name__)

LEAST = timedelta(seconds=60)  # between two answers of one place
LEAD_MOST = timedelta(minutes=30)  # an answer is renewed so long before it runs out, or a tenth of its life
OVERLAP = 64  # ids: on a server, rows may be seen out of their order
NEVER = Asked(due_at=datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A registered certificate, its path, and what is asked about that."""

    registered: RegisteredCertificate
    chain: Chain
    questions: tuple[Question, ...]


class Revocation:
    """Steps of one thread. Several processes at once do no harm: each question is taken by one of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._tools: tuple[Knowledge, Asking] | None = None
        self._file: object = None  # of the CAs, as it was when the tools were made
        self._seen = 0
        self._stopped = False
        self._decided: dict[str, tuple[object, ...]] = {}  # by fingerprint: by what it was decided

    def step(self) -> int:
        """Ask what is due, and decide what follows; how many questions."""
        if self._context.settings.revocation == "off":
            return 0
        knowledge, asking = self._renewed()
        now = self._context.now()
        self._catch_up(knowledge)
        asked = revocations.asked(self._context.database)
        subjects = self._subjects(knowledge, asking, asked, now)
        due = self._due(subjects, asked, asking, now)
        for question in due:
            if self._stopped:
                break
            self._ask(knowledge, asking, question, asked.get(question.place, NEVER))
        if due:
            asked = revocations.asked(self._context.database)
        self._decide(knowledge, subjects, asked)
        return len(due)

    def stop(self) -> None:
        """Ask nothing more, and give up what is being asked."""
        self._stopped = True
        if self._tools is not None:
            self._tools[1].stop()

    def _renewed(self) -> tuple[Knowledge, Asking]:
        """The tools; made anew, from all that is kept, where the file of the CAs has changed."""
        file = seen(self._context.settings.authorities)
        if self._tools is None or file != self._file:
            self._tools = self._begin()
            self._file, self._seen, self._decided = file, 0, {}
        return self._tools

    def _begin(self) -> tuple[Knowledge, Asking]:
        from exchange.knowledge import Knowledge

        file = self._context.settings.authorities
        authorities = [] if file is None else x509.load_pem_x509_certificates(file.read_bytes())
        skew = timedelta(seconds=self._context.settings.clock_skew_seconds)
        return Knowledge(authorities, skew), Asking(self._context, authorities)

    def _catch_up(self, knowledge: Knowledge) -> None:
        """Take over what other processes, or this one before its start, were answered."""
        kept = revocations.newest(self._context.database, max(0, self._seen - OVERLAP))
        new = [each.digest for each in kept if not knowledge.holds(each.place, each.digest)]
        for evidence in revocations.load(self._context.database, new):
            knowledge.take(evidence)
        self._seen = max((each.id for each in kept), default=self._seen)

    def _subjects(
        self, knowledge: Knowledge, asking: Asking, asked: Mapping[Place, Asked], now: datetime
    ) -> list[Subject]:
        """All certificates whose documents may still come in."""
        oldest = now - timedelta(days=self._context.settings.signing_age_days_max)
        subjects = []
        for registered in self._context.registry.current.trust.certificates.values():
            ended = registered.valid_to is not None and registered.valid_to < oldest
            if ended or registered.certificate.not_valid_after_utc < now:
                continue
            chain = knowledge.chain(registered, now)
            questions = [each for each in knowledge.questions(chain) if asking.may_ask(each.place.url)]
            subjects.append(Subject(registered=registered, chain=chain, questions=_wanted(questions, asked)))
        return subjects

    def _due(
        self, subjects: Iterable[Subject], asked: Mapping[Place, Asked], asking: Asking, now: datetime
    ) -> list[Question]:
        wanted = {each.place: each for subject in subjects for each in subject.questions}
        due = [
            each
            for place, each in wanted.items()
            if asked.get(place, NEVER).due_at <= now and not asking.rests(place.url, now)
        ]
        return sorted(due, key=lambda each: each.kind)  # lists first: one serves many

    def _ask(self, knowledge: Knowledge, asking: Asking, question: Question, before: Asked) -> None:
        """No transaction is open while a CA is asked. Crash meanwhile: it is due when the claim ends."""
        database, place, now = self._context.database, question.place, self._context.now()
        claimed_until = now + timedelta(seconds=self._context.settings.revocation_timeout_seconds) + LEAST
        if asking.rests(place.url, now) or not revocations.claim(database, place, now, claimed_until):
            return
        try:
            self._take(knowledge, question, asking.ask(place.url, question.body, now))
            outcome = Asked(due_at=self._renewed_at(knowledge, place))
        except NotAnswered as error:
            failures = before.failures + 1
            again = asking.again(failures)
            outcome = Asked(due_at=self._context.now() + again, failures=failures, fault=str(error))
            log.warning(
                "revocation_not_fetched",
                url=place.url,
                reason=str(error),
                again_in_seconds=round(again.total_seconds()),
            )
        revocations.settle(database, place, outcome)
        REVOCATION_ANSWERS.labels(question.kind, "failed" if outcome.failures else "taken").inc()

    def _take(self, knowledge: Knowledge, question: Question, der: bytes) -> None:
        """Keep an answer that can be believed; raises ``NotAnswered``."""
        from exchange.core.path import NotBelieved

        now = self._context.now()
        try:
            evidence = knowledge.examine(question, der, now)
        except NotBelieved as error:
            raise NotAnswered(error.reason_en) from None
        if revocations.keep(self._context.database, evidence):
            log.info(
                "revocation_fetched", url=evidence.url, kind=evidence.kind, of=instant(evidence.this_update)
            )
        knowledge.take(evidence)
        source = knowledge.source(question.place)
        if source is not None and source.good_until < now:
            raise NotAnswered(f"the answer ran out at {spoken(source.good_until)}")

    def _renewed_at(self, knowledge: Knowledge, place: Place) -> datetime:
        now = self._context.now()
        at = now + timedelta(hours=self._context.settings.revocation_every_hours)
        source = knowledge.source(place)
        if source is not None:
            lead = min(LEAD_MOST, (source.good_until - source.this_update) / 10)
            at = min(at, source.good_until - lead)
        return max(at, now + LEAST)

    def _decide(
        self, knowledge: Knowledge, subjects: Iterable[Subject], asked: Mapping[Place, Asked]
    ) -> None:
        known = self._context.registry.current.verdicts
        decided: dict[str, tuple[object, ...]] = {}
        changed: dict[str, Verdict] = {}
        for each in subjects:
            fingerprint, faults = each.registered.fingerprint, _faults(each, asked)
            decided[fingerprint] = reasons = knowledge.reasons(each.chain, faults)
            before = known.get(fingerprint)
            if before is not None and self._decided.get(fingerprint) == reasons:
                continue
            verdict = knowledge.verdict(each.registered, each.chain, faults, self._context.now())
            if before is None or not _same(verdict, before):
                changed[fingerprint] = verdict
                _say(each.registered, verdict, before)
        revocations.decide(self._context.database, changed)
        self._decided = decided


def _wanted(questions: list[Question], asked: Mapping[Place, Asked]) -> tuple[Question, ...]:
    """A list serves all certificates of its CA: OCSP is asked where there is none, or none can be had."""
    served = {
        id(each.chain)
        for each in questions
        if each.kind == "crl" and not asked.get(each.place, NEVER).failures
    }
    return tuple(each for each in questions if each.kind == "crl" or id(each.chain) not in served)


def _faults(subject: Subject, asked: Mapping[Place, Asked]) -> tuple[Fault, ...]:
    from exchange.knowledge import Fault

    if subject.chain and not subject.questions:
        return (
            Fault(
                "It names no CRL and no OCSP responder that may be asked.",
                "Không nêu CRL hay máy chủ OCSP nào được phép hỏi.",
            ),
        )
    failed = [(each.place.url, asked.get(each.place, NEVER).fault) for each in subject.questions]
    return tuple(Fault(f"Asked {url}: {fault}.", f"Đã hỏi {url}: {fault}.") for url, fault in failed if fault)


def _same(verdict: Verdict, before: Verdict) -> bool:
    """Whether it says nothing new: the reasons of a good one only repeat when it was decided."""
    if (verdict.status, verdict.as_of, verdict.good_until) != (
        before.status,
        before.as_of,
        before.good_until,
    ):
        return False
    return verdict.status is Status.GOOD or verdict.reason_en == before.reason_en


def _say(registered: RegisteredCertificate, verdict: Verdict, before: Verdict | None) -> None:
    if verdict.revoked_at is None or (before is not None and before.revoked_at is not None):
        return
    log.warning(
        "certificate_revoked",
        agency=registered.agency,
        fingerprint=registered.fingerprint,
        revoked_at=instant(verdict.revoked_at),
        cause=verdict.cause,
    )
