"""Signatures inside PDF files (PAdES, ETSI EN 319 142-1), by pyHanko: what holds, and what does not.

Pure and offline: anchors, CRLs, OCSP answers and the moment are handed in, and what a file carries of
them itself is used too. Nothing that a file contains makes it raise; but one that is made for it can
take minutes and gigabytes, so a broker examines files in a process that may be ended.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from cryptography import x509
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from exchange.core import pdf_cms, pdf_texts
from exchange.core.edxml_values import VIETNAM
from exchange.core.path import Answers, Paths
from exchange.core.pdf_document import is_pdf, unreadable
from exchange.core.pdf_findings import (
    Changes,
    Coverage,
    Evidence,
    Integrity,
    Names,
    PdfFindings,
    Sentence,
    SignatureFinding,
    Stamp,
    both_of_signatures,
)
from exchange.core.pdf_signer import identify
from exchange.core.standing import Status

SIGNATURES_MAX = 50

_COVERAGE = {
    SignatureCoverageLevel.ENTIRE_FILE: Coverage.FILE,
    SignatureCoverageLevel.ENTIRE_REVISION: Coverage.REVISION,
}
_CHANGES = {
    ModificationLevel.NONE: Changes.NONE,
    ModificationLevel.LTA_UPDATES: Changes.EVIDENCE,
    ModificationLevel.FORM_FILLING: Changes.FORM,
}
_SUBFILTERS = ("/adbe.pkcs7.detached", "/ETSI.CAdES.detached")
_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*")  # ISO 32000-2, 7.5.5
_STAMP_SUBFILTER = "/ETSI.RFC3161"


class _Unreadable(Exception):
    """The file cannot be examined; the reason in both languages."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One signature or time-stamp in a file, and how it lies in it; ``embedded`` None: it cannot be read."""

    field: str
    revision: int
    embedded: Any  # EmbeddedPdfSignature, which is annotated in part
    kind: str
    coverage: Coverage = Coverage.PART
    changes: Changes = Changes.CONTENT


class Examiner:
    """Examines files by the same evidence; for one thread at a time."""

    def __init__(self, evidence: Evidence) -> None:
        anchors = [x509.load_der_x509_certificate(each) for each in evidence.anchors]
        others = [x509.load_der_x509_certificate(each) for each in evidence.stamp_anchors]
        self._signers = Paths.under(anchors)
        self._stampers = Paths.under([*anchors, *others])
        self._answers = Answers.read(evidence.crls, evidence.ocsps)
        self._organs = evidence.organs

    def examine(self, content: bytes, at: datetime, names: Names | None = None) -> PdfFindings:
        """What the signatures of a PDF are worth at ``at``. Never raises."""
        try:
            return self._examine(content, at, names or Names())
        except _Unreadable as error:
            reason = error.reason
        # Whatever the library raises about somebody else's bytes, assertions and lack of memory too.
        except Exception as error:
            reason = pdf_texts.unreadable(error)
        return unreadable(reason)

    def _examine(self, content: bytes, at: datetime, names: Names) -> PdfFindings:
        # (1) the file, and how each signature lies in it
        reader, found, lenient = _read(content)
        # (2) what the file itself carries to judge by
        within = _Within.of(self, reader, found)
        # (3) from the newest to the oldest: a time-stamp over the file proves what was there before it
        moment, stamps, signatures = at, [], []
        for each in sorted(found, key=lambda one: one.revision, reverse=True):
            if each.kind == _STAMP_SUBFILTER:
                stamp = within.file_stamp(each, moment)
                stamps += [] if stamp is None else [stamp]
                moment = min(moment, stamp.at) if stamp is not None and stamp.holds else moment
            else:
                signatures.append(within.signature(each, moment, self._organs, names))
        both = both_of_signatures(signatures)
        return PdfFindings(
            readable=True,
            lenient=lenient,
            both=both,
            signatures=tuple(reversed(signatures)),
            stamps=tuple(reversed(stamps)),
            text=pdf_texts.of_file(signatures, both, lenient=lenient),
        )


def _read(content: bytes) -> tuple[PdfFileReader, list[_Found], bool]:
    """The file by the letter of the standard, or as readers forgive it: many programs write it loosely."""
    if not content:
        raise _Unreadable(pdf_texts.EMPTY)
    if not is_pdf(content):
        raise _Unreadable(pdf_texts.NO_PDF)
    try:
        return *_read_as(content, strict=True), False
    except _Unreadable:
        raise
    # Anything that the strict reading stumbles over: the other one says what is wrong for good.
    except Exception:
        return *_read_as(content, strict=False), True


def _read_as(content: bytes, *, strict: bool) -> tuple[PdfFileReader, list[_Found]]:
    reader = PdfFileReader(BytesIO(content), strict=strict)
    if reader.encrypted:
        raise _Unreadable(pdf_texts.ENCRYPTED)
    fields = list(enumerate_sig_fields(reader, filled_status=True))
    if len(fields) > SIGNATURES_MAX:
        raise _Unreadable(pdf_texts.TOO_MANY)
    return reader, [_find(reader, content, *each, strict=strict) for each in fields]


def _find(
    reader: PdfFileReader, content: bytes, name: str, value: Any, field: Any, *, strict: bool
) -> _Found:
    try:
        kind = str(value.get_object().get("/SubFilter", ""))
        embedded: Any = EmbeddedPdfSignature(reader, field, name)
        embedded.compute_integrity_info()
        return _Found(
            field=name,
            revision=embedded.signed_revision,
            embedded=embedded,
            kind=kind,
            coverage=_coverage(embedded, content),
            changes=_changes(embedded, content),
        )
    except Exception:
        if strict:
            raise
        # One that cannot be read hides no other.
        return _Found(field=name, revision=-1, embedded=None, kind="")


def _coverage(embedded: Any, content: bytes) -> Coverage:
    """The library's word, and a look of our own: what is left out is the signature's value and no more."""
    begin, first, second, last = map(int, embedded.byte_range)
    gap = content[first:second]
    own = begin == 0 and second + last <= len(content) and gap[:1] == b"<" and gap[-1:] == b">"
    if not own or bytes.fromhex(gap[1:-1].decode("ascii")) != embedded.pkcs7_content:
        return Coverage.PART
    found = _COVERAGE.get(embedded.coverage, Coverage.PART)
    return Coverage.PART if found is Coverage.FILE and second + last != len(content) else found


def _changes(embedded: Any, content: bytes) -> Changes:
    """ISO 32000-2, 12.8.2.2: what was added since, if the signer allowed it."""
    if embedded.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return Changes.NONE
    result = embedded.diff_result
    if not _END.fullmatch(content, content.rfind(b"startxref")):
        return (
            Changes.CONTENT
        )  # more than white space behind the last update, which none of them accounts for
    if not isinstance(result, DiffResult) or not embedded.summarise_integrity_info()["docmdp_ok"]:
        return Changes.CONTENT
    return _CHANGES.get(result.modification_level, Changes.CONTENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Within:
    """The given evidence, and what one file carries itself."""

    signers: Paths
    stampers: Paths
    answers: Answers

    @classmethod
    def of(cls, examiner: Examiner, reader: PdfFileReader, found: Sequence[_Found]) -> "_Within":
        certificates, crls, ocsps = _stored(reader)
        for each in found:
            if each.embedded is not None:
                more_crls, more_ocsps = pdf_cms.revocation_inside(each.embedded.signed_data)
                crls, ocsps = [*crls, *more_crls], [*ocsps, *more_ocsps]
        read, given = Answers.read(crls, ocsps), examiner._answers
        return cls(
            signers=_with(examiner._signers, certificates),
            stampers=_with(examiner._stampers, certificates),
            answers=Answers(
                crls=(*given.crls, *read.crls),
                ocsps=(*given.ocsps, *read.ocsps),
                broken=(*given.broken, *read.broken),
            ),
        )

    def file_stamp(self, found: _Found, at: datetime) -> Stamp | None:
        """A time-stamp over the file; one that leaves something out proves nothing of the rest."""
        if found.embedded is None:
            return None
        embedded = found.embedded
        stamp = pdf_cms.check_stamp(
            embedded.signed_data, embedded.compute_digest, self.stampers, self.answers, at
        )
        if stamp is not None and found.coverage is Coverage.PART:
            return replace(stamp, holds=False, reason=pdf_texts.PART)
        return stamp

    def signature(self, found: _Found, at: datetime, organs: Any, names: Names) -> SignatureFinding:
        """One signature, as of its time-stamp or ``at``."""
        if found.embedded is None or found.kind not in _SUBFILTERS:
            return pdf_texts.unreadable_signature(found.field, found.kind, at)
        signed = found.embedded.signed_data
        value = pdf_cms.check_detached(signed, found.embedded.compute_digest)
        stamp = self._stamp(signed, at)
        as_of = min(stamp.at, at) if stamp is not None and stamp.holds else at
        if value.certificate is None:
            return pdf_texts.unreadable_signature(found.field, found.kind, at)
        paths = _with(self.signers, value.others)
        standing = paths.check(value.certificate, self.answers, as_of)
        trusted = standing.status not in (Status.INVALID, Status.REVOKED) and _signs(value.certificate)
        good = value.integrity is Integrity.INTACT and found.coverage is not Coverage.PART
        finding = SignatureFinding(
            field=found.field,
            signer=identify(value.certificate, organs, names),
            integrity=value.integrity,
            coverage=found.coverage,
            changes=found.changes,
            signed_at=_signed_at(found.embedded),
            stamp=stamp,
            as_of=as_of,
            revocation=standing.status,
            revoked_at=standing.revoked_at,
            trust=pdf_texts.trust(standing, fit=_signs(value.certificate)),
            holds=good and found.changes is not Changes.CONTENT and trusted,
        )
        return replace(finding, text=pdf_texts.of_signature(finding))

    def _stamp(self, signed: Any, at: datetime) -> Stamp | None:
        """The first that holds; else one that does not."""
        digest, found = pdf_cms.value_digest(signed), None
        for token in pdf_cms.stamps_on(signed):
            stamp = pdf_cms.check_stamp(token, digest, self.stampers, self.answers, at)
            if stamp is not None and stamp.holds:
                return stamp
            found = found or stamp
        return found


def _with(paths: Paths, certificates: Sequence[x509.Certificate]) -> Paths:
    return Paths(paths.anchors, (*paths.intermediates, *certificates))


def _stored(reader: PdfFileReader) -> tuple[list[x509.Certificate], list[bytes], list[bytes]]:
    """What the file's store (DSS, ETSI EN 319 142-1 5.4.2) holds; nothing where it cannot be read."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        certificates = [x509.load_der_x509_certificate(each.dump()) for each in store.load_certs()]
        crls = [each.get_object().read_data(DecodePurpose.CRL) for each in store.crls]
        ocsps = [each.get_object().read_data(DecodePurpose.OCSP_RESPONSE) for each in store.ocsps]
        return certificates, crls, ocsps
    except Exception:
        return [], [], []


def _signs(certificate: x509.Certificate) -> bool:
    """RFC 5280 4.2.1.3: KeyUsage, where present, is for signing."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return usage.digital_signature or usage.content_commitment


def _signed_at(embedded: Any) -> datetime | None:
    try:
        claimed: datetime | None = embedded.self_reported_timestamp
    except Exception:
        return None
    if claimed is None:
        return None
    aware = claimed if claimed.tzinfo else claimed.replace(tzinfo=VIETNAM)
    return aware.astimezone(UTC)
