"""The witness: takes a checkpoint, compares it with what it remembers, remembers it, cosigns it."""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from exchange.core import witnessing
from exchange.core.note import Checkpoint, Note, NoteKey, Signature
from exchange.core.witnessing import Claim, Inconsistent, Logs
from exchange.witness.memory import Memory

log = structlog.get_logger(__name__)


class Witness:
    """Cosigns for the logs it knows. Shared by threads; one checkpoint is dealt with at a time."""

    def __init__(self, key: NoteKey, logs: Logs, memory: Memory, now: Callable[[], datetime]) -> None:
        """Raise ``Damaged`` if what is remembered of one of the logs cannot be read."""
        self._key = key
        self._logs = logs
        self._memory = memory
        self._now = now
        self._lock = threading.Lock()
        for origin in logs:
            memory.last(origin)

    def add(self, body: bytes) -> str:
        """The cosignature line for the checkpoint in ``body``.

        Raises ``Denied``, ``Damaged``, or ``OSError`` where it cannot be remembered.
        """
        claim = witnessing.examine(body, self._logs)
        # Comparing and remembering are one: or an older claim could be written over a newer one.
        with self._lock:
            last = self._memory.last(claim.checkpoint.origin)
            try:
                witnessing.check(claim, Checkpoint.parse(last.text) if last else None)
            except Inconsistent as denied:
                self._denounce(claim, last, denied)
                raise
            return self._cosign(claim)

    def shown(self, hashed_origin: str) -> str | None:
        """The checkpoint that was cosigned last, by the hash of its origin."""
        return self._memory.shown(hashed_origin)

    def _cosign(self, claim: Claim) -> str:
        line = self._key.cosign(claim.note.text, int(self._now().timestamp()))
        cosignature = Signature.parse(line.removesuffix("\n"))
        cosigned = Note(claim.note.text, (*claim.note.signatures, cosignature))
        self._memory.keep(claim.checkpoint.origin, cosigned)
        # A crash before: nobody has the line, and nothing happened. A crash after: it is remembered,
        # the log is told so (409), asks again from that size, and gets a line.
        log.info("cosigned", log=claim.checkpoint.origin, size=claim.checkpoint.size)
        return line

    def _denounce(self, claim: Claim, last: Note | None, denied: Inconsistent) -> None:
        """Say loudly what was refused, and keep it. That it cannot be kept changes nothing of the answer."""
        try:
            kept = self._memory.keep_evidence(claim, last, denied, self._now())
        except OSError as error:
            log.error("evidence_not_kept", reason=str(error))
            kept = None
        log.critical(
            "fork" if denied.fork else "not_consistent",
            log=claim.checkpoint.origin,
            size=claim.checkpoint.size,
            reason=denied.reason,
            evidence=str(kept or ""),
        )
