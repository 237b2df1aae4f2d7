"""Answers of CAs that were kept: those that speak for certificates at a past moment, and the newest."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select

from exchange.ledger.database import Database
from exchange.tables import RevocationEvidenceRow

EVIDENCE = RevocationEvidenceRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A CRL or OCSP answer, DER."""

    kind: Literal["crl", "ocsp"]
    digest: str
    der: bytes


def about(
    database: Database, certificates: Collection[str], issuers: Collection[str], at: datetime
) -> list[Answer]:
    """What was kept of these certificates and the lists of these CAs (fingerprints).

    Of each place the last answer that was given by ``at``, and the newest: one of them shows how a
    certificate stood then.
    """
    found: dict[str, Answer] = {}
    with database.read() as connection:
        for place in _places(connection, certificates, issuers):
            for row in (_last(connection, place, EVIDENCE.c.this_update <= at), _last(connection, place)):
                if row is not None:
                    found[row["digest"]] = Answer(kind=row["kind"], digest=row["digest"], der=row["der"])
    return list(found.values())


def _places(
    connection: Connection, certificates: Collection[str], issuers: Collection[str]
) -> list[ColumnElement[bool]]:
    statement = (
        select(EVIDENCE.c.url, EVIDENCE.c.certificate)
        .distinct()
        .where(
            or_(
                EVIDENCE.c.certificate.in_(certificates),
                and_(EVIDENCE.c.certificate == "", EVIDENCE.c.issuer.in_(issuers)),
            )
        )
        .order_by(EVIDENCE.c.url, EVIDENCE.c.certificate)
    )
    return [
        and_(EVIDENCE.c.url == row.url, EVIDENCE.c.certificate == row.certificate)
        for row in connection.execute(statement)
    ]


def _last(connection: Connection, *where: ColumnElement[bool]) -> RowMapping | None:
    statement = select(EVIDENCE).where(*where).order_by(EVIDENCE.c.this_update.desc()).limit(1)
    return connection.execute(statement).mappings().first()
