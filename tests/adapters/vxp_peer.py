"""A light national axis, written from what its library was seen to send; shares no code with the product."""

import base64
import hashlib
import hmac
import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.peers import Peer, Request, answer

SYSTEM = "phu.yen.01"
KEY = "khoa-bi-mat-cua-truc-0123456789"
HASH = re.compile(r"[0-9a-f]{32,64}")


@dataclass
class Message:
    """One message for one receiver."""

    doc_id: str
    sender_doc_id: str
    kind: str
    sender: str
    to: str
    content: bytes
    status: str = "initial"
    created: str = "2026/11/24 08:00:00"


@dataclass
class AxisPeer(Peer):
    """Keeps what is sent, fanned out to every To, and what waits for us."""

    messages: list[Message] = field(default_factory=list)  # sent to others
    waiting: dict[str, Message] = field(default_factory=dict)  # for us, by docId
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sends: int = 0
    drop: str = ""  # a call that is done and whose answer is lost
    units: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._guard = threading.Lock()
        super().__init__()
        self.reply = self.serve_call

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/XrdAdapter/RestService/forward"

    def serve_call(self, request: Request) -> bytes | None:
        name = request.target.rpartition("/")[2]
        signed = self._signed(request)
        if signed is None:
            return self._fail("15", "Sai systemid hoặc secret")
        with self._guard:
            self.calls.append((name, signed))
            reply = getattr(self, f"_{name}")(request, signed)
        return None if self.drop == name else reply

    def _signed(self, request: Request) -> dict[str, str] | None:
        text = request.headers.get("xroadvnpt-sign-header", "")
        mark = hmac.new(KEY.encode(), text.encode("latin-1"), hashlib.sha256).hexdigest()
        if mark != request.headers.get("xroadvnpt-hash-header"):
            return None
        named = {name.removeprefix("XroadVnpt-"): value for name, value in json.loads(text).items()}
        assert list(named) == request.headers["xroadvnpt-sign-header-key"].split(";")
        for name, value in named.items():
            assert request.headers[f"xroadvnpt-{name}".lower()] == value
        return named if named["systemid"] == SYSTEM else None

    def _fail(self, code: str, words: str) -> bytes:
        return answer(200, json.dumps({"status": "FAIL", "ErrorCode": code, "ErrorDesc": words}).encode())

    def _ok(self, **values: object) -> bytes:
        return answer(200, json.dumps({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **values}).encode())

    def _sendEdoc(self, request: Request, signed: dict[str, str]) -> bytes:
        digest = hashlib.sha256(request.body).digest()
        if signed["hash-file"] != "".join(f"{byte:x}" for byte in digest):
            return self._fail("10", "hash-file")
        self.sends += 1
        head = request.body[:20_000].decode("utf-8", "replace")
        document_id = re.search(r"</edXML:To><edXML:DocumentId>([^<]+)<", head)
        receivers = re.findall(r"<edXML:To><edXML:OrganId>([^<]+)<", head) or [""]
        number = len(self.messages)
        for place, to in enumerate(receivers):
            self.messages.append(
                Message(
                    doc_id=f"axis-{number}-{place}",
                    sender_doc_id=document_id[1] if document_id else "",
                    kind=signed["messagetype"],
                    sender=signed["from"],
                    to=to,
                    content=request.body,
                )
            )
        return self._ok(DocId=f"axis-{number}")

    def _getSentEdocList(self, request: Request, signed: dict[str, str]) -> bytes:
        return self._ok(
            data=[
                {
                    "senderDocId": each.sender_doc_id,
                    "receiverDocId": each.doc_id,
                    "fromCode": each.sender,
                    "toCode": each.to,
                    "sendStatus": "done",
                    "receiveStatus": each.status,
                }
                for each in self.messages
                if each.kind == signed["messagetype"] and each.sender_doc_id
            ]
        )

    def _getReceivedEdocList(self, request: Request, signed: dict[str, str]) -> bytes:
        return self._ok(
            data=[
                {
                    "docId": each.doc_id,
                    "messageType": each.kind,
                    "from": each.sender,
                    "to": each.to,
                    "status": each.status,
                    "created_time": each.created,
                }
                for each in self.waiting.values()
                if each.kind == signed["messagetype"] and signed["fromDate"] <= each.created[:10]
            ]
        )

    def _getEdoc(self, request: Request, signed: dict[str, str]) -> bytes:
        found = self.waiting.get(signed["docId"])
        if found is None:
            return self._fail("21", "không có")
        return self._ok(data=base64.b64encode(found.content).decode())

    def _downloadEdoc(self, request: Request, signed: dict[str, str]) -> bytes:
        return answer(200, self.waiting[signed["docId"]].content)

    def _updateStatus(self, request: Request, signed: dict[str, str]) -> bytes:
        self.waiting[signed["docid"]].status = signed["status"]
        return self._ok()

    def _getAgenciesListQD20(self, request: Request, signed: dict[str, str]) -> bytes:
        return self._ok(data=self.units)

    def wait(self, content: bytes, *, doc_id: str, kind: str = "edoc", created: str = "") -> None:
        """Put a message into our queue."""
        self.waiting[doc_id] = Message(
            doc_id=doc_id,
            sender_doc_id="",
            kind=kind,
            sender="",
            to="",
            content=content,
            created=created or "2099/01/01 00:00:00",
        )
