"""What the demo shows at its end: the table, one document's history, one receipt, the promises."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median

from rich.markup import escape
from rich.table import Table

from exchange.client import Document, Event, NotProven, verify_receipt
from exchange.core.delivery import State
from exchange.core.edxml import VIETNAM
from exchange.core.share import ExchangeClass, Share, classify, share
from exchange.core.trust import fingerprint
from exchange.demo.cast import HOME_AFFAIRS, Cast, Member
from exchange.demo.ends import home_of
from exchange.demo.journal import Sent
from exchange.demo.promises import Verdict
from exchange.demo.stage import Stage
from exchange.ledger import reading
from exchange.ledger.reading import Record

COMPLAINTS_SHOWN = 3
WIDTH_WITH_SOFTWARE = 96
KINDS = ("document", "status", "receipt")
COLUMNS = (
    ("gửi đi", "sent"),
    ("đã chuyển", "delivered"),
    ("từ chối", "refused"),
    ("quá hạn", "expired"),
    ("đang chờ", "waiting"),
    ("điện tử", "electronic"),
)


def agencies(stage: Stage) -> Table:
    """Per agency: what it sent, what became of what was sent to it, and its share done electronically."""
    rows = reading.traffic(stage.database)
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("  cơ quan\n  [dim]agency[/]", no_wrap=True)
    wide = stage.screen.console.width >= WIDTH_WITH_SOFTWARE
    if wide:
        shown.add_column("phần mềm\nsoftware", style="dim", no_wrap=True)
    for vietnamese, english in COLUMNS:
        shown.add_column(f"{vietnamese}\n[dim]{english}[/]", justify="right")
    for member in stage.cast.members:
        name, software, *figures = _row(stage, member, rows)
        shown.add_row(name, *([software] if wide else []), *figures)
    total = _to_all(rows)
    sent = str(len(stage.journal.sent))
    shown.add_section()
    figures = [sent, *_ends(total), _percent(_share(rows))]
    shown.add_row("  tổng / all", *([""] if wide else []), *figures, style="bold")
    return shown


def _row(stage: Stage, member: Member, rows: list[Record]) -> list[str]:
    sent = sum(each.letter.sender is member for each in stage.journal.sent)
    arriving = [row for row in rows if row["receiver"] == member.code]
    concerned = [row for row in rows if member.code in (row["sender"], row["receiver"])]
    return [
        f"  {escape(member.name)}",
        member.role.software.value,
        str(sent or "-"),
        *_ends(_to_all(arriving)),
        _percent(_share(concerned)),
    ]


def _to_all(rows: Iterable[Record]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        final = row["state"] in (State.DELIVERED, State.REFUSED, State.EXPIRED)
        counts[row["state"] if final else "waiting"] += row["count"]
    return counts


def _ends(counts: Mapping[str, int]) -> list[str]:
    return [str(counts.get(name, 0) or "-") for name in ("delivered", "refused", "expired", "waiting")]


def _share(rows: Iterable[Record]) -> Share:
    """What ended without delivery is left to paper."""
    counts: Counter[ExchangeClass] = Counter()
    for row in rows:
        if row["state"] == State.DELIVERED:
            counts[classify(paper=row["paper"])] += row["count"]
        elif row["state"] in (State.REFUSED, State.EXPIRED):
            counts[ExchangeClass.PAPER] += row["count"]
    return share(counts)


def _percent(found: Share) -> str:
    return "-" if found.ratio is None else f"{found.ratio:.0%}"


def history(document: Document, cast: Cast) -> Table:
    """One document, as its sender can follow it: time, Vietnamese, English."""
    shown = _facts()
    for event in _condensed(document.timeline):
        text = f"{escape(_named(event.text_vi, cast))}\n[dim]{escape(_named(event.text, cast))}[/]"
        shown.add_row(f"  {_clock(event.at)}", text)
    return shown


def _condensed(events: Sequence[Event]) -> list[Event]:
    """The acceptances on one line, and of a receiver's failed attempts the first and the last."""
    shown: list[Event] = []
    for event in events:
        if shown and shown[-1].event == event.event == "accepted":
            shown[-1] = _joined(shown[-1], event)
        else:
            shown.append(event)
    failed = [event for event in shown if event.event == "attempt_retry"]
    first = {event.delivery: event for event in reversed(failed)}
    last = {event.delivery: event for event in failed}
    return [event for event in shown if event not in failed or event in (*first.values(), *last.values())]


def _joined(one: Event, other: Event) -> Event:
    both = f"{one.agency}, {other.agency}"
    return replace(
        one,
        agency=both,
        text=one.text.replace(one.agency, both),
        text_vi=one.text_vi.replace(one.agency, both),
    )


def _named(text: str, cast: Cast) -> str:
    for member in cast.members:
        text = text.replace(member.code, member.name)
    return text


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%H:%M:%S.%f}"[:-3]


def proof(stage: Stage, sent: Sent) -> Table:
    """A receipt that reached the sender, proven once more from nothing but the document and a certificate.

    Raises ``NotProven``, also where no receipt is home.
    """
    [home, *_] = home_of(stage).get((sent.acceptance.id, HOME_AFFAIRS), [None])
    if home is None:
        raise NotProven("no receipt is home", "chưa nhận được biên nhận")
    receipt = verify_receipt(home.content, stage.certificate, sent.letter.content)
    [delivery] = receipt.deliveries
    shown = _facts()
    for name, value in (
        ("biên nhận / receipt", f"{receipt.kind}, {receipt.id}"),
        ("văn bản / document", f"{receipt.subject.document_id}, {receipt.subject.size} bytes"),
        (
            "nơi nhận / to",
            f"{stage.cast.name(delivery.receiver)}, {receipt.at.astimezone(VIETNAM).isoformat()}",
        ),
        ("SHA-256 / its SHA-256", receipt.subject.digest),
        ("tệp của ta / of our file", f"{sent.letter.digest} [green]✓[/]"),
        ("bên ký / signed by", f"{receipt.broker}, {fingerprint(stage.certificate)[:16]}… [green]✓[/]"),
    ):
        shown.add_row(f"  {name}", value)
    return shown


def _facts() -> Table:
    shown = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True, style="dim")
    shown.add_column(overflow="fold")
    return shown


def door(stage: Stage) -> Table:
    """What was refused at the door."""
    shown = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(no_wrap=True, style="dim")
    shown.add_column()
    for attempt in stage.journal.attempted:
        shown.add_row(f"  {attempt.what}", f"{attempt.status}", escape(attempt.title_vi or "accepted"))
    return shown


def verdicts(stage: Stage, found: list[Verdict]) -> None:
    """Each promise in two lines; under a broken one why."""
    for verdict in found:
        measure = f" ({verdict.measure})" if verdict.measure else ""
        stage.screen.point(verdict.promise_vi, f"{verdict.promise}{measure}", holds=not verdict.complaints)
        for complaint in verdict.complaints[:COMPLAINTS_SHOWN]:
            stage.screen.show(f"      [red]{escape(complaint)}[/]")
        if len(verdict.complaints) > COMPLAINTS_SHOWN:
            stage.screen.show(f"      [red]and {len(verdict.complaints) - COMPLAINTS_SHOWN} more[/]")


def totals(stage: Stage) -> None:
    """The figures of the whole run: how much, and how fast."""
    sent, screen = stage.journal.sent, stage.screen
    statuses, receipts = len(stage.journal.reported), len(stage.journal.home)
    messages = sum(len(desk.mailbox.of(kind)) for desk in stage.desks.values() for kind in KINDS)
    receivers = sum(len(each.letter.receivers) for each in sent)
    answer = f"{median(each.seconds for each in sent) * 1000:.0f} ms"
    screen.point(
        f"{len(sent)} văn bản tới {receivers} nơi nhận, {statuses} gói tin trạng thái, {receipts} biên nhận",
        f"{len(sent)} documents to {receivers} receivers, {statuses} status messages, {receipts} receipts; "
        f"{messages} messages brought in {screen.seconds:.0f} s",
    )
    screen.point(
        f"{stage.per_second:.0f} văn bản mỗi giây khi chạy hết tốc lực; trả lời trong {answer} (trung vị)",
        f"{stage.per_second:.0f} documents a second at full speed, beside all other traffic; answered in "
        f"{answer} (median): signature checked, on disk",
    )
