"""A small province for tests: agencies with keys and tokens, and messages that they sign."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.directory import Agency, Level
from exchange.core.edxml import (
    VIETNAM,
    Attachment,
    Business,
    BusinessType,
    DocumentMessage,
    Organization,
    ResponseFor,
    StatusMessage,
    TraceHeader,
    build_document,
    build_status,
)
from exchange.core.signature import RegisteredCertificate, SigningKey, sign
from exchange.core.trust import fingerprint
from exchange.demo.authority import Authority
from exchange.ids import new_id
from exchange.ledger import directory_store
from exchange.ledger.database import Database
from exchange.ledger.directory_store import Token
from exchange.tables import CertificateRow, TokenRow

PROVINCE = "000.00.00.H45"
OFFICE = "000.00.01.H45"
FINANCE = "000.00.05.H45"
DISTRICT = "000.00.30.H45"
COMMUNE = "000.20.30.H45"
CERTIFICATE = CertificateRow.__table__  # type: ignore[attr-defined]
TOKEN = TokenRow.__table__  # type: ignore[attr-defined]
SCOPES = frozenset({"submit", "inbox", "read"})


@dataclass(slots=True)
class Province:
    """Agencies by code; every one has a key that is registered, and a token."""

    authority: Authority
    keys: dict[str, SigningKey]
    agencies: dict[str, Agency]
    secrets: dict[str, str] = field(default_factory=dict)
    counter: int = 0

    @classmethod
    def create(
        cls, now: datetime, adapters: Mapping[str, tuple[str, dict[str, object]]] | None = None
    ) -> "Province":
        """The five agencies, all with an inbox unless ``adapters`` says otherwise."""
        authority = Authority.create("Test CA", now - timedelta(days=400))
        levels = {
            PROVINCE: (Level.PROVINCE, ""),
            OFFICE: (Level.DEPARTMENT, PROVINCE),
            FINANCE: (Level.DEPARTMENT, PROVINCE),
            DISTRICT: (Level.DISTRICT, PROVINCE),
            COMMUNE: (Level.COMMUNE, DISTRICT),
        }
        keys = {code: authority.issue(code, code, now - timedelta(days=100), days=3650) for code in levels}
        agencies = {}
        for code, (level, parent) in levels.items():
            adapter, options = (adapters or {}).get(code, ("inbox", {}))
            agencies[code] = Agency(
                code=code,
                name=f"Cơ quan {code}",
                level=level,
                parent=parent,
                valid_from=date(2016, 4, 1),
                adapter=adapter,
                options=options,
                certificates=(registered(keys[code], code, now),),
            )
        return cls(authority=authority, keys=keys, agencies=agencies)

    def install(self, database: Database, now: datetime) -> None:
        """Write everything into the broker's database, in one transaction."""
        self.secrets.update({code: f"secret-{new_id()}" for code in self.agencies})
        certificates = [each for agency in self.agencies.values() for each in agency.certificates]
        tokens = [self.stored_token(code, now) for code in self.agencies]
        with database.write() as connection:
            directory_store.save_within(connection, list(self.agencies.values()), None)
            connection.execute(CERTIFICATE.insert(), [_certificate_row(each) for each in certificates])
            connection.execute(TOKEN.insert(), [_token_row(each) for each in tokens])

    def stored_token(self, code: str, now: datetime) -> Token:
        return Token(
            id=new_id(),
            agency=code,
            hash=hashlib.sha256(self.secrets[code].encode()).hexdigest(),
            scopes=SCOPES,
            created_at=now,
            expires_at=now + timedelta(days=365),
        )

    def token(self, code: str) -> Token:
        """What the broker knows of a caller."""
        now = datetime(2020, 1, 1, tzinfo=UTC)
        return Token(
            id="t", agency=code, hash="", scopes=SCOPES, created_at=now, expires_at=now + timedelta(days=9999)
        )

    def message(
        self,
        sender: str,
        *receivers: str,
        at: datetime,
        number: int | None = None,
        attachment: bytes = b"%PDF-1.7 made up",
        business: Business | None = None,
        **changes: object,
    ) -> DocumentMessage:
        """A document message with a number of its own."""
        self.counter += 1
        number = number if number is not None else self.counter
        day = at.astimezone(VIETNAM).date()
        message = DocumentMessage(
            sender=Organization(organ_id=sender, organ_name=f"Cơ quan {sender}"),
            receivers=tuple(Organization(organ_id=each, organ_name=f"Cơ quan {each}") for each in receivers),
            document_id=f"{sender},{day:%Y/%m/%d},{number}/UBND-VX",
            code_number=str(number),
            code_notation="UBND-VX",
            place="Tuy Hòa",
            promulgation_date=day,
            type=2,
            type_detail=18,
            type_name="Công văn",
            subject=f"V/v báo cáo số {number}",
            trace=(TraceHeader(organ_id=sender, timestamp=at.astimezone(VIETNAM).replace(microsecond=0)),),
            business=business or Business(doc_type=BusinessType.NEW, paper=False),
            attachments=(
                Attachment(
                    content_id="1",
                    name="van-ban.pdf",
                    content_type="application/pdf",
                    encoded=base64.b64encode(attachment).decode(),
                ),
            ),
        )
        return replace(message, **changes)  # type: ignore[arg-type]

    def signed(self, message: DocumentMessage | StatusMessage) -> bytes:
        """The message with its sender's signature."""
        build = build_document if isinstance(message, DocumentMessage) else build_status
        return sign(build(message), self.keys[message.sender.organ_id])  # type: ignore[arg-type]

    def document(self, sender: str, *receivers: str, at: datetime, **changes: object) -> bytes:
        """A signed document."""
        return self.signed(self.message(sender, *receivers, at=at, **changes))  # type: ignore[arg-type]

    def status(
        self, reporter: str, other: str, document_id: str, code: str, at: datetime, description: str = ""
    ) -> bytes:
        """A signed status message."""
        return self.signed(
            StatusMessage(
                sender=Organization(organ_id=reporter, organ_name=f"Cơ quan {reporter}"),
                response_for=ResponseFor(
                    organ_id=other,
                    code="1/UBND-VX",
                    document_id=document_id,
                    promulgation_date=date(2026, 11, 24),
                ),
                status_code=code,
                description=description or "Đã xử lý",
                timestamp=at.astimezone(VIETNAM).replace(microsecond=0),
            )
        )


def registered(key: SigningKey, code: str, now: datetime) -> RegisteredCertificate:
    return RegisteredCertificate(
        fingerprint=fingerprint(key.certificate),
        agency=code,
        certificate=key.certificate,
        valid_from=now - timedelta(days=100),
        valid_to=None,
    )


def _certificate_row(registered: RegisteredCertificate) -> dict[str, object]:
    return {
        "fingerprint": registered.fingerprint,
        "agency": registered.agency,
        "der": registered.certificate.public_bytes(Encoding.DER),
        "valid_from": registered.valid_from,
        "valid_to": registered.valid_to,
    }


def _token_row(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "agency": token.agency,
        "hash": token.hash,
        "scopes": " ".join(sorted(token.scopes)),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
