"""The directory, the registered certificates and the tokens, as rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, delete, func, select, update

from exchange.core.codes import CodeForm
from exchange.core.directory import Agency, Alias, Former, Level, Limits
from exchange.core.signature import RegisteredCertificate
from exchange.ledger import acts
from exchange.ledger.acts import Act
from exchange.ledger.database import Database
from exchange.tables import AgencyRow, AliasRow, CertificateRow, DirectoryVersionRow, FormerRow, TokenRow

AGENCY = AgencyRow.__table__  # type: ignore[attr-defined]
ALIAS = AliasRow.__table__  # type: ignore[attr-defined]
FORMER = FormerRow.__table__  # type: ignore[attr-defined]
CERTIFICATE = CertificateRow.__table__  # type: ignore[attr-defined]
TOKEN = TokenRow.__table__  # type: ignore[attr-defined]
VERSION = DirectoryVersionRow.__table__  # type: ignore[attr-defined]

DIRECTORY, VERDICTS = 1, 2  # what has a version

AGENCIES_AT_ONCE = 500  # a statement of PostgreSQL takes 65 535 parameters
TOKENS_ACTIVE_MAX = 2  # the old and the new one, while an agency changes over


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token as the database knows it: by its hash."""

    id: str
    agency: str
    hash: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    brought_by: str = ""  # of a call: the hub that brings a message of ``agency``; no token says so itself

    def active(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and now < self.expires_at


class NotTaken(Exception):
    """The certificate stays as it is: another agency's, or ended."""


class Changed(Exception):
    """The directory is not what it was when the change was worked out."""


class TooManyTokens(Exception):
    """The agency has as many active tokens as it may have."""


def versions(database: Database) -> tuple[int, int]:
    """Of the directory, and of the verdicts on certificates: raised with every change; 0 before the first."""
    with database.read() as connection:
        found: dict[int, int] = {row.id: row.version for row in connection.execute(select(VERSION))}
    return found.get(DIRECTORY, 0), found.get(VERDICTS, 0)


def version_of(connection: Connection, part: int) -> int:
    """Of one part."""
    return connection.execute(select(VERSION.c.version).where(VERSION.c.id == part)).scalar() or 0


def _version(connection: Connection) -> int:
    return version_of(connection, DIRECTORY)


def _raise_version(connection: Connection) -> None:
    raise_version(connection, DIRECTORY)


def raise_version(connection: Connection, part: int) -> None:
    """Within the transaction that changes that part."""
    changed = connection.execute(
        update(VERSION).where(VERSION.c.id == part).values(version=VERSION.c.version + 1)
    )
    if changed.rowcount == 0:
        connection.execute(VERSION.insert(), {"id": part, "version": 1})


def load(database: Database) -> tuple[int, list[Agency], list[Token]]:
    """The version, all agencies with their certificates, and all tokens, as of one moment."""
    with database.read() as connection:
        return _version(connection), _agencies(connection), _tokens(connection)


def _agencies(connection: Connection) -> list[Agency]:
    aliases: dict[str, list[Alias]] = {}
    for row in connection.execute(select(ALIAS).order_by(ALIAS.c.id)):
        aliases.setdefault(row.agency, []).append(
            Alias(
                code=row.code,
                form=CodeForm(row.form),
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
        )
    former: dict[str, list[Former]] = {}
    for row in connection.execute(select(FORMER)):
        former.setdefault(row.agency, []).append(
            Former(until=row.until, name=row.name, level=Level(row.level), parent=row.parent)
        )
    certificates: dict[str, list[RegisteredCertificate]] = {}
    for row in connection.execute(select(CERTIFICATE).order_by(CERTIFICATE.c.valid_from)):
        certificates.setdefault(row.agency, []).append(
            RegisteredCertificate(
                fingerprint=row.fingerprint,
                agency=row.agency,
                certificate=x509.load_der_x509_certificate(row.der),
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
        )
    return [
        Agency(
            code=row.code,
            name=row.name,
            level=Level(row.level),
            parent=row.parent,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            former=tuple(former.get(row.code, ())),
            successors=tuple(filter(None, row.successor.split(";"))),
            aliases=tuple(aliases.get(row.code, ())),
            adapter=row.adapter,
            options=orjson.loads(row.options),
            limits=Limits(
                document_bytes_max=row.document_bytes_max,
                attachment_types=frozenset(filter(None, row.attachment_types.split(";"))),
            ),
            certificates=tuple(certificates.get(row.code, ())),
            unsigned_until=row.unsigned_until,
        )
        for row in connection.execute(select(AGENCY).order_by(AGENCY.c.code))
    ]


def _tokens(connection: Connection) -> list[Token]:
    return [
        Token(
            id=row.id,
            agency=row.agency,
            hash=row.hash,
            scopes=frozenset(row.scopes.split()),
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in connection.execute(select(TOKEN).order_by(TOKEN.c.created_at))
    ]


def save(
    database: Database, agencies: Sequence[Agency], expected: int | None = None, act: Act | None = None
) -> None:
    """Write agencies, new or changed, all or none, and whose act it is. Certificates are registered on
    their own.

    Raises ``Changed`` where the version is no longer the expected one: what was checked against the
    directory of then need not be right any more.
    Crash before the commit: nothing is changed. Crash after it: agencies and act are there, both.
    """
    with database.write() as connection:
        save_within(connection, agencies, expected)
        if act is not None:
            acts.write(connection, act)


def save_within(connection: Connection, agencies: Sequence[Agency], expected: int | None) -> None:
    """The same inside a transaction that the caller began."""
    # First, so that of two who save at once the second waits here, and sees what the first wrote.
    _raise_version(connection)
    if expected is not None and _version(connection) != expected + 1:
        raise Changed
    for first in range(0, len(agencies), AGENCIES_AT_ONCE):
        _replace(connection, agencies[first : first + AGENCIES_AT_ONCE])


def _replace(connection: Connection, agencies: Sequence[Agency]) -> None:
    codes = [agency.code for agency in agencies]
    for table, key in ((AGENCY, AGENCY.c.code), (FORMER, FORMER.c.agency), (ALIAS, ALIAS.c.agency)):
        connection.execute(delete(table).where(key.in_(codes)))
    connection.execute(AGENCY.insert(), [_agency_row(agency) for agency in agencies])
    for table, rows in ((FORMER, _former_rows(agencies)), (ALIAS, _alias_rows(agencies))):
        if found := list(rows):
            connection.execute(table.insert(), found)


def _agency_row(agency: Agency) -> dict[str, object]:
    return {
        "code": agency.code,
        "name": agency.name,
        "level": agency.level.value,
        "parent": agency.parent,
        "valid_from": agency.valid_from,
        "valid_to": agency.valid_to,
        "successor": ";".join(agency.successors),
        "adapter": agency.adapter,
        "options": orjson.dumps(dict(agency.options), option=orjson.OPT_SORT_KEYS).decode(),
        "document_bytes_max": agency.limits.document_bytes_max,
        "attachment_types": ";".join(sorted(agency.limits.attachment_types)),
        "unsigned_until": agency.unsigned_until,
    }


def _former_rows(agencies: Iterable[Agency]) -> Iterable[dict[str, object]]:
    for agency in agencies:
        for each in agency.former:
            yield {
                "agency": agency.code,
                "until": each.until,
                "name": each.name,
                "level": each.level.value,
                "parent": each.parent,
            }


def _alias_rows(agencies: Iterable[Agency]) -> Iterable[dict[str, object]]:
    for agency in agencies:
        for alias in agency.aliases:
            yield {
                "agency": agency.code,
                "code": alias.code,
                "form": alias.form.value,
                "valid_from": alias.valid_from,
                "valid_to": alias.valid_to,
            }


def register_certificate(
    database: Database, registered: RegisteredCertificate, *, reopen: bool = False
) -> None:
    """Register a certificate whose chain was checked; registering it again changes its start.

    Raises ``NotTaken`` where it is another agency's (it signs for one, for ever), and where it was
    ended, unless ``reopen``.
    """
    with database.write() as connection:
        before = connection.execute(
            select(CERTIFICATE.c.agency, CERTIFICATE.c.valid_to)
            .where(CERTIFICATE.c.fingerprint == registered.fingerprint)
            .with_for_update()
        ).first()
        if before is not None and before.agency != registered.agency:
            raise NotTaken(f"it is registered for {before.agency}")
        if before is not None and before.valid_to is not None and not reopen:
            raise NotTaken(f"it was ended at {before.valid_to:%Y-%m-%d %H:%M} UTC")
        connection.execute(delete(CERTIFICATE).where(CERTIFICATE.c.fingerprint == registered.fingerprint))
        connection.execute(
            CERTIFICATE.insert(),
            {
                "fingerprint": registered.fingerprint,
                "agency": registered.agency,
                "der": registered.certificate.public_bytes(Encoding.DER),
                "valid_from": registered.valid_from,
                "valid_to": registered.valid_to,
            },
        )
        _raise_version(connection)


def end_certificate(database: Database, fingerprint: str, at: datetime) -> bool:
    """The agency no longer signs with it from ``at`` on; False if it is not registered."""
    with database.write() as connection:
        changed = connection.execute(
            update(CERTIFICATE).where(CERTIFICATE.c.fingerprint == fingerprint).values(valid_to=at)
        ).rowcount
        _raise_version(connection)
        return changed == 1


def add_token(database: Database, token: Token, now: datetime) -> None:
    """Keep a new token; raises ``TooManyTokens`` beyond two active ones of an agency."""
    with database.write() as connection:
        active = connection.execute(
            select(func.count())
            .select_from(TOKEN)
            .where(TOKEN.c.agency == token.agency, TOKEN.c.revoked_at.is_(None), TOKEN.c.expires_at > now)
        ).scalar_one()
        if active >= TOKENS_ACTIVE_MAX:
            raise TooManyTokens(token.agency)
        connection.execute(
            TOKEN.insert(),
            {
                "id": token.id,
                "agency": token.agency,
                "hash": token.hash,
                "scopes": " ".join(sorted(token.scopes)),
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "revoked_at": None,
            },
        )
        _raise_version(connection)


def revoke_token(database: Database, token_id: str, at: datetime) -> bool:
    """The token opens nothing from now on; False if there is no such active token."""
    with database.write() as connection:
        changed = connection.execute(
            update(TOKEN).where(TOKEN.c.id == token_id, TOKEN.c.revoked_at.is_(None)).values(revoked_at=at)
        ).rowcount
        _raise_version(connection)
        return changed == 1
