"""``exchange directory reorganise``: agencies merge, split, are renamed, moved and closed by a plan."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from exchange import settings
from exchange.app import open_database
from exchange.cli.agency_files import adapter_problems, refuse, sentence
from exchange.cli.say import fail, local, say
from exchange.closing import Contents, Outlook, ends, outlook
from exchange.context import clock
from exchange.core.closing import Closing
from exchange.core.directory import Agency, Directory
from exchange.core.parsing import ParseLimits
from exchange.core.reorganisation import Reorganised
from exchange.core.reorganisation import reorganise as take
from exchange.ledger import closing as ledger
from exchange.ledger import directory_store
from exchange.ledger.acts import OPERATOR, Act
from exchange.ledger.closing import Ends
from exchange.ledger.database import Database
from exchange.ledger.directory_store import Token
from exchange.payloads import Payloads


def reorganise(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The plan, a CSV file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change, and what waits.")
    ] = False,
    on: Annotated[
        datetime | None,
        typer.Option(help="The first day of what is new, for lines without a date.", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """Merge, split, rename, move, close and create agencies by a plan, all or nothing.

    What waits at closed agencies goes on or back on the day that the plan names (docs/directory.md).
    """
    site = settings.load()
    database, now = open_database(site), clock()
    version, known, tokens = directory_store.load(database)
    content = file.read_bytes()
    plan = take(content, Directory(known), None if on is None else on.date())
    if against := [*plan.problems, *adapter_problems(plan.created)]:
        refuse(file.name, against)
    ending = ends(plan.closings, now, timedelta(hours=site.receipt_expiry_hours))
    payloads = Payloads(site.data / "payloads", database, site.payload_inline_bytes_max)
    limits = ParseLimits(document_bytes_max=site.document_bytes_max, depth_max=site.depth_max)
    _show(Contents(database, payloads, limits), plan, ending, tokens, now)
    if not dry_run:
        _write(database, plan, ending, version, _act(content, plan, now))
    done = "sẽ thay đổi / would change" if dry_run else "đã thay đổi / changed"
    say(f"{done}: {len(plan.changes)}")


def _show(
    contents: Contents, plan: Reorganised, ending: Mapping[str, Ends], tokens: Sequence[Token], now: datetime
) -> None:
    for change in plan.changes:
        say(sentence(change))
    due = {closing.agency: closing for closing in plan.closings}
    waiting = outlook(contents, plan.directory, due, now)
    for closing in plan.closings:
        agency = plan.directory.get(closing.agency)
        assert agency is not None
        say(_closed(agency, closing))
        if waiting[closing.agency] != Outlook():
            say(_waits(waiting[closing.agency]))
        if told := _ends(agency, ending[closing.agency], tokens):
            say(told)
    if plan.closings:
        say(_total(waiting.values()))


def _closed(agency: Agency, closing: Closing) -> str:
    word = {"forward": "chuyển tiếp / forward", "return": "trả lại / return"}[closing.waiting.value]
    follows = ", ".join(agency.successors) or "–"
    return (
        f"ngừng từ / closed from {closing.day} {agency.code} ({agency.name}) → {follows};"
        f" văn bản đang chờ / what waits: {word}"
    )


def _waits(found: Outlook) -> str:
    parts = (
        ("chuyển tiếp / forwarded", found.forwarded),
        ("trả lại / returned", found.returned),
        ("biên nhận, trạng thái chuyển theo / receipts and statuses that go along", found.along),
        ("biên nhận, trạng thái để lại / that stay", found.left),
        ("đang được nhận hoặc đã thu hồi / being taken, or withdrawn", found.busy),
    )
    return "    " + "; ".join(f"{what}: {count}" for what, count in parts if count)


def _ends(agency: Agency, end: Ends, tokens: Sequence[Token]) -> str:
    certificates = sum(
        each.valid_to is None or each.valid_to > end.certificates_at for each in agency.certificates
    )
    opening = sum(
        each.agency == agency.code and each.revoked_at is None and each.expires_at > end.tokens_at
        for each in tokens
    )
    told = []
    if certificates:
        at = local(end.certificates_at)
        told.append(f"chứng thư hết hiệu lực / certificates that end {at}: {certificates}")
    if opening:
        told.append(f"mã truy cập hết hạn / tokens that end {local(end.tokens_at)}: {opening}")
    return "    " + "; ".join(told) if told else ""


def _total(found: Iterable[Outlook]) -> str:
    several = list(found)
    forwarded, returned = sum(each.forwarded for each in several), sum(each.returned for each in several)
    return (
        f"cơ quan ngừng hoạt động / agencies that are closed: {len(several)};"
        f" văn bản chuyển tiếp / documents forwarded: {forwarded}; trả lại / returned: {returned}"
    )


def _act(content: bytes, plan: Reorganised, now: datetime) -> Act:
    what = {
        "changes": len(plan.changes),
        "closed": len(plan.closings),
        "plan": hashlib.sha256(content).hexdigest(),
    }
    return Act(event="directory_changed", at=now, person=OPERATOR, role=OPERATOR, what=what)


def _write(database: Database, plan: Reorganised, ending: Mapping[str, Ends], version: int, act: Act) -> None:
    try:
        ledger.reorganise(database, plan.changed, plan.closings, ending, version, act)
    except directory_store.Changed:
        fail("danh bạ vừa được thay đổi ở nơi khác, chưa thay đổi gì: hãy chạy lại lệnh")
        fail("the directory was changed meanwhile, nothing was changed: run the command again")
        raise typer.Exit(1) from None
