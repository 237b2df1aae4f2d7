"""One agency: how it is doing, what waits for it, what it was, and whether it could be reached."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response

from exchange import reports
from exchange.api.dependencies import InContext
from exchange.checks import may_send_unsigned
from exchange.context import Context, today
from exchange.core.codes import number_and_symbol
from exchange.core.delivery import State
from exchange.core.directory import Agency, Directory, standings
from exchange.core.expiry import end_of
from exchange.core.period import Period
from exchange.core.refusal import refuse
from exchange.core.report import By, Kind, Question
from exchange.core.standing import shown
from exchange.core.trust import named
from exchange.ledger import acts, reading, watching
from exchange.web import deeds
from exchange.web.asking import share_of
from exchange.web.connecting import try_out
from exchange.web.listing import Cell, Column
from exchange.web.naming import name_on
from exchange.web.pages.agencies import connection
from exchange.web.rendering import day as written
from exchange.web.rendering import moment, number, page, percent
from exchange.web.states import state_cell
from exchange.web.texts import TEXTS, said
from exchange.web.visitor import Administrator, Overseer, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/agencies")

QUEUE_SHOWN, ATTEMPTS_SHOWN, CHILDREN_SHOWN = 20, 20, 200
QUEUE = (
    Column("document", "agency.document"),
    Column("subject", "documents.words"),
    Column("sender", "documents.from"),
    Column("state", "documents.state"),
    Column("since", "agency.waiting_since", "moment"),
    Column("until", "agency.due", "moment"),
    Column("reason", "document.reason"),
)
ATTEMPTS = (
    Column("at", "attempt.started", "moment"),
    Column("number", "attempt.number", "number"),
    Column("verdict", "attempt.verdict"),
    Column("reason", "document.reason"),
    Column("document", "agency.document"),
)
CERTIFICATES = (
    Column("subject", "certificate.subject"),
    Column("until", "certificate.until", "moment"),
    Column("revocation", "certificate.revocation"),
    Column("fingerprint", "certificate.fingerprint", "code"),
)
HISTORY = (
    Column("days", "agency.days"),
    Column("name", "agencies.name"),
    Column("level", "agencies.level"),
    Column("parent", "agencies.parent"),
)


@router.get("/{code}")
def agency(visit: Overseer, context: InContext, code: str) -> Response:
    """Everything about it."""
    return _shown(visit, context, _found(context, code))


@router.post("/{code}/test")
def test(visit: Administrator, context: InContext, code: str) -> Response:
    """What can be told of its connection without sending a document."""
    found = _found(context, code)
    deeds.do(visit, context, "connection_tested", about=found.code)
    return _shown(visit, context, found, tried=try_out(context, found, visit.language))


def _found(context: Context, code: str) -> Agency:
    found = context.registry.current.directory.find(code, today(context.now()))
    if found is None:
        shown_code = code[:60]
        raise refuse("not_found", f"There is no agency {shown_code}.", f"Không có cơ quan {shown_code}.")
    return found


def _shown(visit: Visitor, context: Context, found: Agency, tried: object = None) -> Response:
    now, directory = context.now(), context.registry.current.directory
    day = today(now)
    waiting, queue = watching.queue_of(context.database, found.code, QUEUE_SHOWN)
    contact = watching.contact(context.database, found.code, ATTEMPTS_SHOWN)
    return page(
        visit,
        "agency.html",
        agency=found,
        title=found.as_of(day).name,
        facts=_facts(visit, context, found, waiting, contact.last),
        waiting=waiting,
        queue=whole(visit, QUEUE, [_queued(visit, context, row) for row in queue]),
        attempts=whole(visit, ATTEMPTS, [_attempt(visit, row) for row in contact.attempts]),
        certificates=whole(visit, CERTIFICATES, _certificates(visit, context, found)),
        history=whole(visit, HISTORY, _history(visit, context, found)),
        successors=_links(directory.successors(found), day),
        predecessors=_links(directory.predecessors(found, day), day),
        children=_links(directory.children(found.code, day)[:CHILDREN_SHOWN], day),
        tried=tried,
        tried_at=now,
    )


def _links(agencies: Iterable[Agency], day: date) -> list[tuple[str, str]]:
    return [(each.code, each.as_of(day).name) for each in agencies]


def _trial(context: Context, agency: Agency, language: str) -> str:
    """What the last trial of its adapter found."""
    done = acts.last_by_command(context.database, agency.code, "adapter_tried")
    if done is None:
        return said("agency.trial.none", language)
    kept, broken = done.body["kept"], done.body["broken"]
    return said(
        "agency.trial.broken" if broken else "agency.trial.kept",
        language,
        adapter=done.body["adapter"],
        at=moment(done.at),
        must=kept.get("MUST", 0),
        should=kept.get("SHOULD", 0),
        broken=", ".join(broken),
    )


def _facts(
    visit: Visitor, context: Context, found: Agency, waiting: int, last: datetime | None
) -> list[tuple[str, str]]:
    language, now, day = visit.language, context.now(), today(context.now())
    failing = reading.waiting_since(context.database, [found.code]).get(found.code)
    tokens = [
        each
        for each in context.registry.current.tokens.values()
        if each.agency == found.code and each.active(now)
    ]
    is_open = Directory.is_open(found, day)
    values = (
        ("agencies.code", found.code),
        ("agencies.standing", said("agencies.open" if is_open else "agencies.closed", language)),
        ("agency.adapter", connection(found, language)),
        ("agency.trial", _trial(context, found, language)),
        ("agency.last_contact", moment(last) if last else said("agency.never", language)),
        ("agency.failing", moment(failing) if failing else said("agency.not_failing", language)),
        ("agency.waiting", number(waiting, language)),
        ("agency.certificate", _certificate(visit, context, found)),
        ("agency.unsigned", _unsigned(visit, context, found)),
        ("agency.tokens", number(len(tokens), language)),
        ("agency.share", _share(visit, context, found)),
    )
    return [(said(key, language), value) for key, value in values]


def _certificate(visit: Visitor, context: Context, found: Agency) -> str:
    now = context.now()
    ends = [end_of(each) for each in found.certificates if each.valid_from <= now < end_of(each)]
    if not ends:
        return said("agency.certificate.none", visit.language)
    until = max(ends)
    days = (until - now).days
    if days > context.settings.certificate_warning_days:
        return moment(until)
    return said("agency.certificate.soon", visit.language, at=moment(until), days=days)


def _unsigned(visit: Visitor, context: Context, found: Agency) -> str:
    if found.unsigned_until is None:
        return said("agency.unsigned.no", visit.language)
    key = "agency.unsigned.until" if may_send_unsigned(found, context.now()) else "agency.unsigned.ended"
    return said(key, visit.language, day=written(found.unsigned_until))


def _share(visit: Visitor, context: Context, found: Agency) -> str:
    year = str(today(context.now()).year)
    period = Period.between(year, year)
    report = reports.ask(context, Question(kind=Kind.SHARE, period=period, by=By.AGENCY, agency=found.code))
    if not report.rows:
        return said("agency.share.nothing", visit.language)
    values = share_of(report, 0)
    count = number(int(str(values["classified"] or 0)), visit.language)
    if not isinstance(values["share"], float):
        return said("agency.share.not_reported", visit.language, count=count)
    shares = percent(values["share"], visit.language)
    return said(
        "agency.share.known", visit.language, share=shares, count=count, months=values["paper_months"]
    )


def _queued(visit: Visitor, context: Context, row: reading.Record) -> Mapping[str, Any]:
    name = number_and_symbol(row["number"], row["notation"]) or row["document"]
    directory, day = context.registry.current.directory, today(context.now())
    return {
        "document": Cell(name, f"/web/documents/{row['document']}"),
        "subject": row["subject"],
        "sender": name_on(directory, row["sender"], day),
        "state": state_cell(State(row["state"]), visit.language),
        "since": row["created_at"],
        "until": row["expires_at"],
        "reason": row["reason"],
    }


def _attempt(visit: Visitor, row: reading.Record) -> Mapping[str, Any]:
    key = f"verdict.{row['verdict']}"
    return {
        "at": row["started_at"],
        "number": row["number"],
        "verdict": said(key, visit.language) if key in TEXTS else row["verdict"],
        "reason": row["reason"],
        "document": _message(visit, row),
    }


def _message(visit: Visitor, row: reading.Record) -> str | Cell:
    """What it was that was delivered: a document by its number, anything else by its kind."""
    if row["kind"] != "document":
        return said(f"agency.{row['kind']}", visit.language)
    name = number_and_symbol(row["of"], row["notation"]) or row["document"]
    return Cell(name, f"/web/documents/{row['document']}")


def _certificates(visit: Visitor, context: Context, found: Agency) -> list[Mapping[str, Any]]:
    verdicts, now = context.registry.current.verdicts, context.now()
    return [
        {
            "subject": named(each.certificate.subject),
            "until": end_of(each),
            "revocation": said(f"revocation.{shown(verdicts.get(each.fingerprint), now)}", visit.language),
            "fingerprint": each.fingerprint,
        }
        for each in found.certificates
    ]


def _history(visit: Visitor, context: Context, found: Agency) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for each in reversed(standings(found)):
        key = "agency.until_now" if each.until is None else "agency.between"
        days = {"since": written(each.since)} | ({} if each.until is None else {"until": written(each.until)})
        rows.append(
            {
                "days": said(key, visit.language, **days),
                "name": each.name,
                "level": said(f"level.{each.level.value}", visit.language),
                "parent": name_on(context.registry.current.directory, each.parent, each.since),
            }
        )
    return rows
