"""Evidence as a real broker makes it: a document's whole way, under a PKI, with time-stamp and witness."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.app import Broker
from exchange.audit import Anchors
from exchange.core import asic
from exchange.core.bundle import Role
from exchange.core.edxml import DocumentMessage, read
from exchange.core.note import NoteKey
from exchange.core.pades import Examiner
from exchange.core.pdf_document import examined, together
from exchange.core.signature import ParseLimits, parse
from exchange.core.trust import fingerprint
from exchange.demo.authority import Authority, certificate_pem, private_key_pem
from exchange.demo.pki import Pki
from exchange.evidence import gather, pack
from exchange.ledger import cosignatures, findings, revocations, tree
from exchange.ledger.cosignatures import Cosignature
from exchange.ledger.revocations import Evidence
from exchange.sequencing import Sequencing
from exchange.stamping import Stamping
from tests.house import START, Clock, House, settings_for
from tests.pdfs import Desk, plain
from tests.province import DISTRICT, FINANCE, OFFICE, Province, registered

WITNESS = NoteKey("thanh-tra.example/witness", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
BROKER = Authority.create("CA of the broker", START - timedelta(days=1)).issue(
    "exchange", "000.00.00.H45", START - timedelta(days=1)
)


class Made:
    """A bundle, what lies in it, and the folder with every anchor that it needs."""

    def __init__(self, bundle: bytes, trust: Path, folder: Path) -> None:
        self.bundle = bundle
        self.files: dict[str, bytes] = dict(asic.read(bundle).files)
        self.trust = trust
        self.anchors = Anchors.load([trust])
        self.folder = folder

    def write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


@contextmanager
def house_under(pki: Pki, folder: Path, **changes: object) -> Iterator[House]:
    """A broker whose agency OFFICE has a certificate of the PKI, and whose own is valid from yesterday."""
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "broker-key.pem").write_bytes(private_key_pem(BROKER))
    (data / "broker-certificate.pem").write_bytes(certificate_pem(BROKER))
    authorities = folder / "authorities.pem"
    authorities.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (pki.authority, pki.root)))
    clock = Clock()
    pki.now = clock
    changes = {
        "authorities": authorities,
        "tsa_url": pki.tsa_url(),
        "tsa_certificates": authorities,
        **changes,
    }
    broker = Broker(settings_for(data, f"sqlite:///{folder / 'exchange.sqlite'}", **changes), clock)
    province = Province.create(clock.now)
    province.keys[OFFICE] = pki.signing_key("agency-ec")
    office = replace(
        province.agencies[OFFICE], certificates=(registered(province.keys[OFFICE], OFFICE, START),)
    )
    province.agencies[OFFICE] = office
    province.install(broker.database, clock.now)
    broker.context.registry.renew()
    house = House(broker, province, clock)
    try:
        yield house
    finally:
        house.close()


def document_id_of(content: bytes) -> str:
    message = read(parse(content, ParseLimits()))
    assert isinstance(message, DocumentMessage)
    return message.document_id


def play(house: House, pki: Pki) -> str:
    """One document to two receivers, one of which has it and says so; sequenced, stamped, cosigned."""
    desk = Desk(pki)
    pdf = desk.sign(plain(), "person", "organisation")
    content = house.province.document(OFFICE, FINANCE, DISTRICT, at=house.clock.now, attachment=pdf)
    document = house.submit(content, OFFICE).id
    house.clock.pass_(seconds=5)
    examine(house, document, content, desk)
    house.fetch_all(FINANCE)
    house.clock.pass_(seconds=60)
    status = house.province.status(FINANCE, OFFICE, document_id_of(content), "03", house.clock.now)
    house.report(status, FINANCE)
    keep_lists(house, pki)
    Sequencing(house.context).round()
    assert Stamping(house.context).step()
    house.clock.pass_(seconds=60)
    house.send(OFFICE, DISTRICT)  # somebody else's traffic: the tree grows beyond the stamp
    Sequencing(house.context).round()
    cosign(house)
    return document


def examine(house: House, document: str, content: bytes, desk: Desk) -> None:
    """What the broker's own process finds out about the PDFs."""
    message = read(parse(content, ParseLimits()))
    assert isinstance(message, DocumentMessage)
    at = house.clock.now
    found = together(list(examined(message, Examiner(desk.evidence()).examine, at)), at)
    findings.record(house.context.database, {document: found}, at)


def keep_lists(house: House, pki: Pki) -> None:
    """What the broker fetched from the CAs."""
    for issuer in ("authority", "root"):
        url = pki.crl_url(issuer)
        der = urllib3.request("GET", url).data
        found = x509.load_der_x509_crl(der)
        revocations.keep(
            house.context.database,
            Evidence(
                kind="crl",
                digest=hashlib.sha256(der).hexdigest(),
                url=url,
                issuer=fingerprint(pki.certificate(issuer)),
                this_update=found.last_update_utc,
                next_update=found.next_update_utc,
                der=der,
                fetched_at=house.clock.now,
            ),
        )


def cosign(house: House) -> None:
    """The witness saw the newest checkpoint."""
    with house.context.database.read() as connection:
        signed = tree.newest(connection)
    assert signed is not None
    text = signed.note.split("\n\n")[0] + "\n"
    line = WITNESS.cosign(text, int(house.clock.now.timestamp()))
    name = WITNESS.cosigner_vkey.name
    cosignature = Cosignature(size=signed.size, name=name, line=line, at=house.clock.now)
    cosignatures.keep(house.context.database, cosignature)


def bundle_of(house: House, document: str, role: Role = Role.SENDER, agency: str = OFFICE) -> bytes:
    context = house.context
    return pack(gather(context, document, role, agency), context.issuer.seal.key, context.now())


def write_anchors(house: House, pki: Pki, folder: Path) -> Path:
    """Everything that an auditor gets by a way of his own."""
    trust = folder / "trust"
    trust.mkdir()
    (trust / "broker.pem").write_bytes(certificate_pem(BROKER))
    (trust / "root.pem").write_bytes(pki.root.public_bytes(Encoding.PEM))
    (trust / "agencies.pem").write_bytes(house.province.authority.certificate_pem)
    (trust / "ledger.vkey").write_text(f"{house.context.log_key.vkey.text}\n")
    (trust / "witness.vkey").write_text(f"# of the inspectorate\n{WITNESS.cosigner_vkey.text}\n")
    return trust


def make(pki_keys: Path, folder: Path) -> Made:
    """The whole of it."""
    from tests.pki import HOLDERS

    with Pki(pki_keys, HOLDERS, Clock()) as pki, house_under(pki, folder) as house:
        bundle = bundle_of(house, play(house, pki))
        trust = write_anchors(house, pki, folder)
    return Made(bundle, trust, folder)
