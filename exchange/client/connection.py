"""The line to the exchange: kept connections, explicit timeouts, no redirects, bounded resending."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, SSLError
from urllib3.util import parse_url

from exchange.client.problems import Unreachable, problem_of

CONNECT_SECONDS = 10.0
CONNECTIONS = 8
ANSWER_BYTES_MAX = 128_000_000
# From here on up nothing is decided: a gateway's 502 and 504, the exchange's own 500 and 503.
_IN_DOUBT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_problem(self) -> bool:
        """Whether the exchange itself explains what is wrong."""
        return self.headers.get("content-type", "").startswith("application/problem+json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resending:
    """How often a request in doubt is sent again, and the wait before, doubled each time."""

    times: int = 4
    first_seconds: float = 0.5
    most_seconds: float = 30.0

    def wait_seconds(self, sent: int, asked_seconds: float | None) -> float:
        """The wait after attempt ``sent`` (1..): what the exchange asks for, else a growing one."""
        if asked_seconds is not None:
            return min(asked_seconds, self.most_seconds)
        spread: float = random.uniform(0.7, 1.0)  # noqa: S311 - clients that failed together come back apart
        return min(self.first_seconds * 2.0 ** (sent - 1), self.most_seconds) * spread


class Connection:
    """Requests to one exchange; may be shared by threads."""

    def __init__(
        self, url: str, token: str, *, timeout_seconds: float, ca_file: str | None, resending: Resending
    ) -> None:
        """Raise ``ValueError`` if ``url`` is no http or https address."""
        self._url = _checked(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._resending = resending
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout_seconds), read=timeout_seconds),
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca_file,
        )

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        *,
        expected: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        repeatable: bool = True,
    ) -> Reply:
        """One answer of the status ``expected``; a ``repeatable`` request is sent again when in doubt.

        Raises ``Problem`` for what the exchange refuses, ``Unreachable`` where nothing is decided.
        """
        address = self._url + path + (f"?{urlencode(query)}" if query else "")
        times = 1 + (self._resending.times if repeatable else 0)
        for sent in range(1, times + 1):
            last = sent == times
            try:
                reply = self._once(method, address, body, headers or {})
            except Unreachable as error:
                if last or isinstance(error.__cause__, SSLError):
                    raise
                time.sleep(self._resending.wait_seconds(sent, None))
                continue
            if reply.status < _IN_DOUBT or last:
                return _decided(reply, expected)
            time.sleep(self._resending.wait_seconds(sent, _retry_after(reply)))
        raise AssertionError("the last attempt answers or raises")

    def _once(self, method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        try:
            response = self._pool.request(
                method,
                address,
                body=body,
                headers={**self._headers, **headers},
                redirect=False,
                preload_content=False,
            )
            content = response.read(ANSWER_BYTES_MAX + 1)
            if len(content) > ANSWER_BYTES_MAX:
                response.close()
                raise Unreachable(f"{address}: the answer is larger than {ANSWER_BYTES_MAX} bytes")
            response.release_conn()
        except HTTPError as error:
            raise Unreachable(f"{address}: {error}") from error
        return Reply(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=content,
        )


def _checked(url: str) -> str:
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise ValueError(f"{url!r} is not an address") from None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment:
        raise ValueError(f"{url!r} is not an address like https://exchange.example.gov.vn")
    return url.rstrip("/")


def _decided(reply: Reply, expected: int) -> Reply:
    if reply.status == expected:
        return reply
    problem = problem_of(reply.status, reply.body if reply.is_problem else b"", _retry_after(reply))
    if reply.status >= _IN_DOUBT:
        raise Unreachable(f"HTTP {reply.status}: {problem}", problem.refusals)
    raise problem


def _retry_after(reply: Reply) -> float | None:
    # RFC 9110 10.2.3 allows a date too; the exchange sends seconds.
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None
