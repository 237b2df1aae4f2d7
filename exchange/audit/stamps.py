"""Time-stamps over checkpoints: everything below their size existed then, says an authority."""

import hashlib
import json
import shlex
from dataclasses import dataclass

from exchange.audit import checkpoints
from exchange.audit.anchors import Anchors
from exchange.audit.checkpoints import Signed
from exchange.audit.finding import Finding
from exchange.audit.words import finding, local
from exchange.core.merkle import Broken, verify_consistency
from exchange.core.note import Checkpoint, NotANote


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time-stamp, the checkpoint that it is over, and how that grew into the one of the bundle."""

    token: bytes
    signed: Signed
    consistency: tuple[bytes, ...]


def read(token: bytes, content: bytes) -> Stamp:
    """From the token and the JSON beside it; raises ``ValueError`` with a sentence."""
    try:
        value = json.loads(content)
        if not isinstance(value, dict) or value.keys() != {"checkpoint", "consistency"}:
            raise ValueError("it must have exactly checkpoint and consistency")
        path = tuple(bytes.fromhex(each) for each in value["consistency"])
        return Stamp(token=token, signed=checkpoints.read(value["checkpoint"]), consistency=path)
    except (TypeError, AttributeError, RecursionError, NotANote) as error:
        raise ValueError(str(error)) from None


def check(stamp: Stamp, about: str, newest: Checkpoint, anchors: Anchors) -> Finding:
    """Whether the stamped checkpoint is the beginning of ``newest``, and whether the stamp holds."""
    first = stamp.signed.checkpoint
    try:
        if first.origin != newest.origin:
            raise Broken(f"it is of another ledger, {first.origin}")
        verify_consistency(first.size, first.root, newest.size, newest.root, stamp.consistency)
    except Broken as error:
        return finding("stamp_wrong", about, why_vi=error, why=error)
    if not anchors.authorities:
        return finding(
            "stamp_authority_unknown", about, why_vi="chưa có gốc tin cậy", why="no root was given"
        )
    return _stamped(stamp, about, anchors)


def _stamped(stamp: Stamp, about: str, anchors: Anchors) -> Finding:
    from exchange.core import stamp as stamps  # loads OpenSSL once more, and few files have a stamp

    text = stamp.signed.note.text
    try:
        found = stamps.verify(hashlib.sha256(text.encode()).digest(), stamp.token, anchors.authorities)
    except stamps.BadStamp as error:
        unknown = error.cause is stamps.Cause.CHAIN
        code = "stamp_authority_unknown" if unknown else "stamp_wrong"
        return finding(code, about, why_vi=error.reason_vi, why=error.reason_en)
    return finding(
        "stamp",
        about,
        size=stamp.signed.checkpoint.size,
        at=local(found.at),
        authority=found.authority,
    ).shown_by(
        f"printf '%s\\n' {' '.join(map(shlex.quote, text.splitlines()))} > stamped",
        f"openssl ts -verify -in {about} -data stamped -CAfile tsa-roots.pem",
        f"openssl ts -reply -in {about} -text",
    )
