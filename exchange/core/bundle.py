"""Evidence bundle: what lies where in the container, and what it says of itself.

``exchange.evidence`` gathers one, ``exchange.audit`` checks it; both go by this.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from exchange.core.leaf import canonical
from exchange.core.receipt import instant

VERSION = 1

DOCUMENT = "document.edxml"
ACCEPTANCE = "acceptance.xml"
CONTENTS = "evidence.json"
FINDINGS = "findings.json"  # on the signatures in attached PDFs, as the entry "examined" commits to them
CHECKPOINT = "checkpoint.txt"
REPORT = "report.html"
PAPER = "report.pdf"
RECEIPTS = "receipts/"  # *.xml
STATUSES = "statuses/"  # *.edxml, signed by agencies
ENTRIES = "entries/"  # *.json, a proof each
STAMPS = "stamps/"  # <size>.tsr, and <size>.json with its checkpoint and consistency proof
CERTIFICATES = "certificates/"  # *.pem
REVOCATION = "revocation/"  # *.crl, *.ocsp

_FILES = {DOCUMENT, ACCEPTANCE, CONTENTS, FINDINGS, CHECKPOINT, REPORT, PAPER}
_FOLDERS = {
    RECEIPTS: (".xml",),
    STATUSES: (".edxml",),
    ENTRIES: (".json",),
    STAMPS: (".tsr", ".json"),
    CERTIFICATES: (".pem",),
    REVOCATION: (".crl", ".ocsp"),
}


def is_part(name: str) -> bool:
    """Whether a file of this name is a part of a bundle."""
    return name in _FILES or any(
        name.startswith(folder) and name.endswith(endings) for folder, endings in _FOLDERS.items()
    )


class Role(StrEnum):
    """For whom it was gathered: a receiver gets its own part alone, an auditor all but the content."""

    SENDER = "sender"
    RECEIVER = "receiver"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An entry that the ledger's tree does not hold yet: of it there is no proof."""

    at: str
    event: str
    exchange: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unended:
    """A delivery that has no end yet."""

    exchange: str
    receiver: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the bundle is about, and what is missing in it because it was not there yet."""

    role: Role
    agency: str
    """For which; "" for an administrator or an auditor."""
    made_at: str
    document: Mapping[str, str | int]
    """id, kind, sender, document_id, digest, bytes."""
    pending: tuple[Pending, ...] = ()
    unended: tuple[Unended, ...] = ()
    come_back_in_seconds: int = 0
    """When to ask again for what is pending."""


def encode(contents: Contents) -> bytes:
    """Canonical JSON."""
    return canonical({**asdict(contents), "v": VERSION})


def decode(content: bytes) -> Contents:
    """Read what ``encode`` wrote; raises ``ValueError`` for anything else."""
    try:
        value = json.loads(content)
        if value.pop("v") != VERSION:
            raise ValueError("another version")
        contents = Contents(
            role=Role(value["role"]),
            agency=value["agency"],
            made_at=instant(datetime.fromisoformat(value["made_at"])),
            document=dict(value["document"]),
            pending=tuple(Pending(**each) for each in value["pending"]),
            unended=tuple(Unended(**each) for each in value["unended"]),
            come_back_in_seconds=int(value["come_back_in_seconds"]),
        )
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"not the contents of a bundle: {error}") from None
    if encode(contents) != content:
        raise ValueError("not the contents of a bundle, in their canonical form")
    return contents
