"""The form of a finding's words, and what several of them advise."""

from typing import NamedTuple

from exchange.audit.finding import Status

PROVEN, REFUSED, UNCHECKED, OPEN = Status.PROVEN, Status.REFUSED, Status.UNCHECKED, Status.OPEN


class Text(NamedTuple):
    """One finding's words; ``{about}`` is the part of the file, the rest is filled in by the check."""

    status: Status
    vi: str
    en: str
    remedy_vi: str = ""
    remedy: str = ""


AGAIN = (
    "Tải lại hồ sơ từ trục; không dùng bản này.",
    "Fetch it again from the exchange; do not rely on this copy.",
)
ORIGINAL = (
    "Lấy lại bản gốc từ nơi đã cấp; không dùng tệp này làm bằng chứng.",
    "Get the original again from where it came; do not rely on this file.",
)
BROKER = (
    "Hỏi quản trị trục dấu vân tay {fingerprint}, rồi dùng --trust CHỨNG_THƯ_SỐ_CỦA_TRỤC.",
    "Whose certificate is it? Compare the fingerprint {fingerprint} with the word of the exchange's owner, "
    "then use --trust CERTIFICATE.",
)
UNSIGNED = (
    "Không coi là văn bản đã ký; hỏi cơ quan gửi và CA.",
    "Do not take it as signed; ask the sender and the CA.",
)
FILE = (
    "Kiểm tra lại đúng tệp; tải lại nếu bị hỏng.",
    "See that it is the right file; fetch it again if damaged.",
)
