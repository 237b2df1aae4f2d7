"""The demonstration from its first line to its last: set up, play, wait, judge, show."""

import logging
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from exchange.client import NotProven, Problem, Unreachable
from exchange.demo import acts, auditor, door, promises, report
from exchange.demo.ends import figures
from exchange.demo.journal import Sent
from exchange.demo.process import ProcessFailed
from exchange.demo.screen import Screen
from exchange.demo.stage import Scale, Stage, build

EXTRAS = 7 + acts.REVOKED + 2  # documents beside the stream


def run(data: Path | None, scale: Scale, screen: Screen) -> int:
    """Play; 0 if every promise held. Without ``data`` its folder goes away, unless a promise was broken."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # lost connections are part of the play
    folder = Path(tempfile.mkdtemp(prefix="exchange-demo-")) if data is None else data.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    keep = data is not None
    try:
        with _signals():
            broken = _play(folder, scale, screen)
        keep = keep or bool(broken)
    except (ProcessFailed, Problem, Unreachable) as error:
        screen.fault(str(error))
        broken, keep = 1, True
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        screen.show(f"[dim]Giữ trong / kept in {folder}: database, payloads, folders, logs, auditor[/]")
    return 1 if broken else 0


def _play(folder: Path, scale: Scale, screen: Screen) -> int:
    screen.title(
        "Trục liên thông: văn bản ký số giữa các cơ quan, có biên nhận",
        "The exchange: signed documents between agencies, with receipts",
    )
    with build(folder, scale, screen) as stage:
        shown = _acts(stage)
        with screen.busy("đang kiểm tra mọi cam kết / every promise is checked"):
            evidence = promises.gather(stage)
            verdicts = promises.judge(evidence)
        broken = sum(bool(verdict.complaints) for verdict in verdicts)
        broken += 1 if shown is None else _show(stage, shown, evidence)
        screen.title(
            "Các cam kết, đối chiếu với những gì chính các cơ quan đang giữ",
            "Promises, checked against what the agencies themselves hold",
        )
        report.verdicts(stage, verdicts)
        case = None if shown is None else auditor.open_case(stage, shown)
        broken += _stopped(stage)
        if case is not None:
            broken += auditor.show(case, screen)
        _last_words(stage, broken)
    return broken


def _acts(stage: Stage) -> Sent | None:
    stage.planned = stage.scale.documents + EXTRAS
    stage.screen.title("Văn bản đang chuyển", "Documents on their way")
    with stage.screen.watching(lambda: figures(stage)):
        shown = acts.storm_warning(stage)
        acts.late_riser(stage)
        acts.stream(stage)
        acts.changes_of_mind(stage)
        if shown is not None:
            acts.new_warning(stage, shown)
        door.at_the_door(stage)
        acts.once_more(stage)
        acts.unanswerable(stage)
        acts.wait_for_ends(stage)
        stage.planned = 0
    return shown


def _show(stage: Stage, shown: Sent, evidence: promises.Evidence) -> int:
    screen = stage.screen
    screen.title("Các cơ quan", "Agencies")
    screen.show(report.agencies(stage))
    screen.show("  [dim]điện tử: tỷ lệ đã chuyển mà không kèm bản giấy, trong số đã kết thúc[/]")
    screen.show("  [dim]electronic: of what ended, the share that was delivered with no paper beside it[/]")
    screen.title("Bị từ chối ngay khi gửi", "Refused at the door")
    screen.show(report.door(stage))
    if shown.acceptance.id in evidence.told:
        number, subject = shown.letter.message.number, shown.letter.message.subject
        screen.title(
            f"Một văn bản: {number}, {subject}", "The history of one document, as its sender sees it"
        )
        screen.show(report.history(evidence.told[shown.acceptance.id], stage.cast))
    screen.title(
        "Một biên nhận, chứng minh chỉ bằng văn bản và chứng thư số của trục",
        "One receipt, proven with nothing but the document and the exchange's certificate",
    )
    try:
        screen.show(report.proof(stage, shown))
    except NotProven as error:
        screen.fault(str(error))
        return 1
    return 0


def _stopped(stage: Stage) -> int:
    """Stop everybody who could answer; how many ended otherwise than they should."""
    exchange, witness = stage.broker.stop(), stage.outside.stop()
    ended = "exit code 0" if not (exchange or witness) else f"exit codes {exchange} and {witness}"
    stage.screen.point(
        "Được yêu cầu dừng, trục và nhân chứng làm xong việc dở rồi dừng",
        f"Asked to stop, exchange and witness finished what they were at ({ended})",
        holds=not (exchange or witness),
    )
    return bool(exchange) + bool(witness)


def _last_words(stage: Stage, broken: int) -> None:
    stage.screen.title("Tổng cộng", "In all")
    report.totals(stage)
    if broken:
        stage.screen.show(f"  [bold red]{broken} cam kết không được giữ. / of the promises did not hold.[/]")
    else:
        stage.screen.show("  [bold green]Mọi cam kết đều được giữ. / Every promise held.[/]")


@contextmanager
def _signals() -> Iterator[None]:
    """Asked to end, the demo ends like after Ctrl-C: nothing it started stays behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
