"""The findings that speak of reports that are counted again; see ``texts``."""

from collections.abc import Mapping

from exchange.audit.wording import FILE, OPEN, PROVEN, REFUSED, UNCHECKED, Text

_EXPLAIN = (
    "Không dùng báo cáo này; đề nghị nơi lập báo cáo giải trình.",
    "Do not rely on this report; ask who made it for an explanation.",
)
_ENTRIES = (
    "Xuất lại: exchange report entries BÁO_CÁO.json -o MỤC.jsonl, rồi chạy lại.",
    "Export them again: exchange report entries REPORT.json -o ENTRIES.jsonl, and run it again.",
)
_MIRROR = (
    "Sao lại sổ cái: exchange audit mirror ĐỊA_CHỈ THƯ_MỤC, rồi chạy lại.",
    "Mirror the ledger: exchange audit mirror ADDRESS FOLDER, and run it again.",
)

REPORT_TEXTS: Mapping[str, Text] = {
    # --- reports ---
    "report_form": Text(REFUSED, "Không phải báo cáo: {why}.", "It is no report: {why}.", *FILE),
    "report_basis_wrong": Text(
        REFUSED,
        "{about} ghi căn cứ khác với điểm chốt kèm theo.",
        "{about} says of its checkpoint what does not stand in it.",
        *_EXPLAIN,
    ),
    "report_places_wrong": Text(
        REFUSED,
        "{about} ghi số liệu của {agency} dưới tên cơ quan khác, dù theo bộ máy tại thời điểm gửi.",
        "{about} puts the figures of {agency} under another agency, by the structure of then.",
        *_EXPLAIN,
    ),
    "mirror_too_short": Text(
        UNCHECKED,
        "Bản sao sổ cái mới có {held} dòng, báo cáo dựa trên {size} dòng.",
        "The mirror holds {held} entries, the report rests on {size}.",
        *_MIRROR,
    ),
    "mirror_damaged": Text(
        UNCHECKED,
        "Bản sao sổ cái hỏng ở dòng {index}: {why}",
        "The mirror is damaged at entry {index}: {why}",
        *_MIRROR,
    ),
    "report_leaves": Text(
        PROVEN,
        "{count} dòng của bản sao dẫn đến đúng gốc mà báo cáo nêu.",
        "The {count} entries of the mirror lead to the root that the report names.",
    ),
    "report_other_leaves": Text(
        REFUSED,
        "Báo cáo dựa trên một sổ cái khác với bản sao: gốc tính lại {found}, báo cáo nêu {root}.",
        "The report rests on another ledger than the mirror's: the root computed again is {found}, "
        "the report names {root}.",
        *_EXPLAIN,
    ),
    "entry_missing": Text(
        REFUSED,
        "Thiếu nội dung của dòng {index} ({event}): không tính lại được.",
        "Entry {index} ({event}) was not opened: nothing can be counted without it.",
        *_ENTRIES,
    ),
    "entry_changed": Text(
        REFUSED,
        "Nội dung của dòng {index} không phải nội dung đã ghi vào sổ cái.",
        "What is said to stand in entry {index} is not what was entered in the ledger.",
        *_EXPLAIN,
    ),
    "entries_form": Text(
        REFUSED,
        "Tệp nội dung, dòng {line}: {why}.",
        "The file of opened entries, line {line}: {why}.",
        *_ENTRIES,
    ),
    "figures_same": Text(
        PROVEN,
        "{figures} số liệu đã được tính lại từ {entries} dòng sổ cái và đều khớp.",
        "{figures} figures were counted again from {entries} entries, and are the same.",
    ),
    "figure_differs": Text(
        REFUSED,
        "{where}: báo cáo ghi {claimed}, tính lại được {found}.",
        "{where}: the report says {claimed}, counted again it is {found}.",
        *_EXPLAIN,
    ),
    "figures_differ": Text(
        REFUSED,
        "{count} số liệu không khớp.",
        "{count} figures are not the same.",
        *_EXPLAIN,
    ),
    "not_recounted": Text(
        OPEN,
        "Không tính lại: tên, cấp và cơ quan cấp trên; danh sách cơ quan phải báo cáo; mục tiêu; ngày nghỉ. "
        "Lấy theo báo cáo.",
        "Not counted again, but taken from the report: names, levels and parents of agencies, who is to "
        "report paper, targets, holidays.",
    ),
    "entries_erased": Text(
        UNCHECKED,
        "{count} dòng đã được xóa nội dung theo thời hạn lưu trữ: không tính lại được các dòng này.",
        "{count} entries were erased at the end of their retention: they cannot be counted again.",
        "Đối chiếu với báo cáo đã lập trước khi xóa.",
        "Compare with a report that was made before they were erased.",
    ),
    "entries_before": Text(
        UNCHECKED,
        "{count} dòng ghi trước khi sổ cái có đủ dữ kiện để tính lại, hoặc không có dòng mở đầu.",
        "{count} entries are from before the ledger held what is counted by, or lack their first entry.",
        "Đối chiếu với văn bản gốc của các dòng này.",
        "Compare with the documents that these entries speak of.",
    ),
    "leaves_tell": Text(
        OPEN,
        "Riêng các dòng sổ cái cho biết, trong kỳ: {accepted} lượt tiếp nhận, {delivered} lượt chuyển xong "
        "(kể cả gói tin trạng thái), "
        "{paper} lượt đăng ký văn bản giấy.",
        "Leaves alone tell, of the period: {accepted} exchanges accepted, {delivered} deliveries made "
        "(status messages too), "
        "{paper} registrations of paper.",
    ),
    "more_than_leaves": Text(
        REFUSED,
        "Báo cáo ghi {claimed} lượt đã chuyển điện tử, sổ cái từ đầu kỳ chỉ có {delivered}.",
        "The report claims {claimed} exchanges delivered electronically, the ledger has {delivered} from the "
        "begin of the period on.",
        *_EXPLAIN,
    ),
    "not_recounted_without_entries": Text(
        UNCHECKED,
        "Các số liệu chưa được tính lại: chưa có nội dung các dòng sổ cái.",
        "The figures were not counted again: the entries were not opened.",
        "Đề nghị trục xuất nội dung: exchange report entries BÁO_CÁO.json -o MỤC.jsonl, rồi dùng "
        "--entries MỤC.jsonl.",
        "Ask the exchange for them: exchange report entries REPORT.json -o ENTRIES.jsonl, then use "
        "--entries ENTRIES.jsonl.",
    ),
}
