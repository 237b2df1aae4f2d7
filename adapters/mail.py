"""Mail: a document is a mail to the agency's mailbox (SMTP); what the agency answers and sends is read by IMAP.

The broker has a mailbox of its own, ``from_address``, that both servers know. Nothing is sent twice, and
nothing is believed to be sent that was not: every mail goes to the agency and, in the same SMTP transaction,
to the broker's own mailbox, under a Message-ID made from the delivery's key. Before the mail itself is handed
over, a note that an attempt was begun is laid into the folder ``<folder>/Out``; the server's 250 marks it.

===================================================  ==================================================
what is found in the own mailbox, before sending     verdict
===================================================  ==================================================
no note                                              it is sent
a note that is marked, or the mail's own copy        ``Accepted``: an earlier attempt sent it
a note alone, younger than ``copy_wait_seconds``     ``Retry``, not before that: the answer to an earlier
                                                     attempt was lost, and its copy may be on its way
a note alone, older                                  it is sent, under the same Message-ID
===================================================  ==================================================

===================================================  ==================================================
what the mail server says                            verdict
===================================================  ==================================================
250 to the whole mail                                ``Accepted``; ``Delivered`` for statuses and receipts,
                                                     which nobody acknowledges
5xx to the agency's address, or to the whole mail    ``Refused``, code ``smtp_<code>``, their words
the same with 5.7.x to the address (policy), x.2.2   ``Retry``: to be mended, or may pass
(mailbox full), 530, 535, 538
552 or 5.3.4 to the sender (too large)               ``Refused``
any other answer to the broker's own address         ``Retry``: to be mended
4xx, sign-in refused, no TLS, a certificate that     ``Retry``
does not verify, no connection, reset, nonsense
the line ends after the mail, before its answer      ``Retry``; what is true then, the table above says
larger than ``mail_bytes_max``                       ``Refused``, code ``too_large``
===================================================  ==================================================

===================================================  ==================================================
what lies in the inbox                               what it means
===================================================  ==================================================
our own mail                                         the copy: moved to ``Out``
an .edxml from one of ``senders``                    collected as it is; moved to ``Sent`` or ``Refused``
an answer to one of our mails from one of these      status 03, or 02 where it begins with a word of
                                                     ``refusal_words``; moved likewise
a bounce (RFC 3464) about the agency's address       status 02 with the server's words
an automatic answer (RFC 3834), a delay, a mail      moved to ``Ignored``, never answered
from somebody else
anything else from one of these                      refused in words; moved to ``Refused``
===================================================  ==================================================

A refusal is answered once by mail, if a person wrote. ``From`` is what the sender says: that it is believed is
for the mailbox's server to see to (SPF, DKIM, DMARC). A document carries a signature of its own; an answer is
believed because it names the Message-ID, which only the agency was told.

Standards: RFC 5321 (SMTP), 3463 (enhanced codes), 9051 and 3501 (IMAP), 6851 (MOVE), 4616 (PLAIN).
"""

import hashlib
import imaplib
import ipaddress
import logging
import re
import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from imap_tools import AND, BaseMailBox, H, MailMessageFlags
from pydantic import Field, SecretStr, field_validator, model_validator

from exchange.adapter import (
    Accepted,
    AgencyAdapter,
    Collected,
    Delivered,
    Options,
    Outcome,
    Outgoing,
    Reached,
    Refused,
    Retry,
    StatusReport,
    Takes,
    Unreachable,
)
from exchange.core.filing import filing
from exchange.core.mail import is_address
from exchange.core.mail_reading import (
    HEADERS_BYTES_MAX,
    REFUSALS,
    Received,
    Unreadable,
    is_refusal,
    original,
    read,
)
from exchange.core.mail_writing import (
    ATTEMPT,
    ATTEMPT_HEADER,
    Envelope,
    answer_mail,
    attempt_note,
    document_mail,
    message_id,
)
from exchange.http_client import one_line
from exchange.lines import Lines
from exchange.mail_lines import (
    FAILURES,
    ImapLine,
    Security,
    Server,
    SmtpLine,
    dial_imap,
    dial_smtp,
)
from exchange.secret import SecretSource, secret

log = logging.getLogger(__name__)

AT_ONCE_MAX = 200  # mails of one look
POLICY = ("530", "535", "538")


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


class Adapter(AgencyAdapter):
    """One mailbox of an agency, by way of the broker's own."""

    takes = Takes(document_bytes_max=18_000_000)  # in base64, 25 MB

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._read = MailOptions.read(options)
        smtp, imap = _servers(self._read)
        self._password = smtp.password
        self._smtp = Lines[SmtpLine](lambda deadline: dial_smtp(smtp, deadline), self._read.connections)
        self._imap = Lines[ImapLine](lambda deadline: dial_imap(imap, deadline), self._read.connections)
        self._smtp_peer, self._imap_peer = smtp.peer, imap.peer
        self._senders = {each.lower() for each in self._read.senders or (self._read.address,)}
        self._turns = _Turns()
        self._folders: dict[str, str] = {}

    # --- out ---

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """One mail, once per key."""
        at = datetime.now(UTC)
        filed = filing(outgoing.content)
        most = self._read.mail_bytes_max
        envelope = self._envelope(outgoing.key, self._read.address, at)
        mail = document_mail(envelope, outgoing.kind, outgoing.document_id, outgoing.content, filed, most)
        if len(mail) > most:
            return Refused("too_large", f"the mail would have {len(mail)} bytes; {most} are allowed")
        outcome = self._once(envelope, mail, outgoing.accepted_at)
        if isinstance(outcome, Accepted) and outgoing.kind != "document":
            return Delivered(outcome.reference)
        return outcome

    def _once(self, envelope: Envelope, mail: bytes, since: datetime) -> Outcome:
        """Send it, unless an earlier attempt did or may have."""
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with self._turns.of(envelope.key, deadline):
                with self._box(deadline) as box:
                    before = self._before(box, envelope, since)
                return before or self._send(envelope, mail, deadline)
        except _Failed as failed:
            return Retry(str(failed))

    def _before(self, box: BaseMailBox, envelope: Envelope, since: datetime) -> Outcome | None:
        id_ = message_id(envelope.key, envelope.ours)
        begun: datetime | None = None
        box.folder.set(self._folder(box, "Out"))
        for uid in self._found(box, id_, since):
            for note in box.fetch(uid_list=[uid], headers_only=True, mark_seen=False):
                if ATTEMPT not in str(note.obj.get("Message-ID")) or MailMessageFlags.ANSWERED in note.flags:
                    return Accepted(id_)
                begun = datetime.fromisoformat(str(note.obj.get(ATTEMPT_HEADER)))
        if begun is None:
            return None
        box.folder.set(self._read.inbox)
        if self._found(box, id_, since):
            return Accepted(id_)
        ready = begun + timedelta(seconds=self._read.copy_wait_seconds)
        if envelope.at < ready:
            reason = f"{self._smtp_peer}: an earlier attempt had no answer; its copy is being waited for"
            return Retry(reason, ready)
        return None

    @staticmethod
    def _found(box: BaseMailBox, id_: str, since: datetime) -> list[str]:
        # The end of the id, so that a note's is found too. A day is a day of the server's own zone.
        return box.uids(AND(header=H("Message-ID", id_[1:]), date_gte=(since - timedelta(days=2)).date()))

    def _send(self, envelope: Envelope, mail: bytes, deadline: float) -> Outcome:
        with self._session(deadline) as session:
            declined = self._addressed(session, envelope, len(mail))
            if declined is not None:
                with suppress(*FAILURES):
                    session.rset()
                return declined
            # After a crash from here on the note says that the mail may have gone.
            note = self._noted(envelope, deadline)
            try:
                code, words = session.data(mail)
            except smtplib.SMTPDataError as error:  # said before the mail: nothing of it went
                code, words = error.smtp_code, _bytes(error.smtp_error)
        if code == 250:
            # The server has it. Where the mark cannot be set, the copy will show it.
            with suppress(_Failed), self._box(deadline) as box:
                box.folder.set(self._folder(box, "Out"))
                box.flag(self._found(box, note, envelope.at), MailMessageFlags.ANSWERED, value=True)
            return Accepted(message_id(envelope.key, envelope.ours))
        with suppress(_Failed), self._box(deadline) as box:
            box.folder.set(self._folder(box, "Out"))
            box.delete(self._found(box, note, envelope.at))
        return self._declined(code, words, of_content=True)

    def _addressed(self, session: smtplib.SMTP, envelope: Envelope, size: int) -> Outcome | None:
        """What is said against sender and addresses; None where the mail itself may follow."""
        options = [f"SIZE={size}"] if session.has_extn("size") else []
        code, words = session.mail(envelope.ours, options)
        if code != 250:
            said = words.decode("utf-8", "replace")
            large = code == 552 or "5.3.4" in said
            return Refused(f"smtp_{code}", self._words(said)) if large else self._retry(code, words)
        code, words = session.rcpt(envelope.theirs)
        if code not in (250, 251):
            return self._declined(code, words, of_content=False)
        code, words = session.rcpt(envelope.ours)
        return None if code in (250, 251) else self._retry(code, words)

    def _noted(self, envelope: Envelope, deadline: float) -> str:
        """The Message-ID of the note that an attempt begins."""
        with self._box(deadline) as box:
            box.append(attempt_note(envelope), self._folder(box, "Out"), dt=envelope.at)
        return f"<{ATTEMPT}{message_id(envelope.key, envelope.ours)[1:]}"

    def _declined(self, code: int, words: bytes, *, of_content: bool) -> Outcome:
        said = words.decode("utf-8", "replace")
        passes = said.startswith(("5.2.2", "4.")) or str(code) in POLICY
        if code < 500 or passes or (said.startswith("5.7.") and not of_content):
            return self._retry(code, words)
        return Refused(f"smtp_{code}", self._words(said) or "no reason given")

    def _retry(self, code: int, words: bytes) -> Retry:
        return Retry(self._words(f"{self._smtp_peer}: smtp_{code} {words.decode('utf-8', 'replace')}"))

    # --- in ---

    def collect(self) -> Iterator[Collected]:
        """What lies in the inbox; what is nothing to the broker is put aside."""
        try:
            waiting = self._waiting()
        except _Failed as failed:
            log.warning("nothing can be collected: %s", failed)
            return
        for key in waiting:
            try:
                found = self._collectable(key)
            except _Failed as failed:
                log.warning("mail %s cannot be read: %s", key, failed)
                continue
            if found is not None:
                yield Collected(key=key, content=found)

    def collected(self, key: str) -> None:
        """Move the mail to ``Sent``."""
        self._move(key, "Sent")

    def refused(self, key: str, reasons: Sequence[str]) -> None:
        """Answer with the reasons, if a person wrote, and move the mail to ``Refused``.

        Where the answer cannot be sent, the mail stays, is refused again, and then answered.
        """
        try:
            mail = self._mail(key, headers_only=True)
            if mail is None or self._answered(key, mail, reasons):
                self._move(key, "Refused")
        except Unreadable:
            self._move(key, "Ignored")
        except _Failed as failed:
            log.warning("mail %s cannot be refused: %s", key, failed)

    def _answered(self, key: str, mail: Received, reasons: Sequence[str]) -> bool:
        if not mail.answerable or mail.sender not in self._senders:
            return True
        now = datetime.now(UTC)
        named = hashlib.sha256(f"{mail.id} {key}".encode("utf-8", "surrogatepass")).hexdigest()[:40]
        envelope = self._envelope(f"answer-{named}", mail.sender, now)
        answer = answer_mail(envelope, reasons, to_id=mail.id, subject=mail.subject)
        outcome = self._once(envelope, answer, now)
        if isinstance(outcome, Retry):
            log.warning("a refusal cannot be answered: %s", outcome.reason)
            return False
        return True

    def _waiting(self) -> list[str]:
        with self._box(time.monotonic() + self.timeout_seconds) as box:
            box.folder.set(self._read.inbox)
            return [f"{_validity(box)}.{uid}" for uid in box.uids()[:AT_ONCE_MAX]]

    def _collectable(self, key: str) -> bytes | StatusReport | None:
        try:
            mail = self._mail(key)
        except Unreadable as error:
            log.warning("mail %s: %s", key, error)
            self.refused(key, [f"Không đọc được thư. {error}."])
            return None
        if mail is None:
            return None
        if mail.kind == "copy":
            self._move(key, "Out")
        elif mail.kind == "bounce":
            return _report(mail, "02", f"Thư không đến được / not delivered: {mail.words}", "mail server")
        elif mail.kind == "automatic" or mail.sender not in self._senders:
            self._move(key, "Ignored")
        elif mail.kind == "document" and len(mail.documents) == 1:
            return mail.documents[0]
        elif mail.kind == "reply":
            refusal = is_refusal(mail.words, self._read.refusal_words)
            return _report(mail, "02" if refusal else "03", mail.words, mail.sender)
        else:
            self.refused(key, [_ONE_DOCUMENT])
        return None

    def _mail(self, key: str, *, headers_only: bool = False) -> Received | None:
        """The mail of this key; None where it is gone. Raises ``Unreadable``, ``_Failed``."""
        validity, _, uid = key.partition(".")
        with self._box(time.monotonic() + self.timeout_seconds) as box:
            box.folder.set(self._read.inbox)
            if str(_validity(box)) != validity:
                return None
            found = _fetched(box, uid, self._read.mail_bytes_max, headers_only=headers_only)
        if found is None:
            return None
        return read(found[0], self._read.from_address, self._read.address, found[1])

    def _move(self, key: str, name: str) -> None:
        validity, _, uid = key.partition(".")
        try:
            with self._box(time.monotonic() + self.timeout_seconds) as box:
                box.folder.set(self._read.inbox)
                if str(_validity(box)) == validity:
                    box.move([uid], self._folder(box, name))
        except _Failed as failed:
            # It will be collected again, and known; what comes after it must not wait.
            log.warning("mail %s cannot be moved to %s: %s", key, name, failed)

    # --- both ---

    def check(self) -> Reached | Unreachable:
        """Sign in to both servers."""
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with self._session(deadline) as session:
                session.noop()
                name = one_line((session.ehlo_resp or b"").decode("utf-8", "replace")).partition(" ")[0]
            with self._box(deadline) as box:
                count = box.folder.status(self._read.inbox, ["MESSAGES"])["MESSAGES"]
        except _Failed as failed:
            return Unreachable(str(failed))
        return Reached(self._words(f"SMTP {name}; IMAP: {count} mails in {self._read.inbox}"))

    def stored(self, key: str) -> bytes | None:
        """The signed bytes in the own copy of the mail."""
        id_ = message_id(key, self._read.from_address)
        deadline = time.monotonic() + self.timeout_seconds
        with suppress(_Failed), self._box(deadline) as box:
            for folder in (self._folder(box, "Out"), self._read.inbox):
                box.folder.set(folder)
                for uid in box.uids(AND(header=H("Message-ID", id_))):
                    found = _fetched(box, uid, self._read.mail_bytes_max, headers_only=False)
                    return None if found is None else original(found[0])
        return None

    def close(self) -> None:
        """Close the kept lines."""
        self._smtp.close()
        self._imap.close()

    def _envelope(self, key: str, theirs: str, at: datetime) -> Envelope:
        return Envelope(key=key, ours=self._read.from_address, theirs=theirs, at=at)

    def _folder(self, box: BaseMailBox, name: str) -> str:
        """The folder's full name; it is made where it is missing."""
        if name not in self._folders:
            separator = (
                next((each.delim for each in box.folder.list(search_args=self._read.inbox)), "/") or "/"
            )
            full = f"{self._read.folder}{separator}{name}"
            if not box.folder.exists(full):
                with suppress(*FAILURES):  # another worker was faster; else the next command says so
                    box.folder.create(full)
            self._folders[name] = full
        return self._folders[name]

    @contextmanager
    def _box(self, deadline: float) -> Iterator[BaseMailBox]:
        with self._told(self._imap_peer, deadline), self._imap.take(deadline) as line, line.until(deadline):
            yield line.box

    @contextmanager
    def _session(self, deadline: float) -> Iterator[smtplib.SMTP]:
        with self._told(self._smtp_peer, deadline), self._smtp.take(deadline) as line, line.until(deadline):
            yield line.session

    @contextmanager
    def _told(self, peer: str, deadline: float) -> Iterator[None]:
        try:
            yield
        except _Failed:
            raise
        except FAILURES as error:
            cause = self._cause(error, deadline)
        else:
            return
        # Outside of "except": some of these errors hold what was sent.
        raise _Failed(self._words(f"{peer}: {cause}"))

    def _cause(self, error: BaseException, deadline: float) -> str:
        if "busy" in str(error):
            return str(error)
        if time.monotonic() >= deadline or isinstance(error, TimeoutError):
            return f"no answer within {self.timeout_seconds:g} s"
        if isinstance(error, smtplib.SMTPResponseException):
            words = error.smtp_error
            said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
            return f"smtp_{error.smtp_code} {said}"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return "the server offers no STARTTLS or no way to sign in"
        detail = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
        return f"{type(error).__name__} {detail}"

    def _words(self, text: str) -> str:
        return one_line(text.replace(self._password.get_secret_value(), "***"))


_ONE_DOCUMENT = (
    "Thư phải có đúng một tệp .edxml kèm theo, hoặc trả lời một thư của trục liên thông. "
    "A mail must have exactly one .edxml file attached, or answer a mail of the exchange."
)


class _Failed(Exception):
    """A server did not do what it was asked to; the message says which and why, in one line."""


@dataclass
class _Turn:
    lock: Lock
    waiting: int = 0


class _Turns:
    """One attempt at a time for each key in this process; the broker's lease keeps other processes away."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def of(self, key: str, deadline: float) -> Iterator[None]:
        with self._lock:
            turn = self._turns.setdefault(key, _Turn(Lock()))
            turn.waiting += 1
        try:
            if not turn.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise _Failed("another attempt at the same document is under way")
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._turns[key]


def _servers(read_: MailOptions) -> tuple[Server, Server]:
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


def _validity(box: BaseMailBox) -> int:
    """Of the folder that is open: with another one every UID names another mail (RFC 3501, 2.3.1.1)."""
    answer = box.client.untagged_responses.get("UIDVALIDITY", [])
    return int(answer[0]) if answer else 0


def _fetched(
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


def _report(mail: Received, code: str, words: str, staff: str) -> StatusReport:
    return StatusReport(delivery=mail.key, code=code, at=mail.at, words=words, staff=staff)


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
