"""Leaf, version 1: what the ledger's tree holds of an entry. It commits, and tells nothing.

Canonical JSON: sorted keys, no white space, UTF-8. Event, time and class of exchange stand in it in
plain, so that counts and proofs are checked without a document; who and what stand behind the digest
``details``, salted per entry, which whoever was given salt and details can check and nobody else can
guess. Erasing both breaks no proof. The format with a worked example: ``docs/ledger.md``.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as _text

VERSION = 1
SALT_BYTES = 16

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEYS = frozenset({"at", "class", "details", "document", "event", "exchange", "v"})


class NotALeaf(Exception):
    """Bytes that are not a leaf in its one canonical form; the message says what is wrong."""


class NotCommitted(Exception):
    """Salt and details that are not those which the leaf commits to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One entry as the tree holds it."""

    at: datetime
    event: str
    exchange: str
    """The delivery that the entry counts for or ends, or ""."""
    exchange_class: str
    """On the entries that count, else ""."""
    document: str
    """SHA-256 of the exact bytes of the document that the entry speaks of, hex."""
    details: str
    """``commitment`` of the rest, hex."""


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no white space, in UTF-8: equal values give equal bytes."""
    return _JSON.encode(value).encode()


def commitment(salt: bytes, details: Mapping[str, object]) -> str:
    """SHA-256 of the salt and the canonical JSON of the details, hex."""
    return hashlib.sha256(salt + canonical(details)).hexdigest()


def encode(leaf: Leaf) -> bytes:
    """The leaf's one canonical form. Its hash in the tree: ``merkle.leaf_hash`` of these bytes."""
    at = leaf.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    # As ``canonical`` writes it, and several times as fast: there are a thousand a second.
    return (
        f'{{"at":{_text(at)},"class":{_text(leaf.exchange_class)},"details":{_text(leaf.details)},'
        f'"document":{_text(leaf.document)},"event":{_text(leaf.event)},"exchange":{_text(leaf.exchange)},'
        f'"v":{VERSION}}}'
    ).encode()


def decode(content: bytes) -> Leaf:
    """Read a leaf; raises ``NotALeaf`` for everything that ``encode`` does not give."""
    try:
        value = json.loads(content)
        leaf = _leaf(value)
        same = encode(leaf) == content
    # No JSON, no UTF-8, no time; nested too deeply; a time that has no UTC.
    except (ValueError, RecursionError, OverflowError):
        raise NotALeaf("not the JSON of a leaf") from None
    if not same:
        raise NotALeaf("not in the canonical form")
    return leaf


def _leaf(value: object) -> Leaf:
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise NotALeaf(f"a leaf has the keys {', '.join(sorted(_KEYS))}")
    if value.pop("v") != VERSION:
        raise NotALeaf(f"not a leaf of version {VERSION}")
    if not all(isinstance(each, str) for each in value.values()):
        raise NotALeaf("a value of a leaf is not text")
    if not _DIGEST.fullmatch(value["details"]) or not _DIGEST.fullmatch(value["document"]):
        raise NotALeaf("a digest is not 64 hexadecimal digits")
    if not value["event"]:
        raise NotALeaf("the event is missing")
    return Leaf(
        at=datetime.fromisoformat(value["at"]),
        event=value["event"],
        exchange=value["exchange"],
        exchange_class=value["class"],
        document=value["document"],
        details=value["details"],
    )


def check_details(leaf: Leaf, salt: bytes, details: Mapping[str, object]) -> None:
    """Check that the leaf commits to these; raises ``NotCommitted``."""
    if len(salt) != SALT_BYTES:
        raise NotCommitted(f"the salt does not have {SALT_BYTES} bytes")
    if not hmac.compare_digest(commitment(salt, details), leaf.details):
        raise NotCommitted("the entry's details are not those that were entered")
