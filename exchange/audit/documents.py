"""Documents and status messages of agencies: who signed, whether they are unchanged, who vouches for it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from cryptography import x509

from exchange.audit.anchors import Anchors
from exchange.audit.finding import Finding
from exchange.audit.words import LIMITS, STATUSES, finding, local, refusal, subject, validity
from exchange.core import edxml, enveloped
from exchange.core.edxml import DocumentMessage, StatusMessage
from exchange.core.parsing import parse
from exchange.core.refusal import Refused
from exchange.core.signature import SignxmlVerifier, Trust, verify
from exchange.core.trust import check_suitable, fingerprint, is_valid_at, load_certificate, named
from exchange.core.unsigned import Lack, lack_of, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What came along to judge certificates with: other CAs, CRLs and OCSP answers (DER). None is trusted."""

    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message whose signature holds; or one that is read as it is, of no ``certificate``."""

    message: DocumentMessage | StatusMessage
    certificate: x509.Certificate | None
    digest: str
    signed_at: datetime | None
    """The signer's word."""

    @property
    def sender(self) -> str:
        """The code of the agency that it comes from, by its own word."""
        return self.message.sender.organ_id


def check(
    content: bytes, about: str, anchors: Anchors, evidence: Evidence, now: datetime
) -> tuple[Message | None, list[Finding]]:
    """The message, None if it is none or not unchanged; and what was found of it and its signer.

    ``now`` stands in for a time of signing where the message names none.
    """
    try:
        # (1) which certificate it names; (2) whether that certificate's key signed exactly this
        signer = load_certificate(enveloped.find(parse(content, LIMITS)).certificate_der)
        signed = verify(content, Trust.only(signer), signer.not_valid_before_utc, SignxmlVerifier(), LIMITS)
        # (3) what it says, from the signed tree alone
        read = edxml.read(signed.root)
    except Refused as refused:
        return None, [refusal("document_signature_wrong", refused, about)]
    message = Message(
        message=read,
        certificate=signer,
        digest=signed.digest,
        signed_at=read.signed_at if isinstance(read, DocumentMessage) else read.timestamp,
    )
    # (4) who vouches for the signer, at the time of signing
    return message, [_vouched(message, signer, about, anchors, evidence, message.signed_at or now)]


def unsigned(content: bytes) -> tuple[Message, Lack] | None:
    """The message without a signature to be verified, and why; None where there is one, or no message."""
    try:
        root = parse(content, LIMITS)
        lack = lack_of(root)
        if lack is None:
            return None
        read, digest = edxml.read(root), hashlib.sha256(content).hexdigest()
    except Refused:
        return None
    return Message(message=read, certificate=None, digest=digest, signed_at=None), lack


def limits_of(message: Message, about: str) -> list[Finding]:
    """What a signed message alone does not show."""
    time = "—" if message.signed_at is None else local(message.signed_at)
    return [
        finding("signing_time_claimed", at=time),
        finding("certificate_of_agency", sender=message.sender),
        finding("revocation_absent", about),
        finding("outside_canonical_form"),
        finding("acceptance_not_given"),
    ]


def facts(message: Message) -> dict[str, object]:
    """For machines: who signed what."""
    read = message.message
    return {
        "sender": message.sender,
        "document_id": read.document_id
        if isinstance(read, DocumentMessage)
        else read.response_for.document_id,
        "status": None if isinstance(read, DocumentMessage) else read.status_code,
        "digest": message.digest,
        "certificate": None if message.certificate is None else fingerprint(message.certificate),
        "signed_at": None if message.signed_at is None else message.signed_at.isoformat(),
    }


def _vouched(
    message: Message,
    signer: x509.Certificate,
    about: str,
    anchors: Anchors,
    evidence: Evidence,
    at: datetime,
) -> Finding:
    try:
        check_suitable(signer)
    except Refused as refused:
        return refusal("signer_unsuitable", refused, about)
    if not is_valid_at(signer, at):
        return finding("signer_validity", about, at=local(at), **validity(signer))
    if anchors.is_signer(signer):
        return _proven(message, signer, about, "bạn tin cậy trực tiếp", "which you trust itself")
    if not anchors.authorities:
        return _nobody(message, signer, about)
    return _by_path(message, signer, about, anchors, evidence, at)


def _by_path(
    message: Message,
    signer: x509.Certificate,
    about: str,
    anchors: Anchors,
    evidence: Evidence,
    at: datetime,
) -> Finding:
    # Costs half a second, and only certificates under a CA need it.
    from exchange.core.path import NoPath, Paths

    others = evidence.intermediates
    try:
        chain = Paths.under(anchors.authorities, others).find(signer, at)
    except NoPath as error:
        if not _leads(signer, anchors.authorities, others):
            return _nobody(message, signer, about)
        reasons = {"why_vi": error.reason_vi, "why": error.reason_en}
        return finding("signer_path", about, **reasons).shown_by(*_commands(about, at))
    ca = named(chain[-1].subject)
    why_vi, why = f"do CA bạn tin cậy cấp: {ca}", f"issued by a CA that you trust: {ca}"
    return _proven(message, signer, about, why_vi, why, at)


def _leads(
    certificate: x509.Certificate, anchors: Sequence[x509.Certificate], others: Sequence[x509.Certificate]
) -> bool:
    """Whether the names of issuers lead to an anchor: then there should be a path."""
    between = {each.subject: each for each in others}
    for _ in range(len(between) + 1):
        if any(each.subject == certificate.issuer for each in anchors):
            return True
        if certificate.issuer not in between:
            return False
        certificate = between[certificate.issuer]
    return False


def _proven(
    message: Message,
    signer: x509.Certificate,
    about: str,
    why_vi: str,
    why: str,
    at: datetime | None = None,
) -> Finding:
    return finding(
        "document_signature",
        about,
        **_content(message),
        subject=subject(signer),
        why_vi=why_vi,
        why=why,
    ).shown_by(*_commands(about, at))


def _nobody(message: Message, signer: x509.Certificate, about: str) -> Finding:
    return finding(
        "signer_unknown",
        about,
        **_content(message),
        subject=subject(signer),
        issuer=named(signer.issuer),
    ).shown_by(*_commands(about))


def unsigned_finding(message: Message, lack: Lack, about: str) -> Finding:
    """That nobody but the exchange says who sent it."""
    why_vi, why = words(lack)
    return finding("document_unsigned", about, **_content(message), why_vi=why_vi, why=why)


def _content(message: Message) -> dict[str, str]:
    """What it is, in a phrase: Vietnamese, English."""
    read, sender = message.message, message.sender
    if isinstance(read, DocumentMessage):
        about = f"{sender}: {read.document_id}  {read.number}  {read.subject}"
        return {"what_vi": f"văn bản của {about}", "what": f"a document of {about}"}
    status, status_en = STATUSES.get(read.status_code, (read.status_code, read.status_code))
    about = read.response_for.document_id
    return {
        "what_vi": f"trạng thái {read.status_code} “{status}” do {sender} báo về {about}",
        "what": f"the status {read.status_code} “{status_en}” that {sender} reports of {about}",
    }


def _commands(about: str, at: datetime | None = None) -> tuple[str, ...]:
    file = quote(about)
    moment = "" if at is None else f" -attime {int(at.timestamp())}"
    return (
        f"tr -d '\\n' < {file} | grep -o 'X509Certificate>[^<]*' | head -1 | cut -d'>' -f2 | base64 -d "
        "| openssl x509 -inform DER -out signer.pem",
        f"openssl verify{moment} -CAfile ca.pem signer.pem",
        f"xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem signer.pem {file}",
    )
