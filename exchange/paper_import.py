"""An agency's outgoing register is taken over: what it registers new, what was known, what is refused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exchange.context import Context
from exchange.core.paper import Registration
from exchange.core.paper_csv import parse
from exchange.core.refusal import Refusal, Refused
from exchange.core.share import Reason
from exchange.ledger.incoming import Actor
from exchange.paper import examine, register_all

BATCH = 100  # registrations in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one line and receiver."""

    line: int
    receiver: str
    fresh: bool
    refusals: tuple[Refusal, ...] = ()


def take(
    context: Context,
    agency: str,
    content: bytes,
    *,
    by: str,
    reason: Reason | None,
    dry_run: bool,
    actor: Actor | None = None,
) -> Iterator[Taken]:
    """Register every line that can be; raises ``BadFile``. ``dry_run`` says the same and writes nothing.

    With ``actor`` the person's act is written with each transaction that registers something.
    A line that is refused keeps no other back: mend it and give the same file again.
    """
    waiting: list[tuple[int, Registration]] = []
    seen: set[str] = set()
    for line in list(parse(content, agency, by, reason)):  # all of it, before anything is written
        if line.refusals:
            yield Taken(line=line.number, receiver="", fresh=False, refusals=line.refusals)
        waiting += [(line.number, each) for each in line.registrations]
    for place in range(0, len(waiting), BATCH):
        part = waiting[place : place + BATCH]
        yield from _examined(context, part, seen) if dry_run else _registered(context, part, actor)


def _registered(
    context: Context, part: Sequence[tuple[int, Registration]], actor: Actor | None
) -> Iterator[Taken]:
    answers = register_all(context, [registration for _, registration in part], actor)
    for (line, registration), answer in zip(part, answers, strict=True):
        refusals = answer.refusals if isinstance(answer, Refused) else ()
        fresh = not isinstance(answer, Refused) and answer.fresh
        yield Taken(line=line, receiver=registration.receivers[0], fresh=fresh, refusals=refusals)


def _examined(context: Context, part: Sequence[tuple[int, Registration]], seen: set[str]) -> Iterator[Taken]:
    for line, registration in part:
        receiver = registration.receivers[0]
        try:
            fresh = examine(context, registration) and registration.id not in seen
        except Refused as refused:
            yield Taken(line=line, receiver=receiver, fresh=False, refusals=refused.refusals)
            continue
        seen.add(registration.id)
        yield Taken(line=line, receiver=receiver, fresh=fresh)
