"""Findings on PDFs as they were kept, in JSON: read without trust, and compared with one's own.

What is kept is ``pdf_findings.DocumentFindings``. Of it this reads what can be told and compared; a
newer release may have written more.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from exchange.core.leaf import canonical
from exchange.core.pdf_findings import Coverage, Integrity, Sentence

V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSignature:
    """What was found of one signature. But for ``holds`` and ``text`` it follows from the file alone."""

    field: str
    fingerprint: str
    """Of the certificate; "" where none can be read."""
    integrity: Integrity
    coverage: Coverage
    holds: bool
    text: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """What was found of one attachment."""

    position: int
    name: str
    digest: str
    readable: bool
    """Whether it is a PDF that could be examined."""
    text: tuple[Sentence, ...]
    signatures: tuple[KeptSignature, ...]

    def sentences(self) -> Iterator[Sentence]:
        """All that is to be said of it."""
        yield from self.text
        for each in self.signatures:
            yield from each.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was found of all attachments of a document, as of ``at``."""

    at: datetime
    text: tuple[Sentence, ...]
    files: tuple[KeptFile, ...]


def read(content: bytes) -> Kept:
    """Read findings in their canonical form; raises ``ValueError`` for anything else."""
    try:
        value = json.loads(content)
        kept = Kept(
            at=datetime.fromisoformat(value["at"]),
            text=_sentences(value["text"]),
            files=tuple(_file(each) for each in value["attachments"]),
        )
        same = canonical(value) == content
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"not findings on PDFs: {type(error).__name__}") from None
    if not same or kept.at.tzinfo is None:
        raise ValueError("not findings on PDFs, in their canonical form")
    return kept


def _file(value: dict[str, Any]) -> KeptFile:
    pdf = value["pdf"]
    known = pdf or {"readable": False, "text": [], "signatures": []}
    return KeptFile(
        position=_of(int, value["position"]),
        name=_of(str, value["name"]),
        digest=_of(str, value["digest"]),
        readable=_of(bool, known["readable"]),
        text=(*_sentences(value["text"]), *_sentences(known["text"])),
        signatures=tuple(_signature(each) for each in known["signatures"]),
    )


def _signature(value: dict[str, Any]) -> KeptSignature:
    signer = value["signer"]
    return KeptSignature(
        field=_of(str, value["field"]),
        fingerprint="" if signer is None else _of(str, signer["fingerprint"]),
        integrity=Integrity(value["integrity"]),
        coverage=Coverage(value["coverage"]),
        holds=_of(bool, value["holds"]),
        text=_sentences(value["text"]),
    )


def _sentences(values: list[dict[str, Any]]) -> tuple[Sentence, ...]:
    return tuple(Sentence(vi=_of(str, each["vi"]), en=_of(str, each["en"])) for each in values)


def _of(kind: type[V], value: object) -> V:
    if type(value) is not kind:
        raise TypeError
    return value
