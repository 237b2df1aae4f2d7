"""Posting: one request to another office's server, bounded as a whole."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from types import MappingProxyType

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

_HEADERS = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "exchange"}


class NoAnswer(Exception):
    """Nothing that could be read came back; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, of whatever status."""

    status: int
    content_type: str
    body: bytes


class Post:
    """Posts to one address, from one thread. An answer that drips in ends when the time is over.

    Redirects are not followed. Who answers is recognised by TLS where the address says https, by the
    system's authorities. ``proxy`` is for addresses of plain http.
    """

    def __init__(self, url: str, *, seconds: float, answer_bytes_max: int, proxy: str = "") -> None:
        self._url = parse_url(url)
        self._proxy = parse_url(proxy) if proxy else None
        self._seconds = seconds
        self._answer_bytes_max = answer_bytes_max
        self._over = threading.Event()
        self._stopped = False
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None  # the connection lets go of it when the answer begins

    def send(
        self, body: bytes, content_type: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """The answer to ``body``; raises ``NoAnswer``."""
        return self._ask("POST", body, {**headers, "Content-Type": content_type})

    def get(self) -> Answer:
        """What is there; raises ``NoAnswer``."""
        return self._ask("GET", None, {})

    def _ask(self, method: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        self._over.clear()
        connection = self._connection = self._opened()
        timer = threading.Timer(self._seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            answer = self._sent(connection, method, body, {**_HEADERS, **headers})
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            # A socket's own time is up in the same moment as ours.
            late = self._late() or (self._too_late() if isinstance(error, TimeoutError) else "")
            raise NoAnswer(late or type(error).__name__) from None
        finally:
            timer.cancel()
            self._connection = self._socket = None
            connection.close()
        if self._over.is_set():  # what was cut off may look whole
            raise NoAnswer(self._late())
        if len(answer.body) > self._answer_bytes_max:
            raise NoAnswer(f"the answer has more than {self._answer_bytes_max} bytes")
        return answer

    def stop(self) -> None:
        """Give up what is under way, and send nothing more."""
        self._stopped = True
        self._cut()

    def _sent(
        self, connection: HTTPConnection, method: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        connection.connect()
        self._socket = connection.sock
        if self._stopped or self._over.is_set():
            raise NoAnswer(self._late())
        # RFC 9112 3.2.2: a proxy is told the whole address.
        target = self._url.request_uri if self._proxy is None else self._url.url
        connection.request(method, target, body=body, headers=headers, preload_content=False)
        answer = connection.getresponse()
        content = answer.read(self._answer_bytes_max + 1, decode_content=False)
        return Answer(answer.status, answer.headers.get("Content-Type", ""), content)

    def _opened(self) -> HTTPConnection:
        asked = self._proxy or self._url
        host, port = asked.host, asked.port
        assert host is not None
        if asked.scheme == "https":
            return HTTPSConnection(host, port, timeout=self._seconds, ssl_context=self._tls)
        return HTTPConnection(host, port, timeout=self._seconds)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _cut(self) -> None:
        """Whoever waits for the socket hears at once that nothing comes any more."""
        self._over.set()
        connection, opened = self._connection, self._socket
        if opened is None and connection is not None:
            opened = connection.sock
        if opened is not None:
            with suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # a TLS socket's own would wait

    def _late(self) -> str:
        if self._stopped:
            return "the broker is stopping"
        return self._too_late() if self._over.is_set() else ""

    def _too_late(self) -> str:
        return f"no answer within {self._seconds:g} s"
