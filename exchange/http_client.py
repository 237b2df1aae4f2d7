"""One HTTP call to an agency's software: bounded as a whole, over connections that are kept.

A socket's own time-out runs anew with every packet, so a peer that drips would hold a worker for ever.
The sockets here give each operation what is left of the call that runs in their thread. Redirects are
not followed and nothing is sent twice: whether to try again is for the caller to say.
"""

import socket
import ssl
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import SecretStr
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import EmptyPoolError, HTTPError, LocationParseError
from urllib3.exceptions import TimeoutError as PoolTimeoutError
from urllib3.util import Url, parse_url

from exchange.adapter import Refused, Retry

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

ANSWER_BYTES_MAX = 64 * 1024
RETRY_AFTER_MAX = timedelta(days=1)
SAYS_NOTHING_OF_THE_DOCUMENT = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})
WORDS_MAX = 200


class NoAnswer(Exception):
    """Nothing that could be read came back; the message says why, in one line, after the peer's name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, of whatever final status. ``headers`` are found in any case; ``body`` may be cut."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as words; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


class HttpClient:
    """Calls one server. Shared by threads: ``connections`` of them at a time, the others wait their turn."""

    def __init__(
        self,
        url: str,
        *,
        connections: int = 4,
        ca_file: Path | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        """``ca_file``: CAs to trust instead of the system's. ``secrets`` are never repeated in words.

        ``ValueError``: the URL is none, or the file of CAs cannot be used.
        """
        parsed = parse_url(checked_url(url))
        self.target = parsed.request_uri
        self.peer = parsed.netloc or ""
        self._secrets = [SecretStr(each) for each in secrets if each]
        self._pool = _pool(parsed, connections, ca_file)

    def call(
        self,
        method: str,
        target: str = "",
        *,
        timeout_seconds: float,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes = b"",
        answer_bytes_max: int = ANSWER_BYTES_MAX,
    ) -> Answer:
        """The answer, read up to ``answer_bytes_max``; raises ``NoAnswer``, in ``timeout_seconds``.

        ``target`` is a path with its query, by default that of the URL.
        """
        _deadline.set(monotonic() + timeout_seconds)
        try:
            return self._answer(
                method, target or self.target, timeout_seconds, headers, body, answer_bytes_max
            )
        except EmptyPoolError:
            reason = f"all connections were busy for {timeout_seconds:g} s"
        except (HTTPError, HTTPException, OSError) as error:
            reason = _cause(error, timeout_seconds)
        except ValueError:  # its words would repeat the header, which may be the secret
            reason = "a header holds what HTTP cannot carry: a line break, or letters beyond Latin-1"
        raise NoAnswer(self.words(f"{self.peer}: {reason}"))

    def verdict(self, answer: Answer, now: datetime) -> Retry | Refused:
        """What an answer says of a document that was not taken, where the software means nothing else by it.

        Refused, with the code ``http_<status>``: any 4xx but those that speak of the address, the secret, a
        proxy or the load. All else may pass; ``Retry-After`` is honoured (RFC 9110, 10.2.3).
        """
        if 400 <= answer.status < 500 and answer.status not in SAYS_NOTHING_OF_THE_DOCUMENT:
            return Refused(f"http_{answer.status}", self.words(answer.text) or "no reason given")
        words = answer.text
        if 300 <= answer.status < 400:
            words = f"redirects to {answer.headers.get('Location', '?')}; not followed"
        not_before = retry_after(answer.headers.get("Retry-After", ""), now)
        return Retry(self.words(f"{self.peer}: http_{answer.status} {words}"), not_before)

    def words(self, text: str) -> str:
        """One short printable line, and never a secret, even where the peer repeats it."""
        for secret in self._secrets:
            text = text.replace(secret.get_secret_value(), "***")
        return one_line(text)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()

    def _answer(
        self,
        method: str,
        target: str,
        timeout_seconds: float,
        headers: Mapping[str, str],
        body: bytes,
        answer_bytes_max: int,
    ) -> Answer:
        response = self._pool.urlopen(
            method,
            target,
            body=body if body or method not in ("GET", "HEAD", "DELETE", "PROPFIND") else None,
            headers={"User-Agent": "exchange", **headers},
            retries=False,
            redirect=False,
            timeout=timeout_seconds,
            pool_timeout=timeout_seconds,  # type: ignore[arg-type]  # annotated too narrowly
            preload_content=False,
            decode_content=False,
        )
        try:
            return Answer(response.status, response.headers, _read(response, answer_bytes_max))
        finally:
            response.close()  # a connection whose answer was read whole is back in the pool already
            response.release_conn()


def checked_url(url: str) -> str:
    """The URL of a server, as options give it; ``ValueError`` in words that follow the option's name."""
    try:
        parsed = parse_url(url)
        (parsed.host or "").encode("idna")  # or the look-up of the name would fail each time
    except (LocationParseError, UnicodeError):
        raise ValueError("is not a URL") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("must be http://host... or https://host...")
    if parsed.auth is not None:
        raise ValueError("must not hold a user or password")
    return url


def one_line(text: str) -> str:
    """One short printable line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:WORDS_MAX]


def retry_after(text: str, now: datetime) -> datetime | None:
    """RFC 9110, 10.2.3: seconds, or an HTTP date; None where it is neither, or past. At most a day ahead."""
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            moment = now + min(timedelta(seconds=int(text[:9])), RETRY_AFTER_MAX)
        else:
            moment = parsedate_to_datetime(text)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(moment, now + RETRY_AFTER_MAX) if moment > now else None


def _read(response: BaseHTTPResponse, most: int) -> bytes:
    if response.status < 200:
        return b""  # no final answer: one may still follow, so the line is not fit for the next request
    parts, length = [], 0
    while length < most and (part := response.read(most - length)):
        parts.append(part)
        length += len(part)
    return b"".join(parts)


def _cause(error: BaseException, timeout_seconds: float) -> str:
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]  # urllib3 wraps what happened
    if isinstance(error, TimeoutError | PoolTimeoutError):
        return f"no answer within {timeout_seconds:g} s"
    detail = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or ""
    return f"{type(error).__name__} {detail}"


# --- sockets with one time limit for the whole call ---

_deadline: ContextVar[float] = ContextVar("deadline")


def _left() -> float:
    seconds = _deadline.get() - monotonic()
    if seconds <= 0:
        raise TimeoutError("time is up")
    return seconds


class _TimedSocket(socket.socket):
    def sendall(self, data: "ReadableBuffer", flags: int = 0, /) -> None:
        self.settimeout(_left())  # bounds the whole of sendall
        super().sendall(data, flags)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(_left())
        return super().recv_into(buffer, nbytes, flags)


class _TimedTlsSocket(ssl.SSLSocket):
    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        self.settimeout(_left())  # sendall hands all bytes to one call
        return super().send(data, flags)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_left())
        return super().recv_into(buffer, nbytes, flags)


def _connected(host: str, port: int) -> socket.socket:
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure = OSError("the host has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = _TimedSocket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A dead address must leave time for those after it.
            sock.settimeout(_left() / (len(addresses) - number))
            sock.connect(address)
            sock.settimeout(_left())  # what a TLS handshake may take, as a whole
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self._dns_host, self.port)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self._dns_host, self.port)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _pool(url: Url, connections: int, ca_file: Path | None) -> HTTPConnectionPool:
    assert url.host is not None
    if url.scheme == "https":
        return _TlsPool(url.host, url.port, maxsize=connections, block=True, ssl_context=_tls(ca_file))
    return _Pool(url.host, url.port, maxsize=connections, block=True)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"option 'ca_file': cannot be used ({type(error).__name__})") from None
    context.sslsocket_class = _TimedTlsSocket
    return context
