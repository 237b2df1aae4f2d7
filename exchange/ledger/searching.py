"""Search for documents, for people: by number, symbol, subject, agency, state and period.

Bounded whatever is asked: what is looked at comes in the order of its time out of an index, and no more
than ``LOOKED_AT_MAX`` of it. The answer says if that was not all; who looks for more asks more narrowly.
"""

import heapq
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from exchange.core.closing import FORWARDED
from exchange.core.delivery import FINAL, State
from exchange.ledger.database import Database
from exchange.tables import DeliveryRow, DocumentRow

DOCUMENT = DocumentRow.__table__  # type: ignore[attr-defined]
DELIVERY = DeliveryRow.__table__  # type: ignore[attr-defined]

LOOKED_AT_MAX = 50_000
SORTED_MAX = 5_000  # of those found, where they are to come in another order than that of their time
AGENCIES_MAX = 20  # that one question may name on either side
_TOGETHER = 200  # documents whose deliveries are asked for at once
OPEN = frozenset(State) - FINAL

# Written out, as the conditions of the indexes are: a value that is bound finds no partial index.
_KINDS: ColumnElement[bool] = literal_column("document.kind IN ('document', 'paper')")
_OF_DOCUMENTS: ColumnElement[bool] = literal_column("delivery.kind = 'document'")
_NOT_DELIVERED: ColumnElement[bool] = literal_column("delivery.state <> 'delivered'")
_COLUMNS = (
    *(DOCUMENT.c[name] for name in ("id", "kind", "number", "notation", "subject", "sender")),
    *(DOCUMENT.c[name] for name in ("accepted_at", "type_name", "priority", "paper", "signed")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; what is empty is not asked. ``until`` is the first moment that is too late.

    ``words`` are as ``folded`` writes them, each of which the subject holds; ``numbers`` are spellings
    of one number. ``states`` are those of a document's newest deliveries, one of which is enough.
    """

    words: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    notation: str = ""
    senders: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()
    states: frozenset[State] = frozenset()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One document that was found. ``states`` is by receiver, of the newest round; paper has none."""

    id: str
    kind: str
    number: str
    notation: str
    subject: str
    sender: str
    accepted_at: datetime
    type_name: str
    priority: int
    paper: bool
    signed: bool
    states: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Up to as many as were asked for; ``complete``: nothing was left unlooked at before them."""

    lines: tuple[Line, ...]
    complete: bool


def folded(text: str) -> str:
    """As it is compared: small letters without marks, so that "bao cao" finds "Báo cáo"."""
    return text.lower().translate(_BARE)


def _without_marks() -> dict[int, str]:
    """Each small letter of the Latin script by the letter that carries its marks; the marks by nothing."""
    letters = {code: unicodedata.normalize("NFD", chr(code))[0] for code in range(0xC0, 0x1F00)}
    bare = {code: letter for code, letter in letters.items() if letter.isascii()}
    return {**bare, **dict.fromkeys(range(0x300, 0x370), ""), ord("đ"): "d"}


_BARE = _without_marks()


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, as they are looked for."""
    return tuple(folded(text).split())


def spellings(number: str) -> tuple[str, ...]:
    """The number "5" is "05" too (NĐ 30/2020, App. I §II.3)."""
    bare = number.lstrip("0")
    return tuple(dict.fromkeys(each for each in (number, bare, bare.zfill(2)) if each and each != "00"))


def find(
    database: Database,
    question: Question,
    *,
    offset: int,
    limit: int,
    sort: str = "accepted_at",
    down: bool = True,
) -> Found:
    """``limit`` documents after the first ``offset``, in that order.

    In another order than that of time, it is one among the newest ``SORTED_MAX`` that there are.
    """
    by_time = sort == "accepted_at"
    with database.read() as connection, ExitStack() as cursors:
        looked = _Looked()
        drawn = looked.count(_drawn(connection, question, cursors, down=down or not by_time))
        matching = _matching(connection, question, drawn)
        if by_time:
            lines = list(islice(matching, offset, offset + limit))
            complete = not looked.all_used
        else:
            several = list(islice(matching, SORTED_MAX + 1))
            complete = len(several) <= SORTED_MAX and not looked.all_used
            ordered = sorted(several[:SORTED_MAX], key=_order(sort), reverse=down)
            lines = ordered[offset : offset + limit]
        return Found(lines=tuple(_with_states(connection, lines)), complete=complete)


def _order(sort: str) -> Callable[[Line], Any]:
    """Numbers by their value, texts as people read them."""
    if sort == "number":
        return lambda line: (
            not line.number.isdecimal(),
            int(line.number or 0) if line.number.isdecimal() else 0,
        )
    return lambda line: folded(getattr(line, sort))


class _Looked:
    """How many were looked at."""

    def __init__(self) -> None:
        self.all_used = False

    def count(self, lines: Iterator[Line]) -> Iterator[Line]:
        yield from islice(lines, LOOKED_AT_MAX)
        self.all_used = next(lines, None) is not None


def _drawn(connection: Connection, question: Question, cursors: ExitStack, *, down: bool) -> Iterator[Line]:
    """What may match, each once, in the order of time: out of the index that leaves the fewest."""
    ways = [_rows(connection, each, cursors) for each in _ways(question, down=down)]
    seen: set[str] = set()
    for row in heapq.merge(*ways, key=lambda row: row.at, reverse=down):
        if row.id not in seen:
            seen.add(row.id)
            yield Line(**{column.name: getattr(row, column.name) for column in _COLUMNS})


def _rows(connection: Connection, statement: Select[Any], cursors: ExitStack) -> Iterator[Any]:
    """As they are drawn, and no more: the database keeps the place."""
    result = connection.execution_options(yield_per=_TOGETHER).execute(statement)
    cursors.callback(result.close)
    return iter(result)


def _ways(question: Question, *, down: bool) -> list[Select[Any]]:
    if question.numbers:
        return [_of_documents(question, down, DOCUMENT.c.number == each) for each in question.numbers]
    if question.senders:
        return [_of_documents(question, down, DOCUMENT.c.sender == each) for each in question.senders]
    if question.receivers:
        first = DELIVERY.c.round == 1  # begun with its document
        return [
            _of_deliveries(question, down, DELIVERY.c.receiver == each, first) for each in question.receivers
        ]
    if question.states and State.DELIVERED not in question.states:
        return [
            _of_deliveries(question, down, DELIVERY.c.state == each.value, _NOT_DELIVERED)
            for each in sorted(question.states)
        ]
    return [_of_documents(question, down)]


def _of_documents(question: Question, down: bool, *conditions: ColumnElement[bool]) -> Select[Any]:
    at = DOCUMENT.c.accepted_at
    statement = select(*_COLUMNS, at.label("at")).where(_KINDS, *conditions)
    return _in_time(statement, question, at, down)


def _of_deliveries(question: Question, down: bool, *conditions: ColumnElement[bool]) -> Select[Any]:
    at = DELIVERY.c.created_at
    statement = (
        select(*_COLUMNS, at.label("at"))
        .join(DOCUMENT, DOCUMENT.c.id == DELIVERY.c.document)
        .where(_OF_DOCUMENTS, *conditions)
    )
    return _in_time(statement, question, at, down)


def _in_time(statement: Select[Any], question: Question, at: Any, down: bool) -> Select[Any]:
    if question.since is not None:
        statement = statement.where(at >= question.since)
    if question.until is not None:
        statement = statement.where(at < question.until)
    return statement.order_by(at.desc() if down else at).limit(LOOKED_AT_MAX + 1)


def _matching(connection: Connection, question: Question, drawn: Iterable[Line]) -> Iterator[Line]:
    candidates = filter(partial(_matches, question), drawn)
    if not question.receivers and not question.states:
        yield from candidates
        return
    for together in _batches(candidates):
        for line in _with_states(connection, together):
            if _states_match(question, line.states):
                yield line


def _matches(question: Question, line: Line) -> bool:
    """By what stands in the document itself."""
    if question.numbers and line.number not in question.numbers:
        return False
    if question.senders and line.sender not in question.senders:
        return False
    if question.notation and question.notation not in folded(line.notation):
        return False
    if not question.words:
        return True
    subject = folded(line.subject)
    return all(word in subject for word in question.words)


def _states_match(question: Question, states: Mapping[str, State]) -> bool:
    wanted = {
        state
        for receiver, state in states.items()
        if not question.receivers or receiver in question.receivers
    }
    return bool(wanted & question.states) if question.states else bool(wanted)


def _with_states(connection: Connection, lines: Iterable[Line]) -> Iterator[Line]:
    for together in _batches(lines):
        states = _states(connection, [line.id for line in together if not line.states])
        for line in together:
            yield line if line.states else replace(line, states=states.get(line.id, {}))


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while together := list(islice(rest, _TOGETHER)):
        yield together


def _states(connection: Connection, documents: list[str]) -> dict[str, dict[str, State]]:
    """By document and receiver, of the newest round."""
    statement = (
        select(DELIVERY.c.document, DELIVERY.c.receiver, DELIVERY.c.state)
        .where(
            DELIVERY.c.document.in_(documents),
            DELIVERY.c.kind == "document",
            DELIVERY.c.cause != FORWARDED,  # the delivery to the agency that follows says where it stands
        )
        .order_by(DELIVERY.c.document, DELIVERY.c.receiver, DELIVERY.c.round)
    )
    found: dict[str, dict[str, State]] = {}
    if documents:
        for row in connection.execute(statement):
            found.setdefault(row.document, {})[row.receiver] = State(row.state)
    return found
