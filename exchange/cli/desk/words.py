"""The words of the clerk's commands. "Accepted" by the exchange and "delivered" never share one."""

from collections.abc import Mapping

from exchange.core.codes import PRIORITIES
from exchange.core.delivery import State
from exchange.core.receipt import ReceiptKind

# Where a delivery stands: Vietnamese, English.
STATES: Mapping[str, tuple[str, str]] = {
    State.READY: ("chờ chuyển", "to be sent"),
    State.WAITING: ("đang chuyển, sẽ thử lại nếu không thành", "being sent, tried again if need be"),
    State.AVAILABLE: ("chờ nơi nhận đến lấy", "lies ready, not fetched yet"),
    State.LEASED: ("nơi nhận đang lấy", "being fetched"),
    State.ACCEPTED: ("nơi nhận đã lấy, chưa xác nhận", "taken, not confirmed yet"),
    State.DELIVERED: ("ĐÃ CHUYỂN", "DELIVERED"),
    State.REFUSED: ("KHÔNG CHUYỂN ĐƯỢC", "ENDED WITHOUT DELIVERY"),
    State.EXPIRED: ("QUÁ HẠN CHUYỂN", "NOT DELIVERED IN TIME"),
}

# QCVN 102 status codes.
STATUSES: Mapping[str, tuple[str, str]] = {
    "none": ("chưa báo", "nothing reported"),
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

KINDS: Mapping[str, tuple[str, str]] = {
    "document": ("văn bản", "document"),
    "status": ("trạng thái", "status"),
    "receipt": ("biên nhận", "receipt"),
}

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


def both(words: Mapping[str, tuple[str, str]], key: str) -> str:
    """Vietnamese / English; a word that a newer exchange uses is shown as it is."""
    vietnamese, english = words.get(key, (key, key))
    return vietnamese if vietnamese == english else f"{vietnamese} / {english}"


def urgency(priority: int) -> str:
    """The mark of urgency as documents bear it, "" for a normal one."""
    return PRIORITIES.get(priority, ("", ""))[1].upper() if priority else ""
