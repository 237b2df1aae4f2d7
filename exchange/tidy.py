"""Tidy: payload files that nothing refers to, left by a refusal or a crash, are removed when they are old."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from time import time

import structlog

from exchange.context import Context
from exchange.ledger import references
from exchange.payloads import DIGEST, TEMPORARY

log = structlog.get_logger(__name__)

TOGETHER = 200


class Tidy:
    """Looks at one folder of payload files at a time. Several at once do no harm."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folders: list[Path] = []
        self._foreign = False

    def step(self) -> int:
        """Look at the next folder; how many files were removed."""
        hours = self._context.settings.payload_unreferred_hours
        if not hours or not self._own():
            return 0
        if not self._folders:
            self._folders = self._context.payloads.folders()
        return self.folder(self._folders.pop(), time() - hours * 3600) if self._folders else 0

    def folder(self, folder: Path, before: float) -> int:
        """Remove what is older than ``before`` and has no row; how many files."""
        count, old = 0, _old(folder, before)
        while names := list(islice(old, TOGETHER)):
            for name in names:
                if TEMPORARY.fullmatch(name):  # half written: no row can refer to it
                    (folder / name).unlink(missing_ok=True)
                    count += 1
            digests = [name for name in names if DIGEST.fullmatch(name)]
            count += len(self.discard(references.without_row(self._context.database, digests), before))
        if count:
            log.info("payloads_removed", folder=folder.name, files=count)
        return count

    def discard(self, digests: list[str], before: float) -> list[str]:
        """Remove these files, except those that were accepted or relied on in the meantime."""
        if not digests:
            return []
        payloads = self._context.payloads
        return references.give_up(
            self._context.database, digests, lambda digest: payloads.discard(digest, before)
        )

    def _own(self) -> bool:
        """Whether the files are this ledger's: a setting that names another must not cost them."""
        database = self._context.database
        owner = self._context.payloads.owner(lambda: references.any_document(database))
        own = bool(owner) and references.has_document(database, owner)
        if owner and not own and not self._foreign:
            log.error("payloads_of_another_ledger", folder=str(self._context.settings.data))
        self._foreign = bool(owner) and not own
        return own


def _old(folder: Path, before: float) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before:
                    yield entry.name
