"""The broker's own mailbox: mails leave it once, whatever dies on the way. The table: ``adapters.mail``."""

import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from imap_tools import AND, BaseMailBox, H, MailMessageFlags

from exchange.adapter import Accepted, Outcome, Refused, Retry
from exchange.core.mail_writing import ATTEMPT, ATTEMPT_HEADER, Envelope, attempt_note, message_id
from exchange.http_client import one_line
from exchange.software.lines import Lines
from exchange.software.mail_lines import FAILURES, ImapLine, SmtpLine, dial_imap, dial_smtp
from exchange.software.mail_options import MailOptions, servers

POLICY = ("530", "535", "538")


class Mailbox:
    """Shared by threads: so many lines to each server at a time, the others wait their turn."""

    def __init__(self, options: MailOptions) -> None:
        """``ValueError`` names an option that cannot be used."""
        smtp, imap = servers(options)
        self._options, self._password = options, smtp.password
        self._smtp = Lines[SmtpLine](lambda deadline: dial_smtp(smtp, deadline), options.connections)
        self._imap = Lines[ImapLine](lambda deadline: dial_imap(imap, deadline), options.connections)
        self._smtp_peer, self._imap_peer = smtp.peer, imap.peer
        self._turns = _Turns()
        self._folders: dict[str, str] = {}

    @contextmanager
    def box(self, seconds: float) -> Iterator[BaseMailBox]:
        """The mailbox for the block, which ends by then; raises ``Failed``."""
        with self._taken(time.monotonic() + seconds) as box:
            yield box

    def greeting(self, seconds: float) -> str:
        """What both servers say, signed in; raises ``Failed``."""
        deadline = time.monotonic() + seconds
        with self._session(deadline) as session:
            session.noop()
            name = one_line((session.ehlo_resp or b"").decode("utf-8", "replace")).partition(" ")[0]
        with self._taken(deadline) as box:
            count = box.folder.status(self._options.inbox, ["MESSAGES"])["MESSAGES"]
        return self.words(f"SMTP {name}; IMAP: {count} mails in {self._options.inbox}")

    def close(self) -> None:
        """Close the kept lines."""
        self._smtp.close()
        self._imap.close()

    def send_once(self, envelope: Envelope, mail: bytes, since: datetime, seconds: float) -> Outcome:
        """Send it, unless an earlier attempt, not before ``since``, did or may have.

        ``Accepted`` with the Message-ID, ``Retry``, or ``Refused``.
        """
        deadline = time.monotonic() + seconds
        try:
            with self._turns.of(envelope.key, deadline):
                with self._taken(deadline) as box:
                    before = self._before(box, envelope, since)
                return before or self._send(envelope, mail, deadline)
        except Failed as failed:
            return Retry(str(failed))

    def _before(self, box: BaseMailBox, envelope: Envelope, since: datetime) -> Outcome | None:
        id_ = message_id(envelope.key, envelope.ours)
        begun: datetime | None = None
        box.folder.set(self.folder(box, "Out"))
        for uid in self._found(box, id_, since):
            for note in box.fetch(uid_list=[uid], headers_only=True, mark_seen=False):
                if ATTEMPT not in str(note.obj.get("Message-ID")) or MailMessageFlags.ANSWERED in note.flags:
                    return Accepted(id_)
                begun = datetime.fromisoformat(str(note.obj.get(ATTEMPT_HEADER)))
        if begun is None:
            return None
        box.folder.set(self._options.inbox)
        if self._found(box, id_, since):
            return Accepted(id_)
        ready = begun + timedelta(seconds=self._options.copy_wait_seconds)
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
            with suppress(Failed), self._taken(deadline) as box:
                box.folder.set(self.folder(box, "Out"))
                box.flag(self._found(box, note, envelope.at), MailMessageFlags.ANSWERED, value=True)
            return Accepted(message_id(envelope.key, envelope.ours))
        with suppress(Failed), self._taken(deadline) as box:
            box.folder.set(self.folder(box, "Out"))
            box.delete(self._found(box, note, envelope.at))
        return self._declined(code, words, of_content=True)

    def _addressed(self, session: smtplib.SMTP, envelope: Envelope, size: int) -> Outcome | None:
        """What is said against sender and addresses; None where the mail itself may follow."""
        options = [f"SIZE={size}"] if session.has_extn("size") else []
        code, words = session.mail(envelope.ours, options)
        if code != 250:
            said = words.decode("utf-8", "replace")
            large = code == 552 or "5.3.4" in said
            return Refused(f"smtp_{code}", self.words(said)) if large else self._retry(code, words)
        code, words = session.rcpt(envelope.theirs)
        if code not in (250, 251):
            return self._declined(code, words, of_content=False)
        code, words = session.rcpt(envelope.ours)
        return None if code in (250, 251) else self._retry(code, words)

    def _noted(self, envelope: Envelope, deadline: float) -> str:
        """The Message-ID of the note that an attempt begins."""
        with self._taken(deadline) as box:
            box.append(attempt_note(envelope), self.folder(box, "Out"), dt=envelope.at)
        return f"<{ATTEMPT}{message_id(envelope.key, envelope.ours)[1:]}"

    def _declined(self, code: int, words: bytes, *, of_content: bool) -> Outcome:
        said = words.decode("utf-8", "replace")
        passes = said.startswith(("5.2.2", "4.")) or str(code) in POLICY
        if code < 500 or passes or (said.startswith("5.7.") and not of_content):
            return self._retry(code, words)
        return Refused(f"smtp_{code}", self.words(said) or "no reason given")

    def _retry(self, code: int, words: bytes) -> Retry:
        return Retry(self.words(f"{self._smtp_peer}: smtp_{code} {words.decode('utf-8', 'replace')}"))

    def folder(self, box: BaseMailBox, name: str) -> str:
        """The folder's full name; it is made where it is missing."""
        if name not in self._folders:
            separator = (
                next((each.delim for each in box.folder.list(search_args=self._options.inbox)), "/") or "/"
            )
            full = f"{self._options.folder}{separator}{name}"
            if not box.folder.exists(full):
                with suppress(*FAILURES):  # another worker was faster; else the next command says so
                    box.folder.create(full)
            self._folders[name] = full
        return self._folders[name]

    @contextmanager
    def _taken(self, deadline: float) -> Iterator[BaseMailBox]:
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
        except Failed:
            raise
        except FAILURES as error:
            cause = self._cause(error, deadline)
        else:
            return
        # Outside of "except": some of these errors hold what was sent.
        raise Failed(self.words(f"{peer}: {cause}"))

    def _cause(self, error: BaseException, deadline: float) -> str:
        if "busy" in str(error):
            return str(error)
        if time.monotonic() >= deadline or isinstance(error, TimeoutError):
            return "no answer within the time limit"
        if isinstance(error, smtplib.SMTPResponseException):
            words = error.smtp_error
            said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
            return f"smtp_{error.smtp_code} {said}"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return "the server offers no STARTTLS or no way to sign in"
        detail = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
        return f"{type(error).__name__} {detail}"

    def words(self, text: str) -> str:
        """One printable line, and never the password."""
        return one_line(text.replace(self._password.get_secret_value(), "***"))


class Failed(Exception):
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
                raise Failed("another attempt at the same document is under way")
            try:
                yield
            finally:
                turn.lock.release()
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._turns[key]


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
