"""WebDAV: documents are exchanged as files, in collections of an HTTP server.

``options["path"]`` has what comes to the agency, ``options["outgoing"]`` what it sends; both lie below
``options["url"]``. What lies where under which name, and what each thing that is found means: the table in
``exchange.software.drop_folder``. A document is put under a temporary name and moved (RFC 4918, 9.7 and
9.9). Beside that table:

==============================================  =====================================================
what the server answers to GET, PUT and MOVE    verdict
==============================================  =====================================================
2xx                                             as the table says
404, 409                                        ``Retry``: there is no such folder
412                                             a file of that name is there: looked at as the table says
423, 424                                        ``Retry``: somebody has it locked
401, 403, 405, 407, 421, 3xx                    ``Retry``: address, password or proxy are wrong
408, 425, 429, 5xx (507: the disk is full)      ``Retry``; ``Retry-After`` is honoured
any other 4xx                                   ``Refused``, code ``http_<status>``, their words
no answer, an unreadable one                    ``Retry``
==============================================  =====================================================

To all other methods, whatever is no success is ``Retry``: they say nothing about the document.

Some servers do not know ``If-None-Match: *`` or ``Overwrite: F``. So the name is looked at before anything is
put there or moved there, and a temporary name is used once only. When a server that answers 201 has a
document on disk is its own matter: the protocol cannot ask.
"""

import ipaddress
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from pydantic import Field, NonNegativeFloat, field_validator, model_validator

from exchange.core.multistatus import ASKED, LIMITS, Resource, read_multistatus
from exchange.core.refusal import Refused as Unreadable
from exchange.http_client import Answer, HttpClient, NoAnswer, checked_url
from exchange.secret import SecretSource, secret
from exchange.software.drop_folder import Declined, DropFolder, DropOptions, Entry, Files

NO_FOLDER = frozenset({404, 409})
LOCKED = frozenset({423, 424})
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class WebdavOptions(DropOptions):
    """The server, who we are there, and the folders."""

    url: str  # of the collection that the folders lie in
    user: str = ""
    password: SecretSource | None = None
    ca_file: Path | None = None  # CAs to trust instead of the system's, PEM
    plain_http: bool = False  # without TLS also to other machines: a network that is protected otherwise
    path: str = Field(min_length=1)
    outgoing: str | None = Field(default=None, min_length=1)
    quiet_seconds: NonNegativeFloat = 10.0
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return checked_url(url)

    @model_validator(mode="after")
    def _is_protected(self) -> "WebdavOptions":
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not self.plain_http and not _is_loopback(parts.hostname or ""):
            raise ValueError("option 'url' must be https://..., or option 'plain_http' true")
        if bool(self.user) != bool(self.password):
            raise ValueError("the options 'user' and 'password' go together")
        return self

    def authorization(self) -> str:
        """The value of the header (RFC 7617); empty where nobody signs in."""
        if not self.password:
            return ""
        pair = f"{self.user}:{secret('password', self.password)}"
        return f"Basic {b64encode(pair.encode()).decode()}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Adapter(DropFolder):
    """Collections of a WebDAV server."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        read = WebdavOptions.read(options)
        incoming, outgoing = read.path.strip("/"), read.outgoing.strip("/") if read.outgoing else None
        super().__init__(options, timeout_seconds, read, incoming=incoming, outgoing=outgoing)
        authorization = read.authorization()
        self._server = _Server(read, authorization)

    def close(self) -> None:
        """Close the kept connections."""
        self._server.client.close()

    @contextmanager
    def _files(self) -> Iterator[Files]:
        yield _Collections(self._server, self.timeout_seconds)


class _Server:
    """The client, and what goes along with every request; whoever prints it does not see the password."""

    __slots__ = ("authorization", "client", "root")

    def __init__(self, read: WebdavOptions, authorization: str) -> None:
        parts = urlsplit(read.url)
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.authorization = authorization
        password = secret("password", read.password) if read.password else ""
        secrets = (password, authorization.removeprefix("Basic "))
        self.client = HttpClient(
            read.url, connections=read.connections, ca_file=read.ca_file, secrets=secrets
        )

    def target(self, path: str) -> str:
        """The address of a file or folder, as a request names it."""
        return f"{self.client.target.partition('?')[0].rstrip('/')}/{quote(path)}"


class _Collections:
    """``Files`` of one call."""

    def __init__(self, server: _Server, timeout_seconds: float) -> None:
        self._server, self._timeout_seconds = server, timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds
        self._free: set[str] = set()  # names that were looked at, and nothing was there

    def greeting(self, folder: str) -> str:
        answer = self._listed(folder, depth=0)
        if not any(each.is_folder for each in _resources(answer)):
            raise NotADirectoryError(f"{folder} is no collection")
        return self._server.client.words(answer.headers.get("Server", ""))

    def entries(self, folder: str) -> list[Entry]:
        return [_entry(each) for each in _resources(self._listed(folder, depth=1)) if not each.is_folder]

    def entry(self, path: str) -> Entry:
        found = _resources(self._listed(path, depth=0))
        if not found:
            raise FileNotFoundError(path)
        return _entry(found[0])

    def read(self, path: str, bytes_max: int) -> bytes:
        answer = self._call("GET", path, answer_bytes_max=bytes_max + 1)
        if answer.status == 404:
            self._free.add(path)
            raise FileNotFoundError(path)
        self._succeeded(answer)
        return answer.body

    def write(self, path: str, content: bytes) -> None:
        headers = {"If-None-Match": "*", "Content-Type": "application/octet-stream"}
        self._succeeded(self._call("PUT", path, headers=headers, body=content))

    def rename(self, source: str, target: str) -> None:
        if target not in self._free and self._is_there(target):
            raise FileExistsError(target)
        destination = self._server.root + self._server.target(target)
        answer = self._call("MOVE", source, headers={"Destination": destination, "Overwrite": "F"})
        self._succeeded(answer)

    def remove(self, path: str) -> None:
        self._done(self._call("DELETE", path))

    def make_folder(self, path: str) -> None:
        answer = self._call("MKCOL", f"{path}/")
        if answer.status != 405:  # RFC 4918, 9.3.1: there is something already
            self._done(answer)

    def sync(self, folder: str) -> None:  # noqa: ARG002  # no method says it
        return

    def _is_there(self, path: str) -> bool:
        try:
            self._listed(path, depth=0)
        except FileNotFoundError:
            return False
        return True

    def _listed(self, path: str, depth: int) -> Answer:
        headers = {"Depth": str(depth), "Content-Type": "application/xml"}
        most = LIMITS.document_bytes_max
        answer = self._call("PROPFIND", path, headers=headers, body=ASKED, answer_bytes_max=most)
        self._done(answer)
        return answer

    def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
        answer_bytes_max: int = 65536,
    ) -> Answer:
        left = self._deadline - time.monotonic()
        try:
            if left <= 0:
                raise NoAnswer
            return self._server.client.call(
                method,
                self._server.target(path),
                timeout_seconds=left,
                headers=self._signed_in(headers),
                body=body,
                answer_bytes_max=answer_bytes_max,
            )
        except NoAnswer as error:
            if self._deadline <= time.monotonic():
                words = f"{self._server.client.peer}: no answer within {self._timeout_seconds:g} s"
                raise TimeoutError(words) from None
            raise OSError(str(error)) from None

    def _signed_in(self, headers: Mapping[str, str]) -> dict[str, str]:
        authorization = self._server.authorization
        return {**headers, "Authorization": authorization} if authorization else dict(headers)

    def _done(self, answer: Answer) -> None:
        """Raise, unless it is a success; of what says nothing about a document."""
        words = self._server.client.words(f"{self._server.client.peer}: http_{answer.status} {answer.text}")
        if answer.status in NO_FOLDER:
            raise FileNotFoundError(words)
        if not 200 <= answer.status < 300:
            raise OSError(words)

    def _succeeded(self, answer: Answer) -> None:
        """Raise, unless it is a success; of what a document was answered with."""
        if 200 <= answer.status < 300:
            return
        if answer.status == 412:
            raise FileExistsError(f"{self._server.client.peer}: http_412")
        if answer.status in NO_FOLDER | LOCKED:
            self._done(answer)
        raise Declined(self._server.client.verdict(answer, datetime.now(UTC)))


def _resources(answer: Answer) -> list[Resource]:
    try:
        return read_multistatus(answer.body)
    except Unreadable as error:
        raise OSError(f"the listing cannot be read: {error}") from None


def _entry(found: Resource) -> Entry:
    mark = found.etag or f"{found.size}.{found.last_modified}"
    return Entry(found.name, found.size, _seconds(found.last_modified), mark)


def _seconds(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
