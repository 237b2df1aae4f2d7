"""``exchange verify`` and ``exchange audit``: what evidence proves, and following a ledger.

They need nothing of the broker; ``exchange.audit`` does the work, here and in the verifier's one file.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from exchange.audit import Anchors, BadAnchor, Report, output
from exchange.audit import verify as check
from exchange.audit.fetching import Ledger
from exchange.audit.finding import Exit
from exchange.audit.mirror import mirror as follow
from exchange.audit.recount import recount as count_again
from exchange.cli.say import fail, say

group = typer.Typer(
    help="Check evidence and follow a ledger; needs no broker.", no_args_is_help=True, add_completion=False
)


class Language(StrEnum):
    """Which of the two."""

    BOTH = "both"
    VIETNAMESE = "vi"
    ENGLISH = "en"


Trust = Annotated[
    list[Path],
    typer.Option(
        envvar="EXCHANGE_TRUST",
        exists=True,
        help="Tệp hoặc thư mục tin cậy / file or folder of what you trust: the exchange's certificate, CAs "
        "of agencies and of time-stamps, keys of ledgers and witnesses. May be given several times.",
    ),
]
Signers = Annotated[
    list[Path],
    typer.Option(
        "--signer",
        exists=True,
        help="Chứng thư số riêng của cơ quan, khi không có CA / an agency's own certificate, where its CA is "
        "not at hand: for documents alone. May be given several times.",
    ),
]
Original = Annotated[
    Path | None,
    typer.Option(
        "--document",
        exists=True,
        dir_okay=False,
        help="Văn bản mà biên nhận nói tới / the document that the receipt speaks of.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Cho máy / for machines.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Từng bước, kèm lệnh tương đương / every step, with equal commands.")
]
Lang = Annotated[Language, typer.Option(help="Ngôn ngữ / language.")]


@group.command()
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            help="Hồ sơ bằng chứng, biên nhận, văn bản, bằng chứng hay bản sao sổ cái / evidence bundle, "
            "receipt, .edxml, proof, or folder of a mirrored ledger.",
        ),
    ],
    trust: Trust = [],  # noqa: B006
    signer: Signers = [],  # noqa: B006
    document: Original = None,
    json: Json = False,
    explain: Explain = False,
    lang: Lang = Language.BOTH,
) -> None:
    """Kiểm tra / what a file proves, by whom, since when, and what it does not; offline.

    Ends with 0: proven, 1: refused, 2: not enough to say (anchors or parts are missing), 3: not readable.
    """
    try:
        report = check(file, Anchors.load(trust, signer), document=document)
    except (BadAnchor, OSError) as error:
        _unreadable(error)
    _tell(report, str(file), json=json, explain=explain, lang=lang)


@group.command()
def mirror(
    url: Annotated[str, typer.Argument(help="Địa chỉ sổ cái / address of the ledger: https://…/ledger")],
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Thư mục lưu / where to keep it.")],
    trust: Trust = [],  # noqa: B006
    json: Json = False,
    explain: Explain = False,
    lang: Lang = Language.BOTH,
) -> None:
    """Sao sổ cái / fetch what is new of a ledger, and notice when its history was rewritten.

    Run it every day: each visit is checked against the last. Ends as verify does.
    """
    try:
        report = follow(Ledger(url).fetch, folder, Anchors.load(trust))
    except (BadAnchor, OSError, ValueError) as error:
        _unreadable(error)
    _tell(report, url, json=json, explain=explain, lang=lang)


@group.command()
def recount(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Báo cáo / a report as JSON.")],
    mirror: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Bản sao sổ cái / folder of a mirrored ledger."),
    ],
    entries: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Nội dung các dòng / opened entries, JSON lines."),
    ] = None,
    trust: Trust = [],  # noqa: B006
    json: Json = False,
    explain: Explain = False,
    lang: Lang = Language.BOTH,
) -> None:
    """Tính lại báo cáo / count a report's figures again from the ledger that it names; offline.

    Without opened entries it says what leaves alone can tell. Ends as verify does.
    """
    try:
        report = count_again(file, mirror, entries, Anchors.load(trust))
    except (BadAnchor, OSError) as error:
        _unreadable(error)
    _tell(report, str(file), json=json, explain=explain, lang=lang)


def _tell(report: Report, name: str, *, json: bool, explain: bool, lang: Language) -> NoReturn:
    language: output.Language = lang.value
    if json:
        typer.echo(output.as_json(report, name))
    else:
        say(output.steps(report, language) if explain else output.answer(report, language))
    raise typer.Exit(report.exit)


def _unreadable(error: Exception) -> NoReturn:
    fail(str(error))
    raise typer.Exit(Exit.UNREADABLE)
