"""Where a certificate says that its CA can be asked, as far as anybody is asked there."""

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from exchange.core.distribution import crl_urls, host_of, hosts_of, ocsp_urls
from tests.core.authorities import Ca, certify, ec_key, named


def certificate(*extensions: x509.ExtensionType) -> x509.Certificate:
    key = ec_key()
    return certify("Agency", key, named("CA"), key, extensions=[(each, False) for each in extensions])


def point(
    *urls: str, issuer: str = "", reasons: frozenset[x509.ReasonFlags] | None = None
) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(each) for each in urls],
        relative_name=None,
        reasons=reasons,
        crl_issuer=[x509.DirectoryName(named(issuer))] if issuer else None,
    )


def test_lists_are_asked_for_over_plain_http_and_each_once() -> None:
    points = x509.CRLDistributionPoints(
        [
            point("http://crl.ca.vn/a.crl", "https://crl.ca.vn/a.crl", "ldap://ca.vn/cn=a"),
            point("http://crl.ca.vn/a.crl", "http://user@crl.ca.vn/b.crl", "http:///c.crl"),
        ]
    )
    assert crl_urls(certificate(points)) == ("http://crl.ca.vn/a.crl",)


def test_lists_of_others_or_for_some_reasons_alone_are_left_out() -> None:
    points = x509.CRLDistributionPoints(
        [
            point("http://ca.vn/indirect.crl", issuer="Other"),
            point("http://ca.vn/keys.crl", reasons=frozenset({x509.ReasonFlags.key_compromise})),
            point("http://ca.vn/all.crl"),
        ]
    )
    assert crl_urls(certificate(points)) == ("http://ca.vn/all.crl",)


def test_of_what_gives_access_only_responders_are_asked() -> None:
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier("http://ocsp.ca.vn"),
            ),
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS,
                x509.UniformResourceIdentifier("http://ca.vn/ca.cer"),
            ),
        ]
    )
    assert ocsp_urls(certificate(access)) == ("http://ocsp.ca.vn",)


def test_a_certificate_that_names_nothing_has_nobody_to_ask() -> None:
    assert crl_urls(certificate()) == ()
    assert ocsp_urls(certificate()) == ()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://CRL.ca.vn/a.crl", "crl.ca.vn"),
        ("http://crl.ca.vn:80/a.crl", "crl.ca.vn"),
        ("http://crl.ca.vn:8080/a.crl", "crl.ca.vn:8080"),
        ("http://crl.ca.vn.evil.example/a.crl", "crl.ca.vn.evil.example"),
        ("http://crl.ca.vn@evil.example/a.crl", "evil.example"),
    ],
)
def test_a_host_is_named_with_its_port_unless_that_is_the_usual_one(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_ca_names_the_hosts_that_may_be_asked() -> None:
    assert hosts_of([Ca.root().authority().certificate]) == {"127.0.0.1"}
