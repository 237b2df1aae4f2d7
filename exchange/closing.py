"""Closing: what waits at an agency goes on, or back to its sender, on the day from which it is closed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog

from exchange.context import Context, today
from exchange.core import edxml, parsing
from exchange.core.closing import Closing, Fate, Heir, fate
from exchange.core.delivery import Step, rank
from exchange.core.directory import Directory
from exchange.core.edxml import VIETNAM, DocumentMessage
from exchange.core.share import classify
from exchange.ids import new_id
from exchange.ledger import closing as ledger
from exchange.ledger import reading
from exchange.ledger.closing import Ends, Held, Move
from exchange.ledger.database import Database
from exchange.ledger.settle import Settlement
from exchange.ledger.values import NewDelivery
from exchange.payloads import Payloads

log = structlog.get_logger(__name__)

AT_ONCE = 100


class Closings:
    """Steps of one thread. Several at once do no harm: each delivery is ended by one of them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self) -> int:
        """Deal with all that waits at agencies that are closed by today; how many messages."""
        now, count = self._context.now(), 0
        due = ledger.closings(self._context.database, today(now))
        # As known here, which may be a second behind: who is open there still waits for the next round.
        directory = self._context.registry.current.directory
        for page in pages(self._context.database, due):
            count += self._move(page, due, directory, now)
        return count

    def _move(self, page: list[Held], due: Mapping[str, Closing], directory: Directory, now: datetime) -> int:
        contents = Contents(self._context.database, self._context.payloads, self._context.limits)
        fates = [
            (held, found)
            for held in page
            if held.idle and (found := _fate(contents, held, due[held.receiver], directory, today(now)))
        ]
        if not fates:
            return 0
        moves = [self._of(held, found, now) for held, found in fates]
        settled = ledger.move(self._context.database, moves, self._context.issuer.end)
        self._context.bell.announce([ready for each in settled for ready in each.ready])
        for (held, found), each in zip(fates, settled, strict=True):
            if each.applied:
                log.info(
                    "closed_receiver",
                    document=held.document,
                    delivery=held.delivery,
                    receiver=held.receiver,
                    cause=found.cause,
                    onward=[heir.agency.code for heir in found.onward],
                )
        return sum(each.applied for each in settled)

    def _of(self, held: Held, found: Fate, now: datetime) -> Move:
        settlement = Settlement(
            delivery=held.delivery,
            step=Step.REJECT,
            at=now,
            unclaimed=True,
            cause=found.cause,
            reason=found.reason,
        )
        return Move(
            settlement=settlement, onward=tuple(self._onward(held, heir, now) for heir in found.onward)
        )

    def _onward(self, held: Held, heir: Heir, now: datetime) -> NewDelivery:
        context, kind = self._context, held.lying.kind
        return NewDelivery(
            id=new_id(),
            document=held.document,
            kind=kind,
            receiver=heir.agency.code,
            addressed_as=heir.addressed_as,
            forwarded_from=held.lying.addressed_as,
            state=context.issuer.first_state(heir.agency.code, now),
            priority=held.priority,
            rank_at=rank(now, held.priority, context.settings.head_start_seconds),
            next_attempt_at=now,
            expires_at=now + context.expiry(kind),
            created_at=now,
            exchange_class=classify(paper=held.paper).value if kind == "document" else "",
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """Where it is read what a document carries."""

    database: Database
    payloads: Payloads
    limits: parsing.ParseLimits

    def types(self, held: Held) -> frozenset[str]:
        """Of its attachments, in lower case."""
        digest = reading.digest_of(self.database, held.document)
        assert digest is not None
        message = edxml.read(parsing.parse(self.payloads.read(digest), self.limits))
        assert isinstance(message, DocumentMessage)
        return frozenset(each.content_type.strip().lower() for each in message.attachments)


def _fate(contents: Contents, held: Held, closing: Closing, directory: Directory, on: date) -> Fate | None:
    """What becomes of it; what it carries is read only where that may keep it from going on."""
    found = fate(directory, closing, held.lying, on)
    if held.lying.kind != "document" or found is None:
        return found
    if not any(heir.agency.limits.attachment_types for heir in found.onward):
        return found
    return fate(directory, closing, replace(held.lying, attachment_types=contents.types(held)), on)


def pages(database: Database, due: Mapping[str, Closing]) -> Iterator[list[Held]]:
    """All that has not ended at these agencies, a page at a time."""
    agencies, after = sorted(due), ""
    while page := ledger.held(database, agencies, after, AT_ONCE) if agencies else []:
        yield page
        after = page[-1].delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would become of what waits at an agency when it is closed, as far as it waits already."""

    forwarded: int = 0  # documents
    returned: int = 0
    busy: int = 0  # messages that are fetched or attempted now, or withdrawn: not touched as they are
    along: int = 0  # receipts and statuses that go on with them
    left: int = 0  # and those that stay


def outlook(
    contents: Contents, directory: Directory, due: Mapping[str, Closing], now: datetime
) -> dict[str, Outlook]:
    """By agency: each as of the day of its closing in this ``directory``, or today if that is past."""
    found = {agency: Outlook() for agency in due}
    for page in pages(contents.database, due):
        for held in page:
            closing = due[held.receiver]
            end = _fate(contents, held, closing, directory, max(closing.day, today(now)))
            name = _outcome(held, end)
            before = found[held.receiver]
            found[held.receiver] = replace(before, **{name: getattr(before, name) + 1})
    return found


def _outcome(held: Held, end: Fate | None) -> str:
    if not held.idle:
        return "busy"
    if end is None:
        return "left"
    if held.lying.kind != "document":
        return "along"
    return "forwarded" if end.onward else "returned"


def ends(closings: Sequence[Closing], now: datetime, receipts: timedelta) -> dict[str, Ends]:
    """When certificates and tokens of closed agencies end, by agency.

    Nothing is signed any more from the day of the closing on, or from ``now`` if that is past. Tokens
    open for as long as receipts may wait (``receipts``): what is under way still brings some.
    """
    found = {}
    for closing in closings:
        at = max(_midnight(closing.day), now)
        found[closing.agency] = Ends(certificates_at=at, tokens_at=at + receipts)
    return found


def _midnight(day: date) -> datetime:
    """The first moment of a day in Vietnam."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
