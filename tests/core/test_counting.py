"""The fold: however the events are cut into runs, the tallies are what the whole history says."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.counting import Event, Exchange, Kind, Subject, apply, rules_of
from exchange.core.share import Electronic, ExchangeClass, Paper
from exchange.core.tallies import COUNTS, ROLLED_COUNTS, ROLLED_DURATIONS, Key, Parts, cover, fold, quarter_of
from exchange.core.working_days import Calendar
from tests.ledger.share_reference import Counts, count
from tests.thorough import examples

AT = datetime(2013, 5, 30, 2, 0, tzinfo=UTC)
CALENDAR = Calendar(holidays=frozenset({date(2013, 6, 3)}))


def subject(document: str = "d", **changes: object) -> Subject:
    values: dict[str, object] = {
        "identity": document,
        "document": document,
        "sender": "S",
        "type_name": "Công văn",
        "promulgated_on": date(2013, 5, 30),
        **changes,
    }
    return Subject(**values)  # type: ignore[arg-type]


def event(kind: str, exchange: str = "1", receiver: str = "R", minutes: int = 0, **changes: object) -> Event:
    values: dict[str, object] = {"subject": subject(), **changes}
    return Event(
        kind=Kind(kind),
        at=AT + timedelta(minutes=minutes),
        exchange=exchange,
        receiver=receiver,
        **values,  # type: ignore[arg-type]
    )


def after(*events: Event) -> Exchange | None:
    exchange: Exchange | None = None
    for each in events:
        exchange = apply(exchange, each, CALENDAR)
    return exchange


def told(*events: Event) -> tuple[Electronic, Paper, ExchangeClass | None]:
    exchange = after(*events)
    assert exchange is not None
    return exchange.electronic, exchange.paper, exchange.exchange_class


PAPER = event("paper", "p", sent_on=date(2013, 4, 2), reason="secret")


def test_the_newest_delivery_counts_and_what_was_delivered_stays_so() -> None:
    refused = [event("accepted"), event("refused", cause="unreachable")]
    assert told(*refused) == (Electronic.REFUSED, Paper.NONE, None)
    again = [*refused, event("sent_again", "2")]
    assert told(*again) == (Electronic.UNDER_WAY, Paper.NONE, None)
    assert told(*again, event("refused", "1")) == (Electronic.UNDER_WAY, Paper.NONE, None)
    delivered = [*again, event("delivered", "2")]
    assert told(*delivered) == (Electronic.DELIVERED, Paper.NONE, ExchangeClass.ELECTRONIC)
    twin = [*delivered, event("accepted", "3"), event("expired", "3")]
    assert told(*twin) == (Electronic.DELIVERED, Paper.NONE, ExchangeClass.ELECTRONIC)


def test_paper_counts_until_it_is_withdrawn() -> None:
    assert told(PAPER) == (Electronic.NONE, Paper.REGISTERED, ExchangeClass.PAPER)
    both = (PAPER, event("accepted"), event("delivered"))
    assert told(*both) == (Electronic.DELIVERED, Paper.REGISTERED, ExchangeClass.WITH_PAPER)
    back = event("paper_withdrawn", "p")
    assert told(*both, back) == (Electronic.DELIVERED, Paper.NONE, ExchangeClass.ELECTRONIC)
    gone = after(PAPER, back)
    assert gone is not None
    assert (gone.standing, gone.sent_on) == (None, None)


def test_it_belongs_to_the_day_on_which_it_went_electronically_else_to_that_of_the_paper() -> None:
    for events, day in (
        ((PAPER,), date(2013, 4, 2)),
        ((PAPER, event("accepted")), date(2013, 5, 30)),
        ((event("accepted", minutes=16 * 60), PAPER), date(2013, 5, 31)),  # in Vietnam it is past midnight
    ):
        exchange = after(*events)
        assert exchange is not None
        assert exchange.sent_on == day


def test_what_was_never_begun_is_not_counted() -> None:
    for kind in ("delivered", "refused", "status_03", "paper_withdrawn"):
        assert after(event(kind)) is None


def test_other_days_off_are_other_rules() -> None:
    assert rules_of(CALENDAR) == rules_of(Calendar(holidays=frozenset({date(2013, 6, 3)})))
    assert rules_of(CALENDAR) != rules_of(Calendar())
    days = frozenset({date(2013, 6, 1)})
    assert rules_of(Calendar(holidays=days)) != rules_of(Calendar(substitutes=days))


# --- any history ---

SUBJECTS = [
    subject(document, identity=identity, type_name=type_name, priority=priority, signed=signed, flagged=flag)
    for document, identity, type_name, priority, signed, flag in (
        ("a", "one", "Công văn", 0, True, False),
        ("b", "one", "Công Văn", 1, False, False),  # the same number, symbol and date once more
        ("c", "two", "Quyết định", 3, True, True),
        ("d", "three", "", 0, True, False),
    )
]
STEPS = [kind.value for kind in Kind if kind not in (Kind.PAPER_NONE, Kind.PAPER_WITHDRAWN)]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """What a ledger could hold: ends of what was begun, withdrawals of what stands."""
    events: list[Event] = []
    begun: list[Event] = []
    ended: set[str] = set()
    sheets: list[Event] = []
    for minute in range(draw(st.integers(1, 30))):
        kind = draw(st.sampled_from([*STEPS, "accepted", "delivered", "paper_withdrawn", "paper_none"]))
        about = draw(st.sampled_from(SUBJECTS))
        values: dict[str, object] = {"minutes": minute * 700, "subject": about}
        receiver = draw(st.sampled_from("RT"))
        if kind in ("accepted", "sent_again", "forwarded"):
            begun.append(event(kind, str(minute), receiver, **values))  # type: ignore[arg-type]
            events.append(begun[-1])
        elif kind in ("paper", "paper_none"):
            day = date(2013, draw(st.integers(3, 5)), 1)
            sheets.append(
                event(
                    kind, str(minute), receiver if kind == "paper" else "",
                    sent_on=day, declared=kind == "paper_none", **values,  # type: ignore[arg-type]
                )
            )  # fmt: skip
            events.append(sheets[-1])
        elif kind == "paper_withdrawn" and sheets:
            back = sheets.pop(draw(st.integers(0, len(sheets) - 1)))
            events.append(
                event(
                    kind, back.exchange, back.receiver, minute * 700,
                    subject=back.subject, sent_on=back.sent_on, declared=back.declared,
                )
            )  # fmt: skip
        elif begun and kind != "paper_withdrawn":
            of = draw(st.sampled_from(begun))
            if kind in ("delivered", "refused", "expired") and of.exchange in ended:
                continue
            ended |= {of.exchange} if kind in ("delivered", "refused", "expired") else set()
            said = {**values, "subject": of.subject, "cause": "" if kind == "delivered" else "why"}
            events.append(event(kind, of.exchange, of.receiver, **said))  # type: ignore[arg-type]
    return events


def folded(events: Sequence[Event], cuts: Sequence[int]) -> Counts:
    """In runs, each onto what the ones before left."""
    exchanges: dict[Key, Exchange] = {}
    documents: dict[str, Parts] = {}
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    edges = [0, *sorted(cuts), len(events)]
    for begin, end in pairwise(edges):
        changes = fold(events[begin:end], exchanges, documents, CALENDAR)
        exchanges |= changes.exchanges
        documents |= changes.documents
        for facet, numbers in changes.facets.items():
            for name, number in zip(COUNTS, numbers, strict=True):
                counts.tally[(*facet, name)] += number
        for duration, buckets in changes.durations.items():
            for bucket, number in buckets.items():
                counts.durations[(*duration, bucket)] += number
        counts.causes.update(changes.causes)
        for key, report in changes.reports.items():
            counts.papers[(*key, "paper")] += report.registrations
            counts.papers[(*key, "paper_none")] += report.none_declared
    return Counts(*(filled(each) for each in (counts.tally, counts.durations, counts.causes, counts.papers)))


def filled(tally: "Counter[tuple[object, ...]]") -> "Counter[tuple[object, ...]]":
    assert all(number >= 0 for number in tally.values()), "less than nothing was counted"
    return Counter({key: number for key, number in tally.items() if number})


@given(st.integers(201201, 201501), st.integers(0, 40), st.sampled_from(["pair", "sender"]))
def test_few_tallies_cover_any_months_and_add_up_to_them(begin: int, length: int, facet: str) -> None:
    months = [month for month in range(begin, 201800) if 1 <= month % 100 <= 12][:length]
    rolled = {**ROLLED_COUNTS, **ROLLED_DURATIONS}[facet]
    covered = cover(months, facet, rolled)
    sums: Counter[int] = Counter()
    for (name, place), sign in covered.items():
        year = range(place // 100 * 100 + 1, place // 100 * 100 + 13)
        quarter = [month for month in year if quarter_of(month) == place]
        for month in {rolled.year: [*year], rolled.quarter: quarter, facet: [place]}[name]:
            sums[month] += sign
    assert filled(sums) == Counter(months)
    assert len(covered) <= 6 * len({month // 100 for month in months})


@settings(max_examples=examples(100, 300), deadline=None)
@given(histories(), st.lists(st.integers(0, 30), max_size=3))
def test_any_history_in_any_runs_is_counted_as_its_definition_reads(
    events: list[Event], cuts: list[int]
) -> None:
    cuts = [min(cut, len(events)) for cut in cuts]
    assert folded(events, cuts) == count(events, CALENDAR)
