"""The rules of alarms: from what was read to what holds, by thresholds.

What could not be read decides nothing: an alarm of such a rule stays as it is. Where a value has a limit,
an alarm that is open holds until the value is a fifth better than the limit.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from exchange.core.alarms import Cause, Facts, Rule
from exchange.core.processes import ProcessReading, missing
from exchange.core.receipt import instant

EASE = 0.8  # of a limit: what an open alarm must come below
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on something is an alarm."""

    unreachable_minutes: float
    late_hours: tuple[float, ...]
    """By urgency, 0..4."""
    certificate_days: float
    time_hours: float
    """Unproven for so long."""
    witness_minutes: float
    queue_deliveries: int
    disk_free_share: float
    sign_ins: int
    """Refused within an hour, from one address."""
    account_sign_ins: int
    """Refused within an hour, of one account."""
    dead_letters: int
    """Within a day."""
    process_minutes: float


# --- what is read ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """An agency to which no attempt succeeded since ``since``, while something waits for it."""

    agency: str
    name: str
    since: datetime
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Documents of one urgency that one agency does not have yet; the first was accepted ``since``."""

    agency: str
    name: str
    priority: int
    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateReading:
    """A certificate that its agency signs with. ``followed``: it has another one that goes on."""

    fingerprint: str
    agency: str
    name: str
    ends_at: datetime
    followed: bool
    revoked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessReading:
    """A witness, and since when there is something that it did not cosign."""

    name: str
    behind_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRefusals:
    """Sign-ins of one account that were refused, and from how many addresses."""

    login: str
    count: int
    addresses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Deliveries that have been due for long, and that nobody attempted."""

    overdue: int
    minutes: float
    """What counts as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All that was read at ``at``; None: could not be read, or is not watched here."""

    at: datetime
    unreachable: tuple[Unreachable, ...] | None = None
    undelivered: tuple[Undelivered, ...] | None = None
    certificates: tuple[CertificateReading, ...] | None = None
    unproven_since: tuple[datetime | None] | None = None
    """In a tuple, because nothing being unproven is an answer too."""
    witnesses: tuple[WitnessReading, ...] | None = None
    processes: tuple[ProcessReading, ...] | None = None
    queue: Queue | None = None
    refused_sign_ins: Mapping[str, int] | None = None
    """Within the last hour, by the address that they came from."""
    account_refusals: tuple[AccountRefusals, ...] | None = None
    """Within the last hour."""
    dead_letters: int | None = None
    """Within the last day."""
    counters_differ: int | None = None
    """Figures of the share that the last recount found otherwise."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What holds, and the rules of which nobody knows."""

    holds: Mapping[Cause, Facts]
    unknown: frozenset[Rule]


def judge(readings: Readings, limits: Limits, open_: Collection[Cause]) -> Judged:
    """What holds at ``readings.at``; ``open_`` are the causes of alarms that are open."""
    holds: dict[Cause, Facts] = {}
    unknown: set[Rule] = set()
    for field in fields(readings):
        if field.name == "at":
            continue
        rules, look = _LOOKS[field.name]
        if getattr(readings, field.name) is None:
            unknown |= rules
        else:
            holds.update(look(readings, limits, open_))
    return Judged(holds, frozenset(unknown))


Found = Iterator[tuple[Cause, Facts]]
Look = Callable[[Readings, Limits, Collection[Cause]], Found]


def _unreachable(readings: Readings, limits: Limits, _open: Collection[Cause]) -> Found:
    for each in readings.unreachable or ():
        if readings.at - each.since >= timedelta(minutes=limits.unreachable_minutes):
            yield (
                Cause(Rule.AGENCY_UNREACHABLE, each.agency),
                {
                    "agency": each.agency,
                    "name": each.name,
                    "since": instant(each.since),
                    "waiting": each.waiting,
                },
            )


def _late(readings: Readings, limits: Limits, _open: Collection[Cause]) -> Found:
    late: dict[str, list[Undelivered]] = {}
    for each in readings.undelivered or ():
        hours = limits.late_hours[max(0, min(each.priority, len(limits.late_hours) - 1))]
        if readings.at - each.since >= hours * _HOUR:
            late.setdefault(each.agency, []).append(each)
    for agency, several in late.items():
        first = min(several, key=lambda each: each.since)
        yield (
            Cause(Rule.DOCUMENTS_LATE, agency),
            {
                "agency": agency,
                "name": first.name,
                "count": sum(each.count for each in several),
                "since": instant(first.since),
                "priority": max(each.priority for each in several),
            },
        )


def _certificates(readings: Readings, limits: Limits, _open: Collection[Cause]) -> Found:
    for each in readings.certificates or ():
        facts: Facts = {
            "agency": each.agency,
            "name": each.name,
            "fingerprint": each.fingerprint,
            "ends_at": instant(each.ends_at),
            "days": (each.ends_at - readings.at).days,
        }
        if each.revoked:
            yield Cause(Rule.CERTIFICATE_REVOKED, each.fingerprint), facts
        elif not each.followed and each.ends_at - readings.at <= timedelta(days=limits.certificate_days):
            yield Cause(Rule.CERTIFICATE_ENDING, each.fingerprint), facts


def _time(readings: Readings, limits: Limits, _open: Collection[Cause]) -> Found:
    [since] = readings.unproven_since or (None,)
    if since is not None and readings.at - since >= limits.time_hours * _HOUR:
        yield Cause(Rule.TIME_NOT_PROVEN, ""), {"since": instant(since)}


def _witnesses(readings: Readings, limits: Limits, _open: Collection[Cause]) -> Found:
    for each in readings.witnesses or ():
        since = each.behind_since
        if since is not None and readings.at - since >= timedelta(minutes=limits.witness_minutes):
            yield Cause(Rule.WITNESS_SILENT, each.name), {"witness": each.name, "since": instant(since)}


def _processes(readings: Readings, limits: Limits, open_: Collection[Cause]) -> Found:
    silent_since = readings.at - timedelta(minutes=limits.process_minutes)
    for each in missing(readings.processes or (), silent_since):
        heard = {"process": each.name, "role": each.role, "host": each.host, "since": instant(each.heard_at)}
        yield Cause(Rule.PROCESS_SILENT, each.name), heard
    for each in readings.processes or ():
        if each.stopped_at is not None or each.heard_at <= silent_since:
            continue
        if each.ended:
            parts = {"process": each.name, "host": each.host, "parts": ", ".join(each.ended)}
            yield Cause(Rule.PART_ENDED, each.name), parts
        for witness in each.contradicted:
            yield Cause(Rule.LEDGER_CONTRADICTED, witness), {"witness": witness}
        yield from _disk(each, limits, open_)


def _disk(process: ProcessReading, limits: Limits, open_: Collection[Cause]) -> Found:
    cause = Cause(Rule.DISK_FILLING, process.host)
    limit = limits.disk_free_share / (EASE if cause in open_ else 1)
    if process.disk_free_share is not None and process.disk_free_share < limit:
        yield cause, {"host": process.host, "free_percent": round(100 * process.disk_free_share, 1)}


def _queue(readings: Readings, limits: Limits, open_: Collection[Cause]) -> Found:
    queue, cause = readings.queue, Cause(Rule.QUEUE_GROWING, "")
    assert queue is not None
    if queue.overdue > _limit(limits.queue_deliveries, cause, open_):
        yield cause, {"count": queue.overdue, "minutes": queue.minutes}


def _sign_ins(readings: Readings, limits: Limits, open_: Collection[Cause]) -> Found:
    for address, count in (readings.refused_sign_ins or {}).items():
        cause = Cause(Rule.SIGN_INS_REFUSED, address)
        if count > _limit(limits.sign_ins, cause, open_):
            yield cause, {"address": address, "count": count}


def _account_sign_ins(readings: Readings, limits: Limits, open_: Collection[Cause]) -> Found:
    for each in readings.account_refusals or ():
        cause = Cause(Rule.ACCOUNT_SIGN_INS_REFUSED, each.login)
        if each.count > _limit(limits.account_sign_ins, cause, open_):
            yield cause, {"login": each.login, "count": each.count, "addresses": each.addresses}


def _dead_letters(readings: Readings, limits: Limits, open_: Collection[Cause]) -> Found:
    count, cause = readings.dead_letters or 0, Cause(Rule.DEAD_LETTERS, "")
    if count > _limit(limits.dead_letters, cause, open_):
        yield cause, {"count": count}


def _counters(readings: Readings, _limits: Limits, _open: Collection[Cause]) -> Found:
    if readings.counters_differ:
        yield Cause(Rule.COUNTERS_DIFFER, ""), {"count": readings.counters_differ}


def _limit(limit: float, cause: Cause, open_: Collection[Cause]) -> float:
    return limit * EASE if cause in open_ else limit


def _rules(*rules: Rule) -> frozenset[Rule]:
    return frozenset(rules)


# By the field of ``Readings``: the rules that rest on it, and how they are judged.
_LOOKS: Mapping[str, tuple[frozenset[Rule], Look]] = {
    "unreachable": (_rules(Rule.AGENCY_UNREACHABLE), _unreachable),
    "undelivered": (_rules(Rule.DOCUMENTS_LATE), _late),
    "certificates": (_rules(Rule.CERTIFICATE_ENDING, Rule.CERTIFICATE_REVOKED), _certificates),
    "unproven_since": (_rules(Rule.TIME_NOT_PROVEN), _time),
    "witnesses": (_rules(Rule.WITNESS_SILENT), _witnesses),
    "processes": (
        _rules(Rule.PROCESS_SILENT, Rule.PART_ENDED, Rule.LEDGER_CONTRADICTED, Rule.DISK_FILLING),
        _processes,
    ),
    "queue": (_rules(Rule.QUEUE_GROWING), _queue),
    "refused_sign_ins": (_rules(Rule.SIGN_INS_REFUSED), _sign_ins),
    "account_refusals": (_rules(Rule.ACCOUNT_SIGN_INS_REFUSED), _account_sign_ins),
    "dead_letters": (_rules(Rule.DEAD_LETTERS), _dead_letters),
    "counters_differ": (_rules(Rule.COUNTERS_DIFFER), _counters),
}
