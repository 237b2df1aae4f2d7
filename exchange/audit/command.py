"""The verifier as a command of its own, for an auditor who has Python and nothing of the exchange."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from exchange.audit import output
from exchange.audit.anchors import Anchors, BadAnchor
from exchange.audit.checking import verify
from exchange.audit.fetching import Ledger
from exchange.audit.finding import Exit, Report
from exchange.audit.mirror import mirror
from exchange.audit.recount import recount

USAGE = 64  # as sysexits.h: called in a wrong way


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is the verdict's (docs/audit.md)."""
    options = _parser().parse_args(arguments)
    try:
        anchors = Anchors.load(options.trust, options.signer)
        if options.command == "verify":
            report = verify(options.file, anchors, document=options.document)
            name = str(options.file)
        elif options.command == "recount":
            report = recount(options.file, options.mirror, options.entries, anchors)
            name = str(options.file)
        else:
            report = mirror(Ledger(options.url).fetch, options.folder, anchors)
            name = options.url
    except (BadAnchor, OSError, ValueError) as error:
        sys.stderr.write(f"✗ {error}\n")
        return Exit.UNREADABLE
    sys.stdout.write(told(report, name, options) + "\n")
    return report.exit


def told(report: Report, name: str, options: argparse.Namespace) -> str:
    """The report as it was asked for."""
    if options.json:
        return output.as_json(report, name)
    if options.explain:
        return output.steps(report, options.lang)
    return output.answer(report, options.lang)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """Not 2, which is a verdict."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="exchange-verify",
        description="Kiểm tra bằng chứng, không cần mạng / what evidence proves, offline.",
        epilog="0: proven, 1: refused, 2: not enough to say (anchors or parts are missing), 3: not readable.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "verify", help="hồ sơ, biên nhận, văn bản, bằng chứng, bản sao sổ cái / a file"
    )
    check.add_argument("file", type=Path)
    check.add_argument(
        "--document", type=Path, help="văn bản mà biên nhận nói tới / what a receipt speaks of"
    )
    copy = commands.add_parser("mirror", help="sao sổ cái và phát hiện viết lại / follow a ledger")
    copy.add_argument("url", help="https://…/ledger")
    copy.add_argument("folder", type=Path)
    check.add_argument(
        "--signer",
        type=Path,
        action="append",
        default=[],
        help="chứng thư số riêng của cơ quan, chỉ cho văn bản "
        "/ an agency's own certificate, for documents alone",
    )
    copy.set_defaults(signer=[])
    again = commands.add_parser("recount", help="tính lại một báo cáo / count a report's figures again")
    again.add_argument("file", type=Path, help="báo cáo JSON / a report as JSON")
    again.add_argument(
        "--mirror", type=Path, required=True, help="bản sao sổ cái / folder of a mirrored ledger"
    )
    again.add_argument("--entries", type=Path, help="nội dung các dòng / opened entries, JSON lines")
    again.set_defaults(signer=[])
    for each in (check, copy, again):
        each.add_argument(
            "--trust",
            type=Path,
            action="append",
            default=[],
            help="tệp hoặc thư mục: chứng thư số, khóa sổ cái, khóa nhân chứng / a file or folder of anchors",
        )
        each.add_argument("--json", action="store_true", help="cho máy / for machines")
        each.add_argument("--explain", action="store_true", help="từng bước và lệnh tương đương / every step")
        each.add_argument("--lang", choices=("both", "vi", "en"), default="both")
    return parser
