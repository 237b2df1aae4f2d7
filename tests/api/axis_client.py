"""A client of the axis' interface, written from what its library was seen to send; shares no code with us."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import urllib3


@dataclass
class AxisClient:
    """Keeps headers from one call to the next, as the library does."""

    url: str
    system: str
    key: str
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))
    kept: dict[str, str] = field(default_factory=dict)
    now: Any = None

    def timestamp(self) -> str:
        moment = (self.now or datetime.now(UTC)).astimezone(timezone(timedelta(hours=7)))
        return f"{moment:%d%m%YT%H%M%S}+0{moment.microsecond // 1000:03d}"

    def headers(self, **values: str) -> list[tuple[str, str]]:
        self.kept |= {name.replace("_", "-"): value for name, value in values.items()}
        self.kept |= {"systemid": self.system, "timestamp": self.timestamp()}
        named = [(f"XroadVnpt-{name}", value) for name, value in self.kept.items()]
        text = json.dumps(dict(named), separators=(",", ":"))
        mark = hmac.new(self.key.encode(), text.encode(), hashlib.sha256).hexdigest()
        return [
            *named,
            ("XroadVnpt-sign-header-key", ";".join(self.kept)),
            ("XroadVnpt-sign-header", text),
            ("XroadVnpt-hash-header", mark),
            ("XroadVnpt-version", "3.0.201608"),
        ]

    def ask(
        self, call: str, body: bytes = b"{}", method: str = "POST", **values: str
    ) -> urllib3.BaseHTTPResponse:
        return self.post(call, self.headers(**values), body, method)

    def post(
        self, call: str, headers: list[tuple[str, str]], body: bytes, method: str = "POST"
    ) -> urllib3.BaseHTTPResponse:
        listed = urllib3.HTTPHeaderDict()
        for name, value in headers:
            listed.add(name, value)
        return self.http.request(method, f"{self.url}/vxp/{call}", body=body, headers=listed)

    def send(self, content: bytes, sender: str, kind: str = "edoc") -> dict[str, Any]:
        digest = "".join(f"{byte:x}" for byte in hashlib.sha256(content).digest())
        answer = self.ask("sendEdoc", content, messagetype=kind, hash_file=digest, **{"from": sender})
        assert answer.status == 200, answer.data
        found: dict[str, Any] = answer.json()
        return found
