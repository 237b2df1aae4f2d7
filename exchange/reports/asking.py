"""A question answered from the counters, as of one moment, by the directory and targets of the site."""

import re
from collections.abc import Iterator
from datetime import date

from exchange.context import Context, today
from exchange.core import report_structure as structure
from exchange.core.counting import rules_of
from exchange.core.directory import Directory, Level
from exchange.core.period import month_of
from exchange.core.report import By, Kind, Question, Remark, Report, Span
from exchange.core.report_lines import Material
from exchange.core.report_making import make
from exchange.core.report_slices import Gathered, slices
from exchange.core.working_days import Calendar
from exchange.ledger.share import Counters, counters
from exchange.reports.forms import Office
from exchange.targets import load_targets
from exchange.working_days import load_calendar

_COMMITTEE = r"^Ủy ban nhân dân (tỉnh |thành phố )?"


def ask(context: Context, question: Question) -> Report:
    """The report; raises ``UnusableFile`` for a file of targets or holidays."""
    directory, now = context.registry.current.directory, context.now()
    calendar = load_calendar(context.settings)
    with counters(context.database) as counted:
        gathered, spans = _figures(counted, directory, question, today(now))
        basis = counted.basis()
        remarks = tuple(_remarks(counted, question, calendar, today(now)))
    return make(
        Material(
            question=question,
            made_at=now,
            basis=basis,
            gathered=gathered,
            spans=spans,
            expected=structure.expected(directory, question) if question.kind is Kind.SHARE else (),
            targets=load_targets(context.settings),
            calendar=calendar if question.kind is Kind.TIME else None,
            remarks=remarks,
        )
    )


def _figures(
    counted: Counters, directory: Directory, question: Question, day: date
) -> tuple[Gathered, tuple[Span, ...]]:
    """The sums, and where the agencies stand that they are about."""
    cut = structure.periods(directory, question)
    if question.by is By.PAIR:  # there are many: they are put together by level where they lie
        spans = structure.spans(
            directory, question, {period: counted.agencies(period) for period in cut}, day
        )
        stand_ins = {span.period: structure.stand_ins(span) for span in spans}
        return counted.gather(slices(question, cut), stand_ins), spans
    gathered = counted.gather(slices(question, cut))
    named = {period: structure.named(gathered, period) for period in cut}
    return gathered, structure.spans(directory, question, named, day)


def _remarks(counted: Counters, question: Question, calendar: Calendar, day: date) -> Iterator[Remark]:
    """What the figures do not contain, or not yet."""
    if question.period.last >= month_of(day):
        yield Remark(code="not_over", about=day.isoformat())
    if waiting := counted.waiting():
        yield Remark(code="not_counted_yet", about=str(waiting))
    if counted.rules() not in ("", rules_of(calendar)):
        yield Remark(code="counted_by_other_rules")
    if question.kind is Kind.TIME:
        years = sorted({month // 100 for month in question.period})
        yield from (
            Remark(code="holidays_unknown", about=str(year)) for year in years if not calendar.knows(year)
        )


def office_of(context: Context, day: date) -> Office:
    """Who reports: the province's own committee, as it is called on that day; else the broker's name."""
    for agency in context.registry.current.directory:
        if agency.as_of(day).level == Level.PROVINCE and Directory.is_open(agency, day):
            name = agency.as_of(day).name
            return Office(name=name, place=re.sub(_COMMITTEE, "", name).removeprefix(name))
    return Office(name=context.settings.broker_name, place="")
