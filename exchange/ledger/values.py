"""What the transactions take: frozen values, one per row to be."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from exchange.core.delivery import State
from exchange.core.leaf import SALT_BYTES

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A message to be kept. ``body`` is None when its bytes lie in a file already, synced."""

    id: str
    kind: str
    sender: str
    document_id: str
    digest: str
    size: int
    body: bytes | None
    accepted_at: datetime
    subject: str = ""
    priority: int = 0
    second_key: str | None = None
    number: str = ""
    notation: str = ""
    promulgated_on: date | None = None
    type_name: str = ""
    business_type: int = 0
    earlier: tuple[str, ...] = ()
    paper: bool = False
    signed: bool = True
    certificate: str = ""
    signer: str = ""
    copies: int | None = None
    about: str | None = None
    receipt_kind: str = ""
    receipt_of: str | None = None

    def row(self) -> Row:
        """The columns of table ``document``."""
        return {
            "id": self.id,
            "kind": self.kind,
            "sender": self.sender,
            "document_id": self.document_id,
            "digest": self.digest,
            "size": self.size,
            "accepted_at": self.accepted_at,
            "subject": self.subject,
            "priority": self.priority,
            "second_key": self.second_key,
            "number": self.number,
            "notation": self.notation,
            "promulgated_on": self.promulgated_on,
            "type_name": self.type_name,
            "business_type": self.business_type,
            "earlier": canonical(self.earlier),
            "paper": self.paper,
            "signed": self.signed,
            "certificate": self.certificate,
            "signer": self.signer,
            "copies": self.copies,
            "about": self.about,
            "receipt_kind": self.receipt_kind,
            "receipt_of": self.receipt_of,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to be begun."""

    id: str
    document: str
    kind: str
    receiver: str
    addressed_as: str
    state: State
    priority: int
    rank_at: datetime
    next_attempt_at: datetime
    expires_at: datetime
    created_at: datetime
    forwarded_from: str = ""
    round: int = 1
    exchange_class: str = ""

    def row(self) -> Row:
        """The columns of table ``delivery``."""
        return {
            "id": self.id,
            "document": self.document,
            "kind": self.kind,
            "receiver": self.receiver,
            "addressed_as": self.addressed_as,
            "forwarded_from": self.forwarded_from,
            "round": self.round,
            "state": self.state.value,
            "priority": self.priority,
            "rank_at": self.rank_at,
            "attempts": 0,
            "next_attempt_at": self.next_attempt_at,
            "expires_at": self.expires_at,
            "lease": "",
            "created_at": self.created_at,
            "final_at": None,
            "cause": "",
            "reason": "",
            "reference": "",
            "business": "none",
            "take_back": "none",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """A line of the ledger to be written."""

    at: datetime
    event: str
    document: str
    delivery: str | None = None
    agency: str = ""
    exchange_class: str = ""
    body: dict[str, object] = field(default_factory=dict)
    salt: str = field(default_factory=lambda: secrets.token_hex(SALT_BYTES))

    def row(self) -> Row:
        """The columns of table ``entry``."""
        return {
            "at": self.at,
            "event": self.event,
            "document": self.document,
            "delivery": self.delivery,
            "agency": self.agency,
            "exchange_class": self.exchange_class,
            "body": canonical(self.body),
            "salt": self.salt,
        }


def canonical(value: object) -> str:
    """JSON with sorted keys and no white space: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
