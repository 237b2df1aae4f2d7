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

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from pydantic import Field, SecretStr, field_validator, model_validator

from exchange.adapter import (
    Accepted,
    AgencyAdapter,
    Delivered,
    Options,
    Outcome,
    Outgoing,
    Reached,
    Retry,
    Unreachable,
)
from exchange.core.push import Push, sign_headers
from exchange.http_client import Answer, HttpClient, NoAnswer, checked_url, retry_after

SECRET_BYTES_MIN = 16


class WebhookOptions(Options):
    """The secret stands in the options or, better, in a file that only the broker can read."""

    url: str
    secret: SecretStr | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None  # CAs to trust instead of the system's, PEM
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str) -> str:
        return checked_url(url)

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


class Adapter(AgencyAdapter):
    """Posts to one address over kept connections."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        # Whoever prints an adapter must not print its secret.
        super().__init__({name: options[name] for name in options if name != "secret"}, timeout_seconds)
        read = WebhookOptions.read(options)
        self._secret = SecretStr(read.secret_text())
        self._http = HttpClient(
            read.url,
            connections=read.connections,
            ca_file=read.ca_file,
            secrets=[self._secret.get_secret_value()],
        )

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """One POST; every way in which a network or a peer can fail is a ``Retry``."""
        now = datetime.now(UTC)
        headers = sign_headers(_push(outgoing, now), self._secret.get_secret_value())
        try:
            answer = self._http.call(
                "POST", headers=headers, body=outgoing.content, timeout_seconds=self.timeout_seconds
            )
        except NoAnswer as error:
            return Retry(str(error))
        return self._verdict(answer, outgoing.digest, now)

    def check(self) -> Reached | Unreachable | None:
        """OPTIONS, which changes nothing anywhere: any answer but a failure shows that somebody is there."""
        try:
            answer = self._http.call("OPTIONS", timeout_seconds=self.timeout_seconds)
        except NoAnswer as error:
            return Unreachable(str(error))
        if answer.status >= 500:
            return Unreachable(self._http.words(f"{self._http.peer}: http_{answer.status} {answer.text}"))
        return Reached(self._http.words(answer.headers.get("Server", "")))

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def _verdict(self, answer: Answer, digest: str, now: datetime) -> Outcome:
        status, theirs = answer.status, answer.headers.get("Exchange-Digest", "").strip().lower()
        if 200 <= status < 300 and theirs in ("", digest):
            return (Accepted if status == 202 else Delivered)(self._reference(answer))
        if status == 409 and theirs == digest:
            return Delivered(self._reference(answer))
        if 200 <= status < 300:
            return Retry(self._http.words(f"{self._http.peer}: took something with another digest, {theirs}"))
        if status == 409 and not theirs:
            not_before = retry_after(answer.headers.get("Retry-After", ""), now)
            return Retry(self._http.words(f"{self._http.peer}: http_409 {answer.text}"), not_before)
        return self._http.verdict(answer, now)

    def _reference(self, answer: Answer) -> str:
        header = unquote(answer.headers.get("Exchange-Reference", ""))
        return self._http.words(header or answer.text.lstrip().partition("\n")[0])


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
