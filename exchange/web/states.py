"""How a delivery stands, in words and in a tone: "accepted" and "delivered" are never the same."""

from collections.abc import Collection, Mapping

from exchange.core.delivery import State
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
