"""The directory, the tokens and what is known of certificates, in memory.

One immutable snapshot, renewed when the database changes.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from exchange.adapter import Takes
from exchange.core.directory import Directory, Limits
from exchange.core.pdf_document import required_by
from exchange.core.refusal import refuse
from exchange.core.signature import Trust
from exchange.core.standing import Verdict
from exchange.ledger import directory_store, revocations
from exchange.ledger.database import Database
from exchange.ledger.directory_store import Token

log = structlog.get_logger(__name__)

RENEW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Who exists, whom to trust, and which tokens open what, as of one version."""

    version: int
    directory: Directory
    trust: Trust
    tokens: Mapping[str, Token]  # by hash
    verdicts: Mapping[str, Verdict]  # by fingerprint of a registered certificate
    verdicts_version: int
    pdfs_required: bool = False  # an agency takes documents only with signed PDFs

    def authenticate(self, token: str, now: datetime) -> Token:
        """The token's record; raises ``Refused`` when it opens nothing."""
        # Looked up by hash: the time it takes tells nothing about the token.
        found = self.tokens.get(hashlib.sha256(token.encode()).hexdigest())
        if found is None or not found.active(now):
            raise refuse(
                "token_invalid",
                "The token is not known, was revoked, or has expired.",
                "Mã truy cập không tồn tại, đã bị thu hồi hoặc đã hết hạn.",
                where="Authorization",
            )
        return found


class Registry:
    """Holds the current snapshot. A change made by another process is seen within ``RENEW_SECONDS``."""

    def __init__(self, database: Database, takes: Callable[[str], Takes] = lambda _adapter: Takes()) -> None:
        """``takes``: what the software behind an adapter takes at all, by the adapter's name."""
        self._database = database
        self._takes = takes
        self._stop = threading.Event()
        self.current = self._load()
        self._thread = threading.Thread(target=self._run, name="registry", daemon=True)
        self._thread.start()

    def renew(self) -> None:
        """Look now whether the database has a newer version."""
        current = self.current
        version, verdicts_version = directory_store.versions(self._database)
        if version != current.version:
            self.current = self._load()
        elif verdicts_version != current.verdicts_version:
            changed_version, verdicts = revocations.verdicts(self._database)
            self.current = replace(current, verdicts_version=changed_version, verdicts=verdicts)

    def alive(self) -> bool:
        """Whether changes are still seen."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _load(self) -> Snapshot:
        verdicts_version, verdicts = revocations.verdicts(self._database)
        version, agencies, tokens = directory_store.load(self._database)
        agencies = [
            replace(each, limits=_within(each.limits, self._takes(each.adapter))) for each in agencies
        ]
        directory = Directory(agencies)
        return Snapshot(
            version=version,
            directory=directory,
            trust=directory.trust(),
            tokens={token.hash: token for token in tokens},
            pdfs_required=any(required_by(agency.options) for agency in agencies),
            verdicts=verdicts,
            verdicts_version=verdicts_version,
        )

    def _run(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self.renew()
            # The last snapshot stays good; the next look may succeed.
            except Exception:
                log.exception("registry_not_renewed")


def _within(limits: Limits, takes: Takes) -> Limits:
    """What the agency takes, as far as its software can."""
    most = [each for each in (limits.document_bytes_max, takes.document_bytes_max) if each is not None]
    types = limits.attachment_types & takes.attachment_types
    return Limits(
        document_bytes_max=min(most, default=None),
        attachment_types=types or limits.attachment_types or takes.attachment_types,
    )
