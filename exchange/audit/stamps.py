"""Time-stamps over checkpoints: everything below their size existed then, says an authority."""

import hashlib
import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.audit import revocation
from exchange.audit.anchors import Anchors
from exchange.audit.documents import Evidence
from exchange.audit.finding import Finding
from exchange.audit.revocation import Standing
from exchange.audit.words import finding, local
from exchange.core.leaf import canonical
from exchange.core.merkle import Broken, verify_consistency
from exchange.core.note import Checkpoint, NotANote

if TYPE_CHECKING:
    from exchange.core.stamp import Stamped

BYTES_MAX = 1_000_000  # of the JSON beside a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time-stamp, the checkpoint that it is over, and how that grew into the one of the bundle."""

    token: bytes
    text: str
    """Of the checkpoint's note: what is stamped."""
    checkpoint: Checkpoint
    consistency: tuple[bytes, ...]


def read(token: bytes, content: bytes) -> Stamp:
    """From the token and the JSON beside it; raises ``ValueError`` with a sentence."""
    if len(content) > BYTES_MAX:
        raise ValueError(f"it has more than {BYTES_MAX} bytes")
    try:
        value = json.loads(content)
        if not isinstance(value, dict) or value.keys() != {"checkpoint", "consistency"}:
            raise ValueError("it must have exactly checkpoint and consistency")
        path = tuple(bytes.fromhex(each) for each in value["consistency"])
        if canonical({**value, "consistency": [each.hex() for each in path]}) != content:
            raise ValueError("it is not in its canonical form")
        text = value["checkpoint"]
        return Stamp(token=token, text=text, checkpoint=Checkpoint.parse(text), consistency=path)
    except (TypeError, AttributeError, RecursionError, NotANote) as error:
        raise ValueError(str(error)) from None


def check(
    stamp: Stamp, about: str, newest: Checkpoint, anchors: Anchors, evidence: Evidence
) -> list[Finding]:
    """Whether the stamped checkpoint is the beginning of ``newest``, and whether the stamp holds."""
    first = stamp.checkpoint
    try:
        if first.origin != newest.origin:
            raise Broken(f"it is of another ledger, {first.origin}")
        verify_consistency(first.size, first.root, newest.size, newest.root, stamp.consistency)
    except Broken as error:
        return [finding("stamp_wrong", about, why_vi=error, why=error)]
    if not anchors.authorities:
        return [
            finding("stamp_authority_unknown", about, why_vi="chưa có gốc tin cậy", why="no root was given")
        ]
    return _stamped(stamp, about, anchors, evidence)


def _stamped(stamp: Stamp, about: str, anchors: Anchors, evidence: Evidence) -> list[Finding]:
    from exchange.core import stamp as stamps  # loads OpenSSL once more, and few files have a stamp

    try:
        found = stamps.verify(hashlib.sha256(stamp.text.encode()).digest(), stamp.token, anchors.authorities)
    except stamps.BadStamp as error:
        unknown = error.cause is stamps.Cause.CHAIN
        code = "stamp_authority_unknown" if unknown else "stamp_wrong"
        return [finding(code, about, why_vi=error.reason_vi, why=error.reason_en)]
    proven = finding(
        "stamp",
        about,
        size=stamp.checkpoint.size,
        at=local(found.at),
        authority=found.authority,
    ).shown_by(
        f"printf '%s\\n' {' '.join(map(shlex.quote, stamp.text.splitlines()))} > stamped",
        f"openssl ts -verify -attime {int(found.at.timestamp())} -in {shlex.quote(about)} -data stamped "
        "-CAfile tsa-roots.pem",
        f"openssl ts -reply -in {shlex.quote(about)} -text",
    )
    return [proven, _standing(found, about, anchors, evidence)]


def _standing(found: "Stamped", about: str, anchors: Anchors, evidence: Evidence) -> Finding:
    """Whether the authority's certificate was revoked, by what came along (RFC 3161 4)."""
    standing, reasons = revocation.standing(found.certificate, anchors, evidence, at=found.at, seen_at=None)
    if standing is Standing.REVOKED:
        return finding("stamp_authority_revoked", about, **reasons)
    if standing is Standing.GOOD:
        return finding("stamp_authority_good", about, **reasons).shown_by(
            f"openssl ts -reply -in {shlex.quote(about)} -token_out "
            "| openssl pkcs7 -inform DER -print_certs -out tsa.pem",
            *revocation.commands(found.at, "tsa.pem")[:3],
        )
    return finding("stamp_authority_unchecked", about)
