"""Signed edXML documents, made before the clock runs.

Every document is its own: id, number, subject and attachment differ, and each carries an
enveloped RSA-2048/SHA-256 signature with exclusive C14N over the whole. The documents of one
size lie in one file, so that the load generator reads them with one call.
"""

import random
import struct
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path

import pybase64
import pybergshamra

SENDER = "000.00.01.H45"
RECEIVERS = tuple(f"000.00.{number:02d}.H45" for number in range(2, 10))  # in turn, one for each document

_LENGTH = struct.Struct("<Q")  # each document in the file follows its length
_VIETNAM_HOURS = 7


class Size(StrEnum):
    """The three sizes of a document, named after the attachment before base64."""

    SMALL = "2 KB"
    MEDIUM = "200 KB"
    LARGE = "5 MB"

    @property
    def attachment_bytes(self) -> int:
        """Bytes of the attachment before base64."""
        return {Size.SMALL: 2048, Size.MEDIUM: 200 * 1024, Size.LARGE: 5 * 1024 * 1024}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The sending agency's key and certificate, as PEM."""

    private_key: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one process signs: the documents ``first`` to ``last`` (excluded) into ``path``."""

    path: Path
    first: int
    last: int
    size: Size
    signer: Signer
    signed_at: datetime


_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">\
<edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
<edXML:edXMLHeader>
<edXML:MessageHeader>
<edXML:From>
<edXML:OrganId>{sender}</edXML:OrganId>
<edXML:OrganName>Văn phòng UBND tỉnh Phú Yên</edXML:OrganName>
<edXML:Email>vanthu@example.gov.vn</edXML:Email>
</edXML:From>
<edXML:To>
<edXML:OrganId>{receiver}</edXML:OrganId>
<edXML:OrganName>Sở Công Thương tỉnh Phú Yên</edXML:OrganName>
</edXML:To>
<edXML:DocumentId>{sender},{date},{number}/UBND-VX</edXML:DocumentId>
<edXML:Code>
<edXML:CodeNumber>{number}</edXML:CodeNumber>
<edXML:CodeNotation>UBND-VX</edXML:CodeNotation>
</edXML:Code>
<edXML:PromulgationInfo>
<edXML:Place>Phú Yên</edXML:Place>
<edXML:PromulgationDate>{date}</edXML:PromulgationDate>
</edXML:PromulgationInfo>
<edXML:DocumentType>
<edXML:Type>2</edXML:Type>
<edXML:TypeName>Công văn</edXML:TypeName>
</edXML:DocumentType>
<edXML:Subject>Về việc liên thông văn bản điện tử, lần thứ {number}</edXML:Subject>
<edXML:SignerInfo>
<edXML:Position>Phó Chủ tịch</edXML:Position>
<edXML:FullName>Nguyễn Văn A</edXML:FullName>
</edXML:SignerInfo>
<edXML:OtherInfo>
<edXML:Priority>0</edXML:Priority>
</edXML:OtherInfo>
</edXML:MessageHeader>
<edXML:TraceHeaderList>
<edXML:TraceHeader>
<edXML:OrganId>{sender}</edXML:OrganId>
<edXML:Timestamp>{timestamp}</edXML:Timestamp>
</edXML:TraceHeader>
<edXML:Bussiness>
<edXML:BussinessDocType>0</edXML:BussinessDocType>
<edXML:Paper>0</edXML:Paper>
</edXML:Bussiness>
</edXML:TraceHeaderList>
</edXML:edXMLHeader>
<edXML:edXMLBody>
<edXML:edXMLManifest version="1.0">
<edXML:Reference>
<edXML:ContentId>cid:1</edXML:ContentId>
<edXML:ContentType>application/pdf</edXML:ContentType>
<edXML:Description>cong-van-{number}.pdf</edXML:Description>
<edXML:AttachmentName>cong-van-{number}.pdf</edXML:AttachmentName>
</edXML:Reference>
</edXML:edXMLManifest>
</edXML:edXMLBody>
</edXML:edXMLEnvelope>
<AttachmentEncoded>
<Attachment>
<ContentId>cid:1</ContentId>
<AttachmentName>cong-van-{number}.pdf</AttachmentName>
<Description>cong-van-{number}.pdf</Description>
<ContentType>application/pdf</ContentType>
<edXML:ContentTransferEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">{attachment}\
</edXML:ContentTransferEncoded>
</Attachment>
</AttachmentEncoded>
</edXML>"""


def unsigned(number: int, size: Size, signed_at: datetime) -> str:
    """The document ``number`` before it is signed; the same number gives the same content."""
    source = random.Random(number)
    content = b"%PDF-1.7\n" + source.randbytes(size.attachment_bytes - 9)
    local = signed_at + timedelta(hours=_VIETNAM_HOURS)
    return _TEMPLATE.format(
        sender=SENDER,
        receiver=RECEIVERS[number % len(RECEIVERS)],
        number=number,
        date=local.strftime("%Y/%m/%d"),
        timestamp=local.strftime("%Y/%m/%d %H:%M:%S"),
        attachment=pybase64.b64encode(content).decode(),
    )


def make(path: Path, count: int, size: Size, signer: Signer, processes: int = 2) -> None:
    """Write ``count`` signed documents of one size to ``path``."""
    now = datetime.now(UTC)
    borders = [count * part // processes for part in range(processes + 1)]
    shares = [
        _Share(
            path=path.with_suffix(f".{part}"),
            first=borders[part],
            last=borders[part + 1],
            size=size,
            signer=signer,
            signed_at=now,
        )
        for part in range(processes)
    ]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(_write, shares))
    _join(path, [share.path for share in shares])


def read(path: Path, first: int, count: int) -> list[bytes]:
    """The documents ``first`` to ``first + count`` of a file written by ``make``."""
    documents: list[bytes] = []
    with path.open("rb") as file:
        for position in range(first + count):
            head = file.read(_LENGTH.size)
            if len(head) < _LENGTH.size:
                break
            (length,) = _LENGTH.unpack(head)
            if position < first:
                file.seek(length, 1)
            else:
                documents.append(file.read(length))
    if len(documents) != count:
        raise ValueError(f"{path.name} has no documents {first} to {first + count}")
    return documents


def _write(share: _Share) -> None:
    keys = pybergshamra.KeysManager()
    keys.add_key(pybergshamra.load_rsa_private_pem(share.signer.private_key))
    context = pybergshamra.DsigContext(keys)
    certificate = share.signer.certificate.decode()
    with share.path.open("wb") as file:
        for number in range(share.first + 1, share.last + 1):
            text = unsigned(number, share.size, share.signed_at)
            signed = pybergshamra.sign_enveloped(context, text, cert_pem=certificate).encode()
            file.write(_LENGTH.pack(len(signed)))
            file.write(signed)


def _join(path: Path, parts: Sequence[Path]) -> None:
    with path.open("wb") as whole:
        for part in parts:
            whole.write(part.read_bytes())
            part.unlink()
