"""The mails that an agency's mailbox is sent: a document to be filed, and why something was not taken.

All headers and bodies are ASCII on the wire (RFC 2047, RFC 2231, base64), so that every server takes them
unchanged. ``Auto-Submitted`` (RFC 3834) keeps holiday answers away.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from typing import Final

from exchange.core.drop_names import file_name
from exchange.core.filing import FiledFile, Filing

KEY_HEADER: Final = "Exchange-Delivery"
ATTEMPT_HEADER: Final = "Exchange-Attempt"
ATTEMPT: Final = "attempt."  # begins the Message-ID of the note that an attempt was begun

_WIRE = compat32.clone(linesep="\r\n")
_KEY = re.compile(r"[a-z0-9-]{1,64}")
_NO_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Between whom a mail goes, under which key, and when it was made."""

    key: str
    ours: str  # the broker's address
    theirs: str
    at: datetime  # aware


def message_id(key: str, ours: str) -> str:
    """The Message-ID of a delivery: the same on every attempt. A key that fits no Message-ID is hashed."""
    fit = key if _KEY.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"<{fit}@{ours.rpartition('@')[2]}>"


def document_mail(
    envelope: Envelope, kind: str, document_id: str, content: bytes, filed: Filing, mail_bytes_max: int
) -> bytes:
    """The signed bytes as an attachment, and the files in them beside it where all fits into one mail."""
    with_files = _document(envelope, kind, document_id, content, filed, filed.files)
    if not filed.files or len(with_files) <= mail_bytes_max:
        return with_files
    return _document(envelope, kind, document_id, content, filed, ())


def attempt_note(envelope: Envelope) -> bytes:
    """What is laid into the broker's own mailbox before a mail is handed over. Sent to nobody."""
    note = MIMEText("", "plain", "us-ascii")
    name = message_id(envelope.key, envelope.ours)
    _address(note, envelope, f"[{name[1:].partition('@')[0]}]", f"<{ATTEMPT}{name[1:]}")
    note[ATTEMPT_HEADER] = envelope.at.isoformat()
    return note.as_bytes(policy=_WIRE)


def answer_mail(envelope: Envelope, reasons: Sequence[str], *, to_id: str, subject: str) -> bytes:
    """Why a mail of the agency was not taken, as the answer to it."""
    lines = "\n".join(f"- {' '.join(each.split())}" for each in reasons)
    mail = MIMEText(
        "Trục liên thông văn bản không nhận thư này:\n"
        "The exchange of official documents did not take this mail:\n\n"
        f"{lines}\n\nThư tự động. This is an automatic answer.\n",
        "plain",
        "utf-8",
    )
    _address(mail, envelope, f"Re: {subject}", message_id(envelope.key, envelope.ours), "auto-replied")
    if to_id:
        mail["In-Reply-To"] = mail["References"] = to_id
    return mail.as_bytes(policy=_WIRE)


def _document(
    envelope: Envelope,
    kind: str,
    document_id: str,
    content: bytes,
    filed: Filing,
    files: Sequence[FiledFile],
) -> bytes:
    mail = MIMEMultipart("mixed")
    id_ = message_id(envelope.key, envelope.ours)
    key = id_[1:].partition("@")[0]
    subject = f"{_WHAT[kind][0]} {filed.code or document_id} {filed.subject} [{key}]"
    _address(mail, envelope, subject, id_)
    mail[KEY_HEADER] = key
    left_out = len(filed.files) - len(files)
    mail.attach(MIMEText(_text(kind, document_id, filed, left_out), "plain", "utf-8"))
    name = file_name(filed.code or document_id, envelope.key, kind)
    mail.attach(_attached(name, content, "xml"))
    for number, file in enumerate(files, 1):
        shown = _NO_NAME.sub("-", file.name).strip(". ") or f"tep-{number}"
        mail.attach(_attached(shown, file.content, _subtype(file)))
    return mail.as_bytes(policy=_WIRE)


_WHAT: Final = {
    "document": ("Văn bản", "official document"),
    "status": ("Trạng thái văn bản", "status of a document"),
    "receipt": ("Biên nhận", "receipt"),
}


def _text(kind: str, document_id: str, filed: Filing, left_out: int) -> str:
    vietnamese, english = _WHAT[kind]
    lines = [
        f"{vietnamese} điện tử có chữ ký số / signed {english}",
        "",
        f"Số, ký hiệu / number and symbol: {filed.code or document_id}",
        f"Nơi gửi / from: {filed.sender_name} {filed.sender_code}".rstrip(),
        f"Trích yếu / subject: {filed.subject}",
        "",
        "Bản gốc có chữ ký số là tệp .edxml (.xml) kèm theo; các tệp khác để đọc.",
        "The signed original is the attached .edxml (.xml) file; the others are for reading.",
    ]
    if left_out:
        lines += [
            f"{left_out} tệp chỉ nằm trong bản gốc vì thư đã quá lớn.",
            f"{left_out} file(s) are in the original alone: the mail would be too large.",
        ]
    if kind == "document":
        lines += [
            "",
            "Xác nhận đã nhận: trả lời thư này, giữ nguyên tiêu đề. Không nhận: trả lời và bắt đầu bằng",
            "“Từ chối:” rồi ghi lý do.",
            "To acknowledge: reply and keep the subject. To refuse: begin the reply with “Refused:” and",
            "say why.",
        ]
    return "\n".join(lines) + "\n"


def _address(
    mail: MIMEText | MIMEMultipart,
    envelope: Envelope,
    subject: str,
    id_: str,
    automatic: str = "auto-generated",
) -> None:
    mail["From"], mail["To"] = envelope.ours, envelope.theirs
    # By Header: the newer classes of the library lose blanks where they fold a line of Vietnamese.
    one_line = Header(" ".join(subject.split()), "utf-8", header_name="Subject")
    mail["Subject"] = one_line  # type: ignore[assignment]  # annotated too narrowly
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = id_
    mail["Auto-Submitted"] = automatic
    mail["X-Auto-Response-Suppress"] = "All"


def _attached(name: str, content: bytes, subtype: str) -> MIMEApplication:
    part = MIMEApplication(content, subtype)
    part.add_header(
        "Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name)
    )
    return part


def _subtype(file: FiledFile) -> str:
    return "pdf" if file.name.lower().endswith(".pdf") else "octet-stream"
