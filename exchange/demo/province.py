"""The province before the first document: directory, connections, certificates, tokens.

Everything goes the way on which an administrator brings it in: CSV files with their checks, the
check of each certificate's chain, tokens of which only the hash is kept.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from exchange import resources
from exchange.api.access import SCOPES
from exchange.core import directory_csv
from exchange.core.directory import Agency, Directory
from exchange.core.signature import RegisteredCertificate, SigningKey
from exchange.core.trust import check_chain, check_suitable, fingerprint
from exchange.demo.cast import CAST, CITY, Cast, Member, Role, Software
from exchange.demo.pki import Pki
from exchange.demo.pki_plan import DAY, Holder
from exchange.ids import new_id, new_secret
from exchange.ledger import directory_store
from exchange.ledger.database import Database
from exchange.ledger.directory_store import Token

Options = Mapping[str, Mapping[str, object]]  # by code: what the adapter is told

SAMPLE = "sample/phu-yen.csv"
LOST = "lost-key"  # the holder of a second certificate of the city, that is revoked
ADAPTERS = {
    Software.INBOX: "inbox",
    Software.WEBHOOK: "webhook",
    Software.FOLDER: "folder",
    Software.REFUSING: "simulator",
    Software.FAILING: "simulator",
    Software.UNREACHABLE: "webhook",
}


def import_sample(database: Database) -> int:
    """All agencies of the sample province; how many."""
    return _import(database, resources.read("config", SAMPLE))


def connect(database: Database, options: Options) -> None:
    """Say by which adapter each of the cast is reached: its lines of the CSV, changed and imported again."""
    known = Directory(directory_store.load(database)[1])
    changed = [_connected(known, role, options.get(role.code, {})) for role in CAST]
    _import(database, directory_csv.render(Directory(changed)).encode())


def _connected(known: Directory, role: Role, options: Mapping[str, object]) -> Agency:
    agency = _agency(known, role.code)
    return replace(agency, adapter=ADAPTERS[role.software], options=options)


def _import(database: Database, content: bytes) -> int:
    existing = Directory(directory_store.load(database)[1])
    parsed = directory_csv.parse(content)
    problems = directory_csv.problems(parsed, existing)
    assert not problems, problems[0].message
    directory_store.save(database, [row.agency for row in parsed.rows])
    return len(parsed.rows)


def holders(database: Database) -> dict[str, Holder]:
    """To whom the CA issues certificates, by code; one of them, of a key that was lost, is revoked."""
    known = Directory(directory_store.load(database)[1])
    names = {role.code: _agency(known, role.code).name for role in CAST}
    issued = {
        role.code: Holder(name=names[role.code], agency=role.code, algorithm=role.algorithm) for role in CAST
    }
    return issued | {LOST: Holder(name=names[CITY], agency=CITY, revoked=-DAY)}


def enrol(database: Database, pki: Pki, now: datetime) -> Cast:
    """Give each of the cast its certificate, registered after its check, and a token."""
    known = Directory(directory_store.load(database)[1])
    _register(database, pki, CITY, pki.signing_key(LOST), now)
    return Cast(tuple(_enrolled(database, pki, known, role, now) for role in CAST))


def _agency(known: Directory, code: str) -> Agency:
    agency = known.get(code)
    assert agency is not None, f"{code} is not in the sample province"
    return agency


def _enrolled(database: Database, pki: Pki, known: Directory, role: Role, now: datetime) -> Member:
    key = pki.signing_key(role.code)
    _register(database, pki, role.code, key, now)
    token = _token(database, role.code, now)
    return Member(role=role, agency=_agency(known, role.code), key=key, token=token)


def _register(database: Database, pki: Pki, code: str, key: SigningKey, now: datetime) -> None:
    check_suitable(key.certificate)
    check_chain(key.certificate, [pki.authority], now)
    registered = RegisteredCertificate(
        fingerprint=fingerprint(key.certificate),
        agency=code,
        certificate=key.certificate,
        valid_from=key.certificate.not_valid_before_utc,
    )
    directory_store.register_certificate(database, registered)


def _token(database: Database, code: str, now: datetime) -> str:
    secret = new_secret()
    token = Token(
        id=new_id(),
        agency=code,
        hash=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=frozenset(SCOPES),
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    directory_store.add_token(database, token, now)
    return secret
