"""The words of reports, Vietnamese and English."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from exchange.core.report import By, Kind
from exchange.core.share import Unit
from exchange.core.structure import Structure
from exchange.core.tallies import OTHER


class Language(StrEnum):
    """In which a report is written."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


class Both(NamedTuple):
    """The same in both languages."""

    vi: str
    en: str

    def in_(self, language: Language) -> str:
        """One of them."""
        return self.vi if language is Language.VIETNAMESE else self.en


KINDS: Mapping[Kind, Both] = {
    Kind.SHARE: Both(
        "Tỷ lệ văn bản gửi, nhận hoàn toàn dưới dạng điện tử", "The share of documents sent electronically"
    ),
    Kind.TIME: Both(
        "Tình hình gửi và xác nhận văn bản điện tử đúng hạn", "What was sent and noticed in time"
    ),
    Kind.DURATION: Both(
        "Thời gian chuyển và vào sổ văn bản điện tử", "How long delivery and registration take"
    ),
    Kind.REFUSALS: Both("Văn bản điện tử bị từ chối hoặc quá hạn", "What was refused, or expired"),
    Kind.WAITING: Both("Văn bản điện tử nơi nhận chưa lấy", "What receivers did not pick up"),
}

BY: Mapping[By, Both] = {
    By.MONTH: Both("Tháng", "Month"),
    By.QUARTER: Both("Quý", "Quarter"),
    By.YEAR: Both("Năm", "Year"),
    By.AGENCY: Both("Cơ quan", "Agency"),
    By.RECEIVER: Both("Nơi nhận", "Receiver"),
    By.LEVEL: Both("Cấp", "Level"),
    By.PARENT: Both("Cơ quan cấp trên", "Parent"),
    By.PAIR: Both("Cấp gửi → cấp nhận", "Level of sender → receiver"),
    By.TYPE: Both("Loại văn bản", "Type"),
    By.URGENCY: Both("Độ khẩn", "Urgency"),
    By.CAUSE: Both("Nguyên nhân", "Cause"),
}

TYPES: Mapping[str, Both] = {OTHER: Both("Loại khác", "Other types")}

UNITS: Mapping[Unit, Both] = {
    Unit.EXCHANGES: Both("lượt gửi (văn bản × nơi nhận)", "exchanges (document × receiver)"),
    Unit.DOCUMENTS: Both("văn bản", "documents"),
}

STRUCTURES: Mapping[Structure, Both] = {
    Structure.THEN: Both("theo tổ chức bộ máy tại thời điểm gửi", "by the structure of then"),
    Structure.NOW: Both("theo tổ chức bộ máy hiện nay", "by the structure of now"),
}

LEVELS: Mapping[str, Both] = {
    "national": Both("Trung ương", "National"),
    "province": Both("Tỉnh", "Province"),
    "department": Both("Sở, ngành", "Department"),
    "district": Both("Huyện", "District"),
    "commune": Both("Xã", "Commune"),
    "unit": Both("Đơn vị trực thuộc", "Unit"),
    "": Both("Không có trong danh bạ", "Not in the directory"),
}

URGENCIES: Mapping[str, Both] = {
    "0": Both("Thường", "Ordinary"),
    "1": Both("Khẩn", "Urgent"),
    "2": Both("Thượng khẩn", "Very urgent"),
    "3": Both("Hỏa tốc", "Express"),
    "4": Both("Hỏa tốc hẹn giờ", "Express, by a set hour"),
}

CAUSES: Mapping[str, Both] = {
    "": Both("Không ghi nguyên nhân", "No cause given"),
    "taken_back": Both("Bên gửi lấy lại", "Taken back by the sender"),
    "revoked": Both("Văn bản bị thu hồi", "Revoked by the sender"),
}

COLUMNS: Mapping[str, Both] = {
    "electronic": Both("Chỉ điện tử", "Electronic alone"),
    "with_paper": Both("Điện tử kèm giấy", "Electronic, paper beside"),
    "paper": Both("Chỉ giấy", "Paper alone"),
    "classified": Both("Cộng", "Together"),
    "share": Both("Tỷ lệ điện tử", "Share"),
    "share_with_paper": Both("Tỷ lệ kể cả kèm giấy", "Share with paper beside"),
    "unsigned": Both("Điện tử không có chữ ký hợp lệ", "Electronic, no valid signature"),
    "under_way": Both("Đang chuyển", "Under way"),
    "refused": Both("Bị từ chối", "Refused"),
    "expired": Both("Quá hạn", "Expired"),
    "target": Both("Mục tiêu", "Target"),
    "gap": Both("So với mục tiêu", "Against target"),
    "paper_months": Both("Số tháng đã báo cáo văn bản giấy", "Months with paper reported"),
    "sent_on_time": Both("Gửi đúng hạn", "Sent in time"),
    "sent_late": Both("Gửi chậm", "Sent late"),
    "sent_ratio": Both("Tỷ lệ gửi đúng hạn", "Share sent in time"),
    "noticed_on_time": Both("Xác nhận trong ngày", "Noticed in time"),
    "noticed_late": Both("Xác nhận chậm", "Noticed late"),
    "noticed_ratio": Both("Tỷ lệ xác nhận trong ngày", "Share noticed in time"),
    "accepted_delivered_exchanges": Both("Tiếp nhận → chuyển: số lượt", "Accepted to delivered: exchanges"),
    "accepted_delivered_median_seconds": Both(
        "Tiếp nhận → chuyển: trung vị", "Accepted to delivered: median"
    ),
    "accepted_delivered_p95_seconds": Both("Tiếp nhận → chuyển: 95 %", "Accepted to delivered: 95 %"),
    "delivered_registered_exchanges": Both("Chuyển → vào sổ: số lượt", "Delivered to registered: exchanges"),
    "delivered_registered_median_seconds": Both(
        "Chuyển → vào sổ: trung vị", "Delivered to registered: median"
    ),
    "delivered_registered_p95_seconds": Both("Chuyển → vào sổ: 95 %", "Delivered to registered: 95 %"),
    "together": Both("Cộng", "Together"),
    "part": Both("Tỷ trọng", "Part"),
    "oldest_accepted_at": Both("Lâu nhất từ", "Oldest from"),
}

REMARKS: Mapping[str, Both] = {
    "not_over": Both("Kỳ báo cáo chưa kết thúc vào ngày {about}.", "The period is not over on {about}."),
    "not_counted_yet": Both(
        "Còn {about} mục của sổ cái chưa được tính.", "{about} entries of the ledger are not counted yet."
    ),
    "counted_by_other_rules": Both(
        "Số liệu được tính theo lịch nghỉ khác với lịch đang đặt; sẽ được tính lại.",
        "The figures were counted by other days off than those that are set; they will be counted anew.",
    ),
    "holidays_unknown": Both(
        "Chưa có ngày nghỉ lễ năm {about} trong tệp lịch: chỉ trừ thứ Bảy, Chủ nhật.",
        "No holidays of {about} are on file: weekends alone are days off.",
    ),
    "not_reported": Both(
        "{about} cơ quan chưa báo cáo văn bản giấy trong kỳ.",
        "{about} agencies did not report any paper in the period.",
    ),
    "rows_cut": Both(
        "Bảng có {about} dòng; chỉ ghi các dòng đầu.", "There are {about} lines; only the first stand here."
    ),
}

TOTAL = Both("Tổng cộng", "Together")
NOT_REPORTED = Both("chưa báo cáo", "not reported")
EMPTY = Both("–", "–")

PERIOD = Both("Kỳ báo cáo", "Period")
COUNTED_IN = Both("Đơn vị tính", "Counted in")
STRUCTURE = Both("Cơ cấu", "Structure")
AGENCY = Both("Cơ quan gửi", "Sender")
SIGNED_ONLY = Both(
    "Văn bản điện tử không có chữ ký hợp lệ không được tính là điện tử.",
    "What has no valid signature does not count as electronic.",
)
BASIS = Both("Căn cứ", "Rests on")
BASIS_OF = Both(
    "sổ cái “{origin}”, mục 0 đến {last}, điểm kiểm tra cỡ {size}, gốc {root}",
    "the ledger “{origin}”, entries 0 to {last}, checkpoint of size {size}, root {root}",
)
NO_BASIS = Both("sổ cái chưa có mục nào được tính", "no entry of the ledger was counted yet")
MADE_AT = Both("Lập lúc", "Made at")
NOT_REPORTED_LIST = Both(
    "{count} cơ quan chưa báo cáo văn bản giấy trong kỳ (chưa xác định được tỷ lệ của các cơ quan này): "
    "{names}.",
    "{count} agencies did not report any paper in the period (their share is not known): {names}.",
)
AND_MORE = Both("… và {count} cơ quan khác", "… and {count} more")
FORECAST = Both(
    "Theo xu thế {months} tháng gần nhất ({slope} mỗi tháng), tỷ lệ vào {when} dự kiến {expected}, "
    "mục tiêu {target}; {reached}.",
    "By the trend of the last {months} months ({slope} a month) the share in {when} will be {expected}, "
    "the target is {target}; {reached}.",
)
REACHED = Both("đạt mục tiêu vào {when}", "the target is met in {when}")
NEVER_REACHED = Both("chưa đạt mục tiêu trong mười năm", "the target is not met within ten years")
TOO_FEW = Both(
    "Chưa dự báo được: mới có {months} tháng có số liệu, cần ít nhất {needed}.",
    "No forecast: {months} months have figures, at least {needed} are needed.",
)
