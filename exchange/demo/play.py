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
from exchange.demo import acts, door, promises, report
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
        screen.show(f"[dim]Kept in {folder}: database, payloads, folders of agencies, broker.log[/]")
    return 1 if broken else 0


def _play(folder: Path, scale: Scale, screen: Screen) -> int:
    screen.title("The exchange: signed documents between agencies, with receipts")
    with build(folder, scale, screen) as stage:
        shown = _acts(stage)
        with screen.busy("every promise is checked against what the agencies hold"):
            evidence = promises.gather(stage)
            verdicts = promises.judge(evidence)
        broken = 0 if shown is None else _show(stage, shown, evidence)
        screen.title("Promises, checked against what the agencies themselves hold")
        report.verdicts(stage, verdicts)
        broken += sum(bool(verdict.complaints) for verdict in verdicts) + _stopped(stage)
        _last_words(stage, broken)
    return broken


def _acts(stage: Stage) -> Sent | None:
    stage.planned = stage.scale.documents + EXTRAS
    stage.screen.title("Documents on their way")
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
    screen.title("Agencies")
    screen.show(report.agencies(stage))
    screen.show("  [dim]electronic: of what ended, the share that was delivered with no paper beside it[/]")
    screen.title("Refused at the door")
    screen.show(report.door(stage))
    if shown.acceptance.id in evidence.told:
        screen.title(f"One document: {shown.letter.message.number}, {shown.letter.message.subject}")
        screen.show(report.history(evidence.told[shown.acceptance.id], stage.cast))
    screen.title("One receipt, proven with nothing but the document and the exchange's certificate")
    try:
        screen.show(report.proof(stage, shown))
    except NotProven as error:
        screen.fault(str(error))
        return 1
    return 0


def _stopped(stage: Stage) -> int:
    code = stage.broker.stop()
    if code:
        stage.screen.fault(f"asked to stop, the exchange ended with exit code {code}")
    else:
        stage.screen.show(
            "  [green]✓[/] Asked to stop, the exchange finished what it was at [dim](exit code 0)[/]"
        )
    return int(bool(code))


def _last_words(stage: Stage, broken: int) -> None:
    stage.screen.title("In all")
    for line in report.totals(stage):
        stage.screen.show(f"  {line}")
    if broken:
        stage.screen.show(f"  [bold red]{broken} of the promises did not hold.[/]")
    else:
        stage.screen.show("  [bold green]Every promise held.[/]")


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
