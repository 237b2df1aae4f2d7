"""Preflight: would this go through, to whom, and what stands in the way? Nothing is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from exchange.context import Context, today
from exchange.core import routing
from exchange.core.codes import normalise
from exchange.core.directory import Agency, Directory
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
    directory, day = context.registry.current.directory, today(now)
    whole = routing.plan(
        sender, receivers, directory, day, document_bytes=size, attachment_types=attachment_types
    )
    agencies = [_agency(directory, code, day) for code in receivers]
    keys = [agency.code for agency in agencies if agency is not None]
    contacts = reading.last_contact(context.database, keys)
    failing = reading.waiting_since(context.database, keys)
    limit = context.settings.document_bytes_max
    return Preflight(
        sender=sender.code,
        certificate_valid_to=_valid_to(sender, now),
        bytes_max=limit,
        too_large=size > limit,
        prospects=tuple(
            _prospect(
                code,
                agency,
                tuple(each for each in whole.refusals if each.where.startswith(f"To[{position}]")),
                contacts.get(agency.code) if agency else None,
                failing.get(agency.code) if agency else None,
                now,
            )
            for position, (code, agency) in enumerate(zip(receivers, agencies, strict=True), 1)
        ),
    )


def _agency(directory: Directory, code: str, on: date) -> Agency | None:
    """Who would get it: the agency itself, or the one that follows it."""
    agency = directory.find(code, on)
    if agency is None or directory.is_open(agency, on):
        return agency
    return directory.successor_of(agency, on) or agency


def _prospect(
    code: str,
    agency: Agency | None,
    refusals: tuple[Refusal, ...],
    contact: datetime | None,
    failing_since: datetime | None,
    now: datetime,
) -> Prospect:
    return Prospect(
        addressed_as=code,
        receiver=agency.code if agency else "",
        name=agency.name if agency else "",
        would_go=not refusals,
        forwarded=agency is not None and normalise(code) not in _codes(agency),
        reachable_lately=_reachable(contact, failing_since, now),
        last_contact=contact,
        failing_since=failing_since,
        refusals=refusals,
    )


def _codes(agency: Agency) -> set[str]:
    return {agency.code, *(alias.code for alias in agency.aliases)}


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
