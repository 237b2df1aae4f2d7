"""What came into the broker's mailbox: hostile until shown otherwise, so everything is bounded.

Standards: RFC 5322 (messages), 3834 (automatic answers), 3464 (delivery status notifications).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr
from functools import partial
from itertools import islice
from typing import Final, Literal

from lxml import etree, html

from exchange.core.drop_names import is_of
from exchange.core.mail_writing import KEY_HEADER

HEADERS_BYTES_MAX: Final = 256 * 1024
PARTS_MAX: Final = 1000
WORDS_MAX: Final = 500  # characters of a reply that are passed on
TEXT_BYTES_MAX: Final = 100_000
ENDING: Final = ".edxml"

REFUSALS: Final = ("từ chối", "tu choi", "không nhận", "khong nhan", "trả lại", "tra lai", "refuse", "reject")

Kind = Literal["copy", "bounce", "document", "reply", "automatic", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail by what it means. ``key``: the delivery that it speaks of, "" where it names none.

    - copy: our own mail, which its server sent to us too.
    - bounce: a mail of ours did not arrive; ``words`` say why.
    - document: ``documents`` are attached, as they are.
    - reply: to a mail of ours; ``words`` are what was written.
    - automatic: to be answered never.
    """

    kind: Kind
    sender: str  # address in lower case, as From says
    at: datetime  # when its server took it
    id: str = ""  # Message-ID
    subject: str = ""
    key: str = ""
    words: str = ""
    documents: tuple[bytes, ...] = ()
    answerable: bool = False


class Unreadable(Exception):
    """No mail that can be read within bounds; the message says why."""


def read(raw: bytes, ours: str, theirs: str, at: datetime) -> Received:
    """What a mail means to the broker, whose address is ``ours``; it came ``at``. Raises ``Unreadable``."""
    head = raw[: HEADERS_BYTES_MAX + 4]
    if len(raw) > HEADERS_BYTES_MAX and b"\n\n" not in head.replace(b"\r\n", b"\n"):
        raise Unreadable("the headers are too long")
    try:
        return _read(message_from_bytes(raw), ours.lower(), theirs.lower(), at)
    except Unreadable:
        raise
    # The library has raised nearly everything over hostile mail; deep nesting is a RecursionError.
    except Exception as error:
        raise Unreadable(f"the mail cannot be read ({type(error).__name__})") from None


def is_refusal(words: str, refusals: Sequence[str]) -> bool:
    """Whether a reply begins with a word of refusal."""
    return words.lstrip(" \t\r\n*-:\"“'").casefold().startswith(tuple(each.casefold() for each in refusals))


def original(raw: bytes) -> bytes | None:
    """The signed bytes in a copy of our own mail."""
    try:
        parts = list(_leaves(message_from_bytes(raw)))
    except Exception:  # as in ``read``
        return None
    found = [_bytes(part) for part in parts if (part.get_content_type()) == "application/xml"]
    return found[0] if found else None


def _read(mail: Message, ours: str, theirs: str, at: datetime) -> Received:
    sender = parseaddr(str(mail.get("From", "")))[1].lower()
    leaves = list(_leaves(mail))
    key = _key(mail, ours)
    automatic, answers = _automatic(mail)
    about = partial(
        Received,
        sender=sender,
        at=at,
        id=_one_line(mail.get("Message-ID", ""))[:250],
        subject=_decoded(mail.get("Subject", ""))[:250],
    )
    if sender == ours and mail.get(KEY_HEADER):
        return about(kind="copy", key=str(mail[KEY_HEADER]).strip())
    if mail.get_content_type() == "multipart/report":
        words, bounced = _bounce(mail, ours, theirs)
        kind: Kind = "bounce" if bounced else "automatic"
        return about(kind=kind, key=bounced, words=words)
    if answers:
        return about(kind="automatic")
    documents = tuple(_bytes(part) for part in leaves if _is_document(part, key))
    if documents:
        return about(kind="document", documents=documents, answerable=not automatic)
    if automatic:
        return about(kind="automatic")
    kind = "reply" if key else "other"
    return about(kind=kind, key=key, words=_words(leaves), answerable=True)


def _leaves(mail: Message) -> Iterator[Message]:
    for number, part in enumerate(mail.walk()):
        if number >= PARTS_MAX:
            raise Unreadable(f"the mail has more than {PARTS_MAX} parts")
        if not part.is_multipart():
            yield part


def _key(mail: Message, ours: str) -> str:
    """Named by the mail that it answers, or by the subject, which programs keep that lose the other."""
    answered = _named(f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}", ours)
    found = re.search(r"\[([0-9a-f-]{32,64})\]", _decoded(mail.get("Subject", "")))
    return answered or (found[1] if found else "")


def _named(ids: str, ours: str) -> str:
    """The key in the first Message-ID of ours; "" where there is none."""
    found = re.search(rf"<([a-z0-9-]{{1,64}})@{re.escape(ours.rpartition('@')[2])}>", ids)
    return found[1] if found else ""


def _automatic(mail: Message) -> tuple[bool, bool]:
    """Whether a program wrote it, and whether as an answer to something."""
    says = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    bulk = str(mail.get("Precedence", "")).strip().lower() in ("bulk", "junk", "list", "auto_reply")
    nobody = str(mail.get("Return-Path", "")).strip() == "<>"
    answers = says in ("auto-replied", "auto-notified") or bulk or nobody or "X-Autoreply" in mail
    return answers or says != "no" or "List-Id" in mail, answers


def _bounce(mail: Message, ours: str, theirs: str) -> tuple[str, str]:
    """What failed for the agency's address, and of which delivery; ("", "") for all else."""
    words, key = "", ""
    for part in islice(mail.walk(), 1, PARTS_MAX):
        action, who = str(part.get("Action", "")), str(part.get("Final-Recipient", ""))
        if action.strip().lower() == "failed" and theirs in who.lower():
            words = f"{part.get('Status', '')} {part.get('Diagnostic-Code', '')}"
        headers = part
        if part.get_content_type() == "text/rfc822-headers":
            headers = message_from_bytes(_bytes(part))
        key = _named(str(headers.get("Message-ID", "")), ours) or key
    return (_one_line(words)[:WORDS_MAX], key) if words else ("", "")


def _is_document(part: Message, key: str) -> bool:
    name = _decoded(part.get_filename() or "").strip()
    # What we sent, and a reply carries back, is no document of the agency.
    return name.lower().endswith(ENDING) and not (key and is_of(name, key))


def _words(leaves: Sequence[Message]) -> str:
    """What was written anew: up to the first line that is quoted."""
    texts = [part for part in leaves if part.get_content_type() == "text/plain" and not part.get_filename()]
    if texts:
        text = _text(texts[0])
    else:
        text = next((_shown(part) for part in leaves if part.get_content_type() == "text/html"), "")
    lines = []
    for line in text.splitlines():
        if line.lstrip().startswith((">", "-----", "________", "From:", "Từ:", "-- ")):
            break
        lines.append(line)
    return _one_line(" ".join(lines))[:WORDS_MAX]


def _text(part: Message) -> str:
    charset = part.get_content_charset() or "utf-8"
    content = _bytes(part)[:TEXT_BYTES_MAX]
    try:
        return content.decode(charset, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _shown(part: Message) -> str:
    try:
        return str(html.fromstring(_text(part)).text_content())
    except (etree.ParserError, ValueError):
        return ""


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _decoded(text: object) -> str:
    try:
        return _one_line(make_header(decode_header(str(text))))
    except (ValueError, LookupError):
        return _one_line(text)


def _one_line(text: object) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
