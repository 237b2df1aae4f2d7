"""Sequencing: new entries get their leaf in the ledger's tree, and the broker signs the tree's new root."""

import threading

import structlog

from exchange.context import Context
from exchange.core import note
from exchange.core.note import BadSignature, Checkpoint, NotANote
from exchange.ledger import tree
from exchange.ledger.sequence import sequence
from exchange.metrics import SEQUENCED

log = structlog.get_logger(__name__)


class Sequencing:
    """Runs in rounds. Several at once, in any processes, do no harm: each entry is taken by one of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = threading.Event()
        self._foreign = False  # the log in the database is another key's

    def round(self) -> int:
        """Sequence all that there is; how many entries."""
        if not self._own():
            return 0
        count, most = 0, self._context.settings.sequence_batch_max
        while not self._stop.is_set():
            done = sequence(self._context.database, self.signed, self._context.now(), most)
            count += done
            if done < most:
                break
        SEQUENCED.inc(count)
        return count

    def stop(self) -> None:
        """Begin no further batch."""
        self._stop.set()

    def signed(self, size: int, root: bytes) -> str:
        """The signed note of a tree of ``size`` leaves under ``root``."""
        key = self._context.log_key
        checkpoint = Checkpoint(key.vkey.name, size, root)
        return f"{checkpoint.text}\n{key.sign(checkpoint.text)}"

    def _own(self) -> bool:
        """Whether our key signed the newest checkpoint: to whoever follows it, a second key is a fork."""
        with self._context.database.read() as connection:
            newest = tree.newest(connection)
        foreign = newest is not None and not self._verifies(newest.note)
        if foreign and not self._foreign:
            log.error("log_of_another_key", log=self._context.log_key.vkey.name)
        self._foreign = foreign
        return not foreign

    def _verifies(self, signed: str) -> bool:
        try:
            note.verify(note.read(signed), self._context.log_key.vkey)
        except (NotANote, BadSignature):
            return False
        return True
