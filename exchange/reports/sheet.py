"""A report as a sheet: heads, cells that know what they are, and what is said above and below the table.

Every form is made of it, so that they all say the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from exchange.core.edxml import VIETNAM
from exchange.core.forecast import MONTHS_MIN
from exchange.core.period import Step, label
from exchange.core.report import By, Kind, Question, Remark, Report, Row, Value
from exchange.core.report_share import forecast_month
from exchange.reports import texts
from exchange.reports.texts import Both, Language

NAMES_SHOWN = 20


class Format(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    COUNT = "count"
    RATIO = "ratio"
    SECONDS = "seconds"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value; None: there is none, and ``text`` says why, if anything is to be said."""

    format: Format
    value: Value
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole of it, in one language."""

    title: str
    facts: tuple[tuple[str, str], ...]
    """What was asked, and what the figures rest on."""
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]
    notes: tuple[str, ...]


def lay_out(report: Report, language: Language, *, not_reported: bool = True) -> Sheet:
    """The sheet; ``not_reported``: with a note that names the agencies of whose paper nobody knows."""
    question = report.question
    heads = [*_key_heads(question), *(texts.COLUMNS[name] for name in report.columns)]
    keys = len(_key_heads(question))
    total = [texts.TOTAL.in_(language), *[""] * (keys - 1)]
    return Sheet(
        title=texts.KINDS[question.kind].in_(language),
        facts=tuple(_facts(report, language)),
        heads=tuple(head.in_(language) for head in heads),
        rows=tuple(_row(report, row, language) for row in report.rows),
        total=(*(Cell(Format.TEXT, text) for text in total), *_cells(report, report.total, language)),
        notes=tuple(_notes(report, language, not_reported)),
    )


def _key_heads(question: Question) -> tuple[Both, ...]:
    if question.by is By.PAIR:
        return Both("Cấp gửi", "Sender's level"), Both("Cấp nhận", "Receiver's level")
    if question.by in (By.AGENCY, By.RECEIVER, By.PARENT):
        return Both("Mã", "Code"), texts.BY[question.by]
    return (texts.BY[question.by],)


def _row(report: Report, row: Row, language: Language) -> tuple[Cell, ...]:
    names = [_named(report.question, part, language) for part in row.key]
    if report.question.of_time and language is Language.VIETNAMESE:
        names = [in_vietnamese(part) for part in row.key]
    if report.question.by in (By.AGENCY, By.RECEIVER, By.PARENT):
        names = [row.key[0], row.name]
    unknown = "paper_months" in report.columns and not row.values[report.columns.index("paper_months")]
    cells = _cells(report, row.values, language)
    if unknown:
        cells = [_not_reported(cell, language) for cell in cells]
    return (*(Cell(Format.TEXT, name) for name in names), *cells)


def _named(question: Question, part: str, language: Language) -> str:
    names = {
        By.LEVEL: texts.LEVELS,
        By.PAIR: texts.LEVELS,
        By.URGENCY: texts.URGENCIES,
        By.CAUSE: texts.CAUSES,
        By.TYPE: texts.TYPES,
    }.get(question.by, {})
    return names[part].in_(language) if part in names else part


def _cells(report: Report, values: tuple[Value, ...], language: Language) -> list[Cell]:
    return [
        Cell(format_of(name), value, "" if value is not None else texts.EMPTY.in_(language))
        for name, value in zip(report.columns, values, strict=True)
    ]


def _not_reported(cell: Cell, language: Language) -> Cell:
    if cell.format is Format.RATIO and cell.value is None:
        return Cell(cell.format, None, texts.NOT_REPORTED.in_(language))
    return cell


def format_of(column: str) -> Format:
    """What a column holds."""
    if column.startswith("share") or column.endswith("_ratio") or column in ("target", "gap", "part"):
        return Format.RATIO
    if column.endswith("_seconds"):
        return Format.SECONDS
    return Format.MOMENT if column.endswith("_at") else Format.COUNT


# --- above and below the table ---


def _facts(report: Report, language: Language) -> Iterator[tuple[str, str]]:
    question = report.question
    first, last = (when(month, language) for month in (question.period.first, question.period.last))
    yield texts.PERIOD.in_(language), f"{first} – {last}"
    yield texts.COUNTED_IN.in_(language), texts.UNITS[question.unit].in_(language)
    yield texts.STRUCTURE.in_(language), texts.STRUCTURES[question.structure].in_(language)
    if question.agency:
        yield texts.AGENCY.in_(language), question.agency
    yield texts.BASIS.in_(language), _basis(report, language)
    yield texts.MADE_AT.in_(language), local(report.made_at)


def _basis(report: Report, language: Language) -> str:
    basis = report.basis
    if not basis.leaves:
        return texts.NO_BASIS.in_(language)
    return texts.BASIS_OF.in_(language).format(
        origin=basis.origin, last=basis.leaves - 1, size=basis.size, root=basis.root
    )


def _notes(report: Report, language: Language, not_reported: bool) -> Iterator[str]:
    if report.question.signed_only:
        yield texts.SIGNED_ONLY.in_(language)
    for remark in report.remarks:
        yield texts.REMARKS[remark.code].in_(language).format(about=_about(remark))
    if report.not_reported and not_reported:
        yield _not_reported_list(report, language)
    if report.forecast is not None:
        yield _forecast(report, language)


def _about(remark: Remark) -> str:
    return (
        date.fromisoformat(remark.about).strftime("%d/%m/%Y") if remark.code == "not_over" else remark.about
    )


def _not_reported_list(report: Report, language: Language) -> str:
    names = [f"{each.name} ({each.code})" for each in report.not_reported[:NAMES_SHOWN]]
    more = len(report.not_reported) - len(names)
    if more:
        names.append(texts.AND_MORE.in_(language).format(count=more))
    return texts.NOT_REPORTED_LIST.in_(language).format(
        count=len(report.not_reported), names="; ".join(names)
    )


def _forecast(report: Report, language: Language) -> str:
    found, target = report.forecast, report.targets.next(report.question.period.last_day)
    assert found is not None
    if found.slope is None or found.expected is None or target is None:
        return texts.TOO_FEW.in_(language).format(months=found.months, needed=MONTHS_MIN)
    reached = texts.NEVER_REACHED.in_(language)
    if found.reached is not None:
        reached = texts.REACHED.in_(language).format(when=when(found.reached, language))
    return texts.FORECAST.in_(language).format(
        months=found.months,
        slope=percent(found.slope, language, signed=True),
        when=when(forecast_month(report.question, target), language),
        expected=percent(found.expected, language),
        target=percent(target.ratio, language),
        reached=reached,
    )


# --- values as people read them ---


def shown(cell: Cell, language: Language) -> str:
    """The cell for people."""
    if cell.value is None:
        return cell.text
    if cell.format is Format.COUNT and isinstance(cell.value, int):
        return number(cell.value, language)
    if cell.format is Format.RATIO and isinstance(cell.value, int | float):
        return percent(cell.value, language)
    if cell.format is Format.SECONDS and isinstance(cell.value, int | float):
        return lasting(cell.value, language)
    if cell.format is Format.MOMENT:
        return local(datetime.fromisoformat(str(cell.value)))
    return str(cell.value)


def number(count: int, language: Language) -> str:
    """1.234 in Vietnamese, 1,234 in English."""
    text = f"{count:,}"
    return text.replace(",", ".") if language is Language.VIETNAMESE else text


def percent(ratio: float, language: Language, *, signed: bool = False) -> str:
    """67,3 % in Vietnamese, 67.3 % in English."""
    text = f"{ratio * 100:{'+' if signed else ''}.1f} %"
    return text.replace(".", ",") if language is Language.VIETNAMESE else text


_ROMAN = ("I", "II", "III", "IV")
_UNITS = ((86_400, Both("ngày", "d")), (3_600, Both("giờ", "h")), (60, Both("phút", "min")))


def lasting(seconds: float, language: Language) -> str:
    """In the largest unit of which it is more than one and a half."""
    for length, unit in _UNITS:
        if seconds >= length * 1.5:
            text = f"{seconds / length:.1f} {unit.in_(language)}"
            break
    else:
        text = f"{seconds:.0f} {Both('giây', 's').in_(language)}"
    return text.replace(".", ",") if language is Language.VIETNAMESE else text


def when(month: int, language: Language) -> str:
    """A month."""
    written = label(month, Step.MONTH)
    return in_vietnamese(written) if language is Language.VIETNAMESE else written


def in_vietnamese(written: str) -> str:
    """2013-11 as 11/2013, 2013-Q4 as quý IV/2013, 2013 as it is."""
    year, _, part = written.partition("-")
    if part.startswith("Q"):
        return f"quý {_ROMAN[int(part[1]) - 1]}/{year}"
    return f"{part}/{year}" if part else year


def local(moment: datetime) -> str:
    """As people in Vietnam read it."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def is_wide(kind: Kind) -> bool:
    """Whether the table needs the breadth of a page."""
    return kind in (Kind.SHARE, Kind.DURATION)
