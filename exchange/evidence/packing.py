"""The gathered evidence as an ASiC-E bundle, signed by the broker, or as JSON."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core import asic
from exchange.core import bundle as layout
from exchange.core.asic import Part
from exchange.core.leaf import canonical
from exchange.core.signing import SigningKey
from exchange.core.trust import fingerprint
from exchange.evidence.account import account
from exchange.evidence.gathering import Gathered
from exchange.evidence.page import page
from exchange.evidence.paper import paper

XML, JSON, TEXT = "application/xml", "application/json", "text/plain"
KINDS = {"crl": "application/pkix-crl", "ocsp": "application/ocsp-response"}


def pack(gathered: Gathered, key: SigningKey, at: datetime) -> bytes:
    """The bundle. Equal evidence, key and moment give equal bytes."""
    parts = list(_parts(gathered))
    told = account(gathered, parts)
    parts.append(Part(name=layout.REPORT, content=page(told), kind="text/html"))
    parts.append(Part(name=layout.PAPER, content=paper(told), kind="application/pdf"))
    return asic.build(parts, key, at)


def as_json(gathered: Gathered) -> dict[str, object]:
    """The same for machines, without the document's bytes (``/content``) and what is for people."""
    return {
        "contents": gathered.contents,
        "acceptance": None if gathered.acceptance is None else gathered.acceptance.decode(),
        "findings": None if gathered.findings is None else json.loads(gathered.findings),
        "receipts": [
            {"id": row["id"], "kind": row["kind"], "delivery": row["receipt_of"], "xml": row["body"].decode()}
            for row in gathered.receipts
        ],
        "statuses": [{"code": code, "xml": body.decode()} for code, body in gathered.statuses],
        "entries": list(gathered.proofs),
        "stamps": [
            {
                "size": stamp.size,
                "authority": stamp.authority,
                "stamped_at": stamp.stamped_at.isoformat(),
                "token": base64.b64encode(stamp.token).decode(),
                "checkpoint": stamp.checkpoint,
                "consistency": [each.hex() for each in stamp.consistency],
            }
            for stamp in gathered.stamps
        ],
        "certificates": [each.public_bytes(Encoding.PEM).decode() for each in gathered.certificates],
        "revocation": [
            {"kind": each.kind, "der": base64.b64encode(each.der).decode()} for each in gathered.answers
        ],
    }


def _parts(gathered: Gathered) -> Iterator[Part]:
    yield Part(name=layout.CONTENTS, content=layout.encode(gathered.contents), kind=JSON)
    if gathered.document is not None:
        yield Part(name=layout.DOCUMENT, content=gathered.document, kind=XML)
    if gathered.acceptance is not None:
        yield Part(name=layout.ACCEPTANCE, content=gathered.acceptance, kind=XML)
    if gathered.findings is not None:
        yield Part(name=layout.FINDINGS, content=gathered.findings, kind=JSON)
    for number, row in enumerate(gathered.receipts, 1):
        name = f"{layout.RECEIPTS}{number:04}-{row['kind']}-{row['receiver']}.xml"
        yield Part(name=name, content=row["body"], kind=XML)
    for number, (code, body) in enumerate(gathered.statuses, 1):
        yield Part(name=f"{layout.STATUSES}{number:04}-{code}.edxml", content=body, kind=XML)
    yield from _ledger(gathered)
    for certificate in gathered.certificates:
        name = f"{layout.CERTIFICATES}{fingerprint(certificate)}.pem"
        yield Part(name=name, content=certificate.public_bytes(Encoding.PEM), kind="application/x-pem-file")
    for answer in gathered.answers:
        yield Part(
            name=f"{layout.REVOCATION}{answer.digest}.{answer.kind}",
            content=answer.der,
            kind=KINDS[answer.kind],
        )


def _ledger(gathered: Gathered) -> Iterator[Part]:
    if gathered.proofs:
        checkpoint = gathered.proofs[0]["checkpoint"].encode()
        yield Part(name=layout.CHECKPOINT, content=checkpoint, kind=TEXT)
    for proof in gathered.proofs:
        yield Part(name=f"{layout.ENTRIES}{proof['index']}.json", content=canonical(proof), kind=JSON)
    for stamp in gathered.stamps:
        name = f"{layout.STAMPS}{stamp.size}"
        yield Part(name=f"{name}.tsr", content=stamp.token, kind="application/timestamp-reply")
        consistency = [each.hex() for each in stamp.consistency]
        beside = canonical({"checkpoint": stamp.checkpoint, "consistency": consistency})
        yield Part(name=f"{name}.json", content=beside, kind=JSON)
