"""The agencies of the sample: who is connected and how, with keys of a make-believe CA."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from exchange.core.directory import Agency, Directory, Level
from exchange.core.signature import RegisteredCertificate, SigningKey
from exchange.core.trust import fingerprint
from exchange.demo.authority import Authority
from exchange.demo.province import import_sample
from exchange.ledger import directory_store
from exchange.ledger.database import Database
from exchange.ledger.directory_store import Token

OFFICE = "000.00.01.H45"  # of the province's People's Committee: sends most
FINANCE = "000.00.11.H45"
DISTRICT = "000.00.38.H45"
COMMUNE = "000.24.38.H45"  # has no software: its clerk works in the pages
REFUSING = "000.00.20.H45"
NO_LINE = "000.22.31.H45"  # an address where nobody listens
SLEEPING = "000.20.31.H45"  # nobody fetches
SLOW = ("000.00.03.H45", "000.00.33.H45", "000.00.36.H45")  # fetch after a day or more
SILENT = ("000.00.15.H45", "000.00.08.H45")  # register no paper
COMMUNES = (COMMUNE, NO_LINE, SLEEPING, "000.23.30.H45", "000.20.38.H45", "000.25.38.H45", "000.30.37.H45")
# The discard port: whoever calls is turned away.
NOWHERE = {"url": "http://127.0.0.1:9/", "secret": "of the sample alone"}
CERTIFICATE_DAYS = 700
SHORT = "000.00.32.H45"  # its certificate ends in some weeks


@dataclass(frozen=True, slots=True)
class Places:
    """The province: all agencies, and the keys of those that are connected."""

    directory: Directory
    keys: dict[str, SigningKey]

    @property
    def connected(self) -> tuple[str, ...]:
        """By code."""
        return tuple(self.keys)

    @property
    def unconnected(self) -> tuple[str, ...]:
        """By code: they get paper alone."""
        return tuple(each.code for each in self.directory if each.code not in self.keys)

    def agency(self, code: str) -> Agency:
        """The agency; it is one of the province."""
        found = self.directory.get(code)
        assert found is not None, code
        return found


def settle_in(database: Database, begin: datetime, now: datetime) -> Places:
    """Write the province into an empty database, as it was before ``begin``."""
    import_sample(database)
    agencies = directory_store.load(database)[1]
    changed = [_connected(agency) for agency in agencies]
    directory_store.save(database, changed)
    authority = Authority.create("Sample CA", begin - timedelta(days=40))
    codes = [agency.code for agency in changed if agency.adapter and agency.level is not Level.PROVINCE]
    keys = {code: _key(authority, code, begin, now) for code in codes}
    _register(database, keys)
    return Places(Directory(directory_store.load(database)[1]), keys)


def _connected(agency: Agency) -> Agency:
    match agency.code:
        case code if code == REFUSING:
            options = {
                "behaviour": "refuses",
                "code": "register_closed",
                "reason": "Sổ văn bản đến đang khóa, không nhận văn bản",
            }
            return replace(agency, adapter="simulator", options=options)
        case code if code == NO_LINE:
            return replace(agency, adapter="webhook", options=dict(NOWHERE))
        case code if agency.level is Level.COMMUNE and code not in COMMUNES:
            return replace(agency, adapter="")
    return agency


def _key(authority: Authority, code: str, begin: datetime, now: datetime) -> SigningKey:
    start = begin - timedelta(days=30)
    end = now + timedelta(days=23) if code == SHORT else start + timedelta(days=CERTIFICATE_DAYS)
    return authority.issue(code, code, start, days=(end - start).days)


def _register(database: Database, keys: dict[str, SigningKey]) -> None:
    for code, key in keys.items():
        registered = RegisteredCertificate(
            fingerprint=fingerprint(key.certificate),
            agency=code,
            certificate=key.certificate,
            valid_from=key.certificate.not_valid_before_utc,
        )
        directory_store.register_certificate(database, registered)


def caller(code: str) -> Token:
    """What the exchange knows of an agency that calls."""
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    return Token(
        id="sample",
        agency=code,
        hash="",
        scopes=frozenset({"submit", "inbox", "read"}),
        created_at=begin,
        expires_at=begin + timedelta(days=36_500),
    )


def mark(agency: Agency) -> str:
    """What stands for the agency in the symbols of its documents: STC, UBND."""
    if agency.level in (Level.DISTRICT, Level.COMMUNE, Level.PROVINCE):
        return "UBND"
    return "".join(_initials(agency.name.replace(",", " ").replace("-", " ").split()))


def _initials(words: Iterable[str]) -> list[str]:
    return [word[0].upper() for word in words if word.lower() not in ("và", "tỉnh", "phú", "yên")]
