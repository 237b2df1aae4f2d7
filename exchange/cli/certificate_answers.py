"""``exchange certificate show``: what is known of one certificate, and all that its CAs ever said."""

from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.cli.say import local, say, table
from exchange.context import clock
from exchange.core.distribution import crl_urls, ocsp_urls
from exchange.core.path import NoPath, Paths
from exchange.core.standing import NEVER_CHECKED, NEVER_CHECKED_VI
from exchange.core.trust import RegisteredCertificate, fingerprint
from exchange.ledger import revocations
from exchange.ledger.database import Database
from exchange.ledger.revocations import Evidence, Place


def show_one(
    database: Database,
    registered: RegisteredCertificate,
    authorities: Sequence[x509.Certificate],
    folder: Path | None,
) -> None:
    """Say it, and write it into ``folder`` if there is one."""
    verdict = revocations.verdicts(database)[1].get(registered.fingerprint)
    say(verdict.reason_vi if verdict else NEVER_CHECKED_VI)
    say(verdict.reason_en if verdict else NEVER_CHECKED)
    try:
        chain = Paths.under(authorities).find(registered.certificate, clock())
    except NoPath:
        chain = (registered.certificate,)
    marks = [fingerprint(each) for each in chain]
    evidence = revocations.about(database, marks[:-1] or marks, marks[1:])
    _show_places(database, chain)
    _show_evidence(evidence)
    if folder is not None:
        _write(folder, chain, evidence)


def _show_places(database: Database, chain: Sequence[x509.Certificate]) -> None:
    links = chain[:-1] or chain
    places = [Place(url) for each in links for url in crl_urls(each)]
    places += [Place(url, fingerprint(each)) for each in links for url in ocsp_urls(each)]
    asked = revocations.asked(database)
    table(
        ("where its CAs are asked", "next", "failures", "why"),
        (
            (place.url, local(how.due_at), how.failures, how.fault)
            if (how := asked.get(place))
            else (place.url, "", "", "")
            for place in places
        ),
    )


def _show_evidence(evidence: Sequence[Evidence]) -> None:
    table(
        ("kind", "given", "good until", "fetched", "sha-256", "from"),
        (
            (
                each.kind,
                local(each.this_update),
                local(each.next_update),
                local(each.fetched_at),
                each.digest,
                each.url,
            )
            for each in evidence
        ),
    )


def _write(folder: Path, chain: Sequence[x509.Certificate], evidence: Sequence[Evidence]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certificate.pem").write_bytes(chain[0].public_bytes(Encoding.PEM))
    above = b"".join(each.public_bytes(Encoding.PEM) for each in chain[1:])
    (folder / "authorities.pem").write_bytes(above)
    for each in evidence:
        name = f"{each.this_update:%Y%m%dT%H%M%SZ}-{each.digest[:16]}.{each.kind}"
        (folder / name).write_bytes(each.der)
    say(f"{folder}: {len(evidence)} CRL, OCSP")
