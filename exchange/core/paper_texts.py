"""What people are told about paper that they register."""

from collections.abc import Mapping

from exchange.core.request_texts import Text

PAPER_TEXTS: Mapping[str, Text] = {
    "paper_invalid": Text(
        422,
        "The registration of a paper document cannot be taken like this",
        "Thông tin đăng ký văn bản giấy không hợp lệ",
        "Correct the named field and register it again.",
        "Sửa trường được nêu rồi đăng ký lại.",
    ),
    "paper_conflict": Text(
        409,
        "This mark stands for another registration already",
        "Mã đăng ký này đã dùng cho nội dung khác",
        "Use a new mark; to correct the earlier registration, name it in 'replaces'.",
        "Dùng mã mới; nếu muốn đính chính, ghi mã cũ vào 'replaces'.",
    ),
    "paper_was_sent": Text(
        409,
        "Paper is registered for that month",
        "Tháng này đã có văn bản giấy được đăng ký",
        "Withdraw the registrations that are wrong, then declare the month again.",
        "Hủy các đăng ký sai rồi khai báo lại tháng đó.",
    ),
}
