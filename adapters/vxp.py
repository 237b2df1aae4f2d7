"""The national axis (VXP, VDXP): documents leave by it for agencies outside, and theirs are collected.

The agency with this adapter is a hub (``exchange.core.hub``): agencies outside are reached through it. A
document is looked for among those sent (``/getSentEdocList``) and else sent (``/sendEdoc``). The answer:

==============================================  =====================================================
what the axis answers                           verdict
==============================================  =====================================================
the document is in the list, for this receiver  ``Delivered``, reference ``receiverDocId``; not sent again
``OK``, ``ErrorCode`` 0                         ``Delivered``, reference ``DocId``
10 bad file, 18 receiver unknown, 19 sender     ``Refused``, code ``vxp_<ErrorCode>``, their words
not registered, 20 hub error, 21 file, 22 not   (as practised: all but network and 5xx are final)
to standard, 23 receiver locked; any other
15 wrong system id or key                       ``Retry`` after ten minutes: it speaks of the key, and
                                                may be mended; nothing is said of the document
no JSON reply, other HTTP answers, no answer    as ``exchange.http_client``
our own code is in the trace already            ``Refused``, code ``loop``
==============================================  =====================================================

**What leaves.** The axis fans one package out to every ``To``. So all deliveries of a document send the same
copy, byte by byte: rebuilt in the strict form, with a ``TraceHeader`` of ours (time: when it was accepted),
without receivers of our own province (``ours``), and without the signature, which covers none of that: the
signed original stays here. ``trace = false`` sends the signed original, for hubs that change nothing.
A status message leaves as it is. Of our receipts, which the axis does not know, delivered becomes status 01
and any other end 02 with its reason.

**What comes.** Documents and status messages that are not ``done``, from ``days`` back at first and then from
the oldest that still waited. ``done`` is said after the broker has committed, ``fail`` when it will never
take one, with the reasons in the log. One that bears our code in its trace is a loop and fails at once.
"""

import base64
import binascii
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from lxml import etree
from pydantic import Field, field_validator

from exchange.adapter import (
    AgencyAdapter,
    Collected,
    Delivered,
    Options,
    Outcome,
    Outgoing,
    Reached,
    Refused,
    Retry,
    Unreachable,
)
from exchange.core import edxml, parsing, receipt, refusal, vxp
from exchange.core.codes import normalise
from exchange.core.edxml import DocumentMessage, Organization, ResponseFor, StatusMessage, TraceHeader
from exchange.core.edxml_values import VIETNAM
from exchange.core.receipt import ReceiptKind
from exchange.http_client import HttpClient, checked_url
from exchange.secret import SecretSource, secret
from exchange.software.axis_client import AxisClient, Received, Sent, Unit
from exchange.software.json_calls import Calls, Stopped

log = logging.getLogger(__name__)

SENT_KEPT = 10_000  # documents whose answers are remembered
LOCKS = 64
MESSAGES = {"document": "edoc", "status": "status", "receipt": "status"}
WAITS = ("initial", "processing")


class VxpOptions(Options):
    """The axis' address, the system id and key that it gave us, and our own code on it."""

    url: str
    system: str = Field(min_length=1)
    key: SecretSource
    code: str = Field(min_length=1)  # ours: in TraceHeader, and as ``from`` of calls about no document
    trace: bool = True  # append to the trace, on a copy
    ours: tuple[str, ...] = ()  # last groups of codes that are ours (H45): left off the copy's receivers
    days: int = Field(default=30, ge=1, le=365)  # how far back is collected at first
    download: bool = False  # by /downloadEdoc, which not every version has
    ca_file: Path | None = None
    connections: int = Field(default=4, ge=1, le=10)

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        return checked_url(url).rstrip("/")

    @field_validator("system", "code")
    @classmethod
    def _fits_a_header(cls, text: str) -> str:
        if not text.isascii() or not text.isprintable():
            raise ValueError("must be printable ASCII")
        return text


@dataclass(slots=True)
class _Answered:
    """What was sent in one package: the axis' mark, and the deliveries that it answers for."""

    doc_id: str
    by: dict[str, str] = field(default_factory=dict)  # receiver: key of the delivery


class Loop(Exception):
    """The document went through here before."""


class Adapter(AgencyAdapter):
    """One system on the axis, for all agencies that are reached by it."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._read = VxpOptions.read(options)
        key = secret("key", self._read.key)
        self._http = HttpClient(
            self._read.url,
            connections=self._read.connections,
            ca_file=self._read.ca_file,
            secrets=[key],
        )
        self._axis = AxisClient(self._http, self._read.system, key)
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._answered: OrderedDict[str, _Answered] = OrderedDict()
        self._failed: set[str] = set()
        self._since: dict[str, date] = {}

    # --- out ---

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """Send it, unless the axis has it for this receiver already."""
        calls = self._axis.calls(self.timeout_seconds)
        try:
            content = self._leaving(outgoing)
            if outgoing.kind != "document":
                return Delivered(self._send(calls, outgoing, content))
            with calls.alone(self._locks[int(outgoing.digest[:8], 16) % LOCKS]):
                return Delivered(self._sent(calls, outgoing, content))
        except Loop:
            return Refused("loop", f"{self._read.code} is in the trace already: it went through here before")
        except Stopped as stopped:
            return stopped.verdict

    def _sent(self, calls: Calls, outgoing: Outgoing, content: bytes) -> str:
        """The axis' mark. One package serves all receivers of the document, so it is sent once."""
        known = self._answered.get(outgoing.digest)
        if known is not None and known.by.setdefault(outgoing.receiver, outgoing.key) == outgoing.key:
            return known.doc_id
        found = self._listed(calls, outgoing)
        if found is None:
            found = self._send(calls, outgoing, content)
        self._answered[outgoing.digest] = _Answered(found, {outgoing.receiver: outgoing.key})
        while len(self._answered) > SENT_KEPT:
            self._answered.popitem(last=False)
        return found

    def _listed(self, calls: Calls, outgoing: Outgoing) -> str | None:
        """The mark of the same document for the same receiver, from an attempt whose answer was lost."""
        day = outgoing.accepted_at.astimezone(VIETNAM)
        values = {
            "servicetype": "eDoc",
            "messagetype": "edoc",
            "from": outgoing.sender,
            "fromDate": f"{day:%Y/%m/%d}",
            "toDate": f"{datetime.now(VIETNAM) + timedelta(days=1):%Y/%m/%d}",
        }
        if outgoing.document_id.isascii() and outgoing.document_id.isprintable():
            values["docId"] = outgoing.document_id
        for each in self._axis.items(calls, "getSentEdocList", Sent, values):
            same = each.senderDocId == outgoing.document_id
            to = normalise(each.toCode or "") == normalise(outgoing.receiver)
            if same and to and "fail" not in (each.sendStatus, each.receiveStatus):
                return each.receiverDocId or ""
        return None

    def _send(self, calls: Calls, outgoing: Outgoing, content: bytes) -> str:
        values = {
            "servicetype": "eDoc",
            "messagetype": MESSAGES[outgoing.kind],
            "hash-file": vxp.hash_file(hashlib.sha256(content).digest()),
            "from": outgoing.sender if outgoing.kind != "receipt" else self._read.code,
        }
        further = {"Idempotency-Key": outgoing.key}
        reply = self._axis.asked(calls, "sendEdoc", values, content, "application/octet-stream", further)
        return self._http.words(reply.doc_id or "")

    def _leaving(self, outgoing: Outgoing) -> bytes:
        """The bytes that leave; raises ``Loop``. What is no edXML, and so has no trace, leaves as it is."""
        try:
            if outgoing.kind == "receipt":
                return _as_status(outgoing.content)
            if outgoing.kind == "status" or not self._read.trace:
                return outgoing.content
            message = _document(outgoing.content)
        except (refusal.Refused, ValueError):
            return outgoing.content
        return outgoing.content if message is None else self._copy(message, outgoing.accepted_at)

    def _copy(self, message: DocumentMessage, at: datetime) -> bytes:
        if self._is_loop(message):
            raise Loop
        hop = TraceHeader(organ_id=self._read.code, timestamp=at.astimezone(VIETNAM).replace(microsecond=0))
        outside = tuple(each for each in message.receivers if not self._is_ours(each.organ_id))
        copy = replace(message, trace=(*message.trace, hop), receivers=outside or message.receivers)
        return etree.tostring(edxml.build_document(copy), encoding="UTF-8", xml_declaration=True)

    def _is_ours(self, code: str) -> bool:
        return normalise(code).rpartition(".")[2] in self._read.ours

    def _is_loop(self, message: DocumentMessage) -> bool:
        own = normalise(self._read.code)
        return any(normalise(hop.organ_id) == own for hop in message.trace)

    # --- in ---

    def collect(self) -> Iterator[Collected]:
        """What waits: first the documents, then the status messages about them."""
        for kind in ("edoc", "status"):
            try:
                waiting = self._waiting(kind)
            except Stopped as stopped:
                log.warning("nothing can be collected from the axis: %s", stopped)
                continue
            for item in waiting:
                content = self._fetched(kind, item.docId)
                if content is not None:
                    yield Collected(key=f"{kind}:{item.docId}", content=content)

    def _waiting(self, kind: str) -> list[Received]:
        today = datetime.now(VIETNAM).date()
        since = self._since.get(kind, today - timedelta(days=self._read.days))
        values = {
            "servicetype": "eDoc",
            "messagetype": kind,
            "from": self._read.code,
            "fromDate": f"{since:%Y/%m/%d}",
            "toDate": f"{today + timedelta(days=1):%Y/%m/%d}",
        }
        listed = self._axis.items(
            self._axis.calls(self.timeout_seconds), "getReceivedEdocList", Received, values
        )
        found = [each for each in listed if each.status in WAITS and each.docId.isascii()]
        # What waits now is listed again, and with a day to spare for clocks; the rest is done.
        days = [_day(each.created_time) or since for each in found]
        self._since[kind] = max(since, min([*days, today]) - timedelta(days=1))
        return [each for each in found if f"{kind}:{each.docId}" not in self._failed]

    def _fetched(self, kind: str, doc_id: str) -> bytes | None:
        """The package; None where it cannot be had now, or went through here before."""
        try:
            content = self._content(kind, doc_id)
        except Stopped as stopped:
            log.warning("%s cannot be fetched from the axis: %s", doc_id, stopped)
            return None
        try:
            message = _document(content) if kind == "edoc" else None
        except (refusal.Refused, ValueError):
            return content  # the broker says what is against it
        if message is not None and self._is_loop(message):
            self.refused(f"{kind}:{doc_id}", ["loop: our own code is in its trace"])
            return None
        return content

    def _content(self, kind: str, doc_id: str) -> bytes:
        calls, values = (
            self._axis.calls(self.timeout_seconds),
            {"servicetype": "eDoc", "messagetype": kind, "docId": doc_id},
        )
        values["from"] = self._read.code
        if self._read.download:
            return self._axis.download(calls, values)
        data = self._axis.asked(calls, "getEdoc", values, b"{}").data
        try:
            return base64.b64decode(data if isinstance(data, str) else b"?", validate=True)
        except (binascii.Error, ValueError):
            raise Stopped(Retry(f"{self._http.peer}: data of getEdoc is no base64")) from None

    def collected(self, key: str) -> None:
        """It leaves the axis' queue."""
        self._update(key, "done")

    def refused(self, key: str, reasons: Sequence[str]) -> None:
        """It has failed, for good; the axis has no place for reasons."""
        log.warning("%s of the axis was refused: %s", key, " ".join(reasons))
        self._failed.add(key)  # an axis that goes on listing it is not heard
        self._update(key, "fail")

    def _update(self, key: str, status: str) -> None:
        kind, _, doc_id = key.partition(":")
        values = {"servicetype": "eDoc", "messagetype": kind, "docid": doc_id, "status": status}
        values["from"] = self._read.code
        try:
            self._axis.asked(self._axis.calls(self.timeout_seconds), "updateStatus", values, b"{}")
        except Stopped as stopped:  # it is listed again, and known here
            log.warning("%s of the axis cannot be set to %s: %s", key, status, stopped)

    # --- the directory, and whether somebody is there ---

    def units(self) -> list[Unit]:
        """The axis' directory, with both forms of codes; raises ``Stopped``."""
        return self._axis.items(self._axis.calls(self.timeout_seconds), "getAgenciesListQD20", Unit, {})

    def check(self) -> Reached | Unreachable:
        """Ask what waits since today, which changes nothing."""
        day = f"{datetime.now(VIETNAM):%Y/%m/%d}"
        values = {"servicetype": "eDoc", "messagetype": "status", "from": self._read.code}
        try:
            self._axis.asked(
                self._axis.calls(self.timeout_seconds),
                "getReceivedEdocList",
                {**values, "fromDate": day, "toDate": day},
            )
        except Stopped as stopped:
            return Unreachable(str(stopped))
        return Reached("VXP")

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()


def _document(content: bytes) -> DocumentMessage | None:
    """The document in a package, None for a status message; raises what reading raises."""
    message = edxml.read(_parsed(content))
    return message if isinstance(message, DocumentMessage) else None


def _as_status(content: bytes) -> bytes:
    """Our receipt as the status message that tells the axis' other side the same."""
    read = receipt.read(_parsed(content))
    about, [delivery] = read.subject, read.deliveries
    delivered = read.kind is ReceiptKind.DELIVERED
    words = "Đã đến" if delivered else f"Không chuyển được: {read.reason or read.reason_code}"
    message = StatusMessage(
        sender=Organization(organ_id=delivery.addressed_as),
        response_for=ResponseFor(organ_id=about.sender, document_id=about.document_id),
        status_code="01" if delivered else "02",
        description=words,
        timestamp=read.at.astimezone(VIETNAM).replace(microsecond=0),
    )
    return etree.tostring(edxml.build_status(message), encoding="UTF-8", xml_declaration=True)


def _parsed(content: bytes) -> etree._Element:
    return parsing.parse(content, parsing.ParseLimits(document_bytes_max=max(len(content), 1)))


def _day(text: str | None) -> date | None:
    for form in ("%Y/%m/%d", "%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime((text or "")[:10], form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None
