"""At the door: what must not pass. Each attempt goes through HTTP like an honest document."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic, sleep

from lxml import etree

from exchange.client import Client, Problem, sign_message
from exchange.core import edxml
from exchange.core.edxml import BusinessType, DocumentMessage, Organization
from exchange.demo import plan
from exchange.demo.acts import send
from exchange.demo.authority import Authority
from exchange.demo.cast import CITY, HOME_AFFAIRS, OFFICE, WARD
from exchange.demo.journal import Again, Attempted, Sent
from exchange.demo.papers import Draft, digest_of, seal
from exchange.demo.province import LOST
from exchange.demo.stage import Stage

NOBODY = "000.99.38.H45"
NO_TOKEN = "guessed"  # noqa: S105  opens nothing
SUBJECT = "V/v chi trả trợ cấp"
HEARD_SECONDS_MAX = 20.0
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "xxxx"><!ENTITY c "&b;&b;&b;">]><edXML>&c;</edXML>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One thing that somebody tries with the city's token, and the reason for which it must be refused."""

    what: str
    expected: str
    content: bytes
    token: str = ""  # another one than the city's


def at_the_door(stage: Stage) -> None:
    """Try everything; then mend one, and send it under the same id: it left no trace, and passes."""
    draft = Draft(sender=stage.cast.of(CITY), receivers=(stage.cast.of(WARD),), subject=SUBJECT)
    message = stage.registers.message(draft)
    for attempt in (*_signatures(stage, draft, message), *_contents(stage, draft, message)):
        _note(stage, attempt, _try(stage, attempt))
    _lost_key(stage, message)
    _used_id(stage)
    mended = send(stage, seal(draft, message))
    stage.journal.add(Again(what="a refused document, mended, under the same id", same=mended is not None))
    count = len(stage.journal.attempted)
    stage.screen.step(
        f"{count} lần thử đưa qua những gì không được phép",
        f"{count} attempts to pass what must not pass",
    )


def _signatures(stage: Stage, draft: Draft, message: DocumentMessage) -> Iterator[Attempt]:
    signed = seal(draft, message).content
    now = datetime.now(UTC)
    stranger = Authority.create("CA of somebody", now).issue("stranger", CITY, now)
    other = stage.cast.of(HOME_AFFAIRS)
    yield Attempt(
        what="a word changed after signing",
        expected="signature_invalid",
        content=signed.replace(SUBJECT.encode(), "V/v thu hồi trợ cấp".encode()),
    )
    unsigned = etree.tostring(edxml.build_document(message), encoding="UTF-8", xml_declaration=True)
    yield Attempt(what="no signature", expected="signature_missing", content=unsigned)
    yield Attempt(
        what="a certificate that nobody registered",
        expected="certificate_unknown",
        content=sign_message(message, stranger),
    )
    yield Attempt(
        what="signed by another agency",
        expected="signer_not_sender",
        content=sign_message(message, other.key),
    )
    yield Attempt(
        what="with another agency's token", expected="signer_not_sender", content=signed, token=other.token
    )
    yield Attempt(what="with a token that is none", expected="token_invalid", content=signed, token=NO_TOKEN)


def _contents(stage: Stage, draft: Draft, message: DocumentMessage) -> Iterator[Attempt]:
    secret = replace(message, sphere="Tối mật")
    yield Attempt(
        what="marked as a state secret", expected="secret_document", content=seal(draft, secret).content
    )
    lost = replace(message, receivers=(Organization(organ_id=NOBODY),))
    yield Attempt(
        what="a receiver that does not exist", expected="receiver_unknown", content=seal(draft, lost).content
    )
    yield Attempt(
        what="no subject",
        expected="schema_violated",
        content=seal(draft, replace(message, subject="")).content,
    )
    yield Attempt(what="XML whose entities swell", expected="xml_forbidden", content=ENTITIES)
    foreign = plan.changing(draft, BusinessType.REVOKE, _first_of(stage, OFFICE).letter).business
    yield Attempt(
        what="revoking what another agency sent",
        expected="reference_not_allowed",
        content=seal(draft, replace(message, business=foreign)).content,
    )


def _lost_key(stage: Stage, message: DocumentMessage) -> None:
    """Signed with a certificate that the CA revoked; the exchange hears of it within seconds of its start."""
    content = sign_message(message, stage.outside.pki.signing_key(LOST))
    attempt = Attempt(
        what="signed with a key that was reported lost", expected="certificate_revoked", content=content
    )
    desk, deadline = stage.desks[CITY], monotonic() + HEARD_SECONDS_MAX
    while monotonic() < deadline:
        answer = desk.patiently(lambda: desk.client.preflight_document(content))
        if any(refusal.code == attempt.expected for refusal in answer.refusals):
            break
        sleep(0.2)
    _note(stage, attempt, _try(stage, attempt))


def _used_id(stage: Stage) -> None:
    """Other bytes under an id that was used: refused, with both digests in the answer."""
    letter = _first_of(stage, CITY).letter
    forged = sign_message(replace(letter.message, content="Nội dung khác"), letter.sender.key)
    attempt = Attempt(what="other content under a used id", expected="document_id_conflict", content=forged)
    problem = _try(stage, attempt)
    values = problem.refusals[0].values if problem and problem.refusals else {}
    both = (values.get("accepted_digest"), values.get("digest")) == (letter.digest, digest_of(forged))
    _note(stage, attempt, problem, "" if both else "the answer lacks one of the two digests")


def _first_of(stage: Stage, code: str) -> Sent:
    return next(sent for sent in stage.journal.sent if sent.letter.sender.code == code)


def _try(stage: Stage, attempt: Attempt) -> Problem | None:
    token = attempt.token or stage.cast.of(CITY).token
    with Client(stage.broker.url, token) as client:
        try:
            client.submit(attempt.content)
        except Problem as problem:
            return problem
    return None


def _note(stage: Stage, attempt: Attempt, problem: Problem | None, complaint: str = "") -> None:
    first = problem.refusals[0] if problem and problem.refusals else None
    stage.journal.add(
        Attempted(
            what=attempt.what,
            expected=attempt.expected,
            code=problem.code if problem else "",
            status=problem.status if problem else 202,
            title=first.title if first else "",
            title_vi=first.title_vi if first else "",
            complaint=complaint,
        )
    )
