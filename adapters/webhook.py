"""HTTP push: the document is posted to an address of the agency's software.

``POST`` of the exact bytes to ``options["url"]``. What the answer means:

==============================================  =====================================================
answer                                          verdict
==============================================  =====================================================
202                                             ``Accepted``: confirmed later, by a status message
any other 2xx                                   ``Delivered``
2xx, ``Exchange-Digest`` differs from ours      ``Retry``: they hold something else
409, ``Exchange-Digest`` equals ours            ``Delivered``: they have it from an earlier attempt
409 without ``Exchange-Digest``                 ``Retry``: an earlier attempt may still be under way
3xx                                             ``Retry``: never followed, the address needs mending
401, 403, 404, 405, 407, 421                    ``Retry``: address, secret or proxy are wrong; nothing
                                                is said about the document, and it may be mended
408, 425, 429, 5xx                              ``Retry``
any other 4xx                                   ``Refused``, code ``http_<status>``, their words
no answer, an unreadable one, or only 1xx        ``Retry``
==============================================  =====================================================

``Retry-After`` (seconds or a date) is honoured, up to a day. ``Exchange-Reference`` (or the first
line of the body) is the receiver's own mark. At most 64 KiB of the answer are read.

The request's headers, and what the receiver must check in them: ``exchange.core.push``.
"""

import socket
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pydantic import Field, SecretStr, field_validator, model_validator
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import EmptyPoolError, HTTPError, LocationParseError
from urllib3.exceptions import TimeoutError as PoolTimeoutError
from urllib3.util import Url, parse_url

from exchange.adapter import Accepted, AgencyAdapter, Delivered, Options, Outcome, Outgoing, Refused, Retry
from exchange.core.push import Push, sign_headers

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

SAYS_NOTHING_OF_THE_DOCUMENT = frozenset({401, 403, 404, 405, 407, 408, 421, 425, 429})
ANSWER_BYTES_MAX = 64 * 1024
WORDS_MAX = 200
RETRY_AFTER_MAX = timedelta(days=1)
SECRET_BYTES_MIN = 16


# --- the options ---


class WebhookOptions(Options):
    """The secret stands in the options or, better, in a file that only the broker can read."""

    url: str
    secret: SecretStr | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None  # CAs to trust instead of the system's, PEM
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time

    @field_validator("url")
    @classmethod
    def _has_scheme_and_host(cls, url: str) -> str:
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

    @model_validator(mode="after")
    def _has_one_secret(self) -> "WebhookOptions":
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("one of the options 'secret' and 'secret_file' is needed, and not both")
        return self

    def secret_text(self) -> str:
        """The secret, from wherever it stands; raises ``ValueError`` where it is too short or not there."""
        name = "secret" if self.secret_file is None else "secret_file"
        if self.secret_file is None:
            assert self.secret is not None
            text = self.secret.get_secret_value()
        else:
            try:
                text = self.secret_file.read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"option '{name}': cannot be read ({type(error).__name__})") from None
        if len(text.encode()) < SECRET_BYTES_MIN:
            raise ValueError(f"option '{name}': the secret needs {SECRET_BYTES_MIN} bytes or more")
        return text

    def tls(self) -> ssl.SSLContext:
        """How the peer is recognised; raises ``ValueError`` where the file of CAs is none."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"option 'ca_file': cannot be used ({type(error).__name__})") from None
        context.sslsocket_class = _TimedTlsSocket
        return context


# --- sockets with one time limit for the whole call ---

# A socket's own time-out runs anew with every packet, so a peer that drips would hold a worker for
# ever. These sockets give each operation what is left of the call that runs in this thread.
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


def _pool(url: Url, options: WebhookOptions) -> HTTPConnectionPool:
    assert url.host is not None
    if url.scheme == "https":
        return _TlsPool(
            url.host, url.port, maxsize=options.connections, block=True, ssl_context=options.tls()
        )
    return _Pool(url.host, url.port, maxsize=options.connections, block=True)


# --- the adapter ---


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Adapter(AgencyAdapter):
    """Posts to one address over kept connections."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        # Whoever prints an adapter must not print its secret.
        super().__init__({name: options[name] for name in options if name != "secret"}, timeout_seconds)
        read = WebhookOptions.read(options)
        url = parse_url(read.url)
        self._secret = SecretStr(read.secret_text())
        self._target = url.request_uri
        self._peer = url.netloc or ""
        self._pool = _pool(url, read)

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """One POST; every way in which a network or a peer can fail is a ``Retry``."""
        now = datetime.now(UTC)
        headers = sign_headers(_push(outgoing, now), self._secret.get_secret_value())
        _deadline.set(monotonic() + self.timeout_seconds)
        try:
            answer = self._post(outgoing.content, headers)
        except EmptyPoolError:
            return Retry(f"{self._peer}: all connections were busy for {self.timeout_seconds:g} s")
        except (HTTPError, HTTPException, OSError) as error:
            return Retry(self._words(f"{self._peer}: {self._cause(error)}"))
        return self._verdict(answer, outgoing.digest, now)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()

    def _post(self, content: bytes, headers: Mapping[str, str]) -> _Answer:
        response = self._pool.urlopen(
            "POST",
            self._target,
            body=content,
            headers={"User-Agent": "exchange", **headers},
            retries=False,
            redirect=False,
            timeout=self.timeout_seconds,
            pool_timeout=self.timeout_seconds,  # type: ignore[arg-type]  # annotated too narrowly
            preload_content=False,
            decode_content=False,
        )
        try:
            return _Answer(response.status, response.headers, _read(response))
        finally:
            response.close()  # a connection whose answer was read whole is back in the pool already
            response.release_conn()

    def _verdict(self, answer: _Answer, digest: str, now: datetime) -> Outcome:
        status, theirs = answer.status, answer.headers.get("Exchange-Digest", "").strip().lower()
        if 200 <= status < 300 and theirs in ("", digest):
            return (Accepted if status == 202 else Delivered)(self._reference(answer))
        if status == 409 and theirs == digest:
            return Delivered(self._reference(answer))
        if _may_pass(status, theirs):
            not_before = _not_before(answer.headers.get("Retry-After", ""), now)
            return Retry(self._words(f"{self._peer}: {_complaint(answer, theirs)}"), not_before)
        return Refused(f"http_{status}", self._words(_text(answer.body)) or "no reason given")

    def _reference(self, answer: _Answer) -> str:
        header = unquote(answer.headers.get("Exchange-Reference", ""))
        return self._words(header or _text(answer.body).lstrip().partition("\n")[0])

    def _cause(self, error: BaseException) -> str:
        while error.args and isinstance(error.args[-1], BaseException):
            error = error.args[-1]  # urllib3 wraps what happened
        if isinstance(error, TimeoutError | PoolTimeoutError):
            return f"no answer within {self.timeout_seconds:g} s"
        detail = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or ""
        return f"{type(error).__name__} {detail}"

    def _words(self, text: str) -> str:
        """One short printable line, and never the secret, even where the peer repeats it."""
        text = text.replace(self._secret.get_secret_value(), "***")
        return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:WORDS_MAX]


def _push(outgoing: Outgoing, now: datetime) -> Push:
    return Push(
        key=outgoing.key,
        kind=outgoing.kind,
        digest=outgoing.digest,
        sender=outgoing.sender,
        receiver=outgoing.receiver,
        document_id=outgoing.document_id,
        sent_at=now,
    )


def _read(response: BaseHTTPResponse) -> bytes:
    if response.status < 200:
        return b""  # no final answer: one may still follow, so the line is not fit for the next request
    body = b""
    while len(body) < ANSWER_BYTES_MAX and (part := response.read(ANSWER_BYTES_MAX - len(body))):
        body += part
    return body


def _may_pass(status: int, theirs: str) -> bool:
    if status == 409:
        return not theirs
    return not 400 <= status < 500 or status in SAYS_NOTHING_OF_THE_DOCUMENT


def _complaint(answer: _Answer, theirs: str) -> str:
    if 200 <= answer.status < 300:
        return f"took something with another digest, {theirs}"
    if 300 <= answer.status < 400:
        return f"http_{answer.status}, redirects to {answer.headers.get('Location', '?')}; not followed"
    return f"http_{answer.status} {_text(answer.body)}"


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _not_before(retry_after: str, now: datetime) -> datetime | None:
    """RFC 9110, 10.2.3: seconds, or an HTTP date; None where it is neither, or past."""
    text = retry_after.strip()
    try:
        if text.isascii() and text.isdigit():
            moment = now + min(timedelta(seconds=int(text[:9])), RETRY_AFTER_MAX)
        else:
            moment = parsedate_to_datetime(text)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(moment, now + RETRY_AFTER_MAX) if moment > now else None
