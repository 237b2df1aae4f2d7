"""Checkpoints: which log says so, and which witnesses saw it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from shlex import quote

from exchange.audit.anchors import Anchors
from exchange.audit.finding import Finding
from exchange.audit.words import finding, local
from exchange.core import note as notes
from exchange.core.note import SIGNATURE_BYTES, TIME_BYTES, BadSignature, Checkpoint, NotANote, Note, Vkey

_SPKI_ED25519 = "302a300506032b6570032100"  # RFC 8410: what stands before the key in its DER


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint and the note that it stands in."""

    note: Note
    checkpoint: Checkpoint


def read(text: str) -> Signed:
    """Read a checkpoint's note; raises ``NotANote``."""
    note = notes.read(text)
    return Signed(note=note, checkpoint=Checkpoint.parse(note.text))


def check(text: str, about: str, anchors: Anchors) -> tuple[Signed | None, list[Finding]]:
    """The checkpoint, None if it is none; whether its log signed it, and which witnesses cosigned it."""
    try:
        signed = read(text)
    except NotANote as error:
        return None, [finding("checkpoint_form", about, why=error)]
    findings = [_by_log(signed, about, anchors)]
    findings += [_by_witness(signed, about, witness) for witness in anchors.witnesses]
    findings += _by_others(signed, about, anchors)
    return signed, findings


def _by_log(signed: Signed, about: str, anchors: Anchors) -> Finding:
    checkpoint = signed.checkpoint
    key = anchors.log(checkpoint.origin)
    values = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    if key is None:
        return finding("log_unknown", about, **values)
    try:
        notes.verify(signed.note, key)
    except BadSignature as error:
        return finding("log_signature_wrong", about, why=error)
    return finding("log_signature", about, **values).shown_by(*_commands(signed.note, about, key))


def _by_witness(signed: Signed, about: str, witness: Vkey) -> Finding:
    if not any(each.key == (witness.name, witness.key_hash) for each in signed.note.signatures):
        return finding("witness_absent", about, witness=witness.name)
    try:
        at = datetime.fromtimestamp(notes.cosigned_at(signed.note, witness), UTC)
        said_at = local(at)
    except (BadSignature, ValueError, OverflowError, OSError) as error:
        return finding("witness_signature_wrong", about, why=error)
    found = finding("witness_signature", about, witness=witness.name, at=said_at)
    return found.shown_by(*_commands(signed.note, about, witness))


def _by_others(signed: Signed, about: str, anchors: Anchors) -> list[Finding]:
    """Lines of keys that nobody gave: anybody can add such a line."""
    known = {(key.name, key.key_hash) for key in (*anchors.logs, *anchors.witnesses)}
    others = [each.name for each in signed.note.signatures if each.key not in known]
    names = ", ".join(f"“{name}”" for name in others if name != signed.checkpoint.origin)
    return [finding("witness_unknown", about, names=names)] if names else []


def _commands(note: Note, about: str, key: Vkey) -> tuple[str, ...]:
    """The note's text is everything above the empty line; a witness signs its time too."""
    content = next(each.content for each in note.signatures if each.key == (key.name, key.key_hash))
    text = f"sed '/^$/,$d' {quote(about)}"
    if len(content) > SIGNATURE_BYTES:
        seconds = int.from_bytes(content[:TIME_BYTES], "big")
        text = f"{{ printf 'cosignature/v1\\ntime {seconds}\\n'; {text}; }}"
    return (
        f"printf {_SPKI_ED25519}{key.key.hex()} | xxd -r -p | openssl pkey -pubin -inform DER -out key.pem",
        f"{text} > signed",
        f"printf {content[-SIGNATURE_BYTES:].hex()} | xxd -r -p > signature",
        "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature",
    )
