"""Preflight: would this go through, to whom, and what stands in the way? Nothing is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.context import Context, today
from exchange.core import routing
from exchange.core.directory import Agency
from exchange.core.refusal import Refusal
from exchange.ledger import reading

LATELY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One receiver: ``would_go`` only says that nothing known is against it."""

    addressed_as: str
    receiver: str
    name: str
    would_go: bool
    forwarded: bool
    reachable_lately: bool | None  # None: nothing was sent there lately
    last_contact: datetime | None
    failing_since: datetime | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The answer for all receivers, and until when the sender's certificates are valid."""

    sender: str
    certificate_valid_to: datetime | None
    bytes_max: int
    too_large: bool
    prospects: tuple[Prospect, ...]

    @property
    def would_go(self) -> bool:
        """Whether the document as a whole would be accepted."""
        return (
            not self.too_large
            and self.certificate_valid_to is not None
            and bool(self.prospects)
            and all(prospect.would_go for prospect in self.prospects)
        )


def preflight(
    context: Context,
    sender: Agency,
    receivers: Sequence[str],
    *,
    size: int,
    attachment_types: Sequence[str],
    now: datetime,
) -> Preflight:
    """Answer for every receiver, all obstacles at once."""
    codes = list(dict.fromkeys(receivers))
    plans = {
        code: routing.plan(
            sender,
            [code],
            context.registry.current.directory,
            today(now),
            document_bytes=size,
            attachment_types=attachment_types,
        )
        for code in codes
    }
    keys = [route.receiver.code for plan in plans.values() for route in plan.routes]
    contacts = reading.last_contact(context.database, keys)
    failing = reading.waiting_since(context.database, keys)
    limit = context.settings.document_bytes_max
    return Preflight(
        sender=sender.code,
        certificate_valid_to=_valid_to(sender, now),
        bytes_max=limit,
        too_large=size > limit,
        prospects=tuple(
            _prospect(context, code, plan, contacts, failing, now) for code, plan in plans.items()
        ),
    )


def _prospect(
    context: Context,
    code: str,
    plan: routing.Plan,
    contacts: dict[str, datetime],
    failing: dict[str, datetime],
    now: datetime,
) -> Prospect:
    route = plan.routes[0] if plan.routes else None
    agency = route.receiver if route else context.registry.current.directory.find(code, today(now))
    key = agency.code if agency else ""
    contact, since = contacts.get(key), failing.get(key)
    return Prospect(
        addressed_as=code,
        receiver=key,
        name=agency.name if agency else "",
        would_go=not plan.refusals,
        forwarded=bool(route and route.forwarded_from),
        reachable_lately=_reachable(contact, since, now),
        last_contact=contact,
        failing_since=since,
        refusals=plan.refusals,
    )


def _reachable(contact: datetime | None, failing_since: datetime | None, now: datetime) -> bool | None:
    if failing_since is not None and (contact is None or contact < failing_since):
        return False
    return True if contact is not None and now - contact <= LATELY else None


def _valid_to(sender: Agency, now: datetime) -> datetime | None:
    ends = [
        min(each.valid_to or each.certificate.not_valid_after_utc, each.certificate.not_valid_after_utc)
        for each in sender.certificates
        if each.valid_from <= now
    ]
    latest = max(ends, default=None)
    return latest if latest is not None and latest > now else None
