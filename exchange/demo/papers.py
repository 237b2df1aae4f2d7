"""What agencies write: documents in the shapes that are really sent, with a number, and signed."""

import hashlib
import io
import threading
import uuid
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

import pybase64

from exchange.client import compose, sign_message
from exchange.core.codes import CodeForm, document_types
from exchange.core.directory import Directory
from exchange.core.edxml import VIETNAM, Attachment, Business, DocumentMessage, Organization
from exchange.demo.cast import Member

PROVINCE = "Ủy ban nhân dân tỉnh Phú Yên"
PLACE = "Phú Yên"
ELECTRONIC = Business(paper=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document before it has a number."""

    sender: Member
    receivers: tuple[Member, ...]
    subject: str
    type_name: str = "Công văn"
    priority: int = 0
    sizes: tuple[int, ...] = (8_000,)  # bytes of each attachment
    business: Business = ELECTRONIC
    form: CodeForm = CodeForm.QCVN102  # in which the receivers are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A signed document, as its sender keeps it."""

    sender: Member
    receivers: tuple[Member, ...]
    message: DocumentMessage
    content: bytes

    @property
    def id(self) -> str:
        """The sender's DocumentId."""
        return self.message.document_id

    @property
    def digest(self) -> str:
        """SHA-256 of the exact bytes."""
        return digest_of(self.content)


def digest_of(content: bytes) -> str:
    """SHA-256, lower-case hex."""
    return hashlib.sha256(content).hexdigest()


class Registers:
    """The registers of outgoing documents: each agency counts from 01 in each year (NĐ 30/2020 art. 15)."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  contents of make-believe attachments
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def write(self, draft: Draft) -> Letter:
        """Give the draft its number, and sign it."""
        return seal(draft, self.message(draft))

    def message(self, draft: Draft) -> DocumentMessage:
        """The numbered document, unsigned."""
        with self._lock:
            self._numbers[draft.sender.code] += 1
            number = f"{self._numbers[draft.sender.code]:02}"
            attachments = tuple(_attachment(self._random, size, at) for at, size in enumerate(draft.sizes, 1))
        return _message(draft, number, attachments)


def seal(draft: Draft, message: DocumentMessage) -> Letter:
    """Sign with the sender's key."""
    content = sign_message(message, draft.sender.key)
    return Letter(sender=draft.sender, receivers=draft.receivers, message=message, content=content)


def _message(draft: Draft, number: str, attachments: tuple[Attachment, ...]) -> DocumentMessage:
    now = datetime.now(UTC)
    [*_, kind] = document_types(draft.type_name)
    mark = draft.sender.role.mark
    composed = compose(
        sender=organization(draft.sender, CodeForm.QCVN102, now),
        receivers=[organization(receiver, draft.form, now) for receiver in draft.receivers],
        number=number,
        symbol=f"{kind.abbreviation}-{mark}" if kind.abbreviation else f"{mark}-VX",
        subject=draft.subject,
        type_name=draft.type_name,
        place=PLACE,
        priority=draft.priority,
        position="Chủ tịch" if mark == "UBND" else "Giám đốc",
        full_name="Trần Thị B",
        signed_at=now,
    )
    return replace(
        composed,
        content=draft.subject,
        competence="TM." if mark == "UBND" else "",
        to_places=("Như trên", "Lưu: VT"),
        promulgation_amount=len(draft.receivers),
        page_amount=2,
        steering_type=0,
        business=draft.business,
        attachments=attachments,
    )


def organization(member: Member, form: CodeForm, now: datetime) -> Organization:
    """An agency as a message names it."""
    code = Directory.code_for(member.agency, form, now.astimezone(VIETNAM).date())
    return Organization(
        organ_id=code,
        organization_in_charge=PROVINCE,
        organ_name=member.agency.name,
        organ_add=PLACE,
        email=f"{code.lower()}@example.gov.vn",
    )


# --- attachments ---


def _attachment(random: Random, size: int, position: int) -> Attachment:
    content = pdf(random, size)
    zipped = position % 2 == 0  # the axis' own library puts a ZIP around each file, others do not
    return Attachment(
        content_id=str(position),
        name=f"van-ban-{position}.pdf",
        description=f"Tệp {position}",
        content_type="application/zip" if zipped else "application/pdf",
        encoded=pybase64.b64encode(_zip(random, content) if zipped else content).decode(),
    )


def pdf(random: Random, size: int) -> bytes:
    """A valid PDF of one empty page, filled up to about ``size`` bytes by a stream that nobody sees."""
    filling = random.randbytes(max(0, size - 500)).replace(b"endstream", b"")
    return _assembled(
        (
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
            b"<</Length %d>>stream\n%b\nendstream" % (len(filling), filling),
        )
    )


def _assembled(objects: Sequence[bytes]) -> bytes:
    body = b"%PDF-1.7\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj%b endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, len(body))
    )


def _zip(random: Random, content: bytes) -> bytes:
    name = f"{uuid.UUID(bytes=random.randbytes(16), version=4)}.pdf"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()
