"""The port between the broker and an agency's software.

An adapter delivers bytes and returns a verdict. It holds no state of the broker, opens no
transaction, and never changes the signed bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from exchange.core.letter import Letter

Kind = Literal["document", "status", "receipt"]

NOT_BEFORE_MAX = timedelta(days=1)  # so far ahead an adapter may put the next try


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One document on its way to one receiver."""

    key: str  # the delivery's id: the same on every attempt; the receiver's idempotency key
    kind: Kind
    content: bytes  # exactly the bytes that were accepted
    digest: str  # SHA-256 of content, lower-case hex
    sender: str  # agency code
    receiver: str  # agency code, in the form that the sender used
    document_id: str  # DocumentId of the sender, or the receipt's id
    subject: str
    priority: int  # QCVN 102 OtherInfo/Priority, 0..4
    accepted_at: datetime  # aware, UTC


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver's software has the document, durably. ``reference`` is its own mark for it."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver's software took the document and will confirm it later."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Available:
    """The document lies ready; it is delivered when the receiver fetches and acknowledges it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """This attempt failed for a reason that may pass. ``not_before`` is the earliest next try.

    It is aware, and at most ``NOT_BEFORE_MAX`` ahead.
    """

    reason: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver's software will never take this document. ``code`` is stable, ``reason`` for people."""

    code: str
    reason: str


Outcome = Delivered | Accepted | Available | Retry | Refused


class Misbehaved(Exception):
    """An adapter gave what the port does not know; the message says what, for the administrator."""


def checked(outcome: object, now: datetime) -> Outcome:
    """An adapter's verdict, if it is one that can be acted on; raises ``Misbehaved``."""
    match outcome:
        case Delivered(str()) | Accepted(str()) | Available() | Refused(str(), str()) | Retry(str(), None):
            return outcome
        case Retry(str(reason), datetime() as not_before) if not_before.utcoffset() is not None:
            if not_before - now <= NOT_BEFORE_MAX:
                return outcome
            raise Misbehaved(f"{reason} (and not_before is more than a day ahead)")
        case Retry(str(reason), _):
            raise Misbehaved(f"{reason} (and not_before is not a time with a zone)")
    raise Misbehaved(f"the adapter's answer is no verdict: {type(outcome).__name__}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What an agency's software says of a document that it was given: the business status.

    The broker makes the message of it, signs it with the agency's key where it keeps one, and seals it
    where not: then the ledger has it as not proven.
    """

    delivery: str  # ``Outgoing.key``
    code: str  # QCVN 102 StatusCode: 02..06, 15, 16
    at: datetime  # aware; when the software says that it happened
    words: str = ""
    staff: str = ""  # who did it, as the software names that person
    agencys_word: bool = True  # False: anybody may have said it, so it is never signed with the agency's key


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What an agency's software had ready to send: an edXML message, a document to be made one, a status.

    A ``Letter`` is composed by the broker and signed with the agency's key where the site gave it that;
    else it goes as an unsigned package, if the directory allows the agency those.
    """

    key: str  # how the agency's software names it; handed back to ``collected``
    content: bytes | Letter | StatusReport


@dataclass(frozen=True, slots=True)
class Reached:
    """The agency's software answered a call that changes nothing. ``words``: what it says that it is."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """It did not answer, or not as this software should; the reason in one line."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """What a kind of software takes at all; the directory's limits of an agency stand beside it."""

    document_bytes_max: int | None = None  # None: no limit of its own
    attachment_types: frozenset[str] = frozenset()  # lower case, as in ContentType; empty: all


class Options(BaseModel):
    """What the directory says about one agency's software; each adapter declares its own subclass."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    pdf_signatures: Literal["", "required"] = ""  # of every adapter; looked at by exchange.findings

    @classmethod
    def read(cls, options: Mapping[str, object]) -> Self:
        """Raise ``ValueError`` that names each option which is wrong or missing, and never a value."""
        try:
            return cls.model_validate(dict(options))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
        # Outside of "except": the first error holds the values, and some of them are secrets.
        raise ValueError(
            "; ".join(cls._sentence(fault["type"], fault["loc"], fault["msg"]) for fault in found)
        )

    @classmethod
    def _sentence(cls, fault: str, where: tuple[int | str, ...], message: str) -> str:
        name = ".".join(str(part) for part in where)
        if fault == "missing":
            return f"option '{name}' is missing"
        if fault == "extra_forbidden":
            return f"option '{name}' is not known ({cls._nearest(name)})"
        message = message.removeprefix("Value error, ")
        return f"option '{name}': {message}" if name else message

    @classmethod
    def _nearest(cls, name: str) -> str:
        known = list(cls.model_fields)
        if near := get_close_matches(name, known, n=1):
            return f"did you mean '{near[0]}'?"
        return f"known: {', '.join(known) or 'none'}"


class AgencyAdapter(ABC):
    """One agency's software, as the broker sees it. Instances are shared by threads."""

    pull = False  # True: the receiver fetches; the broker puts documents out and makes no call
    takes: ClassVar[Takes] = Takes()

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        """Raise ``ValueError`` with a sentence if an option is wrong or missing."""
        self.options = options
        self.timeout_seconds = timeout_seconds

    @abstractmethod
    def deliver(self, outgoing: Outgoing) -> Outcome:
        """Hand over one document, within ``timeout_seconds``; idempotent on ``outgoing.key``."""

    def collect(self) -> Iterable[Collected]:
        """What the agency's software has ready to send; by default nothing."""
        return ()

    def collected(self, key: str) -> None:  # noqa: ARG002
        """The broker has committed the message ``key``: the agency's software may mark it sent."""
        return

    def refused(self, key: str, reasons: Sequence[str]) -> None:  # noqa: ARG002
        """The broker will never take the message ``key``: show the agency why, and lose nothing."""
        return

    def check(self) -> Reached | Unreachable | None:
        """Call the software, within ``timeout_seconds``, changing nothing; None: there is nothing to call.

        Raises nothing, and says no secret.
        """
        return None

    def stored(self, key: str) -> bytes | None:  # noqa: ARG002
        """The bytes that the software holds for a delivery, read back from it; None: they cannot be read.

        For tests of conformance; the broker itself does not ask.
        """
        return None

    def close(self) -> None:
        """Give back connections; called once, when the broker stops."""
        return
