"""Who did what, when, to which document: for those who oversee."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.context import Context, today
from exchange.core.acts import ACTS, told
from exchange.core.codes import number_and_symbol
from exchange.ledger import act_search, people
from exchange.ledger.act_search import Line, Question
from exchange.ledger.acts import OPERATOR
from exchange.ledger.people import ADMINISTRATOR, Account
from exchange.ledger.searching import folded
from exchange.web.listing import Asked, Cell, Column, Listing, csv_response
from exchange.web.naming import name_on
from exchange.web.rendering import page
from exchange.web.searches import Search
from exchange.web.texts import TEXTS, said
from exchange.web.visitor import Overseer, Visitor

router = APIRouter(prefix="/web/acts")

COLUMNS = (
    Column("at", "deeds.at", "moment"),
    Column("person", "acts.person"),
    Column("role", "acts.role"),
    Column("deed", "acts.kind"),
    Column("about", "acts.about"),
    Column("agency", "acts.agency"),
    Column("entry", "acts.entry", "code"),
)
FIELDS = ("person", "agency", "kind", "since", "until")


@router.get("")
def acts(visit: Overseer, context: InContext) -> Response:
    """The newest first, or those that are asked for."""
    asked = Asked.of(visit, COLUMNS, FIELDS)
    search = Search(asked.filters, visit.language)
    everybody = people.everybody(context.database)
    question = _question(context, search, everybody)
    lines = [] if search.wrong else act_search.search(context.database, question, asked.offset, asked.limit)
    accounts = {each.id: each for each in everybody}
    listing = Listing(asked, COLUMNS, [_row(visit, context, each, accounts) for each in lines])
    if asked.csv:
        return csv_response(visit, listing, "acts")
    return page(visit, "acts.html", listing=listing, wrong=search.wrong, kinds=_kinds(visit))


def _question(context: Context, search: Search, everybody: Iterable[Account]) -> Question:
    filters = search.filters
    kind = filters.get("kind", "")
    return Question(
        persons=_persons(search, everybody),
        agencies=search.agencies(context, "agency"),
        event=kind if kind in ACTS else "",
        since=search.day("since", context.now()),
        until=search.day("until", context.now()),
    )


def _persons(search: Search, everybody: Iterable[Account]) -> list[str] | None:
    text = search.filters.get("person", "")
    if not text:
        return None
    words = folded(text).split()
    names = [(each.id, f"{each.login} {each.name}") for each in everybody]
    operator = " ".join((OPERATOR, *TEXTS["deeds.operator"]))
    found = [id_ for id_, name in (*names, (OPERATOR, operator)) if _bears(name, words)]
    if not found:
        search.wrong["person"] = said("acts.nobody", search.language, text=text)
    return found


def _bears(name: str, words: Iterable[str]) -> bool:
    plain = folded(name)
    return all(word in plain for word in words)


def _kinds(visit: Visitor) -> list[tuple[str, str]]:
    place = 1 if visit.language == "en" else 0
    return sorted(((event, texts[place]) for event, texts in ACTS.items()), key=lambda each: folded(each[1]))


def _row(visit: Visitor, context: Context, line: Line, accounts: Mapping[str, Account]) -> Mapping[str, Any]:
    role = str(line.body.get("role", ""))
    known = f"role.{role}" in TEXTS
    day = today(context.now())
    return {
        "at": line.at,
        "person": _person(visit, line.person, accounts),
        "role": said(f"role.{role}", visit.language) if known else "",
        "deed": told(line.event)[1 if visit.language == "en" else 0],
        "about": _about(visit, line, accounts),
        "agency": name_on(context.registry.current.directory, line.agency, day) if line.agency else "",
        "entry": line.entry,
    }


def _person(visit: Visitor, person: str, accounts: Mapping[str, Account]) -> str | Cell:
    if person == OPERATOR:
        return said("deeds.operator", visit.language)
    account = accounts.get(person)
    if account is None:
        return person
    name = f"{account.name} ({account.login})"
    return Cell(name, f"/web/accounts/{person}") if visit.role == ADMINISTRATOR else name


def _about(visit: Visitor, line: Line, accounts: Mapping[str, Account]) -> str | Cell:
    """The document by its number, or the account that was changed, or what else the entry names."""
    if line.document:
        name = number_and_symbol(line.number, line.notation) or line.document_id
        return Cell(name, f"/web/documents/{line.document}" if line.kind == "document" else "")
    account = str(line.body.get("account", ""))
    if account:
        return _person(visit, account, accounts)
    return str(line.body.get("about") or line.body.get("report") or line.body.get("digest") or "")
