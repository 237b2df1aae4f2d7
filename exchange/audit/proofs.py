"""Proofs of entries: that an entry says this, and stands in the tree of a checkpoint."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exchange.audit.finding import Finding
from exchange.audit.words import event, finding, local
from exchange.core import leaf as leaves
from exchange.core.leaf import Leaf, NotALeaf, NotCommitted
from exchange.core.merkle import Broken, leaf_hash, node_hash, verify_inclusion
from exchange.core.note import Checkpoint

_TYPES: Mapping[str, type] = {
    "checkpoint": str,
    "details": dict,
    "inclusion": list,
    "index": int,
    "leaf": str,
    "salt": str,
    "size": int,
}
HASHES_MAX = 64
BYTES_MAX = 1_000_000  # an entry of a document takes a few hundred


class NotAProof(Exception):
    """A file that is no proof of an entry: why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One entry with its way to the root; nothing is checked yet but the form."""

    content: bytes  # of the leaf
    leaf: Leaf
    salt: bytes
    details: Mapping[str, object]
    index: int
    size: int
    inclusion: tuple[bytes, ...]
    checkpoint: str
    canonical: bool
    """Whether the file was written as the exchange writes it."""

    @property
    def erased(self) -> bool:
        """Whether salt and details are gone; the leaf stays."""
        return not self.salt

    @property
    def body(self) -> Mapping[str, object]:
        """What the entry says beyond its leaf."""
        body = self.details.get("body")
        return body if isinstance(body, dict) else {}


def read(content: bytes) -> Proof:
    """Read a proof strictly; raises ``NotAProof``."""
    if len(content) > BYTES_MAX:
        raise NotAProof(f"it has more than {BYTES_MAX} bytes")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise NotAProof("not JSON") from None
    if not isinstance(value, dict) or value.keys() != _TYPES.keys():
        raise NotAProof(f"a proof has exactly {', '.join(sorted(_TYPES))}")
    for name, kind in _TYPES.items():
        if type(value[name]) is not kind:
            raise NotAProof(f"{name} is not {kind.__name__}")
    try:
        return Proof(
            content=value["leaf"].encode(),
            leaf=leaves.decode(value["leaf"].encode()),
            salt=_hex(value["salt"]),
            details=value["details"],
            index=value["index"],
            size=value["size"],
            inclusion=tuple(map(_hex, value["inclusion"][: HASHES_MAX + 1])),
            checkpoint=value["checkpoint"],
            canonical=leaves.canonical(value) == content,
        )
    except (NotALeaf, ValueError, RecursionError) as error:
        raise NotAProof(f"leaf, salt or hashes: {error}") from None


def _hex(text: object) -> bytes:
    if not isinstance(text, str) or bytes.fromhex(text).hex() != text:
        raise ValueError("not lower-case hexadecimal digits")
    return bytes.fromhex(text)


def check(proof: Proof, about: str, checkpoint: Checkpoint) -> list[Finding]:
    """Whether the entry commits to what it discloses, and stands in the tree of this checkpoint."""
    try:
        # (1) what it discloses is what was entered
        if not proof.erased:
            leaves.check_details(proof.leaf, proof.salt, proof.details)
        # (2) the leaf stands in the tree
        if proof.size != checkpoint.size:
            raise Broken(f"it is for a tree of {proof.size}, the checkpoint has {checkpoint.size}")
        leaf = leaf_hash(proof.content)
        verify_inclusion(leaf, proof.index, proof.size, proof.inclusion, checkpoint.root)
    except NotCommitted as error:
        return [finding("entry_details_wrong", about, why=error)]
    except Broken as error:
        return [finding("entry_inclusion_wrong", about, why=error)]
    said_vi, said_en = said(proof)
    findings = [
        finding(
            "entry_inclusion",
            about,
            said_vi=said_vi,
            said=said_en,
            document=proof.leaf.document,
            size=proof.size,
        ).shown_by(*_commands(proof))
    ]
    return [*findings, finding("entry_erased", about, index=proof.index)] if proof.erased else findings


def said(proof: Proof) -> tuple[str, str]:
    """The entry in a phrase: Vietnamese, English."""
    vietnamese, english = event(proof.leaf.event)
    at = local(proof.leaf.at)
    return f"dòng số {proof.index}: {vietnamese}, {at}", f"entry {proof.index}: {english}, {at}"


def facts(proof: Proof) -> dict[str, object]:
    """For machines: what the entry says."""
    return {
        "index": proof.index,
        "size": proof.size,
        "event": proof.leaf.event,
        "at": proof.leaf.at.isoformat(),
        "document": proof.leaf.document,
        "exchange": proof.leaf.exchange,
        "details": dict(proof.details),
    }


def _commands(proof: Proof) -> tuple[str, ...]:
    """Each hash on the way to the root, as sha256sum makes it."""
    commands = []
    if not proof.erased:
        details = shlex.quote(leaves.canonical(proof.details).decode())
        salted = f"printf {proof.salt.hex()} | xxd -r -p; printf %s {details}"
        commands.append(f"({salted}) | sha256sum    # {proof.leaf.details}")
    whole, leaf = leaf_hash(proof.content), shlex.quote(proof.content.decode())
    commands.append(f"(printf '\\000'; printf %s {leaf}) | sha256sum    # {whole.hex()}")
    for left, right in _pairs(whole, proof.index, proof.size, proof.inclusion):
        node, pair = node_hash(left, right).hex(), f"{left.hex()}{right.hex()}"
        commands.append(f"(printf '\\001'; printf {pair} | xxd -r -p) | sha256sum    # {node}")
    return tuple(commands)


def _pairs(whole: bytes, index: int, size: int, inclusion: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Left and right of each step up (RFC 9162 2.1.3.2), for a proof that holds."""
    pairs = []
    number, last = index, size - 1
    for sibling in inclusion:
        left = bool(number & 1) or number == last
        pair = (sibling, whole) if left else (whole, sibling)
        pairs.append(pair)
        whole = node_hash(*pair)
        while left and number and not number & 1:
            number, last = number >> 1, last >> 1
        number, last = number >> 1, last >> 1
    return pairs
