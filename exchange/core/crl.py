"""Certificate revocation lists (RFC 5280 5)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.errors import (
    CRLNoMatchesError,
    CRLValidationError,
    CRLValidationIndeterminateError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.archival import CRLContainer
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.util import ConsList

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
    not_signed,
    unreadable,
    weak,
)
from exchange.core.standing import Source, Status


class Crl:
    """One list, given by the CA itself with the key that it issues with; no delta, no indirect one.

    A list may be long: its signature is checked once for all certificates that ask the same of it.
    """

    kind: Literal["crl"] = "crl"

    def __init__(self, der: bytes) -> None:
        """Raise ``NotBelieved`` if it cannot be read."""
        self.der = der
        try:
            self._parsed = asn1_crl.CertificateList.load(der, strict=True)
            self._crl = x509.load_der_x509_crl(der)
            self._source = Source(
                kind="crl",
                digest=hashlib.sha256(der).hexdigest(),
                issuer=self._crl.issuer.rfc4514_string(),
                this_update=self._crl.last_update_utc,
                next_update=self._crl.next_update_utc,
            )
            self._complete = not any(map(_narrows, self._crl.extensions))
        # The bytes come from the network: a parser may stumble over them in any way.
        except Exception:
            raise unreadable("CRL") from None
        self._entries: Mapping[int, x509.RevokedCertificate] | None = None
        self._believed: set[tuple[bytes, ...]] = set()

    @property
    def source(self) -> Source:
        """What it is."""
        return self._source

    def says(self, chain: Chain) -> Sequence[Statement]:
        """What it says of the first of ``chain``; raises ``Elsewhere``, ``NotBelieved``."""
        try:
            if self._crl.issuer != chain[1].subject:
                raise Elsewhere
            self._believe(chain)
            return (self._statement(self._find(chain[0])),)
        except (Elsewhere, NotBelieved):
            raise
        # Much of it is only read when it is asked for; see __init__.
        except Exception:
            raise unreadable("CRL") from None

    def _believe(self, chain: Chain) -> None:
        question = (chain[1].public_bytes(Encoding.DER), *_scope(chain[0]))
        if question in self._believed:
            return
        if why := weakness(self._parsed["signature_algorithm"], asn1(chain[1]).public_key):
            raise weak("CRL", why)
        if not self._complete:
            raise NotBelieved(
                "The CRL is a delta or an indirect one.", "CRL là loại delta hoặc gián tiếp, không dùng."
            )
        # By the issuer's own key: the library may find another issuer, and does not check a list that
        # it takes to be issued by the certificate in question.
        if not self._crl.is_signature_valid(chain[1].public_key()):  # type: ignore[arg-type]
            raise not_signed("CRL")
        path, certificates = library_path(chain), list(map(asn1, chain))
        # It finds no path to an anchor that another CA signed too: there is none to find, the list is
        # the anchor's own.
        known = (ValidationPath(path.trust_anchor, [], None),) if len(chain) == 2 else ()
        state = ValProcState(cert_path_stack=_stack(path, *known))
        context = library_context(
            certificates[-1:],
            certificates[1:],
            self._source.this_update,
            crls=(CRLContainer(self._parsed),),
        )
        try:
            finish(verify_crl(certificates[0], path, context, use_deltas=False, proc_state=state))
        except RevokedError:
            pass
        except CRLNoMatchesError:
            raise Elsewhere from None
        except CRLValidationIndeterminateError as error:
            raise doubted("CRL", error.failures) from None
        except (CRLValidationError, ValidationError) as error:
            raise doubted("CRL", (error,)) from None
        self._believed.add(question)

    def _find(self, certificate: x509.Certificate) -> x509.RevokedCertificate | None:
        if self._entries is None:
            self._entries = {each.serial_number: each for each in self._crl}
        return self._entries.get(certificate.serial_number)

    def _statement(self, entry: x509.RevokedCertificate | None) -> Statement:
        if entry is None:
            return Statement(source=self._source, status=Status.GOOD)
        if any(each.critical and not isinstance(each.value, x509.CRLReason) for each in entry.extensions):
            raise NotBelieved(
                "The CRL's entry has a critical extension that is not known.",
                "Mục trong CRL có phần mở rộng quan trọng không được hỗ trợ.",
            )
        return Statement(
            source=self._source,
            status=Status.REVOKED,
            revoked_at=entry.revocation_date_utc,
            cause=_cause(entry),
        )


def _stack(*paths: ValidationPath) -> ConsList[ValidationPath]:
    stack: ConsList[ValidationPath] = ConsList.empty()
    for path in reversed(paths):
        stack = stack.cons(path)
    return stack


def _narrows(extension: x509.Extension[x509.ExtensionType]) -> bool:
    value = extension.value
    return isinstance(value, x509.DeltaCRLIndicator) or (
        isinstance(value, x509.IssuingDistributionPoint) and value.indirect_crl
    )


def _scope(certificate: x509.Certificate) -> tuple[bytes, ...]:
    """What decides whether a list that covers one certificate covers another: RFC 5280 6.3.3 (b)."""
    kinds = (x509.CRLDistributionPoints, x509.BasicConstraints)
    return tuple(
        each.value.public_bytes() for each in certificate.extensions if isinstance(each.value, kinds)
    )


def _cause(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.name
    except x509.ExtensionNotFound:
        return "unspecified"
