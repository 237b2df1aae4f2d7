"""How findings are worded: the sentences of ``texts`` filled in, moments and names as people read them."""

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509

from exchange.audit.finding import Finding, Report
from exchange.audit.texts import TEXTS
from exchange.core.edxml import VIETNAM
from exchange.core.parsing import ParseLimits
from exchange.core.receipt import ReceiptKind
from exchange.core.refusal import Refused
from exchange.core.refusal_texts import CATALOGUE
from exchange.core.trust import fingerprint, named

# An agency's own limits were applied when the document was accepted; these keep a hostile file bounded.
LIMITS = ParseLimits(document_bytes_max=128_000_000, depth_max=64)

VALUE_CHARS_MAX = 4000  # of one value in a sentence

# What a receipt says: Vietnamese, English.
RECEIPTS: Mapping[str, tuple[str, str]] = {
    ReceiptKind.ACCEPTANCE: (
        "Trục đã tiếp nhận văn bản; đây CHƯA phải là đã chuyển",
        "The exchange took the document over; this is NOT a delivery yet",
    ),
    ReceiptKind.DELIVERED: (
        "Đã chuyển tới phần mềm của nơi nhận",
        "Delivered to the software of the receiver",
    ),
    ReceiptKind.REFUSED: ("Không chuyển được tới nơi nhận", "Ended without delivery to the receiver"),
    ReceiptKind.EXPIRED: ("Quá hạn, chưa chuyển được tới nơi nhận", "Not delivered to the receiver in time"),
}

# Of a refusal by which the message goes on: its reason names to whom.
GONE_ON = ("Đã chuyển tiếp tới cơ quan kế thừa", "Forwarded to the agency that follows")

# QCVN 102 status codes.
STATUSES: Mapping[str, tuple[str, str]] = {
    "01": ("đã đến", "arrived"),
    "02": ("từ chối tiếp nhận", "rejected"),
    "03": ("đã vào sổ", "registered"),
    "04": ("phân công xử lý", "assigned"),
    "05": ("đang xử lý", "in process"),
    "06": ("hoàn thành", "finished"),
    "13": ("yêu cầu lấy lại", "asked back"),
    "15": ("đồng ý cho lấy lại, cập nhật", "agreed to give back or update"),
    "16": ("không đồng ý lấy lại, cập nhật", "declined to give back or update"),
}

# What an entry of the ledger says.
EVENTS: Mapping[str, tuple[str, str]] = {
    "accepted": ("trục tiếp nhận văn bản", "the exchange accepted the document"),
    "reported": ("trục tiếp nhận gói tin trạng thái", "the exchange accepted a status message"),
    "delivered": ("đã chuyển tới nơi nhận", "delivered to the receiver"),
    "refused": ("không chuyển được", "ended without delivery"),
    "expired": ("quá hạn chuyển", "not delivered in time"),
    "examined": ("đã kiểm tra chữ ký trong PDF đính kèm", "signatures in attached PDFs examined"),
    "sent_again": ("gửi lại", "sent again"),
    "forwarded": ("chuyển tiếp tới đơn vị kế thừa", "forwarded to the agency that follows"),
}


def finding(code: str, about: str = "", /, **values: object) -> Finding:
    """The finding with this code, its sentences filled in.

    Values come from the file: none of them can end its line and begin one that looks like ours.
    """
    text = TEXTS[code]
    filled = {name: plain(str(value)) for name, value in {"about": about, **values}.items()}
    return Finding(
        status=text.status,
        code=code,
        about=filled["about"],
        text_vi=text.vi.format(**filled),
        text=text.en.format(**filled),
        remedy_vi=text.remedy_vi.format(**filled),
        remedy=text.remedy.format(**filled),
    )


def plain(text: str) -> str:
    """One line, without what a terminal obeys or turns around, and not longer than anybody reads."""
    shown = "".join(each if each.isprintable() else _escaped(each) for each in text[:VALUE_CHARS_MAX])
    return shown if len(text) <= VALUE_CHARS_MAX else f"{shown} …"


def _escaped(character: str) -> str:
    return " " if character.isspace() else f"\\u{ord(character):04x}"


def unreadable(code: str, /, **values: object) -> Report:
    """The report of a file that is not what it should be at all."""
    return Report(kind="unknown", findings=(finding(code, **values),), readable=False)


def refusal(code: str, refused: Refused, about: str) -> Finding:
    """What the core refused, as this finding; the remedies of refusals are for senders."""
    first = refused.refusals[0]
    text = CATALOGUE[first.code]
    return finding(
        code,
        about,
        why_vi=_joined(text.title_vi, first.detail_vi),
        why=_joined(text.title, first.detail),
    )


def _joined(title: str, detail: str) -> str:
    return f"{title}." if detail in ("", title) else f"{title}. {detail}"


def event(name: str) -> tuple[str, str]:
    """An entry's event, Vietnamese and English; one that a newer exchange writes is shown as it is."""
    if name.startswith("status_"):
        code = name.removeprefix("status_")
        vietnamese, english = STATUSES.get(code, (code, code))
        return f"trạng thái {code} “{vietnamese}”", f"status {code} “{english}”"
    return EVENTS.get(name, (name, name))


def local(moment: datetime) -> str:
    """A moment as people in Vietnam read it."""
    try:
        return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S (UTC+7)")
    except OverflowError:  # at the ends of the calendar
        return moment.isoformat()


def subject(certificate: x509.Certificate) -> str:
    """Whose certificate it is, and which one."""
    return f"{named(certificate.subject)} (SHA-256 {fingerprint(certificate)})"


def validity(certificate: x509.Certificate) -> dict[str, str]:
    """When it begins and ends, for a sentence."""
    return {
        "begins": local(certificate.not_valid_before_utc),
        "ends": local(certificate.not_valid_after_utc),
    }
