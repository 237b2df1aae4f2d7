"""The plain stack: what a good user would write in an afternoon, and nothing held back.

FastAPI on uvicorn with uvloop and httptools, signxml with an explicit configuration and the
certificate in memory, xmlschema with the schema in memory, lxml for the fields, one SQLModel
commit for each document (SQLite, WAL, ``synchronous=FULL``, payload in the row), and an
acceptance signed by signxml with the key in memory. It has two modes: with an address to deliver
to, it posts each document there by a kept httpx client, after the commit and before it answers
``202``; without one it accepts and delivers nothing.
"""

import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import httpx
import xmlschema
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Body, FastAPI, Header, HTTPException, Response
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, create_engine

NAMESPACES = {"e": "http://www.mic.gov.vn/TBT/QCVN_102_2016"}
HEADER = "e:edXMLEnvelope/e:edXMLHeader/e:MessageHeader/"

CONFIGURATION = SignatureConfiguration(
    location="./",
    expect_references=1,
    signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
)


# FastAPI runs at most 40 requests at a time in threads: none of them waits for a connection.
CLIENT_CONNECTIONS = 40
CLIENT_TIMEOUT = httpx.Timeout(30, connect=5)


class Tables(SQLModel, registry=registry()):
    """The plain stack's tables, apart from those of the broker."""


class Document(Tables, table=True):
    """One accepted document."""

    __table_args__ = (UniqueConstraint("sender", "document_id"),)

    id: str = Field(primary_key=True)
    sender: str
    document_id: str
    receivers: str
    number: str
    notation: str
    promulgation_date: str
    type_name: str
    subject: str
    digest: str
    accepted_at: datetime
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the plain stack finds what it keeps in memory, and its database."""

    database: Path
    schema: Path
    senders: Mapping[str, Path]  # bearer token to certificate
    key: Path
    certificate: Path
    deliver_to: str  # the address that takes every document; "" to accept and deliver nothing


def open_database(path: Path) -> Engine:
    """The engine: WAL, and every commit synced to the disk before it returns."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def create_database(path: Path) -> None:
    """Make the empty database, once, before the workers start."""
    engine = open_database(path)
    Tables.metadata.create_all(engine)
    engine.dispose()


class Acceptances:
    """Builds and signs acceptances with one key, loaded once."""

    def __init__(self, key: Path, certificate: Path) -> None:
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self._key = loaded
        self._certificates = [x509.load_pem_x509_certificate(certificate.read_bytes())]

    def sign(self, document: Document) -> bytes:
        """The signed acceptance of one document."""
        root = etree.Element("Acceptance")
        for name in ("id", "sender", "document_id", "digest"):
            etree.SubElement(root, name).text = str(getattr(document, name))
        etree.SubElement(root, "accepted_at").text = document.accepted_at.isoformat()
        signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        return etree.tostring(signer.sign(root, key=self._key, cert=self._certificates))


class Client:
    """Posts documents to one address over kept connections, shared by all threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        limits = httpx.Limits(
            max_connections=CLIENT_CONNECTIONS, max_keepalive_connections=CLIENT_CONNECTIONS
        )
        self._client = httpx.Client(limits=limits, timeout=CLIENT_TIMEOUT, trust_env=False)

    def deliver(self, document: Document) -> None:
        """Return when the receiver has taken the document, or 502."""
        headers = {"Content-Type": "application/xml", "Idempotency-Key": document.id}
        try:
            answer = self._client.post(self._url, content=document.payload, headers=headers)
        except httpx.HTTPError as problem:
            raise HTTPException(502, str(problem)) from problem
        if answer.status_code != 200:
            raise HTTPException(502, f"the receiver answered {answer.status_code}")


def read(root: etree._Element, body: bytes) -> Document:
    """The main fields of the signed tree, as a row."""

    def text(path: str) -> str:
        return root.findtext(HEADER + path, default="", namespaces=NAMESPACES)

    receivers = root.findall(HEADER + "e:To/e:OrganId", NAMESPACES)
    return Document(
        id=str(uuid.uuid4()),
        sender=text("e:From/e:OrganId"),
        document_id=text("e:DocumentId"),
        receivers=" ".join(each.text or "" for each in receivers),
        number=text("e:Code/e:CodeNumber"),
        notation=text("e:Code/e:CodeNotation"),
        promulgation_date=text("e:PromulgationInfo/e:PromulgationDate"),
        type_name=text("e:DocumentType/e:TypeName"),
        subject=text("e:Subject"),
        digest=hashlib.sha256(body).hexdigest(),
        accepted_at=datetime.now(UTC),
        payload=body,
    )


def verify(body: bytes, certificate: x509.Certificate) -> etree._Element:
    """The tree that the signature covers, or 422."""
    try:
        result = XMLVerifier().verify(body, x509_cert=certificate, expect_config=CONFIGURATION)
    except (SignXMLException, etree.XMLSyntaxError) as problem:
        raise HTTPException(422, str(problem)) from problem
    assert isinstance(result, VerifyResult)
    assert result.signed_xml is not None
    return result.signed_xml


def store(engine: Engine, document: Document) -> None:
    """One transaction for one document, or 409."""
    with Session(engine, expire_on_commit=False) as session:
        session.add(document)
        try:
            session.commit()
        except IntegrityError as problem:
            raise HTTPException(409, "this document id was used before") from problem


def application(files: Files) -> FastAPI:
    """The plain stack with everything it needs in memory."""
    app = FastAPI()
    schema = xmlschema.XMLSchema(str(files.schema))
    engine = open_database(files.database)
    acceptances = Acceptances(files.key, files.certificate)
    client = Client(files.deliver_to) if files.deliver_to else None
    senders = {
        f"Bearer {token}": x509.load_pem_x509_certificate(path.read_bytes())
        for token, path in files.senders.items()
    }

    @app.get("/ready")
    def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.post("/documents")
    def post(
        body: Annotated[bytes, Body(media_type="application/xml")],
        authorization: Annotated[str, Header()],
    ) -> Response:
        certificate = senders.get(authorization)
        if certificate is None:
            raise HTTPException(401, "the token is unknown")
        root = verify(body, certificate)
        try:
            schema.validate(cast(Any, root))
        except xmlschema.XMLSchemaValidationError as problem:
            raise HTTPException(422, problem.reason) from problem
        document = read(root, body)
        store(engine, document)
        if client is not None:
            client.deliver(document)
        return Response(acceptances.sign(document), 202, media_type="application/xml")

    return app


def from_environment() -> FastAPI:
    """The factory that uvicorn calls; ``BASELINE_FOLDER`` names the folder made by ``bench.servers``."""
    folder = Path(os.environ["BASELINE_FOLDER"])
    return application(
        Files(
            database=folder / "baseline.sqlite",
            schema=Path(os.environ["BASELINE_SCHEMA"]),
            senders={os.environ["BASELINE_TOKEN"]: folder / "sender.pem"},
            key=folder / "stack.key",
            certificate=folder / "stack.pem",
            deliver_to=os.environ["BASELINE_DELIVER_TO"],
        )
    )
