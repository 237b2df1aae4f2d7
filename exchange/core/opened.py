"""Opened entries: what stands behind leaves, for an auditor who counts again.

A line of JSON for each: its leaf's index, salt and details, which the leaf commits to. Only the entries
that count are needed (``core.counting.Kind``), all of them; of others the leaf says enough.
"""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from exchange.core.counting import BEGINS, ENDS, Event, Kind, Subject
from exchange.core.leaf import Leaf, canonical
from exchange.core.share import ExchangeClass, identity

KINDS = frozenset(kind.value for kind in Kind)
LINE_BYTES_MAX = 1_000_000
_PAPER = frozenset({Kind.PAPER, Kind.PAPER_NONE, Kind.PAPER_WITHDRAWN})
_PAPER_BUSINESS = -1


class NotOpened(ValueError):
    """A line that opens no entry; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What opens the leaf ``index``. Once an entry is erased, salt and details are empty."""

    index: int
    salt: bytes
    details: Mapping[str, Any]

    @property
    def erased(self) -> bool:
        """Whether nobody can open it any more."""
        return not self.salt


def write_line(opened: Opened) -> bytes:
    """One line."""
    value = {"details": dict(opened.details), "index": opened.index, "salt": opened.salt.hex()}
    return canonical(value) + b"\n"


def read_line(line: bytes) -> Opened:
    """Read a line; raises ``NotOpened``."""
    try:
        value = json.loads(line)
        opened = Opened(index=value["index"], salt=bytes.fromhex(value["salt"]), details=value["details"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NotOpened("not the JSON of an opened entry") from None
    if not isinstance(opened.index, int) or not isinstance(opened.details, dict):
        raise NotOpened("index or details are of the wrong kind")
    return opened


class Reading:
    """Turns leaves and what stands behind them, in the order of the leaves, into events to be folded.

    ``subjects``, by document, and ``receivers``, by delivery, are where it keeps what later entries leave
    out: as many as the ledger has.
    """

    def __init__(
        self,
        subjects: MutableMapping[str, Subject] | None = None,
        receivers: MutableMapping[str, str] | None = None,
    ) -> None:
        self._subjects = {} if subjects is None else subjects
        self._receivers = {} if receivers is None else receivers
        self.strangers = 0
        """Entries whose first one was never opened, or was written before facts stood in it."""

    def event(self, leaf: Leaf, details: Mapping[str, Any]) -> Event | None:
        """The event; None where the entry does not count. Raises ``NotOpened``."""
        try:
            return self._event(Kind(leaf.event), leaf, details)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotOpened(f"details of another form: {error!r:.80}") from None

    def _event(self, kind: Kind, leaf: Leaf, details: Mapping[str, Any]) -> Event | None:
        body, document = details["body"], details["document_id"]
        if kind in _PAPER:
            return self._paper(kind, leaf, body, document, details["agency"])
        if kind is Kind.ACCEPTED:
            if "second_key" not in body:
                self.strangers += 1
                return None
            if document not in self._subjects:
                self._subjects[document] = _subject(leaf, body, document)
            self._receivers[leaf.exchange] = body["receiver"]
        elif kind in BEGINS:
            self._receivers[leaf.exchange] = details["agency"]
        subject, receiver = self._subjects.get(document), self._receivers.get(leaf.exchange)
        if subject is None or receiver is None:
            self.strangers += kind in BEGINS  # the end of what is no document is no stranger
            return None
        forwarded = kind is Kind.FORWARDED
        return Event(
            kind=kind,
            at=datetime.fromisoformat(body["accepted_at"]) if forwarded else leaf.at,
            exchange=leaf.exchange,
            subject=subject,
            receiver=receiver,
            cause=body.get("cause", "") if kind in ENDS and kind is not Kind.DELIVERED else "",
        )

    def _paper(self, kind: Kind, leaf: Leaf, body: Mapping[str, Any], document: str, agency: str) -> Event:
        return Event(
            kind=kind,
            at=leaf.at,
            exchange=leaf.exchange,
            subject=Subject(
                identity=identity(document, body.get("second_key"), 0),
                document=document,
                sender=agency,
                type_name=body.get("type_name", ""),
                priority=body.get("priority", 0),
            ),
            receiver=body["receiver"],
            sent_on=date.fromisoformat(body["sent_on"]),
            reason=body["reason"],
            declared=not body["receiver"],
        )


def _subject(leaf: Leaf, body: Mapping[str, Any], document: str) -> Subject:
    promulgated_on = body["promulgated_on"]
    return Subject(
        identity=identity(document, body["second_key"], body["business_type"]),
        document=document,
        sender=body["sender"],
        type_name=body["type_name"],
        priority=body["priority"],
        signed=body["signed"],
        flagged=leaf.exchange_class == ExchangeClass.WITH_PAPER,
        promulgated_on=None if promulgated_on is None else date.fromisoformat(promulgated_on),
    )
