"""Calls to an identity provider: each bounded in bytes and time, as a whole, however it answers."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from exchange.http_client import Answer, HttpClient, NoAnswer

ASK_SECONDS = 10.0
BYTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What came back, in the form that Authlib reads."""

    status_code: int
    body: bytes

    def raise_for_status(self) -> None:
        """``ValueError`` if it is an error, or sends elsewhere: redirects are not followed."""
        if self.status_code >= 300:
            raise ValueError(f"the provider answers {self.status_code}")

    def json(self) -> Any:
        """What it says; ``ValueError`` where it is no JSON."""
        return orjson.loads(self.body)


class ClientProof(Protocol):
    """How Authlib shows who we are."""

    def prepare(
        self, method: str, uri: str, headers: Mapping[str, str], body: str
    ) -> tuple[str, Mapping[str, str], str]:
        """The same request, with the proof."""


class ProviderSession:
    """What Authlib asks through (RFC 6749, section 3.2), and what fetches metadata and keys.

    Every call raises ``NoAnswer`` where nothing whole came back within ``timeout_seconds`` and
    ``bytes_max``, and ``ValueError`` where the address is none.
    """

    def __init__(self, timeout_seconds: float = ASK_SECONDS, bytes_max: int = BYTES_MAX) -> None:
        self._timeout_seconds = timeout_seconds
        self._bytes_max = bytes_max

    def get(self, address: str) -> ProviderAnswer:
        """What lies there."""
        return self._call("GET", address, {}, b"")

    def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientProof
    ) -> ProviderAnswer:
        """The answer to a form."""
        url, headers, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return self._call("POST", url, headers, body.encode())

    def _call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> ProviderAnswer:
        with closing(HttpClient(url, connections=1)) as client:
            answer: Answer = client.call(
                method,
                timeout_seconds=self._timeout_seconds,
                headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
                body=body,
                answer_bytes_max=self._bytes_max + 1,
            )
            if len(answer.body) > self._bytes_max:
                raise NoAnswer(f"{client.peer}: the answer has more than {self._bytes_max} bytes")
            return ProviderAnswer(answer.status, answer.body)
