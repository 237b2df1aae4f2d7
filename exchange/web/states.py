"""How a delivery stands, in words and in a tone: "accepted" and "delivered" are never the same."""

from collections.abc import Callable, Collection, Mapping, Sequence

from exchange.core.closing import FORWARDED
from exchange.core.delivery import State
from exchange.ledger.reading import Dossier, Record
from exchange.ledger.searching import OPEN, Line
from exchange.web.listing import Cell
from exchange.web.texts import said

TONES: Mapping[State, str] = {
    State.READY: "waiting",
    State.WAITING: "waiting",
    State.AVAILABLE: "waiting",
    State.LEASED: "waiting",
    State.ACCEPTED: "accepted",
    State.DELIVERED: "delivered",
    State.REFUSED: "failed",
    State.EXPIRED: "failed",
}
# What people look for, by the name of the choice.
GROUPS: Mapping[str, Collection[State]] = {
    "open": OPEN,
    "late": OPEN,
    "available": (State.AVAILABLE, State.LEASED),
    "delivered": (State.DELIVERED,),
    "dead": (State.REFUSED, State.EXPIRED),
}


def state_cell(state: State, language: str) -> Cell:
    """One delivery."""
    return Cell(said(f"state.{state.value}", language), tone=TONES[state])


def standing(deliveries: Sequence[Record]) -> list[Record]:
    """Those that say where the document stands: without those that went on to an agency that follows."""
    return [each for each in deliveries if each["cause"] != FORWARDED]


def heir_of(dossier: Dossier, delivery: str) -> Record | None:
    """The delivery that began where ``delivery`` ended because its receiver was closed."""
    for entry in dossier.entries:
        if entry["event"] == "forwarded" and entry["body"].get("earlier") == delivery:
            return next((row for row in dossier.deliveries if row["id"] == entry["delivery"]), None)
    return None


def delivery_cell(row: Record, dossier: Dossier, name: Callable[[str], str], language: str) -> Cell:
    """One delivery of the document; where it went on, to whom, with the way to that delivery's line."""
    if row["cause"] != FORWARDED:
        return state_cell(State(row["state"]), language)
    heir = heir_of(dossier, row["id"])
    if heir is None:  # the agency that follows had the document already
        return Cell(said("state.forwarded", language), tone="accepted")
    text = said("state.forwarded_to", language, name=name(heir["receiver"]))
    return Cell(text, f"#d-{heir['id']}", "accepted")


def summary_cell(line: Line, language: str) -> Cell:
    """All deliveries of a document in one: the worst of them gives the tone."""
    if line.kind == "paper":
        return Cell(said("state.paper", language), tone="paper")
    states = list(line.states.values())
    if len(set(states)) == 1:
        return state_cell(states[0], language)
    delivered = states.count(State.DELIVERED)
    text = said("state.some", language, delivered=delivered, all=len(states))
    worst = max(states, key=lambda state: _WEIGHTS[TONES[state]], default=None)
    return Cell(text, tone="quiet" if worst is None else TONES[worst])


_WEIGHTS = {"delivered": 0, "accepted": 1, "waiting": 2, "failed": 3}
