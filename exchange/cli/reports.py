"""``exchange report``: the share and the deliveries, as tables and files; and the entries behind a report."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from exchange import reports, settings
from exchange.app import build_context, open_database
from exchange.cli.agencies import agency_named
from exchange.cli.say import fail, say, table
from exchange.context import Context, today
from exchange.core import opened, report_json
from exchange.core.dated_lines import UnusableFile
from exchange.core.period import NotAPeriod, Period
from exchange.core.report import ALLOWED, BadQuestion, By, Kind, Question, Report
from exchange.core.report_json import NotAReport
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.ledger.opening import opened as entries_of
from exchange.reports.sheet import lay_out, shown

group = typer.Typer(
    help="Báo cáo / reports: the share done electronically, and how deliveries go.",
    no_args_is_help=True,
    add_completion=False,
)

_WRONG = 2
Begin = Annotated[
    str, typer.Option("--from", help="Từ kỳ / from: 2013, 2013-Q4, 2013-11; this year if not given.")
]
End = Annotated[str, typer.Option("--to", help="Đến hết kỳ / to the end of; that of --from if not given.")]
InUnit = Annotated[Unit, typer.Option(help="Lượt gửi hay văn bản / what one is counted of.")]
ByStructure = Annotated[
    Structure, typer.Option(help="Theo bộ máy khi gửi hay hiện nay / by the structure of then or now.")
]
OfAgency = Annotated[str, typer.Option("--agency", help="Mã cơ quan gửi / of one sender alone.")]
SignedOnly = Annotated[
    bool,
    typer.Option("--signed-only", help="Không tính bản không có chữ ký hợp lệ / unsigned is not electronic."),
]
InForm = Annotated[
    reports.Form | None,
    typer.Option("--format", help="json, csv, xlsx, pdf; by the file's name if not given."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Tệp / file; a table here if not given.")]
Lang = Annotated[reports.Language, typer.Option(help="Ngôn ngữ / language.")]
Office = Annotated[
    str, typer.Option(help="Tên cơ quan báo cáo trên PDF / who reports; the province if not given.")
]


def _by(kind: Kind) -> type[StrEnum]:
    return StrEnum(f"{kind.value.title()}By", {each.name: each.value for each in ALLOWED[kind]})  # type: ignore[return-value]


def _command(kind: Kind, summary: str) -> None:
    """One command for each kind, with the lines that it may have."""
    chosen = _by(kind)
    first = chosen(ALLOWED[kind][0].value)

    def command(
        begin: Begin = "",
        end: End = "",
        by: Annotated[chosen, typer.Option(help="Mỗi dòng là / a line for each.")] = first,  # type: ignore[valid-type]
        unit: InUnit = Unit.EXCHANGES,
        structure: ByStructure = Structure.THEN,
        agency: OfAgency = "",
        signed_only: SignedOnly = False,
        form: InForm = None,
        out: Out = None,
        lang: Lang = reports.Language.VIETNAMESE,
        office: Office = "",
    ) -> None:
        context = _context()
        try:
            question = Question(
                kind=kind,
                period=_period(begin, end, today(context.now())),
                by=By(str(by)),
                unit=unit,
                structure=structure,
                agency=agency_named(context.database, agency) if agency else "",
                signed_only=signed_only,
            )
            report = reports.ask(context, question)
        except (NotAPeriod, BadQuestion, UnusableFile) as error:
            _fail(error)
        _tell(context, report, form, out, lang, office)

    command.__doc__ = summary
    group.command(kind.value)(command)


for _kind, _summary in (
    (Kind.SHARE, "Tỷ lệ điện tử / the share done electronically, against targets, with forecast."),
    (Kind.TIME, "Đúng hạn / sent (QĐ 28 art. 6.2) and noticed (NĐ 30 art. 21.2) in time."),
    (Kind.DURATION, "Thời gian / median and 95 %, accepted to delivered to registered; slowest receivers."),
    (Kind.REFUSALS, "Từ chối, quá hạn / what did not arrive, by cause."),
    (Kind.WAITING, "Chưa lấy / what receivers did not pick up."),
):
    _command(_kind, _summary)


@group.command()
def entries(
    report: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Báo cáo / a report as JSON.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Tệp / file to write: JSON lines.")],
) -> None:
    """Nội dung các dòng sổ cái / open the entries that a report rests on, for an auditor to count again.

    They name documents, senders and receivers: give them to who may know. exchange audit recount reads them.
    """
    try:
        read = report_json.read(report.read_bytes())
    except NotAReport as error:
        _fail(error)
    count = 0
    with out.open("wb") as file:
        for each in entries_of(open_database(settings.load()), read.basis.leaves):
            file.write(opened.write_line(each))
            count += 1
    say(f"{out}: {count}")


def _context() -> Context:
    values = settings.load()
    return build_context(values, open_database(values))


def _period(begin: str, end: str, day: date) -> Period:
    """Raise ``NotAPeriod``."""
    begin = begin or f"{day.year}"
    return Period.between(begin, end or begin)


def _tell(
    context: Context,
    report: Report,
    form: reports.Form | None,
    out: Path | None,
    lang: reports.Language,
    office: str,
) -> None:
    if out is None and form is None:
        _show(report, lang)
        return
    form = form or _form_of(out)
    head = reports.office_of(context, today(context.now()))
    content = reports.render(report, form, lang, head._replace(name=office or head.name))
    path = out or Path(reports.name_of(report, form))
    path.write_bytes(content)
    say(f"{path}")


def _form_of(out: Path | None) -> reports.Form:
    suffix = "" if out is None else out.suffix.removeprefix(".").lower()
    try:
        return reports.Form(suffix)
    except ValueError:
        _fail(ValueError(f"--format: {', '.join(reports.Form)}"))


def _show(report: Report, lang: reports.Language) -> None:
    sheet = lay_out(report, lang)
    say(sheet.title)
    table(sheet.heads, [[shown(cell, lang) for cell in row] for row in (*sheet.rows, sheet.total)])
    for name, value in sheet.facts:
        say(f"{name}: {value}")
    for note in sheet.notes:
        say(note)


def _fail(error: Exception) -> NoReturn:
    fail(str(error))
    raise typer.Exit(_WRONG)
