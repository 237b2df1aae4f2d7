"""PDFs for tests: made by hand, signed by pyHanko with certificates of the test's PKI."""

import asyncio
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import urllib3
from asn1crypto import crl, keys, ocsp, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from exchange.core.ocsp import request
from exchange.core.pdf_findings import Evidence
from exchange.demo.pki import Pki


def der(certificate: Any) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def written(*objects: bytes, root: int = 1) -> bytes:
    """A file of these objects, the first one numbered 1."""
    out, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, each in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(objects) + 1, root)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def plain(pages: int = 1, page_bytes: int = 500) -> bytes:
    """A PDF that nobody signed."""
    kids = b" ".join(b"%d 0 R" % (3 + 2 * page) for page in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
    ]
    for page in range(pages):
        text = secrets.token_bytes(page_bytes)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << >> >>"
            % (4 + 2 * page),
            b"<< /Length %d >>\nstream\n" % len(text) + text + b"\nendstream",
        ]
    return written(*objects)


def hybrid() -> bytes:
    """With two cross-references, as word processors write for old readers (ISO 32000-2, 7.5.8.4)."""
    pdf = plain()
    table = pdf.rindex(b"xref\n0")
    entries = struct.pack(">BHB", 1, 9, 0)
    stream = b"<< /Type /XRef /Size 6 /Index [1 1] /W [1 2 1] /Root 1 0 R /Length %d >>" % len(entries)
    added = b"5 0 obj\n" + stream + b"\nstream\n" + entries + b"\nendstream\nendobj\n"
    rest = pdf[table : pdf.rindex(b">>")] + b" /XRefStm %d >>\n" % table
    moved = table + len(added)
    return pdf[:table] + added + rest + b"startxref\n%d\n%%%%EOF\n" % moved


class HttpStamper(TimeStamper):
    """The PKI's own authority, asked over HTTP."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        headers = {"Content-Type": "application/timestamp-query"}
        answer = urllib3.request("POST", self._url, body=req.dump(), headers=headers)
        return tsp.TimeStampResp.load(answer.data)


class Misplaced(HttpStamper):
    """Has something else stamped than it was asked to."""

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
        req["message_imprint"] = tsp.MessageImprint(imprint)
        return await super().async_request_tsa_response(req)


@dataclass(frozen=True)
class Desk:
    """Where PDFs are signed, with what a PKI issued."""

    pki: Pki

    def evidence(self, **changes: Any) -> Evidence:
        """The PKI's root and its CA are trusted; nothing is known of revocation."""
        return Evidence(**{"anchors": (der(self.pki.root), der(self.pki.authority)), **changes})

    def asn1(self, holder: str) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(der(self.pki.certificate(holder)))

    def signer(self, holder: str, *, key: str = "", chain: bool = True) -> signers.SimpleSigner:
        """With the key of another, if one is named, and with the CA's certificate or without it."""
        private = self.pki.private_key(key or holder)
        encoded = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        store = SimpleCertificateStore()
        if chain:
            store.register(self.asn1("authority"))
        return signers.SimpleSigner(
            signing_cert=self.asn1(holder),
            signing_key=keys.PrivateKeyInfo.load(encoded),
            cert_registry=store,
        )

    def stamper(self, service: str = "tsa") -> TimeStamper:
        return HttpStamper(self.pki.tsa_url(service))

    def sign(
        self,
        pdf: bytes,
        *holders: str,
        stamper: TimeStamper | None = None,
        key: str = "",
        chain: bool = True,
        **metadata: Any,
    ) -> bytes:
        """Signed by each in turn, in a field named after the holder."""
        for holder in holders:
            chosen = {"subfilter": fields.SigSeedSubFilter.PADES, "md_algorithm": "sha256", **metadata}
            pen = signers.PdfSigner(
                signers.PdfSignatureMetadata(field_name=holder, **chosen),
                signer=self.signer(holder, key=key, chain=chain),
                timestamper=stamper,
            )
            pdf = pen.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf), strict=False)).getvalue()
        return pdf

    def stamp(self, pdf: bytes, service: str = "tsa") -> bytes:
        """With a time-stamp over the whole file."""
        out = signers.PdfTimeStamper(self.stamper(service), field_name="stamp").timestamp_pdf(
            IncrementalPdfFileWriter(BytesIO(pdf)), "sha256"
        )
        return out.getvalue()

    def crls(self) -> tuple[bytes, ...]:
        """The newest lists of both CAs."""
        return tuple(urllib3.request("GET", self.pki.crl_url(each)).data for each in ("authority", "root"))

    def answer(self, holder: str) -> bytes:
        """What OCSP says of a certificate now."""
        question = request(self.pki.certificate(holder), self.pki.authority)
        headers = {"Content-Type": "application/ocsp-request"}
        return urllib3.request("POST", self.pki.ocsp_url, body=question, headers=headers).data

    def with_evidence(self, pdf: bytes, *holders: str) -> bytes:
        """With CRLs and OCSP answers in the file's own store (DSS)."""
        out = BytesIO(pdf)
        DocumentSecurityStore.add_dss(
            out,
            sig_contents=None,
            certs=[self.asn1("authority")],
            crls=[crl.CertificateList.load(each) for each in self.crls()],
            ocsps=[ocsp.OCSPResponse.load(self.answer(each)) for each in holders],
        )
        return out.getvalue()


def with_other_text(pdf: bytes) -> bytes:
    """An incremental update that shows other content on the first page."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(StreamObject(stream_data=b"BT (other) Tj ET"))
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def flipped(content: bytes, *positions: int) -> bytes:
    """With these bytes changed."""
    changed = bytearray(content)
    for position in positions:
        changed[position] ^= 1
    return bytes(changed)


def signed_ranges(pdf: bytes) -> Sequence[range]:
    """The bytes under the last signature of a file."""
    found = pdf.rindex(b"/ByteRange")
    begin, first, second, last = map(int, pdf[pdf.index(b"[", found) + 1 : pdf.index(b"]", found)].split())
    return range(begin, begin + first), range(second, second + last)


def contents(pdf: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the value of the last signature, the value (with its padding), and what follows."""
    before, after = signed_ranges(pdf)
    return (
        pdf[: before.stop + 1],
        bytes.fromhex(pdf[before.stop + 1 : after.start - 1].decode()),
        pdf[after.start - 1 :],
    )


def handmade(desk: Desk, holder: str, *, left_out: int = 0, encapsulated: bool = False) -> bytes:
    """Signed over all but its own value, and over so many bytes less behind it."""
    size = 4000
    value = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached"
        b" /ByteRange [0 1111111111 2222222222 3333333333] /Contents <"
        + b"00" * size
        + b"> /Reason (%s) >>" % (b"x" * 100)
    )
    pdf = written(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [3 0 R] /SigFlags 3 >> >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
        b"<< /FT /Sig /T (made) /V 4 0 R >>",
        value,
    )
    first = pdf.index(b"<" + b"00" * size)
    second = first + 2 * size + 2 + left_out
    for mark, number in ((b"1" * 10, first), (b"2" * 10, second), (b"3" * 10, len(pdf) - second)):
        pdf = pdf.replace(mark, b"%-10d" % number, 1)
    signed = pdf[:first] + pdf[second:]
    made = asyncio.run(
        desk.signer(holder).async_sign_general_data(
            signed, "sha256", detached=not encapsulated, use_cades=True
        )
    ).dump()
    return pdf[: first + 1] + made.hex().ljust(2 * size, "0").encode() + pdf[first + 1 + 2 * size :]


def encrypted(pdf: bytes) -> bytes:
    """Readable with a password alone."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(pdf)))
    writer.encrypt("owner", "reader")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
