"""Acts of persons in pages: written before what they tell of is shown, and shown to those who oversee."""

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.context import Context
from exchange.core.acts import told
from exchange.ledger import people
from exchange.ledger.acts import OPERATOR, Act, Done, record_act
from exchange.web.listing import Column
from exchange.web.texts import said
from exchange.web.visitor import Visitor

COLUMNS = (
    Column("at", "deeds.at", "moment"),
    Column("person", "deeds.person"),
    Column("deed", "deeds.deed"),
)


def do(visit: Visitor, context: Context, event: str, document: str = "", **what: object) -> None:
    """Write that the visitor does this now."""
    act = Act(
        event=event,
        at=context.now(),
        person=visit.person,
        role=visit.role,
        document=document,
        agency=visit.agency,
        what=what,
    )
    record_act(context.database, act)


def rows(visit: Visitor, context: Context, done: Sequence[Done]) -> list[Mapping[str, Any]]:
    """Who did what."""
    names = {each: _name(visit, context, each) for each in {str(act.body.get("person", "")) for act in done}}
    english = visit.language == "en"
    return [
        {
            "at": act.at,
            "person": names[str(act.body.get("person", ""))],
            "deed": told(act.event)[1 if english else 0],
        }
        for act in done
    ]


def _name(visit: Visitor, context: Context, person: str) -> str:
    if person == OPERATOR:
        return said("deeds.operator", visit.language)
    account = people.by_id(context.database, person)
    return (
        person
        if account is None
        else f"{account.name or account.login} ({said('role.' + account.role, visit.language)})"
    )
