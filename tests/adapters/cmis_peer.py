"""A CMIS 1.1 repository with the browser binding, as far as the adapter and cmislib need one."""

import io
import json
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from python_multipart import parse_form

from tests.adapters.peers import Peer, Request, answer

SERVICE, REPOSITORY = "/cmis/browser", "van-thu"
ROOT = f"{SERVICE}/{REPOSITORY}/root"


@dataclass
class Stored:
    """One object; ``content`` is None in a folder."""

    properties: dict[str, Any]
    parent: str
    content: bytes | None = None


class Cmis:
    """Objects by their id, names unique in a folder. ``reply`` answers a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.base = ""
        self.objects: dict[str, Stored] = {"root": Stored({"cmis:objectId": "root"}, "")}
        self.objects["root"].properties |= {"cmis:name": "", "cmis:baseTypeId": "cmis:folder"}
        self.queries = True
        for name in ("van-ban-den", "van-ban-di"):
            self.add("root", {"cmis:name": name, "cmis:objectTypeId": "cmis:folder"})

    def add(self, parent: str, properties: dict[str, Any], content: bytes | None = None) -> str:
        """A new object; its id."""
        made = {**properties, "cmis:objectId": f"id-{len(self.objects)};1.0"}
        made["cmis:baseTypeId"] = "cmis:folder" if content is None else "cmis:document"
        if content is not None:
            made["cmis:contentStreamLength"] = len(content)
            made["cmis:contentStreamFileName"] = made["cmis:name"]
        stored = Stored(made, parent, content)
        self.objects[made["cmis:objectId"]] = stored
        self.write(made["cmis:objectId"])
        return str(made["cmis:objectId"])

    def write(self, item: str, **properties: str) -> None:
        """Somebody changes an object."""
        now = int(datetime.now(UTC).timestamp() * 1000)
        changed = {"cmis:lastModificationDate": now, "cmis:lastModifiedBy": "vanthu", **properties}
        self.objects[item].properties |= changed

    def at(self, path: str) -> str | None:
        """The id of what lies at a path."""
        found: str | None = "root"
        for name in filter(None, path.split("/")):
            found = next((k for k, v in self._inside(found) if v.properties["cmis:name"] == name), None)
        return found

    def reply(self, request: Request) -> bytes:
        target = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        with self._lock:
            form, content = _form(request) if request.method == "POST" else ({}, None)
            query |= form
            if target.path == SERVICE:
                return _json(200, {REPOSITORY: self._information()})
            if target.path == f"{SERVICE}/{REPOSITORY}":
                return self._queried(query)
            item = query.get("objectId") or self.at(unquote(target.path.removeprefix(ROOT)))
            if item not in self.objects:
                return _wrong(404, "objectNotFound")
            if request.method == "POST":
                return self._act(item, query, content)
            return self._selected(item, query)

    def _information(self) -> dict[str, Any]:
        return {
            "repositoryId": REPOSITORY,
            "repositoryName": "Văn thư",
            "productName": "Kho văn bản",
            "productVersion": "7.4",
            "cmisVersionSupported": "1.1",
            "rootFolderId": "root",
            "repositoryUrl": f"{self.base}{SERVICE}/{REPOSITORY}",
            "rootFolderUrl": f"{self.base}{ROOT}",
        }

    def _inside(self, folder: str | None) -> list[tuple[str, Stored]]:
        return [(item, stored) for item, stored in self.objects.items() if stored.parent == folder]

    def _shown(self, item: str, query: dict[str, str], names: list[str] | None = None) -> dict[str, Any]:
        properties = self.objects[item].properties
        kept = {name: properties.get(name) for name in names} if names else properties
        if query.get("succinct") == "true":
            return {"succinctProperties": kept}
        long = {name: {"id": name, "type": "string", "value": value} for name, value in kept.items()}
        return {"properties": long, "allowableActions": {"canGetContentStream": True}}

    def _selected(self, item: str, query: dict[str, str]) -> bytes:
        selector = query.get("cmisselector", "object")
        if selector == "content":
            content = self.objects[item].content
            return (
                answer(200, content, content_type="application/pdf") if content else _wrong(409, "constraint")
            )
        if selector == "children":
            found = [{"object": self._shown(each, query)} for each, _ in self._inside(item)]
            page, more = _page(found, query)
            return _json(200, {"objects": page, "hasMoreItems": more, "numItems": len(found)})
        return _json(200, self._shown(item, query))

    def _act(self, item: str, form: dict[str, str], content: bytes | None) -> bytes:
        properties = _properties(form)
        if form["cmisaction"] == "update":
            self.write(item, **properties)
            return _json(200, self._shown(item, form))
        if any(each.properties["cmis:name"] == properties["cmis:name"] for _, each in self._inside(item)):
            return _wrong(409, "nameConstraintViolation")
        made = self.add(item, properties, content if form["cmisaction"] == "createDocument" else None)
        return _json(201, self._shown(made, form))

    def _queried(self, query: dict[str, str]) -> bytes:
        if not self.queries:
            return _wrong(405, "notSupported")
        parsed = re.fullmatch(r"SELECT (.+) FROM (\S+) WHERE (.+)", query["q"])
        if parsed is None:
            return _wrong(400, "invalidArgument")
        names = parsed[1].split(", ")
        found = [
            self._shown(item, query, names)
            for item, stored in self.objects.items()
            if parsed[2] in _tables(stored)
            and all(_holds(each, stored) for each in re.split(r" AND ", parsed[3]))
        ]
        page, more = _page(found, query)
        return _json(200, {"results": page, "hasMoreItems": more, "numItems": len(found)})


class CmisPeer(Peer):
    """The repository behind a line that can be made bad."""

    def __init__(self) -> None:
        super().__init__()
        self.cmis = Cmis()
        self.cmis.base = f"http://127.0.0.1:{self.port}"
        self.reply = self.cmis.reply

    @property
    def url(self) -> str:
        """Of the service document."""
        return f"http://127.0.0.1:{self.port}{SERVICE}"


def _tables(stored: Stored) -> tuple[str, str]:
    """The query names of its type and base type; the former as in Alfresco, where ids begin with "F:"."""
    kind = stored.properties.get("cmis:objectTypeId", "")
    return kind.removeprefix("F:"), stored.properties["cmis:baseTypeId"]


def _holds(condition: str, stored: Stored) -> bool:
    literals = [re.sub(r"\\(.)", r"\1", each) for each in re.findall(r"'((?:[^'\\]|\\.)*)'", condition)]
    if condition.startswith("IN_FOLDER("):
        return stored.parent == literals[0]
    name, comparison, _ = condition.split(" ", 2)
    value: Any = stored.properties.get(name)
    if comparison == ">=":
        return bool(value >= datetime.fromisoformat(literals[0]).timestamp() * 1000)
    return value in literals


def _properties(form: dict[str, str]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for control, name in form.items():
        if found := re.fullmatch(r"propertyId\[(\d+)\]", control):
            value = f"propertyValue[{found[1]}]"
            several = [text for each, text in form.items() if each.startswith(f"{value}[")]
            properties[name] = form.get(value, several)
    return properties


def _form(request: Request) -> tuple[dict[str, str], bytes | None]:
    fields: dict[str, str] = {}
    files: list[bytes] = []

    def put(found: Any) -> None:
        fields[found.field_name.decode()] = (found.value or b"").decode()

    def file(found: Any) -> None:
        found.file_object.seek(0)
        files.append(found.file_object.read())
        found.close()

    headers = {"Content-Type": request.headers["content-type"].encode()}
    parse_form(headers, io.BytesIO(request.body), put, file)
    return fields, files[0] if files else None


def _page(found: list[dict[str, Any]], query: dict[str, str]) -> tuple[list[dict[str, Any]], bool]:
    start = int(query.get("skipCount", "0"))
    end = start + int(query.get("maxItems", "100"))
    return found[start:end], end < len(found)


def _wrong(status: int, exception: str) -> bytes:
    return _json(status, {"exception": exception, "message": f"không được: {exception}"})


def _json(status: int, document: object) -> bytes:
    return answer(status, json.dumps(document).encode(), content_type="application/json;charset=UTF-8")
