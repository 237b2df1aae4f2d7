"""The share of a report: classes, ratios, targets, forecast, and of whose paper nobody knows anything."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from exchange.core import report_slices as cut
from exchange.core.edxml import VIETNAM
from exchange.core.forecast import Forecast, forecast
from exchange.core.period import Step, label, last_day, month_of
from exchange.core.report import By, Kind, Question, Reporting, Value
from exchange.core.report_lines import Key, Lines, Material, Table, every_time, rounded, summed, together
from exchange.core.share import ExchangeClass, share
from exchange.core.tallies import COUNTS
from exchange.core.targets import Target

SHARE_COLUMNS = (
    *("electronic", "with_paper", "paper", "classified", "share", "share_with_paper"),
    *("unsigned", "under_way", "refused", "expired"),
)


def share_table(material: Material) -> Table:
    """The counts and the share of each line."""
    question = material.question
    found = summed(material, (cut.counted(question, span.period) for span in material.spans))
    for key in every_time(question):
        found.setdefault(key, [0] * len(COUNTS))
    columns: tuple[str, ...] = SHARE_COLUMNS
    total = _shares(question, together(found.values(), len(COUNTS)))
    lines: Lines = {key: _shares(question, counts) for key, counts in found.items()}
    if question.of_time:
        columns = (*columns, "target", "gap")
        lines = {key: _against(material, values, _end(question, key)) for key, values in lines.items()}
        total = _against(material, total, question.period.last_day)
    elif question.by is By.AGENCY:
        columns = (*columns, "paper_months")
        lines = _with_paper_months(material, lines)
        total = (*total, None)
    return columns, lines, total


def _shares(question: Question, counts: Sequence[int]) -> tuple[Value, ...]:
    of = dict(zip(COUNTS, counts, strict=True))
    classes = {
        ExchangeClass.ELECTRONIC: of["electronic"],
        ExchangeClass.WITH_PAPER: of["with_paper"],
        ExchangeClass.PAPER: of["paper"],
    }
    without = of["unsigned"] if question.signed_only else 0
    return (
        *classes.values(),
        sum(classes.values()),
        rounded(share(classes, without_unsigned=without).ratio),
        rounded(share(classes, without_unsigned=without, with_paper_too=True).ratio),
        *(of[name] for name in ("unsigned", "under_way", "refused", "expired")),
    )


def _end(question: Question, key: Key) -> date:
    """The last day of the line that lies in the period."""
    step = Step(question.by.value)
    return last_day(max(month for month in question.period if label(month, step) == key[0]))


def _against(material: Material, values: tuple[Value, ...], day: date) -> tuple[Value, ...]:
    target = material.targets.at(day)
    ratio = values[SHARE_COLUMNS.index("share")]
    gap = None if target is None or not isinstance(ratio, float) else rounded(ratio - target)
    return (*values, target, gap)


def _with_paper_months(material: Material, lines: Lines) -> Lines:
    """The share of an agency of whose paper nobody knows anything is not known, and not 100 %."""
    months: dict[str, set[int]] = defaultdict(set)
    for (agency, month), _ in _told(material):
        months[material.spans[-1].place(str(agency)).key].add(int(month))
    ratios = tuple(SHARE_COLUMNS.index(name) for name in ("share", "share_with_paper"))
    found: Lines = {}
    for key, values in lines.items():
        known = len(months[key[0]])
        shown = values if known else tuple(None if at in ratios else v for at, v in enumerate(values))
        found[key] = (*shown, known)
    return found


def _told(material: Material) -> Iterator[tuple[tuple[str | int, ...], tuple[int, ...]]]:
    """Agencies and months of which paper was registered, or declared to be none."""
    for group, values in material.gathered[cut.reported(material.question)]:
        if any(value > 0 for value in values):
            yield group, values


def reporting(material: Material) -> tuple[Reporting, ...]:
    """In how many months each agency told of its paper."""
    if material.question.kind is not Kind.SHARE:
        return ()
    months: dict[str, int] = defaultdict(int)
    for (agency, _), _values in _told(material):
        months[str(agency)] += 1
    return tuple(
        Reporting(code=each.code, name=each.name, months=months[each.code]) for each in material.expected
    )


def trend(material: Material) -> Forecast | None:
    """Where it goes, by the months that are over."""
    question = material.question
    if question.kind is not Kind.SHARE or not question.of_time:
        return None
    now = month_of(material.made_at.astimezone(VIETNAM).date())
    ratios = {}
    for (month,), counts in material.gathered[cut.trend(question)]:
        ratio = _shares(question, counts)[SHARE_COLUMNS.index("share")]
        if isinstance(ratio, float) and int(month) < now:
            ratios[int(month)] = ratio
    target = material.targets.next(question.period.last_day)
    if target is None:
        return forecast(ratios, None, None)
    return forecast(ratios, forecast_month(question, target), target.ratio)


def forecast_month(question: Question, target: Target) -> int:
    """The month that the forecast is of: the target's, or the period's last where that target is past."""
    return max(month_of(target.day), question.period.last)
