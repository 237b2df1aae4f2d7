"""A mail server on 127.0.0.1 that keeps what arrives, wants TLS and a password, and refuses when told to."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.adapters.peers import Identity, identity

USER, PASSWORD = "exchange", "khong-ai-duoc-thay"


class _AnyPort(Controller):
    """Takes a port that is free, and looks for itself there."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """``refusals`` are answers to RCPT by address, ``answer`` is the one to a whole message."""

    def __init__(self, identity: Identity, *, tls: bool = False, starttls: bool = True) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals: dict[str, str] = {}
        self.answer = "250 OK"
        self.user, self.password = USER, PASSWORD
        options: dict[str, Any] = {}
        if tls:
            options = {"ssl_context": identity.context, "auth_require_tls": False}
        elif starttls:
            options = {"tls_context": identity.context, "require_starttls": True, "auth_require_tls": True}
        if tls or starttls:
            options |= {"authenticator": self._authenticate, "auth_required": starttls and not tls}
        self._controller = _AnyPort(self, hostname="127.0.0.1", port=0, **options)
        self._controller.start()

    @property
    def port(self) -> int:
        return self._controller.port

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]

    def texts(self, address: str) -> list[str]:
        return [text_of(mail) for mail in self.mails if mail["To"] == address]

    def close(self) -> None:
        self._controller.stop()

    def _authenticate(
        self, _server: object, _session: Session, _envelope: Envelope, how: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login, data.password) == (self.user.encode(), self.password.encode())
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(  # the name is aiosmtpd's
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.answer.startswith("2"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer


def text_of(mail: EmailMessage) -> str:
    """With the ends of lines of this machine, not of the wire."""
    text: str = mail.get_content()
    return text.replace("\r\n", "\n")


def settings_of(server: MailServer, identity: Identity, **changes: object) -> dict[str, object]:
    """What a broker needs to send by this server."""
    return {
        "mail_host": "127.0.0.1",
        "mail_port": server.port,
        "mail_ca_file": identity.ca_file,
        "mail_user": server.user,
        "mail_password": server.password,
        "mail_from": "truc@phuyen.example.vn",
        "mail_timeout_seconds": 5,
        **changes,
    }


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def running(tls: Identity) -> Iterator[MailServer]:
    server = MailServer(tls)
    yield server
    server.close()


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.mails.clear()
    running.refusals.clear()
    running.answer = "250 OK"
    return running
