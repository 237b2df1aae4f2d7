"""The client: one method for each thing that the exchange does for an agency."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from types import TracebackType
from typing import Self
from urllib.parse import quote

from cryptography import x509

from exchange.client.answers import (
    Acceptance,
    Agencies,
    Agency,
    Document,
    Found,
    Item,
    Items,
    Preflight,
    Receipts,
    SignedReceipt,
    read_answer,
)
from exchange.client.connection import Connection, Reply, Resending
from exchange.client.problems import Damaged
from exchange.client.proving import read_receipt, verify_receipt
from exchange.core.refusal import Refused
from exchange.core.trust import load_certificate

TIMEOUT_SECONDS = 60.0
_XML = {"Content-Type": "application/xml"}
_JSON = {"Content-Type": "application/json"}


class Client:
    """Talks to one exchange with one agency's token. Threads may share it; ``with`` closes it.

    Every method raises ``Problem`` for what the exchange refuses and ``Unreachable`` where it did
    not answer. What may be repeated without harm is sent again by itself, a few times with growing
    waits: everything but ``lease`` and ``release``.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        ca_file: str | None = None,
        broker_certificate: x509.Certificate | None = None,
        resending: Resending = Resending(),  # noqa: B008 - a frozen value
    ) -> None:
        """``ca_file``: PEM of the CAs for https, those of the system if left out.

        With ``broker_certificate`` every acceptance is proven before it is returned.
        """
        self._connection = Connection(
            url, token, timeout_seconds=timeout_seconds, ca_file=ca_file, resending=resending
        )
        self._broker_certificate = broker_certificate

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._connection.close()

    # --- sending ---

    def submit(self, document: bytes) -> Acceptance:
        """Hand over a signed document; returns once the exchange has it durably.

        On a network error or a 503 the same bytes are sent again: the exchange takes a document once
        and answers the same bytes with the original acceptance. For the same reason call this again
        with the same bytes after ``Unreachable``, at any time; never sign anew to do so.
        """
        return self._submit("/v1/documents", document)

    def report(self, status: bytes) -> Acceptance:
        """Hand over a signed status message, as safely as ``submit``."""
        return self._submit("/v1/status", status)

    def preflight(
        self, receivers: Sequence[str], *, document_bytes: int = 0, attachment_types: Sequence[str] = ()
    ) -> Preflight:
        """Would a document like this go through? All obstacles, per receiver; nothing is sent."""
        question = {
            "receivers": list(receivers),
            "bytes": document_bytes,
            "attachment_types": list(attachment_types),
        }
        return self._preflight(json.dumps(question).encode(), _JSON)

    def preflight_document(self, document: bytes) -> Preflight:
        """Would this document, signed or not yet, go through? Nothing is sent."""
        return self._preflight(document, _XML)

    # --- what became of it ---

    def document(self, id: str) -> Document:
        """Status per receiver and history of the document with this id of the exchange."""
        return read_answer(Document, self._get(f"/v1/documents/{_part(id)}").body)

    def find(self, document_id: str) -> str:
        """The exchange's id of your own document with this DocumentId."""
        reply = self._connection.request(
            "GET", "/v1/documents", expected=200, query={"document_id": document_id}
        )
        return read_answer(Found, reply.body).id

    def content(self, id: str) -> bytes:
        """The exact bytes of a document that you sent, or that was delivered to you."""
        return _checked(self._get(f"/v1/documents/{_part(id)}/content"))

    def receipts(self, id: str) -> tuple[SignedReceipt, ...]:
        """All receipts about a document so far: the acceptance, and one for each delivery that ended."""
        return read_answer(Receipts, self._get(f"/v1/documents/{_part(id)}/receipts").body).receipts

    # --- the inbox ---

    def look(self, limit: int = 20) -> tuple[Item, ...]:
        """What lies ready, the most urgent first; looking changes nothing."""
        reply = self._connection.request("GET", "/v1/inbox", expected=200, query={"limit": limit})
        return read_answer(Items, reply.body).items

    def lease(self, limit: int = 10, seconds: float = 300) -> tuple[Item, ...]:
        """Take up to ``limit`` messages for this client alone, for ``seconds``; then they lie ready again."""
        body = json.dumps({"limit": limit, "lease_seconds": float(seconds)}).encode()
        reply = self._connection.request(
            "POST", "/v1/inbox/lease", expected=200, body=body, headers=_JSON, repeatable=False
        )
        return read_answer(Items, reply.body).items

    def fetch(self, item: Item) -> bytes:
        """The exact bytes of a leased or acknowledged message, checked against the digest that came along.

        Raises ``Damaged`` where they differ, ``Problem`` (``lease_lost``) when the lease is over.
        """
        path = f"/v1/inbox/{_part(item.delivery)}"
        headers = {"Exchange-Lease": item.lease}
        return _checked(self._connection.request("GET", path, expected=200, headers=headers))

    def acknowledge(self, item: Item) -> None:
        """Say that the message is stored here, durably: now it is delivered. Never say so before."""
        self._about_lease(item, "acknowledge", repeatable=True)

    def release(self, item: Item) -> None:
        """Give a leased message back; it lies ready again at once."""
        self._about_lease(item, "release", repeatable=False)

    # --- the exchange itself ---

    def agencies(self, q: str = "", *, on: date | None = None, limit: int = 100) -> tuple[Agency, ...]:
        """Agencies whose code or name contains ``q``, open on the date ``on`` (today if left out)."""
        query: dict[str, str | int] = {"q": q, "limit": limit, **_dated(on)}
        reply = self._connection.request("GET", "/v1/agencies", expected=200, query=query)
        return read_answer(Agencies, reply.body).agencies

    def agency(self, code: str, *, on: date | None = None) -> Agency:
        """The agency that ``code``, in any form, names on the date ``on``."""
        reply = self._connection.request(
            "GET", f"/v1/agencies/{_part(code)}", expected=200, query={**_dated(on)}
        )
        return read_answer(Agency, reply.body)

    def certificate(self) -> x509.Certificate:
        """The certificate with which the exchange signs receipts.

        It comes from the very party that it is to check: compare its fingerprint once with what the
        administrator of the exchange tells you, and keep it.
        """
        try:
            return load_certificate(self._get("/v1/certificate").body)
        except Refused as refused:
            raise Damaged(f"the answer is no certificate: {refused}") from None

    def _get(self, path: str) -> Reply:
        return self._connection.request("GET", path, expected=200)

    def _submit(self, path: str, message: bytes) -> Acceptance:
        reply = self._connection.request("POST", path, expected=202, body=message, headers=_XML)
        if self._broker_certificate is not None:
            receipt = verify_receipt(reply.body, self._broker_certificate, message)
        else:
            receipt = read_receipt(reply.body, message)
        return Acceptance(id=receipt.subject.id, receipt=receipt, xml=reply.body)

    def _preflight(self, body: bytes, headers: dict[str, str]) -> Preflight:
        reply = self._connection.request("POST", "/v1/preflight", expected=200, body=body, headers=headers)
        return read_answer(Preflight, reply.body)

    def _about_lease(self, item: Item, verb: str, *, repeatable: bool) -> None:
        self._connection.request(
            "POST",
            f"/v1/inbox/{_part(item.delivery)}/{verb}",
            expected=204,
            body=json.dumps({"lease": item.lease}).encode(),
            headers=_JSON,
            repeatable=repeatable,
        )


def _part(text: str) -> str:
    """One segment of a path. An empty one, or dots, would lead to another address."""
    if text.strip(".") == "":
        raise ValueError(f"{text!r} is no id")
    return quote(text, safe="")


def _dated(on: date | None) -> dict[str, str]:
    return {} if on is None else {"on": on.isoformat()}


def _checked(reply: Reply) -> bytes:
    digest = hashlib.sha256(reply.body).hexdigest()
    told = reply.headers.get("exchange-digest", "")
    if digest != told:
        raise Damaged(f"the content has SHA-256 {digest}; the exchange says {told or 'nothing'}")
    return reply.body
