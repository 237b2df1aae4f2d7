"""What the make-believe PKI consists of, as certomancer reads it: entities, certificates, services."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

ARCHITECTURE = "pki"
UPDATE = "PT1H"  # a CRL is good for so long, and its thisUpdate falls on these steps
DAY = timedelta(days=1)
LONG_AGO, FAR_AWAY = -400 * DAY, 3650 * DAY

Config = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who gets a certificate, and for which time around the beginning of the PKI."""

    name: str
    agency: str = ""
    """The agency's code, as organizationIdentifier."""
    organization: str = ""
    """Of a person: whom they sign for."""
    algorithm: Literal["ec", "rsa"] = "ec"
    begins: timedelta = LONG_AGO
    ends: timedelta = FAR_AWAY
    revoked: timedelta | None = None


# Authorities and services, with the kind of key each has.
AUTHORITIES: Mapping[str, Literal["ec", "rsa"]] = {
    "root": "ec",
    "authority": "ec",
    "ocsp": "ec",
    "tsa": "rsa",
    "tsa-expired": "ec",
    "tsa-without-purpose": "ec",
    "other-root": "ec",
    "other-tsa": "ec",
}
NAMES = {
    "root": "Make-believe Root CA",
    "authority": "Make-believe CA for state agencies",
    "ocsp": "Make-believe OCSP responder",
    "tsa": "Make-believe time-stamping authority",
    "tsa-expired": "Make-believe time-stamping authority of last year",
    "tsa-without-purpose": "Make-believe signer that is no time-stamping authority",
    "other-root": "Make-believe Root CA of nobody's",
    "other-tsa": "Make-believe time-stamping authority of nobody's",
}


def plan(url: str, keys: Mapping[str, str], holders: Mapping[str, Holder], begin: datetime) -> Config:
    """The configuration: ``keys`` names the file of each key; all times lie around ``begin``."""
    entities = {label: {"country-name": "VN", "common-name": name} for label, name in NAMES.items()}
    entities |= {label: _subject(holder) for label, holder in holders.items()}
    certificates = _authorities(begin)
    certificates |= {label: _certificate(label, holder, begin) for label, holder in holders.items()}
    return {
        "external-url-prefix": url,
        "keysets": {"keys": {"keys": {label: {"path": path} for label, path in keys.items()}}},
        "pki-architectures": {
            ARCHITECTURE: {
                "keyset": "keys",
                "entities": entities,
                "certs": certificates,
                "services": _services(),
            }
        },
    }


def _subject(holder: Holder) -> dict[str, str]:
    subject = {"country-name": "VN", "common-name": holder.name}
    if holder.agency:
        subject |= {"organization-name": holder.name, "organization-identifier": holder.agency}
    if holder.organization:
        subject["organization-name"] = holder.organization
    return subject


def _certificate(label: str, holder: Holder, begin: datetime) -> Config:
    certificate = _issued("authority", label, begin + holder.begins, begin + holder.ends)
    certificate["extensions"] += [_usage("digital_signature", "non_repudiation")]
    if holder.revoked is not None:
        certificate["revocation"] = revocation(begin + holder.revoked)
    return certificate


def revocation(at: datetime, reason: str = "key_compromise") -> dict[str, str]:
    """That a certificate is revoked as of ``at``."""
    return {"revoked-since": at.isoformat(), "reason": reason}


def _authorities(begin: datetime) -> Config:
    always = begin + LONG_AGO, begin + FAR_AWAY
    expired = begin + LONG_AGO, begin - DAY
    return {
        "root": _root("root", begin, crl="root"),
        "authority": _ca("root", "authority", *always),
        "ocsp": _issued("authority", "ocsp", *always, lists=False) | {"profiles": ["ocsp-responder"]},
        "tsa": _stamping("authority", "tsa", *always),
        "tsa-expired": _stamping("authority", "tsa-expired", *expired),
        "tsa-without-purpose": _issued("authority", "tsa-without-purpose", *always),
        "other-root": _root("other-root", begin),
        "other-tsa": _stamping("other-root", "other-tsa", *always, lists=False),
    }


def _root(label: str, begin: datetime, crl: str = "") -> Config:
    profile: Config = {"id": "simple-ca", "params": {"max-path-len": 1} | ({"crl-repo": crl} if crl else {})}
    certificate = _issued(label, label, begin + LONG_AGO, begin + FAR_AWAY, lists=False)
    return certificate | {"profiles": [profile]}


def _ca(issuer: str, label: str, begin: datetime, end: datetime) -> Config:
    params = {"max-path-len": 0, "crl-repo": "authority", "ocsp-service": "ocsp"}
    certificate = _issued(issuer, label, begin, end, lists=False)
    return certificate | {"profiles": [{"id": "simple-ca", "params": params}]}


def _stamping(issuer: str, label: str, begin: datetime, end: datetime, *, lists: bool = True) -> Config:
    certificate = _issued(issuer, label, begin, end, lists=lists)
    # RFC 3161 2.3: this one purpose, critical.
    purpose = {"id": "extended_key_usage", "critical": True, "value": ["time_stamping"]}
    certificate["extensions"] += [_usage("digital_signature", "non_repudiation"), purpose]
    return certificate


def _issued(issuer: str, label: str, begin: datetime, end: datetime, *, lists: bool = True) -> Config:
    return {
        "subject": label,
        "issuer": issuer,
        "validity": {"valid-from": begin.isoformat(), "valid-to": end.isoformat()},
        "extensions": [_where_to_ask()] if lists else [],
    }


def _where_to_ask() -> Config:
    """Where the state of a certificate is asked, and where its issuer's is found (RFC 5280 4.2.2.1)."""
    links = {"ocsp-responder-names": ["ocsp"], "ca-issuer-links": [{"repo": "authority"}]}
    return {
        "id": "authority_information_access",
        "smart-value": {"schema": "aia-urls", "params": links},
    }


def _usage(*purposes: str) -> Config:
    value = {"schema": "key-usage", "params": list(purposes)}
    return {"id": "key_usage", "critical": True, "smart-value": value}


def _services() -> Config:
    stamping: Iterable[tuple[str, list[str]]] = (
        ("tsa", ["authority"]),
        ("tsa-expired", ["authority"]),
        ("tsa-without-purpose", ["authority"]),
        ("other-tsa", ["other-root"]),
    )
    return {
        "ocsp": {
            "ocsp": {"for-issuer": "authority", "responder-cert": "ocsp", "validity-period": {"hours": 1}}
        },
        "crl-repo": {
            label: {"for-issuer": label, "simulated-update-schedule": UPDATE}
            for label in ("root", "authority")
        },
        "cert-repo": {"authority": {"for-issuer": "authority"}},
        "time-stamping": {
            label: {"signing-cert": label, "certs-to-embed": chain} for label, chain in stamping
        },
    }
