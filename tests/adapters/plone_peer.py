"""What the adapter needs of a Plone site, as plone.restapi answers it; tests/real asks the real one."""

import base64
import json
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.adapters.peers import Peer, Request, answer

SITE = "/vanban"


class PloneSite:
    """Items by their path in the site. ``reply`` answers a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.items: dict[str, dict[str, Any]] = {"": {}, "van-ban-den": {}, "van-ban-di": {}}
        self.base = ""

    def reply(self, request: Request) -> bytes:
        target = urlsplit(request.target)
        path, _, view = unquote(target.path).removeprefix(SITE).strip("/").partition("@")
        path, query = path.strip("/"), parse_qs(target.query)
        with self._lock:
            if path not in self.items:
                return _json(404, {"type": "NotFound", "message": f"Resource not found: {path}"})
            if view.startswith("search"):
                return self._found(path, query)
            if view.startswith("@download"):
                return answer(200, self.items[path]["bytes"], content_type="application/octet-stream")
            if view.startswith("workflow"):
                return self._workflow(path, view.partition("/")[2], request)
            if request.method == "POST":
                return self._create(path, json.loads(request.body))
            if request.method == "PATCH":
                self.items[path]["Subject"] = json.loads(request.body)["subjects"]
                return answer(204)
            return self._item(path)

    def move(self, path: str, state: str) -> None:
        """Somebody brings an item on in its workflow."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        step = {"review_state": state, "time": at, "actor": "văn thư", "comments": ""}
        self.items[path]["review_state"] = state
        self.items[path]["history"].append(step)

    def _create(self, folder: str, document: dict[str, Any]) -> bytes:
        path = f"{folder}/{document['id']}"
        if path in self.items:
            return _json(400, {"type": "BadRequest", "message": f'The id "{document["id"]}" is invalid.'})
        blob = document.pop("file", None)
        made = {**document, "UID": path.encode().hex(), "Subject": [], "history": []}
        if blob is not None:
            made["bytes"] = base64.b64decode(blob["data"])
            made["file"] = {"filename": blob["filename"], "size": len(made["bytes"])}
        self.items[path] = made
        self.move(path, "private")
        return _json(201, self._shown(path))

    def _item(self, path: str) -> bytes:
        inside = [self._shown(each) for each in self.items if each.rpartition("/")[0] == path and each]
        return _json(200, {**self._shown(path), "items": inside, "plone.site_title": "Văn thư"})

    def _shown(self, path: str) -> dict[str, Any]:
        item = {name: value for name, value in self.items[path].items() if name not in ("bytes", "history")}
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return {**item, "@id": f"{self.base}/{path}", "getId": path.rpartition("/")[2], "modified": at}

    def _found(self, path: str, query: dict[str, list[str]]) -> bytes:
        names = {"getId": "getId", "UID": "UID", "portal_type": "@type", "review_state": "review_state"}
        wanted = {theirs: query[ours] for ours, theirs in names.items() if ours in query}
        shown = [self._shown(each) for each in self.items if each.startswith(path) and each != path]
        hits = [each for each in shown if all(each.get(name) in values for name, values in wanted.items())]
        where = f"{self.base}/{path}".rstrip("/")
        return _json(200, {"@id": f"{where}/@search?x=1", "items": hits, "items_total": len(hits)})

    def _workflow(self, path: str, transition: str, request: Request) -> bytes:
        if request.method == "POST":
            self.move(path, {"publish": "published", "reject": "private"}[transition])
            self.items[path]["history"][-1]["comments"] = json.loads(request.body)["comment"]
        return _json(200, {"history": self.items[path]["history"]})


class PlonePeer(Peer):
    """The site behind a line that can be made bad."""

    def __init__(self) -> None:
        super().__init__()
        self.site = PloneSite()
        self.site.base = self.url
        self.reply = self.site.reply

    @property
    def url(self) -> str:
        """Of the site."""
        parts = urlsplit(super().url)
        return f"{parts.scheme}://{parts.netloc}{SITE}"


def _json(status: int, document: object) -> bytes:
    return answer(status, json.dumps(document).encode(), content_type="application/json")
