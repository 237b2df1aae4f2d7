"""Lines to a mail server: SMTP to send, IMAP to read, each operation cut when its time is up.

A socket's own time-out runs anew with every packet, so a server that drips would hold a worker for ever:
here a timer shuts the socket down, and whoever waits for it hears at once that nothing comes any more.
Only the look-up of a name has the limit of the system's resolver alone.
"""

import imaplib
import re
import select
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError
from pydantic import SecretStr

from exchange.core.mail_reading import HEADERS_BYTES_MAX, Unreadable

Security = Literal["starttls", "tls", "none"]

# Everything that the libraries raise over a server that is gone, refuses, or talks nonsense.
FAILURES = (
    OSError,
    smtplib.SMTPException,
    imaplib.IMAP4.error,
    ImapToolsError,
    ValueError,
    LookupError,
    TypeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is, how the line is secured, and who signs in."""

    host: str
    port: int
    security: Security
    tls: ssl.SSLContext
    user: str
    password: SecretStr
    name: str  # what we call ourselves: a domain

    @property
    def peer(self) -> str:
        """For sentences."""
        return f"{self.host}:{self.port}"


@dataclass(slots=True)
class _Cut:
    """Shuts a socket down, whatever wraps it by then."""

    handle: socket.socket
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> None:
        with self.lock, suppress(OSError):
            self.handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self.lock:
            self.handle.close()

    @contextmanager
    def at(self, deadline: float) -> Iterator[None]:
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), self.now)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class _Line:
    """``Line``: what both kinds have in common."""

    def __init__(self, cut: _Cut) -> None:
        self._cut = cut

    def is_open(self) -> bool:
        """Nothing is known against it: a server that says something unasked says goodbye."""
        return not select.select([self._cut.handle], [], [], 0)[0]

    def close(self) -> None:
        self._cut.now()
        self._cut.close()

    def until(self, deadline: float) -> Any:
        """A context in which every operation ends by ``deadline``."""
        return self._cut.at(deadline)


class SmtpLine(_Line):
    """One session that may send."""

    def __init__(self, session: smtplib.SMTP, cut: _Cut) -> None:
        super().__init__(cut)
        self.session = session

    def close(self) -> None:
        """Without a word: the server has what it said that it has."""
        super().close()
        self.session.close()


class ImapLine(_Line):
    """One session in a mailbox."""

    def __init__(self, box: BaseMailBox, cut: _Cut) -> None:
        super().__init__(cut)
        self.box = box

    def close(self) -> None:
        """Without a word: every command was answered."""
        super().close()
        _closed(self.box)


def dial_smtp(server: Server, deadline: float) -> SmtpLine:
    """A session that is signed in; raises ``FAILURES``."""
    with ExitStack() as undo:
        opened, cut = _connected(server, deadline, undo)
        with cut.at(deadline):
            session = _Smtp(_secured(opened, server, undo), server)
            undo.callback(session.close)
            session.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                session.starttls(context=server.tls)
            session.login(server.user, server.password.get_secret_value())
        undo.pop_all()
        return SmtpLine(session, cut)


def dial_imap(server: Server, deadline: float) -> ImapLine:
    """A mailbox that is signed in to; raises ``FAILURES``."""
    with ExitStack() as undo:
        opened, cut = _connected(server, deadline, undo)
        with cut.at(deadline):
            box = _Box(_secured(opened, server, undo), server)
            undo.callback(_closed, box)
            if server.security == "starttls":
                box.client.starttls(ssl_context=server.tls)
            box.login_utf8(server.user, server.password.get_secret_value(), initial_folder=None)
        undo.pop_all()
        return ImapLine(box, cut)


def _closed(box: BaseMailBox) -> None:
    with suppress(OSError):
        box.client.shutdown()


class _Smtp(smtplib.SMTP):
    """Over a socket that is there already."""

    def __init__(self, opened: socket.socket, server: Server) -> None:
        self._opened = opened
        super().__init__(server.host, server.port, local_hostname=server.name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002
        return self._opened


class _Imap(imaplib.IMAP4):
    """The same."""

    def __init__(self, opened: socket.socket, server: Server) -> None:
        self._opened = opened
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None) -> socket.socket:  # noqa: ARG002
        return self._opened


class _Box(BaseMailBox):
    def __init__(self, opened: socket.socket, server: Server) -> None:
        self._given = opened, server
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return _Imap(*self._given)


def _connected(server: Server, deadline: float, undo: ExitStack) -> tuple[socket.socket, _Cut]:
    failure = OSError("the host has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        server.host, server.port, type=socket.SOCK_STREAM
    ):
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(max(0.001, deadline - time.monotonic()))
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
            continue
        opened.settimeout(None)  # the timer holds the time from here on
        cut = _Cut(opened.dup())
        undo.callback(opened.close)
        undo.callback(cut.close)
        undo.callback(cut.now)
        return opened, cut
    raise failure


def _secured(opened: socket.socket, server: Server, undo: ExitStack) -> socket.socket:
    if server.security != "tls":
        return opened
    secured = server.tls.wrap_socket(opened, server_hostname=server.host)
    undo.callback(secured.close)
    return secured


def validity(box: BaseMailBox) -> int:
    """Of the folder that is open: with another one every UID names another mail (RFC 3501, 2.3.1.1)."""
    answer = box.client.untagged_responses.get("UIDVALIDITY", [])
    return next((int(each) for each in answer if isinstance(each, bytes)), 0)


def fetched(
    box: BaseMailBox, uid: str, bytes_max: int, *, headers_only: bool
) -> tuple[bytes, datetime] | None:
    """The mail, and when its server took it; None where it is gone. Raises ``Unreadable``."""
    [told, *_] = box.client.uid("FETCH", uid, "(RFC822.SIZE INTERNALDATE)")[1]
    size = re.search(rb"RFC822\.SIZE (\d+)", told or b"")
    moment = imaplib.Internaldate2tuple(told or b"")
    if size is None or moment is None:
        return None
    if int(size[1]) > bytes_max and not headers_only:
        raise Unreadable(f"the mail has {int(size[1])} bytes; {bytes_max} are allowed")
    part = f"HEADER]<0.{HEADERS_BYTES_MAX}>" if headers_only else "]"
    answer = box.client.uid("FETCH", uid, f"(BODY.PEEK[{part})")[1]
    raw = next((each[1] for each in answer if isinstance(each, tuple)), None)
    return None if raw is None else (raw, datetime.fromtimestamp(time.mktime(moment), UTC))
