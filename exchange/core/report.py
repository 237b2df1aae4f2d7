"""Reports on the share done electronically and on deliveries: what is asked, and the answer as a value.

An answer is a table of figures with the state of the ledger that it rests on. Everything in it but the
names of agencies follows from the ledger's leaves [0, ``leaves``): ``exchange audit recount``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from exchange.core.forecast import Forecast
from exchange.core.period import Period
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.core.targets import NO_TARGETS, Targets
from exchange.core.working_days import Calendar

Value = int | float | str | None
ROWS_MAX = 5_000


class Kind(StrEnum):
    """What a report is about."""

    SHARE = "share"  # how much goes electronically
    TIME = "time"  # sent and noticed in time, as the law wants it
    DURATION = "duration"  # from accepted to delivered, and on to the incoming register
    REFUSALS = "refusals"  # refused and expired, by cause
    WAITING = "waiting"  # not picked up


class By(StrEnum):
    """What has a line of its own."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    AGENCY = "agency"  # the sender; in WAITING and of what is noticed in time: the receiver
    RECEIVER = "receiver"
    LEVEL = "level"  # of the agency
    PARENT = "parent"  # of the agency
    PAIR = "pair"  # levels of sender and receiver
    TYPE = "type"  # of document
    URGENCY = "urgency"
    CAUSE = "cause"


_TIMES = (By.MONTH, By.QUARTER, By.YEAR)
_ALL = (*_TIMES, By.AGENCY, By.LEVEL, By.PARENT, By.PAIR, By.TYPE, By.URGENCY)
ALLOWED: Mapping[Kind, tuple[By, ...]] = {
    Kind.SHARE: _ALL,
    Kind.TIME: _ALL,
    Kind.DURATION: (*_TIMES, By.AGENCY, By.RECEIVER),
    Kind.REFUSALS: (By.CAUSE, *_TIMES, By.RECEIVER),
    Kind.WAITING: (By.RECEIVER,),
}
# A document has several receivers; what stands by receiver, and all that is measured, is of exchanges.
_OF_DOCUMENTS = frozenset({By.PAIR})


class BadQuestion(ValueError):
    """What no report answers; the message says why, in Vietnamese and English."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi} / {en}")
        self.vi, self.en = vi, en


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; raises ``BadQuestion`` for what nobody counts."""

    kind: Kind
    period: Period
    by: By
    unit: Unit = Unit.EXCHANGES
    structure: Structure = Structure.THEN
    agency: str = ""
    """The key of the one sender that is asked about; "": all."""
    signed_only: bool = False
    """Whether what has no valid signature is not to count as done electronically."""

    def __post_init__(self) -> None:
        allowed = ALLOWED[self.kind]
        if self.by not in allowed:
            listed = ", ".join(allowed)
            raise BadQuestion(
                f"báo cáo {self.kind} chỉ theo: {listed}", f"the report {self.kind} goes by: {listed}"
            )
        if self.unit is Unit.DOCUMENTS and (self.kind is not Kind.SHARE or self.by in _OF_DOCUMENTS):
            raise BadQuestion(
                "chỉ báo cáo tỷ lệ, và không theo cặp cấp, mới tính theo văn bản; ở đây tính theo lượt gửi",
                "documents are counted in the report share alone, and not by pair; ask for exchanges",
            )

        self._check_agency()

    def _check_agency(self) -> None:
        """Not everything is tallied by sender."""
        if not self.agency:
            return
        not_of_time = self.kind is Kind.TIME and self.by in (By.PAIR, By.TYPE, By.URGENCY)
        if not_of_time or (self.kind is Kind.DURATION and self.by is By.RECEIVER):
            raise BadQuestion(
                f"báo cáo {self.kind} theo {self.by} chỉ có cho toàn tỉnh",
                f"the report {self.kind} by {self.by} is there for the whole province alone",
            )

    @property
    def of_time(self) -> bool:
        """Whether its lines are months, quarters or years."""
        return self.by in _TIMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a report rests on: the leaves [0, ``leaves``) of the tree that the checkpoint signs."""

    leaves: int
    origin: str = ""
    size: int = 0
    """Of the checkpoint; it covers all those leaves."""
    root: str = ""
    """Of the tree of that size, hex."""
    note: str = ""
    """The checkpoint as the log and its witnesses signed it; "" before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Under which agency figures stand, and what it is."""

    key: str
    name: str = ""
    level: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Months in which the structure is one and the same; of the agencies that the figures name."""

    period: Period
    places: Mapping[str, Place] = field(default_factory=dict)

    def place(self, key: str) -> Place:
        """Where the figures of ``key`` stand."""
        return self.places.get(key) or Place(key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """In how many of the period's months an agency told of its paper, or that there was none."""

    code: str
    name: str
    months: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: what it is about, an agency's name where it is about one, and a value per column."""

    key: tuple[str, ...]
    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a reader has to know: a code, and what it is about."""

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer."""

    question: Question
    made_at: datetime
    basis: Basis
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: tuple[Value, ...]
    targets: Targets = NO_TARGETS
    forecast: Forecast | None = None
    reporting: tuple[Reporting, ...] = ()
    spans: tuple[Span, ...] = ()
    calendar: Calendar | None = None
    """By which it was judged what was done in time, where that is the question."""
    remarks: tuple[Remark, ...] = ()

    @property
    def not_reported(self) -> tuple[Reporting, ...]:
        """Agencies of whose paper nobody knows anything: their share is not known."""
        return tuple(each for each in self.reporting if not each.months)
