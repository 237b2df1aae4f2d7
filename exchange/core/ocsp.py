"""OCSP answers (RFC 6960), and the question that they answer."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko_certvalidator.errors import (
    OCSPNoMatchesError,
    OCSPValidationError,
    OCSPValidationIndeterminateError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.revinfo.archival import OCSPContainer
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from exchange.core.algorithms import weakness
from exchange.core.answers import (
    Chain,
    Elsewhere,
    NotBelieved,
    Statement,
    asn1,
    doubted,
    finish,
    library_context,
    library_path,
    unreadable,
    weak,
    weigh,
)
from exchange.core.crl import Crl
from exchange.core.standing import Source, Status


def request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The question where a certificate stands, as DER; without a nonce, so that answers may be kept."""
    # SHA-1 names the issuer here and protects nothing; RFC 5019 2.1.1 asks for it.
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


class Ocsp:
    """One answer, signed by the CA or by the responder that it appointed."""

    kind: Literal["ocsp"] = "ocsp"

    def __init__(self, der: bytes) -> None:
        """Raise ``NotBelieved`` if it cannot be read, or is no answer."""
        self.der = der
        try:
            parsed = asn1_ocsp.OCSPResponse.load(der, strict=True)
            status: str = parsed["response_status"].native
            self._singles = OCSPContainer.load_multi(parsed)
            self._sources = [self._source(each) for each in self._singles]
        # The bytes come from the network: a parser may stumble over them in any way.
        except Exception:
            raise unreadable("OCSP") from None
        if not self._singles:
            raise NotBelieved(
                f"The OCSP responder gave no answer: {status}.", f"Máy chủ OCSP không trả lời: {status}."
            )

    @property
    def source(self) -> Source:
        """What it is."""
        return self._sources[0]

    def says(self, chain: Chain, crls: Iterable[Crl] = ()) -> Sequence[Statement]:
        """What it says of the first of ``chain``; raises ``Elsewhere``, ``NotBelieved``.

        ``crls`` tell whether the responder's own certificate was revoked, where that has to be asked.
        """
        try:
            pairs = zip(self._singles, self._sources, strict=True)
            found = [each for single, source in pairs if (each := self._says(single, source, chain, crls))]
        except NotBelieved:
            raise
        # Much of it is only read when it is asked for; see __init__.
        except Exception:
            raise unreadable("OCSP") from None
        if not found:
            raise Elsewhere
        return found

    def _source(self, single: OCSPContainer) -> Source:
        answer = single.extract_single_response()
        assert answer is not None
        next_update: datetime | None = answer["next_update"].native
        return Source(
            kind="ocsp",
            digest=hashlib.sha256(self.der).hexdigest(),
            issuer=_responder_name(single.extract_basic_ocsp_response()),
            this_update=answer["this_update"].native,
            next_update=next_update,
        )

    def _says(
        self, single: OCSPContainer, source: Source, chain: Chain, crls: Iterable[Crl]
    ) -> Statement | None:
        basic, answer = single.extract_basic_ocsp_response(), single.extract_single_response()
        assert basic is not None
        assert answer is not None
        if answer["cert_id"]["serial_number"].native != chain[0].serial_number:
            return None
        certificates = list(map(asn1, chain))
        _check_form(basic, answer, certificates)
        responders = _responders(basic, certificates[1])
        for each in responders:
            if why := weakness(basic["signature_algorithm"], each.public_key):
                raise weak("OCSP", why)
        context = library_context(certificates[-1:], certificates[1:], source.this_update, ocsps=(single,))
        revoked: RevokedError | None = None
        try:
            finish(verify_ocsp_response(certificates[0], library_path(chain), context))
        except RevokedError as error:
            revoked = error
        except OCSPNoMatchesError:
            return None
        except OCSPValidationIndeterminateError as error:
            if error.failures:
                raise doubted("OCSP", error.failures) from None
            return Statement(source=source, status=Status.UNKNOWN)
        except (OCSPValidationError, ValidationError) as error:
            raise doubted("OCSP", (error,)) from None
        for each in responders:
            _check_not_revoked(each, source, chain, crls)
        if revoked is None:
            return Statement(source=source, status=Status.GOOD)
        return Statement(
            source=source,
            status=Status.REVOKED,
            revoked_at=revoked.revocation_dt,
            cause=revoked.reason.native or "unspecified",
        )


def _responder_name(basic: asn1_ocsp.BasicOCSPResponse) -> str:
    identity = basic["tbs_response_data"]["responder_id"]
    if identity.name == "by_key":
        return f"key {identity.native.hex()}"
    name: str = identity.chosen.human_friendly
    return name


def _check_form(
    basic: asn1_ocsp.BasicOCSPResponse,
    single: asn1_ocsp.SingleResponse,
    certificates: Sequence[asn1_x509.Certificate],
) -> None:
    extensions = [*basic["tbs_response_data"]["response_extensions"], *single["single_extensions"]]
    if any(each["critical"].native for each in extensions):
        raise NotBelieved(
            "The OCSP answer has a critical extension.", "Câu trả lời OCSP có phần mở rộng quan trọng."
        )
    # The library takes certificates with equal signatures, or equal issuers and serial numbers, for
    # the same one, and those in an answer come from whoever made it up.
    known: dict[object, bytes] = {}
    for each in (*certificates, *basic["certs"]):
        for mark in (each.issuer_serial, each.signature):
            if known.setdefault(mark, each.dump()) != each.dump():
                raise NotBelieved(
                    "A certificate in the OCSP answer imitates another one.",
                    "Câu trả lời OCSP chứa chứng thư số giả mạo chứng thư số khác.",
                )


def _responders(
    basic: asn1_ocsp.BasicOCSPResponse, issuer: asn1_x509.Certificate
) -> list[asn1_x509.Certificate]:
    """The certificates under which the answer may be signed."""
    identity = basic["tbs_response_data"]["responder_id"]
    if identity.name == "by_key":
        mark: bytes = identity.native
        return [
            each for each in (*basic["certs"], issuer) if mark in (each.public_key.sha1, each.key_identifier)
        ]
    return [each for each in (*basic["certs"], issuer) if each.subject == identity.chosen]


def _check_not_revoked(
    responder: asn1_x509.Certificate, source: Source, chain: Chain, crls: Iterable[Crl]
) -> None:
    """An appointed responder was not revoked when it answered (RFC 6960 4.2.2.2.1)."""
    if responder.ocsp_no_check_value is not None or responder.dump() == asn1(chain[1]).dump():
        return
    certificate = x509.load_der_x509_certificate(responder.dump())
    statements: list[Statement] = []
    for crl in crls:
        with suppress(Elsewhere, NotBelieved):
            statements += crl.says((certificate, *chain[1:]))
    weighed = weigh(statements, source.this_update, certificate.not_valid_after_utc)
    if weighed.status is not Status.GOOD:
        raise NotBelieved(
            "The OCSP responder's certificate is revoked, or no CRL tells that it is not.",
            "Chứng thư số của máy chủ OCSP đã bị thu hồi, hoặc không có CRL cho biết còn hiệu lực.",
        )
