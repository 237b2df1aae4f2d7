"""Mailing: one e-mail to one address by a mail server, bounded as a whole; the only mailer.

The password is never said: not in an error, not in a log.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import SecretStr

from exchange.settings import Settings

_PERMANENT = range(500, 600)
WORDS_MAX = 200  # characters of the server's own words
CUT_AGAIN_SECONDS = 0.5


class NotMailed(Exception):
    """It did not leave, or nobody knows whether it did; it may leave later. The message says why."""


class Undeliverable(Exception):
    """The server will never take it for this address; the message says why."""


class _Session(smtplib.SMTP):
    """Is known before it connects, so that it can be given up in the middle."""

    def __init__(self, note: Callable[[smtplib.SMTP], None], *where: Any, **options: Any) -> None:
        self._noted = note
        super().__init__(*where, **options)

    def connect(self, *where: Any, **options: Any) -> tuple[int, bytes]:
        self._noted(self)
        return super().connect(*where, **options)


class _TlsSession(_Session, smtplib.SMTP_SSL):
    """The same, by TLS from the first byte."""


class Mailer:
    """Sends by the server that the settings name; from one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._until = 0.0
        self._stopped = False
        self._session: smtplib.SMTP | None = None

    @property
    def there(self) -> bool:
        """Whether a server is named at all."""
        return bool(self._settings.mail_host)

    def send(self, address: str, subject: str, body: str, *, id_: str, at: datetime) -> None:
        """Send a text; raises ``NotMailed`` and ``Undeliverable``.

        ``id_`` becomes the Message-ID: a notice that had to be sent twice is known by it.
        """
        message = written(self._settings.mail_from, address, subject, body, id_=id_, at=at)
        self._until = monotonic() + self._settings.mail_timeout_seconds
        done = threading.Event()
        threading.Thread(target=self._watch, args=(done,), name="mail-watch", daemon=True).start()
        try:
            self._sent(message, address)
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = refused.recipients[address]
            raise (Undeliverable if code in _PERMANENT else NotMailed)(_said(code, words)) from None
        except smtplib.SMTPResponseException as answer:
            raise NotMailed(_said(answer.smtp_code, answer.smtp_error)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotMailed(self._cause(error)) from None
        finally:
            done.set()
            self._session = None

    def stop(self) -> None:
        """Give up what is under way, and send nothing more."""
        self._stopped = True
        self._cut()

    def _sent(self, message: MIMEText, address: str) -> None:
        settings, session = self._settings, self._opened()
        try:
            if settings.mail_security == "starttls":
                session.starttls(context=self._tls())
            if settings.mail_user:
                session.login(settings.mail_user, self._password())
            session.send_message(message, settings.mail_from, [address])
            # The server has it: whatever happens to the line from here on says nothing of the message.
            with suppress(smtplib.SMTPException, OSError):
                session.quit()
        finally:
            session.close()

    def _opened(self) -> smtplib.SMTP:
        settings = self._settings
        where, seconds = (settings.mail_host, settings.mail_port), settings.mail_timeout_seconds
        name = settings.mail_from.rpartition("@")[2]  # or the system would ask for its own, without limit
        if self._stopped:
            raise TimeoutError
        if settings.mail_security == "tls":
            return _TlsSession(self._note, *where, local_hostname=name, timeout=seconds, context=self._tls())
        return _Session(self._note, *where, local_hostname=name, timeout=seconds)

    def _note(self, session: smtplib.SMTP) -> None:
        self._session = session

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.mail_ca_file)

    def _password(self) -> str:
        return secret(self._settings.mail_password, self._settings.mail_password_file)

    def _watch(self, done: threading.Event) -> None:
        """A socket's own time-out runs anew with every packet; here the time for the whole runs out."""
        done.wait(self._settings.mail_timeout_seconds)
        while not done.is_set():
            self._cut()
            done.wait(CUT_AGAIN_SECONDS)  # the socket may not have been there yet

    def _cut(self) -> None:
        """Whoever waits for the socket hears at once that nothing comes any more."""
        session = self._session
        opened = None if session is None else session.sock
        if opened is not None:
            with suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # a TLS socket's own would wait

    def _cause(self, error: Exception) -> str:
        if self._stopped:
            return "the broker is stopping"
        # The library tells a time-out and a line that was cut alike.
        if monotonic() >= self._until or isinstance(error, TimeoutError):
            return f"no answer within {self._settings.mail_timeout_seconds:g} s"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return "the server offers no STARTTLS or no way to sign in"
        detail = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or ""
        return f"{type(error).__name__} {detail}".strip()


def written(sender: str, address: str, subject: str, body: str, *, id_: str, at: datetime) -> MIMEText:
    """The e-mail, in characters that every server takes."""
    message = MIMEText(body, "plain", "utf-8")
    message["From"] = sender
    message["To"] = address
    # By Header: the newer classes of the library lose blanks where they fold a line of Vietnamese.
    one_line = Header(" ".join(subject.split()), "utf-8", header_name="Subject")
    message["Subject"] = one_line  # type: ignore[assignment]  # annotated too narrowly
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{id_}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    return message


def secret(given: SecretStr, file: Path | None) -> str:
    """A password from the environment, or from a file that only the broker can read; "" is none.

    Raises ``OSError`` or ``ValueError`` where the file cannot be read.
    """
    return given.get_secret_value() if file is None else file.read_text("utf-8").strip()


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    printable = "".join(each if each.isprintable() else " " for each in text)
    return f"the server answers {code} {' '.join(printable.split())}"[:WORDS_MAX]
