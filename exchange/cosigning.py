"""Cosigning: witnesses at other offices are shown every new checkpoint, and sign what continues the last.

A witness that is away, slow or talks nonsense costs its own cosignatures and nothing else: each is asked
on a thread of its own, and nothing waits for it.
"""

from datetime import UTC, datetime, timedelta
from random import random

import structlog

from exchange.context import Context
from exchange.core import note
from exchange.core.delivery import Backoff
from exchange.core.note import BadSignature, NotANote
from exchange.core.receipt import instant
from exchange.core.witnessing import SIZE_TYPE, Addition, Cosigner
from exchange.ledger import cosignatures
from exchange.ledger.cosignatures import Cosignature
from exchange.ledger.tree import Signed
from exchange.metrics import COSIGNATURES
from exchange.posting import NoAnswer, Post

log = structlog.get_logger(__name__)

ANSWER_BYTES_MAX = 65_536
SAID_MAX = 200  # characters of its own words, in a log line
AGAIN_FIRST_SECONDS = 5.0  # doubled with every failure
AGAIN_MOST_SECONDS = 600.0
ASKED_MAX = 3  # times in one round: others of our processes may be asking too


class NotCosigned(Exception):
    """There is no cosignature now, and there may be one later; the message says why."""


class Contradicted(Exception):
    """The witness has cosigned another history than ours. Either it is wrong, or ours was rewritten."""


def witnesses(context: Context) -> list["Witness"]:
    """All that the settings name."""
    return [Witness(context, Cosigner.parse(each)) for each in context.settings.witnesses]


class Witness:
    """One witness, asked in steps. Several processes may ask at once: each cosignature is kept once."""

    def __init__(self, context: Context, cosigner: Cosigner) -> None:
        settings = context.settings
        self._context = context
        self._vkey = cosigner.vkey
        self._post = Post(
            f"{cosigner.url}/add-checkpoint",
            seconds=settings.witness_timeout_seconds,
            answer_bytes_max=ANSWER_BYTES_MAX,
        )
        self._backoff = Backoff(
            first_seconds=AGAIN_FIRST_SECONDS,
            most_seconds=AGAIN_MOST_SECONDS,
            jitter=settings.backoff_jitter,
        )
        self.contradicted = False  # when it was asked last
        self._failures = 0
        self._failed_at = context.now()
        self._again = timedelta()

    def step(self) -> bool:
        """Ask it to cosign the newest checkpoint if it has not; whether there is one cosignature more."""
        if not self._due():
            return False
        last = cosignatures.last_size(self._context.database, self._vkey.name)
        newest = cosignatures.newest_size(self._context.database)
        if not newest or last == newest:
            return False
        try:
            self._cosign(last or 0)
        except NotCosigned as error:
            self._failed("failed")
            log.warning("not_cosigned", witness=self._vkey.name, reason=str(error))
        except Contradicted as error:
            self.contradicted = True
            self._failed("contradicted")
            log.critical("ledger_contradicted", witness=self._vkey.name, reason=str(error))
        else:
            self.contradicted = False
            self._failures, self._again = 0, timedelta()
            COSIGNATURES.labels(self._vkey.name, "cosigned").inc()
            return True
        return False

    @property
    def name(self) -> str:
        """Of its key."""
        return self._vkey.name

    def stop(self) -> None:
        """Ask for nothing more, and give up what is being asked."""
        self._post.stop()

    def _due(self) -> bool:
        # Of the clock, the distance counts: one that was set back must not keep it from asking.
        return abs(self._context.now() - self._failed_at) >= self._again

    def _failed(self, outcome: str) -> None:
        COSIGNATURES.labels(self._vkey.name, outcome).inc()
        self._failures += 1
        self._failed_at = self._context.now()
        self._again = self._backoff.delay(self._failures, random())  # noqa: S311

    def _cosign(self, size: int) -> None:
        """Have the newest checkpoint cosigned, by a witness that we think stands at ``size``.

        Raises ``NotCosigned`` and ``Contradicted``. No transaction is open while it is asked.
        """
        cosigned = size
        for _ in range(ASKED_MAX):
            continued = cosignatures.continued(self._context.database, size)
            if continued is None:
                raise Contradicted(f"it cosigned {size} entries, and there are fewer: some were taken away")
            signed, proof = continued
            answer = self._ask(signed, Addition(size, tuple(proof), signed.note))
            if isinstance(answer, str):
                cosignatures.keep(self._context.database, self._verified(signed, answer))
                return
            size = answer
            if size < cosigned:  # it would sign a fork from there
                log.warning("witness_forgot", witness=self._vkey.name, cosigned=cosigned, remembers=size)
        raise NotCosigned("it stands at another size each time")

    def _ask(self, signed: Signed, addition: Addition) -> str | int:
        """Its lines, or the size at which it stands; raises ``NotCosigned`` and ``Contradicted``."""
        try:
            answer = self._post.send(addition.text.encode(), "text/plain; charset=utf-8")
            text = answer.body.decode()
            if answer.status == 409 and answer.content_type == SIZE_TYPE:
                return note.number(text.removesuffix("\n"))
        except (NoAnswer, UnicodeDecodeError, NotANote) as error:
            raise NotCosigned(str(error)) from None
        if answer.status == 422:
            raise Contradicted(
                f"{signed.size} entries do not continue its {addition.old_size}: {_said(text)}"
            )
        if answer.status != 200:
            raise NotCosigned(f"it answers {answer.status}: {_said(text)}")
        return text

    def _verified(self, signed: Signed, lines: str) -> Cosignature:
        """Its cosignature of this checkpoint; raises ``NotCosigned``."""
        try:
            whole = note.read(note.with_cosignatures(signed.note, lines.removesuffix("\n").split("\n")))
            at = datetime.fromtimestamp(note.cosigned_at(whole, self._vkey), UTC)
        except (NotANote, BadSignature, ValueError, OverflowError) as error:
            raise NotCosigned(f"its answer is no cosignature: {error}") from None
        self._look_at_clock(at)
        own = (self._vkey.name, self._vkey.key_hash)
        [line] = [each.line for each in whole.signatures if each.key == own]
        return Cosignature(size=signed.size, name=self._vkey.name, line=line, at=at)

    def _look_at_clock(self, at: datetime) -> None:
        now = self._context.now()
        if abs(at - now) > timedelta(seconds=self._context.settings.clock_skew_seconds):
            log.warning(
                "witness_clock_differs", witness=self._vkey.name, theirs=instant(at), ours=instant(now)
            )


def _said(text: str) -> str:
    return text[:SAID_MAX].strip()
