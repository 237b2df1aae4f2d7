"""Where a CA says, in a certificate, that it can be asked about it."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID


def crl_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    """Addresses of complete CRLs (RFC 5280 4.2.1.13), as far as they are of plain http."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    # One by another issuer, or for some reasons alone, says nothing that is relied on here.
    direct = (each for each in points if not each.crl_issuer and not each.reasons)
    return _addresses(name for each in direct for name in each.full_name or ())


def ocsp_urls(certificate: x509.Certificate) -> tuple[str, ...]:
    """Addresses of OCSP responders (RFC 5280 4.2.2.1), as far as they are of plain http."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    asked = (each for each in access if each.access_method == AuthorityInformationAccessOID.OCSP)
    return _addresses(each.access_location for each in asked)


def host_of(url: str) -> str:
    """The host of an address, as ``revocation_hosts`` names it: with its port, if that is not 80."""
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    return name if parts.port in (None, 80) else f"{name}:{parts.port}"


def hosts_of(certificates: Iterable[x509.Certificate]) -> frozenset[str]:
    """The hosts that these certificates name."""
    return frozenset(host_of(url) for each in certificates for url in (*crl_urls(each), *ocsp_urls(each)))


def _addresses(names: Iterable[x509.GeneralName]) -> tuple[str, ...]:
    found = [each.value for each in names if isinstance(each, x509.UniformResourceIdentifier)]
    return tuple(dict.fromkeys(url for url in found if _is_http(url)))


def _is_http(url: str) -> bool:
    # Over https somebody would have to be asked about the server's certificate first.
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
