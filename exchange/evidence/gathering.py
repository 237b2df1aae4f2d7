"""Gather what there is of one document: the exact bytes, receipts, signed statuses, ledger proofs, stamps.

A receiver gets its own part alone. What is not there yet is named, never left out silently.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from exchange.context import Context
from exchange.core import enveloped
from exchange.core.bundle import Contents, Pending, Role, Unended
from exchange.core.delivery import FINAL, State
from exchange.core.parsing import parse
from exchange.core.receipt import instant
from exchange.core.refusal import Refused, refuse
from exchange.core.stamp import certificate_of
from exchange.core.trust import fingerprint, load_certificate
from exchange.ledger import answers, findings, reading, stamped
from exchange.ledger.answers import Answer
from exchange.ledger.prove import Proof, prove
from exchange.ledger.reading import Dossier, Record
from exchange.ledger.stamped import Stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The parts of a bundle, before they are packed."""

    contents: Contents
    dossier: Dossier
    document: bytes | None
    """None where the receiver has not got it yet, and for an auditor."""
    acceptance: bytes | None
    """For all but a receiver: it names all receivers."""
    findings: bytes | None
    """On the signatures in attached PDFs; None where no PDF was examined, or the document is not here."""
    receipts: tuple[Record, ...]
    statuses: tuple[tuple[str, bytes], ...]
    """Code and signed message."""
    proofs: tuple[Proof, ...]
    stamps: tuple[Stamped, ...]
    certificates: tuple[x509.Certificate, ...]
    answers: tuple[Answer, ...]


def gather(context: Context, document: str, role: Role, agency: str) -> Gathered:
    """Everything of the document that ``agency`` may have. Raises ``Refused`` (``not_found``).

    The caller has made sure that it may ask, and in which role.
    """
    now = context.now()
    dossier = reading.dossier(context.database, document)
    if dossier is None or dossier.document["kind"] not in ("document", "status"):
        raise refuse("not_found", f"document {document} is not known.", f"Không có văn bản {document}.")
    if role is Role.RECEIVER:
        dossier = dossier.part_of(agency)
    whole = role is not Role.RECEIVER
    receipts = reading.receipts_of(context.database, document)
    ends = {row["id"] for row in dossier.deliveries}
    acceptances = [row["body"] for row in receipts if row["kind"] == "acceptance"]
    content = _content(context, dossier, role)
    messages = _messages(context, dossier)
    statuses = [(code, context.payloads.read(message.document["digest"])) for code, message in messages]
    # Of a status message that it was accepted: its own way to the other side is not this document's.
    accepted = [row for _, message in messages for row in message.entries if row["event"] == "reported"]
    proofs, pending = _proofs(context, [*dossier.entries, *accepted])
    stamps = _stamps(context, proofs)
    certificates = _certificates(
        context, [*([content] if content else []), *(body for _, body in statuses)], stamps
    )
    return Gathered(
        contents=_contents(context, dossier, role, agency, now, pending),
        dossier=dossier,
        document=content,
        acceptance=acceptances[0] if whole and acceptances else None,
        findings=findings.told(context.database, document) if content else None,
        receipts=tuple(row for row in receipts if row["receipt_of"] in ends),
        statuses=tuple(statuses),
        proofs=tuple(proofs),
        stamps=tuple(stamps),
        certificates=tuple(certificates),
        answers=tuple(_answers(context, certificates, dossier)),
    )


def _content(context: Context, dossier: Dossier, role: Role) -> bytes | None:
    """The exact bytes; a receiver has them from the moment in which they were handed over."""
    handed = any(State(row["state"]) is State.DELIVERED for row in dossier.deliveries)
    if role is Role.AUDITOR or (role is Role.RECEIVER and not handed):
        return None
    return context.payloads.read(dossier.document["digest"])


def _messages(context: Context, dossier: Dossier) -> list[tuple[str, Dossier]]:
    """The signed status messages with their codes, oldest first; what the broker itself reported is none."""
    found = []
    for row in dossier.statuses:
        message = None if row["message"] is None else reading.dossier(context.database, row["message"])
        if message is not None:
            found.append((row["code"], message))
    return found


def _proofs(context: Context, entries: Sequence[Record]) -> tuple[list[Proof], list[Record]]:
    """Proofs of the entries that have a leaf, and the entries that have none yet."""
    # First who has a leaf: the checkpoint under which is proven then covers all of them.
    done = stamped.sequenced(context.database, [row["id"] for row in entries])
    return prove(context.database, sorted(done)), [row for row in entries if row["id"] not in done]


def _stamps(context: Context, proofs: Sequence[Proof]) -> list[Stamped]:
    if not proofs:
        return []
    return stamped.over(context.database, [proof["index"] for proof in proofs], proofs[0]["size"])


def _certificates(
    context: Context, signed: Sequence[bytes], stamps: Sequence[Stamped]
) -> list[x509.Certificate]:
    """The broker's, the signers', the time-stamping authorities', and the CAs that the broker goes by.

    That makes none of them trusted.
    """
    found = [context.issuer.seal.certificate]
    for content in signed:
        try:
            found.append(load_certificate(enveloped.find(parse(content, context.limits)).certificate_der))
        except (
            Refused
        ):  # limits were wider once: the message stays evidence without its certificate beside it
            continue
    found += [certificate_of(each.token) for each in stamps]
    authorities = context.settings.authorities
    if authorities is not None:
        found += x509.load_pem_x509_certificates(authorities.read_bytes())
    return list({fingerprint(each): each for each in found}.values())


def _answers(context: Context, certificates: Sequence[x509.Certificate], dossier: Dossier) -> list[Answer]:
    named = [fingerprint(each) for each in certificates]
    return answers.about(context.database, named, named, dossier.document["accepted_at"])


def _contents(
    context: Context, dossier: Dossier, role: Role, agency: str, now: datetime, pending: Sequence[Record]
) -> Contents:
    row = dossier.document
    return Contents(
        role=role,
        agency=agency if role in (Role.SENDER, Role.RECEIVER) else "",
        made_at=instant(now),
        document={
            "id": row["id"],
            "kind": row["kind"],
            "sender": row["sender"],
            "document_id": row["document_id"],
            "digest": row["digest"],
            "bytes": row["size"],
        },
        pending=tuple(
            Pending(at=instant(each["at"]), event=each["event"], exchange=each["delivery"] or "")
            for each in pending
        ),
        unended=tuple(
            Unended(exchange=each["id"], receiver=each["receiver"], state=each["state"])
            for each in dossier.deliveries
            if State(each["state"]) not in FINAL
        ),
        come_back_in_seconds=math.ceil(context.settings.sequence_seconds) + 1 if pending else 0,
    )
