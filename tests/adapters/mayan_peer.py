"""What the adapter needs of Mayan EDMS, as its API v4 answers it; tests/real asks the real one."""

import hashlib
import io
import json
import re
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from python_multipart import parse_form

from tests.adapters.peers import Peer, Request, answer

FIELDS = ("so_ky_hieu", "ngay_ban_hanh", "loai_van_ban", "noi_nhan")
WORKFLOWS = {
    "Văn bản đến": ("Mới đến", "Đã tiếp nhận", "Đang xử lý", "Hoàn thành", "Từ chối"),
    "Văn bản đi": ("Dự thảo", "Chờ gửi", "Đã gửi"),
}
TRANSITIONS = {"Đã gửi": "Đã gửi", "Trả lại": "Dự thảo"}  # of those to be sent: label, state


class Mayan:
    """Documents by their number. ``reply`` answers a request; files are listed at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.idle = False  # its workers take nothing up
        self.documents: dict[int, dict[str, Any]] = {}
        self.tags: list[str] = []
        self.states = [state for states in WORKFLOWS.values() for state in states]

    def reply(self, request: Request) -> bytes:
        target = urlsplit(request.target)
        path = target.path.removeprefix("/api/v4/").strip("/")
        with self._lock:
            if re.match(r"documents/\d+", path):
                return self._of_document(path.split("/"), request)
            if path == "documents":
                return self._create(json.loads(request.body))
            if path == "tags" and request.method == "POST":
                self.tags.append(json.loads(request.body)["label"])
                return _json(201, _named(len(self.tags), self.tags[-1]))
            return _page([{k: v for k, v in each.items() if k != "files"} for each in self._kind(path)])

    def move(self, number: int, state: str, comment: str = "") -> None:
        """Somebody brings a document on in its workflow."""
        at = datetime.now(UTC).isoformat()
        transition = {"id": 1, "label": state, "destination_state": _named(self._state(state), state)}
        entry = {"datetime": at, "comment": comment, "user": {"username": "vanthu"}, "transition": transition}
        self.documents[number]["log"].append(entry)

    def add(self, kind: str, label: str, description: str = "") -> int:
        """A new document; its number."""
        number = len(self.documents) + 1
        made: dict[str, Any] = {"id": number, "label": label, "description": description, "type": kind}
        at = datetime.now(UTC).isoformat()
        made.update(datetime_created=at, files=[], metadata={}, tags=[], log=[])
        self.documents[number] = made
        return number

    def state(self, number: int) -> str:
        """Where it is in its workflow."""
        log = self.documents[number]["log"]
        first = WORKFLOWS[self.documents[number]["type"]][0]
        return str(log[-1]["transition"]["destination_state"]["label"]) if log else first

    def _create(self, document: dict[str, Any]) -> bytes:
        kind = list(WORKFLOWS)[document["document_type_id"] - 1]
        number = self.add(kind, document["label"], document["description"])
        return _json(201, {**self.documents[number], "files": []})

    def _kind(self, path: str) -> list[dict[str, Any]]:
        if path in ("document_types", "workflow_templates"):
            return [_named(number, label) for number, label in enumerate(WORKFLOWS, 1)]
        if path == "tags":
            return [_named(number, label) for number, label in enumerate(self.tags, 1)]
        if path.endswith("/metadata_types"):
            return [{"metadata_type": {"id": n, "name": name}} for n, name in enumerate(FIELDS, 1)]
        if path.endswith("/states"):
            return [_named(self._state(each), each) for each in self.states]
        newest = sorted(self.documents.values(), key=lambda each: -int(each["id"]))
        if found := re.fullmatch(r"workflow_templates/\d+/states/(\d+)/documents", path):
            return [each for each in newest if self._state(self.state(each["id"])) == int(found[1])]
        return [each for each in newest if each["type"] == "Văn bản đến"]

    def _of_document(self, path: list[str], request: Request) -> bytes:
        document = self.documents[int(path[1])]
        match path[2:]:
            case []:
                return _json(200, {**document, "files": []})
            case ["files"] if request.method == "POST":
                return self._take(document, request)
            case ["files"]:
                return _page([{k: v for k, v in each.items() if k != "bytes"} for each in document["files"]])
            case ["files", number, "download"]:
                return answer(200, document["files"][int(number) - 1]["bytes"])
            case ["metadata"] if request.method == "POST":
                given = json.loads(request.body)
                document["metadata"][FIELDS[given["metadata_type_id"] - 1]] = given["value"]
                return _json(201, {})
            case ["metadata"]:
                names = [{"id": FIELDS.index(name) + 1, "name": name} for name in document["metadata"]]
                values = document["metadata"].values()
                return _page([{"metadata_type": n, "value": v} for n, v in zip(names, values, strict=True)])
            case ["tags", "attach"]:
                document["tags"].append(json.loads(request.body)["tag"])
                return answer(200)
            case ["tags"]:
                return _page([_named(each, self.tags[each - 1]) for each in document["tags"]])
        return self._of_workflow(document, path[3:], request)

    def _of_workflow(self, document: dict[str, Any], path: list[str], request: Request) -> bytes:
        if not path:
            state = self.state(document["id"])
            current = _named(self._state(state), state)
            instance = {"id": 1, "workflow_template": _named(1, document["type"]), "current_state": current}
            return _page([instance])
        if path[-1] == "transitions":
            where = {"destination_state": _named(1, "")}  # is not looked at here
            return _page([{**_named(number, label), **where} for number, label in enumerate(TRANSITIONS, 1)])
        if request.method == "POST":
            given = json.loads(request.body)
            state = list(TRANSITIONS.values())[given["transition_id"] - 1]
            self.move(document["id"], state, given["comment"])
            return _json(201, {})
        return _page(document["log"])

    def _take(self, document: dict[str, Any], request: Request) -> bytes:
        fields, file = _form(request)
        entry = {"id": len(document["files"]) + 1, "filename": fields["filename"], "size": len(file)}
        if not self.idle:
            document["files"].append({**entry, "bytes": file, "checksum": hashlib.sha256(file).hexdigest()})
        return answer(202)

    def _state(self, label: str) -> int:
        return self.states.index(label) + 1


class MayanPeer(Peer):
    """Mayan behind a line that can be made bad."""

    def __init__(self) -> None:
        super().__init__()
        self.mayan = Mayan()
        self.reply = self.mayan.reply

    @property
    def url(self) -> str:
        """Of the installation."""
        parts = urlsplit(super().url)
        return f"{parts.scheme}://{parts.netloc}"


def _form(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields, and the one file."""
    fields: dict[str, str] = {}
    files: list[bytes] = []

    def field(found: Any) -> None:
        fields[found.field_name.decode()] = found.value.decode()

    def file(found: Any) -> None:
        found.file_object.seek(0)
        files.append(found.file_object.read())
        found.close()

    headers = {"Content-Type": request.headers["content-type"].encode()}
    parse_form(headers, io.BytesIO(request.body), field, file)
    return fields, files[0]


def _named(number: int, label: str) -> dict[str, Any]:
    return {"id": number, "label": label}


def _page(results: list[dict[str, Any]]) -> bytes:
    return _json(200, {"count": len(results), "next": None, "results": results})


def _json(status: int, document: object) -> bytes:
    return answer(status, json.dumps(document, default=str).encode(), content_type="application/json")
