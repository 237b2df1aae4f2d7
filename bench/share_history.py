"""Ten million exchanges as three years of a province would leave them: their rows, and the tallies of these.

Four hundred agencies write to each other, each mostly to a few; every year more goes electronically. What an
exchange is like is drawn from ``PROFILES`` prototypes, so that tallies are summed up by prototype. Rows are
handed over month by month; the database under test puts them where it likes.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from exchange.core.directory import Agency, Former, Level
from exchange.core.period import Period
from exchange.core.quantiles import Histogram, bucket_of, grown, together
from exchange.core.tallies import COUNTS, PLACE, ROLLED_DURATIONS, year_of

MONTHS = Period(201301, 201512)
REFORM = date(2014, 7, 1)  # some agencies change their level: reports of then are cut there
AGENCIES = 400
PROFILES = 512
_BATCH = 20_000
_DAY_SECONDS = 86_400
_YEAR = 12
_TYPES = ("Công văn", "Báo cáo", "Tờ trình", "Quyết định", "Thông báo", "Kế hoạch", "Giấy mời", "Công điện")
_TYPE_WEIGHTS = (55, 12, 8, 8, 7, 5, 4, 1)
_DEPARTMENTS, _DISTRICTS, _COMMUNES = 20, 9, 106
_CAUSES = ("unavailable", "wrong_address", "signature_invalid", "not_picked_up")
_RECEIVERS_MOST = 150

_SUMS = ", ".join(f"sum({name})" for name in COUNTS)
# The tallies that follow from those of months and pairs.
SUMMED_UP = (
    f"INSERT INTO tally (month, facet, sender, value, unit, {', '.join(COUNTS)}) "
    f"SELECT month / 100 * 100, 'pair_year', sender, value, unit, {_SUMS} FROM tally WHERE facet = 'pair' "
    "GROUP BY month / 100 * 100, sender, value, unit",
    f"INSERT INTO tally (month, facet, sender, value, unit, {', '.join(COUNTS)}) "
    f"SELECT month / 100 * 100 + 33 + (month % 100 - 1) / 3, 'pair_quarter', sender, value, unit, {_SUMS} "
    "FROM tally WHERE facet = 'pair' "
    "GROUP BY month / 100 * 100 + 33 + (month % 100 - 1) / 3, sender, value, unit",
    f"INSERT INTO tally (month, facet, sender, value, unit, {', '.join(COUNTS)}) "
    f"SELECT month, 'receiver', '', value, unit, {_SUMS} FROM tally WHERE facet = 'pair' "
    "GROUP BY month, value, unit",
)

Row = tuple[object, ...]
EXCHANGE_COLUMNS = (
    *("identity", "receiver", "sender", "document", "sent_on", "accepted_at", "type_name", "priority"),
    *("signed", "flagged", "electronic", "paper", "reason", "exchange_class", "sent_in_time"),
    *("delivered_at", "noticed_at", "registered_at", "noticed_in_time", "delivery", "cause", "copies"),
)
TALLY_COLUMNS = ("month", "facet", "sender", "value", "unit", *COUNTS)
DURATION_COLUMNS = ("month", "facet", "value", "step", "buckets")
CAUSE_COLUMNS = ("month", "sender", "receiver", "event", "cause", "exchanges")
PAPER_COLUMNS = ("agency", "month", "registrations", "none_declared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an exchange is like."""

    type_name: str
    priority: int
    standing: str
    unsigned: bool
    sent_in_time: bool | None
    noticed_in_time: bool | None
    delivered_seconds: float | None
    registered_seconds: float | None
    cause: str

    @property
    def counts(self) -> list[int]:
        """What it adds to a tally."""
        found = [0] * len(COUNTS)
        found[PLACE[self.standing]] = 1
        found[PLACE["unsigned"]] = int(self.unsigned)
        for what, in_time in (("sent", self.sent_in_time), ("noticed", self.noticed_in_time)):
            if in_time is not None:
                found[PLACE[f"{what}_on_time" if in_time else f"{what}_late"]] = 1
        return found


def agencies() -> list[Agency]:
    """The province: its committee, departments, districts, communes, and their units."""
    found = [
        Agency(code=_code(0), name="Ủy ban nhân dân tỉnh", level=Level.PROVINCE, valid_from=date(2013, 1, 1))
    ]
    for number in range(1, AGENCIES):
        level, parent = _standing(number)
        # A tenth of the units were departments until the reform.
        changed = level is Level.UNIT and number % 10 == 0
        former = (
            Former(until=REFORM - timedelta(days=1), name="Chi cục", level=Level.DEPARTMENT, parent=_code(0)),
        )
        found.append(
            Agency(
                code=_code(number),
                name=f"Cơ quan {number}",
                level=level,
                parent=_code(parent),
                valid_from=date(2013, 1, 1),
                former=former if changed else (),
                adapter="inbox",
            )
        )
    return found


def _standing(number: int) -> tuple[Level, int]:
    if number <= _DEPARTMENTS:
        return Level.DEPARTMENT, 0
    if number <= _DEPARTMENTS + _DISTRICTS:
        return Level.DISTRICT, 0
    if number <= _DEPARTMENTS + _DISTRICTS + _COMMUNES:
        return Level.COMMUNE, _DEPARTMENTS + 1 + number % _DISTRICTS
    return Level.UNIT, 1 + number % _DEPARTMENTS


def _code(number: int) -> str:
    return f"000.{number // 100:02}.{number % 100:02}.H45"


@dataclass(slots=True)
class Month:
    """The rows of one month, by table."""

    exchanges: Iterator[list[Row]]
    tally: list[Row]
    duration: list[Row]
    cause: list[Row]
    paper: list[Row]


class History:
    """Makes them; the same seed gives the same rows."""

    def __init__(self, exchanges: int) -> None:
        self._random = random.Random(20130101)
        self._each_month = exchanges // len(MONTHS)
        codes = [agency.code for agency in agencies()]
        self._pairs: list[tuple[str, str]] = []
        weights: list[float] = []
        for place, sender in enumerate(codes):
            others = self._random.sample([code for code in codes if code != sender], _RECEIVERS_MOST)
            for rank, receiver in enumerate(others, start=1):
                self._pairs.append((sender, receiver))
                weights.append(1 / rank / (1 + place) ** 0.5)
        self._weights = weights
        self._number = 0
        self._of_year: dict[tuple[str, str, str], Histogram] = {}

    def months(self) -> Iterator[Month]:
        """All of them, in their order."""
        for index, month in enumerate(MONTHS):
            yield self._month(month, index / len(MONTHS))

    def _month(self, month: int, progress: float) -> Month:
        profiles = [self._profile(progress, last=month == MONTHS.last) for _ in range(PROFILES)]
        cells = Counter(self._random.choices(range(len(self._pairs)), self._weights, k=self._each_month))
        drawn = [
            (self._pairs[pair], Counter(self._random.choices(range(PROFILES), k=count)))
            for pair, count in sorted(cells.items())
        ]
        return Month(
            exchanges=self._exchanges(month, profiles, drawn),
            tally=_tallies(month, profiles, drawn),
            duration=[
                (*key, json.dumps(histogram)) for key, histogram in self._durations(month, profiles, drawn)
            ],
            cause=_causes(month, profiles, drawn),
            paper=[
                (code, month, int(number % 3 > 0), int(number % 3 == 0))
                for number, code in enumerate(dict.fromkeys(sender for (sender, _), _ in drawn))
                if number % 20
            ],
        )

    def _durations(
        self, month: int, profiles: list[Profile], drawn: "_Drawn"
    ) -> Iterator[tuple[tuple[int, str, str, str], Histogram]]:
        """Those of the month; after its last month, those of the year."""
        for (facet, value, step), histogram in _histograms(profiles, drawn):
            yield (month, facet, value, step), histogram
            if facet in ROLLED_DURATIONS:
                key = (ROLLED_DURATIONS[facet].year, value, step)
                self._of_year[key] = together(self._of_year.get(key, ()), histogram)
        if month % 100 == _YEAR:
            for key, histogram in self._of_year.items():
                yield (year_of(month), *key), histogram
            self._of_year = {}

    def _profile(self, progress: float, *, last: bool) -> Profile:
        draw = self._random
        share = 0.15 + 0.5 * progress
        ways = ("electronic", "with_paper", "paper", "refused", "expired", "under_way")
        way = draw.choices(ways, (share, 0.1, 0.88 - share, 0.01, 0.008, 0.05 if last else 0.00002))[0]
        delivered = way in ("electronic", "with_paper")
        registered = delivered and draw.random() < 0.9
        return Profile(
            type_name=draw.choices(_TYPES, _TYPE_WEIGHTS)[0],
            priority=draw.choices(range(5), (90, 6, 2, 1, 1))[0],
            standing=way,
            unsigned=way == "electronic" and draw.random() < 0.05,
            sent_in_time=None if way == "paper" else draw.random() < 0.85,
            noticed_in_time=draw.random() < 0.8 if registered else None,
            delivered_seconds=draw.lognormvariate(4, 2) if delivered else None,
            registered_seconds=draw.lognormvariate(9, 1.5) if registered else None,
            cause=draw.choice(_CAUSES) if way in ("refused", "expired") else "",
        )

    def _exchanges(
        self, month: int, profiles: list[Profile], drawn: list[tuple[tuple[str, str], Counter[int]]]
    ) -> Iterator[list[Row]]:
        batch: list[Row] = []
        begin = int(datetime(month // 100, month % 100, 1, 1, tzinfo=UTC).timestamp())
        first = date(month // 100, month % 100, 1)
        for pair, counts in drawn:
            for place, count in counts.items():
                for _ in range(count):
                    self._number += 1
                    batch.append(_exchange(self._number, begin, first, pair, profiles[place]))
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        yield batch


def _exchange(number: int, begin: int, first: date, pair: tuple[str, str], profile: Profile) -> Row:
    sender, receiver = pair
    seconds = number * 7919 % (27 * _DAY_SECONDS)
    at, day = begin + seconds, first.replace(day=1 + seconds // _DAY_SECONDS)
    delivered = noticed = None
    if profile.delivered_seconds is not None:
        delivered = at + profile.delivered_seconds
        if profile.registered_seconds is not None:
            noticed = _micros(delivered + profile.registered_seconds)
    way = profile.standing
    paper = way in ("paper", "with_paper")
    return (
        f"{sender}|{number}/UBND-VX|{day}",
        receiver,
        sender,
        f"{number:032x}",
        f"{day}",
        None if way == "paper" else _micros(at),
        profile.type_name,
        profile.priority,
        not profile.unsigned,
        way == "with_paper",
        {"paper": "none", "electronic": "delivered", "with_paper": "delivered"}.get(way, way),
        "registered" if paper else "none",
        "not_connected" if paper else "",
        {"electronic": "electronic", "with_paper": "electronic_with_paper", "paper": "paper"}.get(way, ""),
        profile.sent_in_time,
        None if delivered is None else _micros(delivered),
        noticed,
        noticed,
        profile.noticed_in_time,
        "" if way == "paper" else f"{number:032x}",
        profile.cause,
        "[]",
    )


def _micros(seconds: float) -> int:
    return int(seconds * 1_000_000)


# --- tallies ---

_Drawn = list[tuple[tuple[str, str], Counter[int]]]


def _tallies(month: int, profiles: list[Profile], drawn: _Drawn) -> list[Row]:
    sums: dict[tuple[str, str, str], list[int]] = {}
    counts = [profile.counts for profile in profiles]

    def add(facet: str, sender: str, value: str, place: int, times: int) -> None:
        there = sums.setdefault((facet, sender, value), [0] * len(COUNTS))
        for column, count in enumerate(counts[place]):
            there[column] += count * times

    senders: dict[str, Counter[int]] = {}
    for (sender, receiver), places in drawn:
        senders.setdefault(sender, Counter()).update(places)
        for place, times in places.items():
            add("pair", sender, receiver, place, times)
    for sender, places in senders.items():
        for place, times in places.items():
            add("all", sender, "", place, times)
            add("type", sender, profiles[place].type_name, place, times)
            add("urgency", sender, str(profiles[place].priority), place, times)
    rows: list[Row] = []
    for (facet, sender, value), found in sorted(sums.items()):
        rows.append((month, facet, sender, value, "exchanges", *found))
        if facet != "pair":  # a document has three receivers, say
            rows.append((month, facet, sender, value, "documents", *(-(-count // 3) for count in found)))
    return rows


def _histograms(profiles: list[Profile], drawn: _Drawn) -> Iterator[tuple[tuple[str, str, str], Histogram]]:
    """By facet, value and step."""
    steps = ("accepted_delivered", "delivered_registered")
    buckets = [
        [
            None if seconds is None else bucket_of(seconds)
            for seconds in (profile.delivered_seconds, profile.registered_seconds)
        ]
        for profile in profiles
    ]
    found: dict[tuple[str, str, str], Counter[int]] = defaultdict(Counter)
    by: dict[tuple[str, str], Counter[int]] = {}
    for (sender, receiver), places in drawn:
        for key in (("all", ""), ("sender", sender), ("receiver", receiver)):
            by.setdefault(key, Counter()).update(places)
    for (facet, value), places in by.items():
        for place, times in places.items():
            for step, bucket in zip(steps, buckets[place], strict=True):
                if bucket is not None:
                    found[facet, value, step][bucket] += times
    for key, counts in sorted(found.items()):
        yield key, grown((), counts)


def _causes(month: int, profiles: list[Profile], drawn: _Drawn) -> list[Row]:
    found: Counter[tuple[str, str, str, str]] = Counter()
    failed = {place for place, profile in enumerate(profiles) if profile.cause}
    for (sender, receiver), places in drawn:
        for place in failed & places.keys():
            found[sender, receiver, profiles[place].standing, profiles[place].cause] += places[place]
    return [(month, *key, count) for key, count in sorted(found.items())]
