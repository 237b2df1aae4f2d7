"""The cast: agencies of the sample province that take part, and what software each of them has."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from exchange.core.directory import Agency
from exchange.core.signature import SigningKey


class Software(StrEnum):
    """How an agency's software and the exchange meet; the value is what people read."""

    INBOX = "fetches"  # behind a firewall: asks for what lies ready
    WEBHOOK = "is called"  # the exchange posts to it
    FOLDER = "folder"  # files, on a disk that both sides see
    REFUSING = "refuses"  # a simulator that takes nothing
    FAILING = "down at first"  # a simulator that is down, and comes back
    UNREACHABLE = "no line"  # an address where nobody listens


PLAYED = frozenset({Software.INBOX, Software.WEBHOOK, Software.FOLDER})  # the demo is their software


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One agency that takes part: its code in the sample, and its mark in the symbols of documents."""

    code: str
    mark: str
    software: Software
    clients: int = 1  # programs that fetch at the same time
    algorithm: Literal["ec", "rsa"] = "ec"


OFFICE = "000.00.01.H45"  # two of its programs fetch side by side
LATE_RISER = "000.20.31.H45"  # its computer is switched on later
NO_LINE = "000.22.31.H45"
REFUSING = "000.00.20.H45"
FAILING = "000.00.31.H45"
TREASURY = "000.00.11.H45"
HOME_AFFAIRS = "000.00.09.H45"
CITY = "000.00.38.H45"
WARD = "000.24.38.H45"

CAST = (
    Role(code=OFFICE, mark="UBND", software=Software.INBOX, clients=2, algorithm="rsa"),
    Role(code="000.00.03.H45", mark="SGDĐT", software=Software.FOLDER),
    Role(code=HOME_AFFAIRS, mark="SNV", software=Software.WEBHOOK),
    Role(code=TREASURY, mark="STC", software=Software.INBOX),
    Role(code="000.00.13.H45", mark="STTTT", software=Software.WEBHOOK),
    Role(code=REFUSING, mark="BQLKKT", software=Software.REFUSING),
    Role(code=FAILING, mark="UBND", software=Software.FAILING),
    Role(code="000.00.32.H45", mark="UBND", software=Software.FOLDER),
    Role(code="000.00.33.H45", mark="UBND", software=Software.INBOX),
    Role(code=CITY, mark="UBND", software=Software.WEBHOOK),
    Role(code=LATE_RISER, mark="UBND", software=Software.INBOX),
    Role(code=NO_LINE, mark="UBND", software=Software.UNREACHABLE),
    Role(code="000.23.30.H45", mark="UBND", software=Software.INBOX),
    Role(code=WARD, mark="UBND", software=Software.FOLDER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An agency of the cast with what it needs: its place in the directory, its key, its token."""

    role: Role
    agency: Agency
    key: SigningKey
    token: str

    @property
    def code(self) -> str:
        """Its key in the directory."""
        return self.agency.code

    @property
    def name(self) -> str:
        """The name as people write it in a list."""
        return self.agency.name.replace("Ủy ban nhân dân", "UBND").removesuffix(" Phú Yên")

    @property
    def played(self) -> bool:
        """Whether the demo plays its software, so that it sends, receives and answers."""
        return self.role.software in PLAYED


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who takes part, by code."""

    members: tuple[Member, ...]

    def of(self, code: str) -> Member:
        """The member with this code; ``KeyError`` if there is none."""
        for member in self.members:
            if member.code == code:
                return member
        raise KeyError(code)

    @property
    def played(self) -> tuple[Member, ...]:
        """Those whose software the demo plays."""
        return tuple(member for member in self.members if member.played)

    def name(self, code: str) -> str:
        """The name behind a code; the code itself for a stranger."""
        return next((member.name for member in self.members if member.code == code), code)
