"""Options of a mailbox: the agency's address, the broker's own mailbox, and the two servers of that."""

import ipaddress
import ssl
from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator

from exchange.adapter import Options
from exchange.core.mail import is_address
from exchange.core.mail_reading import REFUSALS
from exchange.secret import SecretSource, secret
from exchange.software.mail_lines import Security, Server


class MailOptions(Options):
    """The agency's mailbox, the broker's own, and the two servers of the latter."""

    address: str  # of the agency
    senders: tuple[str, ...] = ()  # who sends in the agency's name; by default its address
    from_address: str  # of the broker: its own mailbox, which the account below opens
    user: str = Field(min_length=1)
    password: SecretSource
    smtp_host: str = Field(min_length=1)
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Security = "starttls"
    imap_host: str = Field(min_length=1)
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_security: Security = "tls"
    plain: bool = False  # allow "none" to other machines too
    ca_file: Path | None = None  # CAs to trust instead of the system's, PEM
    inbox: str = Field(default="INBOX", min_length=1)
    folder: str = Field(default="Exchange", min_length=1)  # Out, Sent, Refused and Ignored lie in it
    refusal_words: tuple[str, ...] = REFUSALS
    mail_bytes_max: int = Field(default=25_000_000, gt=0)  # of one whole mail, either way
    copy_wait_seconds: int = Field(default=900, ge=0, le=43_200)
    connections: int = Field(default=2, ge=1, le=10)  # kept open to each server

    @field_validator("address", "from_address")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if not is_address(text):
            raise ValueError("must be one plain e-mail address")
        return text

    @field_validator("senders")
    @classmethod
    def _are_addresses(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_address(text) for text in texts):
            raise ValueError("must be plain e-mail addresses")
        return texts

    @model_validator(mode="after")
    def _is_private(self) -> "MailOptions":
        if self.address.lower() == self.from_address.lower():
            raise ValueError("option 'from_address' must not be the agency's own address")
        for kind in ("smtp", "imap"):
            open_ = getattr(self, f"{kind}_security") == "none"
            if open_ and not self.plain and not _is_loopback(getattr(self, f"{kind}_host")):
                raise ValueError(
                    f"option '{kind}_security': without TLS only to this machine, or with 'plain'"
                )
        return self


def servers(read_: MailOptions) -> tuple[Server, Server]:
    """Of SMTP and of IMAP. ``ValueError`` names the option that cannot be used, never a value."""
    password = secret("password", read_.password)
    if not password.isascii():
        raise ValueError("option 'password': must be ASCII characters only")  # as SMTP's library wants it
    try:
        tls = ssl.create_default_context(cafile=read_.ca_file)
    except OSError as error:
        raise ValueError(f"option 'ca_file': cannot be used ({type(error).__name__})") from None
    smtp, imap = (
        Server(
            host=host,
            port=port,
            security=security,
            tls=tls,
            user=read_.user,
            password=SecretStr(password),
            name=read_.from_address.rpartition("@")[2],
        )
        for host, port, security in (
            (read_.smtp_host, read_.smtp_port, read_.smtp_security),
            (read_.imap_host, read_.imap_port, read_.imap_security),
        )
    )
    return smtp, imap


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
