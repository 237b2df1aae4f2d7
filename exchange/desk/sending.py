"""Sending from a page: the file is looked at first, then goes through the same intake as everybody's."""

from dataclasses import dataclass, replace
from datetime import datetime

from exchange import intake, preflight
from exchange.context import Context
from exchange.core import edxml, parsing
from exchange.core.directory import Agency
from exchange.core.edxml import DocumentMessage
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.core.signature import sign
from exchange.desk.keys import key_of
from exchange.desk.status import as_token
from exchange.ids import new_id
from exchange.intake import Answer, digest_of
from exchange.ledger import drafts
from exchange.ledger.acts import Act
from exchange.ledger.drafts import Draft, TooMany
from exchange.ledger.incoming import Actor
from exchange.payloads import NotKept
from exchange.preflight import Preflight


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A draft with what would become of it. ``can_sign``: the broker keeps the agency's key."""

    draft: Draft
    message: DocumentMessage
    signed: bool
    can_sign: bool
    preflight: Preflight

    @property
    def can_send(self) -> bool:
        """Whether it may be sent as it is, or once the broker has signed it."""
        return self.preflight.would_go and (self.signed or self.can_sign)


def keep(context: Context, agency: str, content: bytes, actor: Actor) -> str:
    """Keep a file to be sent: the id of its draft. Refused: what can be no document, ``broker_busy``,
    ``drafts_too_many``.
    """
    look(context, agency, content, actor.at)
    digest = digest_of(content)
    try:
        body = context.payloads.keep(content, digest)
    except NotKept:
        raise refuse("broker_busy") from None
    draft = Draft(
        id=new_id(),
        agency=agency,
        account=actor.person,
        created_at=actor.at,
        digest=digest,
        size=len(content),
        body=body,
    )
    keep_draft(context, draft)
    return draft.id


def keep_draft(context: Context, draft: Draft) -> None:
    """Keep it. Refused: ``drafts_too_many``."""
    most = context.settings.drafts_max
    try:
        drafts.keep(context.database, draft, most)
    except TooMany:
        raise refuse(
            "drafts_too_many", f"There are {most} already.", f"Đã có {most} bản.", limit=most
        ) from None


def look(context: Context, agency: str, content: bytes, now: datetime) -> Preflight:
    """What would become of it. Refused: what cannot be read as a document."""
    return preflight.of_document(context, as_token(agency, now), content, now)


def content_of(context: Context, draft: Draft) -> bytes:
    """The file."""
    return draft.body if draft.body is not None else context.payloads.read_file(draft.digest)


def find(context: Context, agency: str, draft: str) -> Draft:
    """The agency's draft. Refused: ``not_found``."""
    found = drafts.find(context.database, agency, draft)
    if found is None:
        raise refuse(
            "not_found", "This draft was sent or is over.", "Bản chờ gửi này đã gửi hoặc đã hết hạn."
        )
    return found


def prepared(context: Context, agency: str, draft: str, now: datetime) -> Prepared:
    """The draft, with all that is for and against it now. Refused: ``not_found``."""
    found = find(context, agency, draft)
    content = content_of(context, found)
    root = parsing.parse(content, context.limits)
    message = edxml.read(root)
    assert isinstance(message, DocumentMessage)
    own = context.registry.current.directory.get(agency)
    return Prepared(
        draft=found,
        message=message,
        signed=next(root.iter("{*}SignatureValue"), None) is not None,
        can_sign=own is not None and key_of(context, own, now) is not None,
        preflight=look(context, agency, content, now),
    )


def discard(context: Context, agency: str, draft: str, actor: Actor) -> None:
    """Not wanted any more. What is not there is discarded already."""
    act = Act(event="draft_discarded", at=actor.at, person=actor.person, role=actor.role, agency=agency)
    drafts.discard(context.database, agency, draft, act)


def send(context: Context, agency: str, draft: str, actor: Actor) -> Answer:
    """Send the draft, signed by the broker where it is not and the broker keeps the key. Raises ``Refused``.

    The person's act stands with the acceptance or not at all. A crash before it is accepted leaves the
    draft; one after that, too, and sending it again gives the same acceptance (promise 5).
    """
    ready = prepared(context, agency, draft, actor.at)
    content = content_of(context, ready.draft)
    own = context.registry.current.directory.get(agency)
    if not ready.signed and own is not None:
        content = _signed(context, content, own, actor.at)
    act = Act(
        event="submitted",
        at=actor.at,
        person=actor.person,
        role=actor.role,
        agency=agency,
        what={"digest": digest_of(content), "signed_here": not ready.signed},
    )
    answer = _accepted(context, agency, content, act)
    drafts.discard(context.database, agency, draft)
    return answer


def _signed(context: Context, content: bytes, own: Agency, now: datetime) -> bytes:
    key = key_of(context, own, now)
    if key is None:
        raise refuse("signature_missing")
    return sign(parsing.parse(content, context.limits), key)


def _accepted(context: Context, agency: str, content: bytes, act: Act) -> Answer:
    try:
        examined = intake.examine(context, content, as_token(agency, act.at), act.at)
        examined = replace(examined, act=replace(act, document=examined.document.id))
        [answer] = intake.accept(context, [examined])
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return answer
    except NotKept:
        raise refuse("broker_busy") from None
    except Refused:
        before = intake.accepted_before(context, content, agency)
        if before is None:
            raise
        return before
