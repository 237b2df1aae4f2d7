"""What CAs say of certificates, as rows: the evidence, where it is asked for, and what follows from it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from exchange.core.standing import Status, Verdict
from exchange.ledger import bulk
from exchange.ledger.database import Database
from exchange.ledger.directory_store import VERDICTS, raise_version, version_of
from exchange.tables import RevocationEvidenceRow, RevocationSourceRow, VerdictRow

EVIDENCE = RevocationEvidenceRow.__table__  # type: ignore[attr-defined]
SOURCE = RevocationSourceRow.__table__  # type: ignore[attr-defined]
VERDICT = VerdictRow.__table__  # type: ignore[attr-defined]

KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A CRL or OCSP answer that was found authentic when it was fetched."""

    kind: Literal["crl", "ocsp"]
    digest: str  # SHA-256 of ``der``, hex
    url: str
    issuer: str  # fingerprint of the CA's certificate
    certificate: str = ""  # fingerprint of the one that an OCSP answer speaks of
    this_update: datetime
    next_update: datetime | None
    der: bytes
    fetched_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a question is asked: a list at its address, or about one certificate."""

    url: str
    certificate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How asking there went lately, and when it is due again."""

    due_at: datetime
    failures: int = 0
    fault: str = ""


def keep(database: Database, evidence: Evidence) -> bool:
    """Keep an answer for ever; False if it is there already.

    Crash before the commit: it is fetched again. Crash after it: it is there, and a verdict follows.
    """
    with database.write() as connection:
        known = connection.execute(select(EVIDENCE.c.id).where(EVIDENCE.c.digest == evidence.digest)).first()
        if known is not None:
            return False
        new = database.insert(EVIDENCE).on_conflict_do_nothing(index_elements=["digest"])
        written = connection.execute(new.returning(EVIDENCE.c.id), asdict(evidence))
        return written.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """That an answer is kept: the last one of its place."""

    id: int
    place: Place
    digest: str


def newest(database: Database, after: int = 0) -> list[Kept]:
    """Of what was kept after a row, the last answer of each place, without its bytes."""
    place = (EVIDENCE.c.url, EVIDENCE.c.certificate)
    order = (EVIDENCE.c.this_update.desc(), EVIDENCE.c.id.desc())
    ranked = (
        select(EVIDENCE.c.id, *place, EVIDENCE.c.digest)
        .add_columns(func.row_number().over(partition_by=place, order_by=order).label("rank"))
        .where(EVIDENCE.c.id > after)
        .subquery()
    )
    with database.read() as connection:
        return [
            Kept(id=row.id, place=Place(row.url, row.certificate), digest=row.digest)
            for row in connection.execute(select(ranked).where(ranked.c.rank == 1).order_by(ranked.c.id))
        ]


def load(database: Database, digests: Sequence[str]) -> Iterator[Evidence]:
    """Answers by their digests, one after the other: a list of revocations may be long."""
    for digest in digests:
        with database.read() as connection:
            row = connection.execute(select(EVIDENCE).where(EVIDENCE.c.digest == digest)).one()
        yield _evidence(row)


def about(
    database: Database,
    certificates: Collection[str],
    issuers: Collection[str],
    known_at: datetime | None = None,
) -> list[Evidence]:
    """All OCSP answers about these certificates and all CRLs of these CAs, as far as fetched by then.

    All by fingerprint. The oldest first.
    """
    of_them = or_(
        EVIDENCE.c.certificate.in_(certificates),
        and_(EVIDENCE.c.kind == "crl", EVIDENCE.c.issuer.in_(issuers)),
    )
    statement = select(EVIDENCE).where(of_them).order_by(EVIDENCE.c.id)
    if known_at is not None:
        statement = statement.where(EVIDENCE.c.fetched_at <= known_at)
    with database.read() as connection:
        return [_evidence(row) for row in connection.execute(statement)]


def _evidence(row: Any) -> Evidence:
    return Evidence(**{name: getattr(row, name) for name in Evidence.__slots__})


def asked(database: Database) -> dict[Place, Asked]:
    """How it stands with every place that was ever asked."""
    with database.read() as connection:
        return {
            Place(row.url, row.certificate): Asked(due_at=row.due_at, failures=row.failures, fault=row.fault)
            for row in connection.execute(select(SOURCE))
        }


def claim(
    database: Database, place: Place, now: datetime, until: datetime, furthest: datetime | None = None
) -> bool:
    """Take a question that is due, so that nobody else asks it before ``until``; False if somebody did.

    One that is put off beyond ``furthest`` is due, too: the clock that did it was wrong. Crash after it:
    it is due again at ``until``.
    """
    due = SOURCE.c.due_at <= now
    if furthest is not None:
        due = or_(due, SOURCE.c.due_at > furthest)
    with database.write() as connection:
        new = database.insert(SOURCE).on_conflict_do_nothing(index_elements=["url", "certificate"])
        row = {
            "url": place.url,
            "certificate": place.certificate,
            "due_at": until,
            "failures": 0,
            "fault": "",
        }
        if connection.execute(new.returning(SOURCE.c.url), row).first() is not None:
            return True
        taken = connection.execute(
            update(SOURCE)
            .where(SOURCE.c.url == place.url, SOURCE.c.certificate == place.certificate)
            .where(due)
            .values(due_at=until)
        )
        return taken.rowcount == 1


def settle(database: Database, place: Place, outcome: Asked) -> None:
    """How asking went."""
    with database.write() as connection:
        connection.execute(
            update(SOURCE)
            .where(SOURCE.c.url == place.url, SOURCE.c.certificate == place.certificate)
            .values(due_at=outcome.due_at, failures=outcome.failures, fault=outcome.fault)
        )


def verdicts(database: Database) -> tuple[int, Mapping[str, Verdict]]:
    """What is known of each certificate, by fingerprint, and the version of that."""
    with database.read() as connection:
        version = version_of(connection, VERDICTS)
        return version, {row.certificate: _verdict(row) for row in connection.execute(select(VERDICT))}


def _verdict(row: Any) -> Verdict:
    return Verdict(
        status=Status(row.status),
        reason_en=row.reason_en,
        reason_vi=row.reason_vi,
        checked_at=row.checked_at,
        as_of=row.as_of,
        good_until=row.good_until,
        revoked_at=row.revoked_at,
        cause=row.cause,
    )


def decide(database: Database, changed: Mapping[str, Verdict]) -> None:
    """Write what is known now, for every process to see.

    Crash before the commit: the verdicts of before hold, which run out by themselves.
    """
    rows = [
        {"certificate": fingerprint, **asdict(verdict), "status": verdict.status.value}
        for fingerprint, verdict in sorted(changed.items())
    ]
    if not rows:
        return
    with database.write() as connection:
        for first in range(0, len(rows), KEYS_AT_ONCE):
            _replace(connection, rows[first : first + KEYS_AT_ONCE])
        raise_version(connection, VERDICTS)


def _replace(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(delete(VERDICT).where(VERDICT.c.certificate.in_([row["certificate"] for row in rows])))
    bulk.insert(connection, VERDICT, rows)
