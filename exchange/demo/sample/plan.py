"""What is sent in the sample, when and how: by chance, and by the same chance in every run."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from exchange.core.edxml import VIETNAM
from exchange.demo.plan import SUBJECTS
from exchange.demo.sample.places import DISTRICT, FINANCE, OFFICE, REFUSING, Places

SHARE_FIRST, SHARE_LAST = 0.2, 0.72  # of what is sent to connected agencies, in the first and the last month
SEED = 45
BUSY = (OFFICE, FINANCE, DISTRICT)
FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """How long the history is, and how many documents a working day has."""

    days: int = 184  # at least: from the first of a month on; six whole months for a forecast
    documents_per_day: float = 2.2
    busy_days: int = 3  # at the end, so that there is something to see of today
    busy_factor: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One document: ``electronic`` receivers get it through the exchange, ``paper`` ones by post."""

    at: datetime
    promulgated_on: date
    sender: str
    electronic: tuple[str, ...]
    paper: tuple[str, ...]
    both: bool  # paper follows what went electronically
    type_name: str
    subject: str
    priority: int
    bytes: int


def letters(places: Places, scale: Scale, begin: datetime, end: datetime) -> Iterator[Planned]:
    """All documents between ``begin`` and ``end``, in the order in which they are sent."""
    random = Random(SEED)  # noqa: S311  a made-up history
    first, last = begin.astimezone(VIETNAM).date(), end.astimezone(VIETNAM).date()
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if day.weekday() > FRIDAY:
            continue
        progress = number / max(1, (last - first).days)
        factor = scale.busy_factor if last - day < timedelta(days=scale.busy_days) else 1.0
        count = _count(random, scale.documents_per_day * factor)
        for minutes in sorted(_minutes(random) for _ in range(count)):
            at = datetime.combine(day, time(), VIETNAM) + timedelta(minutes=minutes)
            if at < end:
                yield _planned(places, at, progress, random)


def _count(random: Random, mean: float) -> int:
    return math.floor(mean) + (random.random() < mean % 1)


def _minutes(random: Random) -> int:
    """A moment of a working day."""
    return random.randint(7 * 60 + 30, 16 * 60 + 50)


def _planned(places: Places, at: datetime, progress: float, random: Random) -> Planned:
    sender = random.choice(BUSY) if random.random() < 0.5 else random.choice(_senders(places))
    type_name, subject = random.choice(SUBJECTS)
    share = SHARE_FIRST + (SHARE_LAST - SHARE_FIRST) * progress
    electronic, paper = _receivers(places, sender, share, random)
    return Planned(
        at=at,
        promulgated_on=at.date() - timedelta(days=random.choices((0, 1, 4), (80, 14, 6))[0]),
        sender=sender,
        electronic=electronic,
        paper=paper,
        both=bool(electronic) and random.random() < 0.25 * (1 - progress),
        type_name=type_name,
        subject=subject,
        priority=random.choices((0, 1, 2, 3), (88, 6, 3, 3))[0],
        bytes=random.choice((3_000, 8_000, 20_000)),
    )


def _senders(places: Places) -> list[str]:
    return [code for code in places.connected if code != REFUSING]


def _receivers(
    places: Places, sender: str, share: float, random: Random
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    electronic: list[str] = []
    paper: list[str] = []
    possible = [code for code in places.connected if code != sender]
    for code in random.sample(possible, random.choices((1, 2, 3), (6, 3, 1))[0]):
        (electronic if random.random() < share else paper).append(code)
    if random.random() < 0.12:
        paper.append(random.choice(places.unconnected))
    return tuple(electronic), tuple(paper)
