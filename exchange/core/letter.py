"""A document as a clerk or an agency's own software knows it: fields and files, not yet a package."""

from dataclasses import dataclass
from datetime import date

from exchange.core.edxml_values import BusinessType


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file to be sent."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The earlier document that a letter revokes, updates or replaces, and why.

    ``document_id`` is the sender's own id of it, ``receivers`` the codes of those that it went to.
    """

    kind: BusinessType
    document_id: str
    reason: str
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is known of a document before it is composed (NĐ 30/2020/NĐ-CP art. 8, QCVN 102 MessageHeader).

    ``receivers`` are agency codes. ``copies``: how many were issued, None if nothing is said. ``paper``: a
    paper copy goes beside it (QĐ 28/2018/QĐ-TTg art. 7.2).
    """

    number: str
    notation: str  # the symbol after the number: UBND-VX
    promulgated_on: date
    type_name: str
    subject: str
    receivers: tuple[str, ...]
    files: tuple[File, ...]
    priority: int = 0  # QCVN 102 OtherInfo/Priority, 0..4
    place: str = ""
    signer_position: str = ""
    signer_name: str = ""
    paper: bool = False
    copies: int | None = None
    change: Change | None = None
