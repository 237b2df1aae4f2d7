"""What becomes of the messages that wait at an agency when it is closed.

The plan that closes an agency says it for documents: *forward* to the one agency that follows, or
*return* to the sender. Either way the sender hears of it by the signed receipt of an end. Messages
about documents, receipts and statuses, go to all agencies that follow, each of which acts for the closed
one, and stay where there is none.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from exchange.core.codes import form_of
from exchange.core.directory import Agency, Directory
from exchange.core.directory_problems import Words

FORWARDED = "receiver_forwarded"  # why a delivery ended that goes on to the agency that follows

# Why a delivery ended that is over for good: its sender decides anew.
CLOSED = frozenset({FORWARDED, "receiver_closed", "receiver_split"})


class Waiting(StrEnum):
    """What is to become of the documents that wait at a closed agency."""

    FORWARD = "forward"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """An agency is closed from ``day`` on; ``note`` says on what ground."""

    agency: str
    day: date
    waiting: Waiting
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """A message that waits at an agency. ``size`` is in bytes.

    ``attachment_types`` as the message names them, lower case; None where nobody looked.
    """

    kind: str  # document, status, receipt
    sender: str
    addressed_as: str
    size: int
    attachment_types: frozenset[str] | None = None


class Heir(NamedTuple):
    """An agency that follows, and the code under which it is addressed."""

    agency: Agency
    addressed_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How a delivery ends, and to whom the message goes on; to nobody: back to its sender."""

    cause: str
    reason: str
    onward: tuple[Heir, ...] = ()


def fate(directory: Directory, closing: Closing, lying: Lying, on: date) -> Fate | None:
    """What becomes of a message as of ``on``; None: it stays where it is."""
    agency = directory.get(closing.agency)
    if agency is None or on < closing.day or directory.is_open(agency, on):
        return None
    heirs = directory.heirs(agency, on)
    if lying.kind != "document":
        there = tuple(heir for heir in heirs if _obstacle(heir, lying) is None)
        return _forward(closing, lying, there, on) if there else None
    obstacle = _obstacle(heirs[0], lying) if len(heirs) == 1 else None
    if len(heirs) == 1 and obstacle is None and closing.waiting is Waiting.FORWARD:
        return _forward(closing, lying, heirs, on)
    return _return(closing, lying, heirs, obstacle, on)


def _obstacle(heir: Agency, lying: Lying) -> Words | None:
    """Why the message cannot go on to the one that follows; None if it can."""
    if not heir.adapter:
        return Words(", which is not connected", ", chưa kết nối")
    if heir.code == lying.sender:
        return Words(", which is its sender", ", chính là bên gửi")
    most = heir.limits.document_bytes_max
    if most is not None and lying.size > most:
        return Words(f", which takes {most} bytes at most", f", chỉ nhận tối đa {most} byte")
    taken, types = heir.limits.attachment_types, lying.attachment_types
    if lying.kind == "document" and taken and types is not None and not types <= taken:
        listed = ", ".join(sorted(taken))
        return Words(f", which takes attachments of {listed} only", f", chỉ nhận tệp đính kèm loại {listed}")
    return None


def _forward(closing: Closing, lying: Lying, heirs: tuple[Agency, ...], on: date) -> Fate:
    form = form_of(lying.addressed_as)
    onward = tuple(Heir(heir, Directory.code_for(heir, form, on)) for heir in heirs)
    closed = _closed(closing, lying)
    named = ", ".join(f"{code} ({heir.as_of(on).name})" for heir, code in onward)
    codes = ", ".join(code for _, code in onward)
    reason = f"{closed.vi}; văn bản chuyển tới {named} / {closed.en}; it goes on to {codes}"
    return Fate(cause=FORWARDED, reason=reason, onward=onward)


def _return(
    closing: Closing, lying: Lying, heirs: tuple[Agency, ...], obstacle: Words | None, on: date
) -> Fate:
    form = form_of(lying.addressed_as)
    codes = ", ".join(Directory.code_for(heir, form, on) for heir in heirs)
    follows = Words("nobody follows it", "không có đơn vị kế thừa")
    if heirs:
        why = obstacle or Words("", "")
        follows = Words(f"it is followed by {codes}{why.en}", f"kế thừa có {codes}{why.vi}")
    closed = _closed(closing, lying)
    reason = f"{closed.vi}; {follows.vi}; văn bản trả lại bên gửi / {closed.en}; {follows.en}; it is returned"
    return Fate(cause="receiver_split" if len(heirs) > 1 else "receiver_closed", reason=reason)


def _closed(closing: Closing, lying: Lying) -> Words:
    ground = f" ({closing.note})" if closing.note else ""
    return Words(
        f"{lying.addressed_as} is closed since {closing.day}",
        f"{lying.addressed_as} ngừng hoạt động từ ngày {closing.day:%d/%m/%Y}{ground}",
    )
