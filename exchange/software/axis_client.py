"""Calls of the national axis (VXP) as its library makes them: headers that a key signs, replies in JSON."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from exchange.adapter import Refused, Retry
from exchange.core import vxp
from exchange.core.edxml_values import VIETNAM
from exchange.http_client import HttpClient
from exchange.software.json_calls import Calls, Stopped

FILE_BYTES_MAX = 200_000_000  # of an answer that holds a package, in base64
KEY_AGAIN = timedelta(minutes=10)

Shape = TypeVar("Shape", bound=BaseModel)


class Reply(BaseModel):
    """What the axis answers; ``code`` is "0" where it did what was asked."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)
    status: str
    code: str = Field(default="", alias="ErrorCode")
    words: str | None = Field(default="", alias="ErrorDesc")
    doc_id: str | None = Field(default="", alias="DocId")
    data: Any = None

    @property
    def good(self) -> bool:
        """Whether it was done."""
        return self.status.upper() == "OK" and self.code in ("", vxp.OK)


class Received(BaseModel):
    """One message of the queue."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    docId: str  # noqa: N815  as the axis names it
    status: str = ""
    to: str | None = ""
    created_time: str | None = ""


class Sent(BaseModel):
    """One receiver of something that was sent."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    senderDocId: str | None = ""  # noqa: N815
    receiverDocId: str | None = ""  # noqa: N815
    toCode: str | None = ""  # noqa: N815
    sendStatus: str | None = ""  # noqa: N815
    receiveStatus: str | None = ""  # noqa: N815


class Unit(BaseModel):
    """One agency of the axis' directory, in both forms of codes."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    code: str
    name: str = ""
    code102: str | None = ""


class AxisClient:
    """One system on the axis. Every method raises ``Stopped`` with the verdict where nothing was done."""

    def __init__(self, http: HttpClient, system: str, key: str) -> None:
        self._http, self._system, self._key = http, system, SecretStr(key)

    def calls(self, timeout_seconds: float) -> Calls:
        """Calls that must end together."""
        return Calls(self._http, {}, timeout_seconds)

    def items(self, calls: Calls, name: str, shape: type[Shape], values: Mapping[str, str]) -> list[Shape]:
        """The list that the axis answers."""
        data = self.asked(calls, name, values).data
        try:
            return [shape.model_validate(each) for each in data or ()]
        except (ValidationError, TypeError):
            raise Stopped(Retry(f"{self._http.peer}: {name} answers no list that can be read")) from None

    def download(self, calls: Calls, values: Mapping[str, str]) -> bytes:
        """The raw bytes of a package."""
        headers = self._signed(values, "application/octet-stream")
        target = self._target("downloadEdoc")
        return calls.call("GET", target, headers=headers, answer_bytes_max=FILE_BYTES_MAX).body

    def asked(
        self,
        calls: Calls,
        name: str,
        values: Mapping[str, str],
        body: bytes = b"",
        content_type: str = "application/json",
        further: Mapping[str, str] | None = None,
    ) -> Reply:
        """What the axis did; ``further`` are headers that are not signed."""
        headers = {**self._signed(values, content_type), **(further or {})}
        answer = calls.call(
            "POST", self._target(name), body=body, headers=headers, answer_bytes_max=FILE_BYTES_MAX
        )
        reply = calls.shaped(Reply, answer)
        if reply.good:
            return reply
        words = self._http.words(f"{reply.code} {reply.words or ''}") or "no reason given"
        if reply.code == vxp.WRONG_KEY:
            raise Stopped(Retry(f"{self._http.peer}: {words}", datetime.now(UTC) + KEY_AGAIN))
        raise Stopped(Refused(f"vxp_{reply.code or 'fail'}"[:60], words))

    def _target(self, name: str) -> str:
        return f"{self._http.target.rstrip('/')}/{name}"

    def _signed(self, values: Mapping[str, str], content_type: str) -> dict[str, str]:
        """The headers of one call, with what proves them: ``exchange.core.vxp``."""
        now = datetime.now(VIETNAM)
        named = {
            "systemid": self._system,
            **values,
            "timestamp": f"{now:%d%m%YT%H%M%S}+{now.microsecond // 1000:04d}",
            "Content-Type": content_type,
        }
        headers = {f"{vxp.PREFIX}{name}": value for name, value in named.items()}
        text = json.dumps(headers, separators=(",", ":"))
        mark = hmac.new(self._key.get_secret_value().encode(), text.encode(), hashlib.sha256).hexdigest()
        return {
            **headers,
            "Content-Type": content_type,
            f"{vxp.PREFIX}sign-header-key": ";".join(named),
            f"{vxp.PREFIX}sign-header": text,
            f"{vxp.PREFIX}hash-header": mark,
            f"{vxp.PREFIX}version": "3.0.201608",
            "User-Agent": "JAVASDKAgent/1.0.0 XRoad/VPCP",
        }
