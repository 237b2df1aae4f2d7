"""Mail: a document is a mail to the agency's mailbox (SMTP); what comes from the agency is read by IMAP.

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

A refusal is answered once by mail, if a person wrote. ``From`` is what the sender says: that it is believed
is for the mailbox's server to see to (SPF, DKIM, DMARC). A document carries a signature of its own; an answer
is believed because it names the Message-ID, which only the agency was told.

Standards: RFC 5321 (SMTP), 3463 (enhanced codes), 9051 and 3501 (IMAP), 6851 (MOVE), 4616 (PLAIN).
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from imap_tools import AND, H

from exchange.adapter import (
    Accepted,
    AgencyAdapter,
    Collected,
    Delivered,
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
from exchange.core.mail_reading import (
    Received,
    Unreadable,
    is_refusal,
    original,
    read,
)
from exchange.core.mail_writing import (
    Envelope,
    answer_mail,
    document_mail,
    message_id,
)
from exchange.software.mail_lines import fetched, validity
from exchange.software.mail_options import MailOptions
from exchange.software.mailbox import Failed, Mailbox

log = logging.getLogger(__name__)

AT_ONCE_MAX = 200  # mails of one look
POLICY = ("530", "535", "538")


class Adapter(AgencyAdapter):
    """One mailbox of an agency, by way of the broker's own."""

    takes = Takes(document_bytes_max=18_000_000)  # in base64, 25 MB

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._read = MailOptions.read(options)
        self._mailbox = Mailbox(self._read)
        self._senders = {each.lower() for each in self._read.senders or (self._read.address,)}

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
        outcome = self._mailbox.send_once(envelope, mail, outgoing.accepted_at, self.timeout_seconds)
        if isinstance(outcome, Accepted) and outgoing.kind != "document":
            return Delivered(outcome.reference)
        return outcome

    # --- in ---

    def collect(self) -> Iterator[Collected]:
        """What lies in the inbox; what is nothing to the broker is put aside."""
        try:
            waiting = self._waiting()
        except Failed as failed:
            log.warning("nothing can be collected: %s", failed)
            return
        for key in waiting:
            try:
                found = self._collectable(key)
            except Failed as failed:
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
        except Failed as failed:
            log.warning("mail %s cannot be refused: %s", key, failed)

    def _answered(self, key: str, mail: Received, reasons: Sequence[str]) -> bool:
        if not mail.answerable or mail.sender not in self._senders:
            return True
        now = datetime.now(UTC)
        named = hashlib.sha256(f"{mail.id} {key}".encode("utf-8", "surrogatepass")).hexdigest()[:40]
        envelope = self._envelope(f"answer-{named}", mail.sender, now)
        answer = answer_mail(envelope, reasons, to_id=mail.id, subject=mail.subject)
        outcome = self._mailbox.send_once(envelope, answer, now, self.timeout_seconds)
        if isinstance(outcome, Retry):
            log.warning("a refusal cannot be answered: %s", outcome.reason)
            return False
        return True

    def _waiting(self) -> list[str]:
        with self._mailbox.box(self.timeout_seconds) as box:
            box.folder.set(self._read.inbox)
            return [f"{validity(box)}.{uid}" for uid in box.uids()[:AT_ONCE_MAX]]

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
        """The mail of this key; None where it is gone. Raises ``Unreadable``, ``Failed``."""
        period, _, uid = key.partition(".")
        with self._mailbox.box(self.timeout_seconds) as box:
            box.folder.set(self._read.inbox)
            if str(validity(box)) != period:
                return None
            found = fetched(box, uid, self._read.mail_bytes_max, headers_only=headers_only)
        if found is None:
            return None
        return read(found[0], self._read.from_address, self._read.address, found[1])

    def _move(self, key: str, name: str) -> None:
        period, _, uid = key.partition(".")
        try:
            with self._mailbox.box(self.timeout_seconds) as box:
                box.folder.set(self._read.inbox)
                if str(validity(box)) == period:
                    box.move([uid], self._mailbox.folder(box, name))
        except Failed as failed:
            # It will be collected again, and known; what comes after it must not wait.
            log.warning("mail %s cannot be moved to %s: %s", key, name, failed)

    # --- both ---

    def check(self) -> Reached | Unreachable:
        """Sign in to both servers."""
        try:
            return Reached(self._mailbox.greeting(self.timeout_seconds))
        except Failed as failed:
            return Unreachable(str(failed))

    def stored(self, key: str) -> bytes | None:
        """The signed bytes in the own copy of the mail."""
        id_ = message_id(key, self._read.from_address)
        with suppress(Failed), self._mailbox.box(self.timeout_seconds) as box:
            for folder in (self._mailbox.folder(box, "Out"), self._read.inbox):
                box.folder.set(folder)
                for uid in box.uids(AND(header=H("Message-ID", id_))):
                    found = fetched(box, uid, self._read.mail_bytes_max, headers_only=False)
                    return None if found is None else original(found[0])
        return None

    def close(self) -> None:
        """Close the kept lines."""
        self._mailbox.close()

    def _envelope(self, key: str, theirs: str, at: datetime) -> Envelope:
        return Envelope(key=key, ours=self._read.from_address, theirs=theirs, at=at)


_ONE_DOCUMENT = (
    "Thư phải có đúng một tệp .edxml kèm theo, hoặc trả lời một thư của trục liên thông. "
    "A mail must have exactly one .edxml file attached, or answer a mail of the exchange."
)


def _report(mail: Received, code: str, words: str, staff: str) -> StatusReport:
    # Whoever can write to the mailbox can write this, and a bounce is a mail server's word.
    return StatusReport(
        delivery=mail.key, code=code, at=mail.at, words=words, staff=staff, agencys_word=False
    )
