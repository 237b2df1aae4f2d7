"""What is found out about the signatures inside attached files: values, and no more.

A finding speaks as of one moment and by the evidence of that moment, and is never made better
afterwards; its sentences are kept with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from exchange.core.standing import Status


class Integrity(StrEnum):
    """Whether the signature is over these bytes, by the key of its certificate."""

    INTACT = "intact"
    ALTERED = "altered"  # the bytes are not those that were signed
    FORGED = "forged"  # the value was not made with the key of the certificate
    WEAK = "weak"  # an algorithm or a key that proves nothing
    UNREADABLE = "unreadable"


class Coverage(StrEnum):
    """How much of the file is signed."""

    FILE = "file"
    REVISION = "revision"  # the whole file as it was when it was signed; something was appended since
    PART = "part"  # the signature leaves something out


class Changes(StrEnum):
    """What was appended after signing (ISO 32000-2, 7.5.6 and 12.8.2.2)."""

    NONE = "none"
    EVIDENCE = "evidence"  # time-stamps, and material to verify with
    FORM = "form"  # further signatures, and the fields of the form
    CONTENT = "content"  # anything else, or what the signer did not allow


class Role(StrEnum):
    """For whom a certificate speaks."""

    PERSON = "person"
    ORGAN = "organ"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What the role is known by, the surest first."""

    DIRECTORY = "directory"  # the certificate is registered for an agency
    CERTIFICATE = "certificate"  # its subject has attributes of the one or the other
    DOCUMENT = "document"  # the document that carries the file gives the name
    NAME = "name"  # nothing but what such names look like
    NOTHING = "nothing"


class Both(StrEnum):
    """Whether a person and an organ have signed, and nothing was found against either signature."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"  # there are signatures of which nobody can tell whose they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence for people, in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whose certificate it is."""

    name: str  # of the subject, or all of the subject where it has no common name
    organisation: str
    subject: str  # RFC 4514
    issuer: str
    serial: str  # hex
    fingerprint: str  # SHA-256 of the DER, hex
    role: Role
    basis: Basis
    agency: str = ""  # the code of the agency that it is registered for


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time-stamp (RFC 3161) over a signature, or over the whole file."""

    at: datetime
    authority: str
    holds: bool
    reason: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFinding:
    """One signature. ``holds``: nothing was found against it; ``revocation`` says what was asked.

    ``as_of`` is the moment for which certificate and revocation were judged: the time-stamp's, where
    there is one that holds, else the moment of the examination. ``signed_at`` is the signer's word.
    """

    field: str
    integrity: Integrity
    coverage: Coverage
    changes: Changes
    revocation: Status
    trust: Sentence
    as_of: datetime
    holds: bool
    signer: Signer | None = None
    signed_at: datetime | None = None
    stamp: Stamp | None = None
    revoked_at: datetime | None = None
    text: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfFindings:
    """One PDF. Not ``readable``: ``text`` says why, and nothing else is known.

    ``lenient``: it breaks the standard in a way that readers forgive. ``stamps`` are those over the file.
    """

    readable: bool
    both: Both
    text: tuple[Sentence, ...]
    lenient: bool = False
    signatures: tuple[SignatureFinding, ...] = ()
    stamps: tuple[Stamp, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether something was found against it: it cannot be read, or a signature does not hold."""
        return not self.readable or any(not each.holds for each in self.signatures)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentFindings:
    """One attachment of a document. ``pdf`` is None for what is no PDF."""

    position: int  # 1 for the first
    content_id: str
    name: str
    bytes: int
    digest: str  # SHA-256 of the file as it was taken out, hex; "" where it could not be
    pdf: PdfFindings | None
    text: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFindings:
    """All attachments of a document; ``both`` holds if it holds of one of them."""

    at: datetime
    both: Both
    attachments: tuple[AttachmentFindings, ...]
    text: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What signatures are judged by, all of it DER: nothing is fetched.

    ``anchors`` are CAs, all trusted; ``stamp_anchors`` are trusted for time-stamps alone, besides.
    ``organs`` are fingerprints of certificates registered for agencies, with the agency's code.
    """

    anchors: tuple[bytes, ...] = ()
    stamp_anchors: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    organs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Who signed, as the document around the file says it."""

    persons: tuple[str, ...] = ()
    organs: tuple[str, ...] = ()


def both_of_signatures(signatures: Iterable[SignatureFinding]) -> Both:
    """Whether a person and an organ are among those whose signature holds."""
    roles = [each.signer.role for each in signatures if each.holds and each.signer is not None]
    missing = len({Role.PERSON, Role.ORGAN} - set(roles))
    if not missing:
        return Both.YES
    return Both.UNCLEAR if roles.count(Role.UNKNOWN) >= missing else Both.NO


def best(several: Iterable[Both]) -> Both:
    """YES if it is among them, else UNCLEAR if that is."""
    found = set(several)
    return next((each for each in (Both.YES, Both.UNCLEAR) if each in found), Both.NO)
