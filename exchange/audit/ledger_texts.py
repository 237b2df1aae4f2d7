"""The findings that speak of the ledger, its checkpoints, entries, time-stamps and mirrors; see ``texts``."""

from collections.abc import Mapping

from exchange.audit.wording import AGAIN, OPEN, ORIGINAL, PROVEN, REFUSED, UNCHECKED, Text

LEDGER_TEXTS: Mapping[str, Text] = {
    # --- the ledger ---
    "log_signature": Text(
        PROVEN,
        "{about}: sổ cái “{origin}” có {size} dòng, gốc {root}; sổ cái đã ký.",
        "{about}: the ledger “{origin}” has {size} entries under the root {root}; signed by the ledger.",
    ),
    "log_unknown": Text(
        UNCHECKED,
        "{about}: sổ cái “{origin}” có {size} dòng, gốc {root}; chưa có khóa của sổ cái này để kiểm tra.",
        "{about}: the ledger “{origin}” has {size} entries under the root {root}; its key was not given.",
        "Lấy khóa của sổ cái (một dòng) từ quản trị, rồi dùng --trust TỆP_KHÓA.",
        "Get the ledger's key (one line) from its owner, then use --trust KEY_FILE.",
    ),
    "log_key_pinned": Text(
        UNCHECKED,
        "Khóa của sổ cái lấy từ chính sổ cái ở lần đầu, chưa ai bảo đảm: {key}",
        "The ledger's key came from the ledger itself at the first visit, nobody vouches for it: {key}",
        "So khóa này với khóa do quản trị công bố bằng đường khác, rồi dùng --trust TỆP_KHÓA.",
        "Compare it with the key that the owner publishes by another way, then use --trust KEY_FILE.",
    ),
    "log_signature_wrong": Text(
        REFUSED,
        "{about}: chữ ký của sổ cái sai: {why}.",
        "{about}: the ledger's signature is wrong: {why}.",
        "Lấy lại điểm chốt; nếu vẫn sai, sổ cái hoặc tệp đã bị sửa.",
        "Get the checkpoint again; if it stays wrong, the ledger or the file was altered.",
    ),
    "witness_signature": Text(
        PROVEN,
        "{about}: nhân chứng “{witness}” xác nhận lúc {at}: đến lúc đó sổ cái chỉ được ghi thêm, không bị "
        "viết lại, "
        "so với những gì nhân chứng đã thấy.",
        "{about}: the witness “{witness}” attests at {at}: until then the ledger had only grown, and "
        "nothing that "
        "the witness had seen before was rewritten.",
    ),
    "witness_absent": Text(
        OPEN,
        "{about}: nhân chứng “{witness}” chưa ký xác nhận điểm chốt này.",
        "{about}: the witness “{witness}” has not cosigned this checkpoint.",
    ),
    "witness_signature_wrong": Text(
        REFUSED,
        "{about}: chữ ký của nhân chứng sai: {why}.",
        "{about}: the signature of a witness is wrong: {why}.",
        "Lấy lại điểm chốt; nếu vẫn sai, tệp đã bị sửa.",
        "Get the checkpoint again; if it stays wrong, the file was altered.",
    ),
    "witness_unknown": Text(
        OPEN,
        "{about}: chữ ký của {names} chưa kiểm tra: chưa có khóa.",
        "{about}: the signatures of {names} were not checked: their keys were not given.",
        "Lấy khóa của nhân chứng (một dòng) từ chính nhân chứng, rồi dùng --trust TỆP_KHÓA.",
        "Get the witness's key (one line) from the witness itself, then use --trust KEY_FILE.",
    ),
    "checkpoint_form": Text(
        REFUSED,
        "{about} không phải điểm chốt của sổ cái: {why}.",
        "{about} is no checkpoint of a ledger: {why}.",
        *ORIGINAL,
    ),
    "entry_inclusion": Text(
        PROVEN,
        "{about}: {said_vi}; văn bản SHA-256 {document}; nằm trong sổ cái {size} dòng.",
        "{about}: {said}; the document has SHA-256 {document}; it stands in the ledger of {size} entries.",
    ),
    "entries_inclusion": Text(
        PROVEN, "Sổ cái “{origin}” chứa: {said_vi}.", "The ledger “{origin}” holds: {said}."
    ),
    "entry_erased": Text(
        OPEN,
        "{about}: nội dung của dòng {index} đã được xóa theo quy định lưu trữ; dòng vẫn nằm trong sổ.",
        "{about}: what entry {index} said was erased at the end of its retention; the entry still stands.",
    ),
    "entry_details_wrong": Text(
        REFUSED,
        "{about}: nội dung không khớp dòng sổ cái: {why}.",
        "{about}: what it discloses is not what was entered: {why}.",
        *AGAIN,
    ),
    "entry_inclusion_wrong": Text(
        REFUSED,
        "{about}: không nằm trong sổ cái: {why}.",
        "{about}: it does not stand in the ledger: {why}.",
        *AGAIN,
    ),
    "proof_form": Text(
        REFUSED,
        "{about} không phải bằng chứng của một dòng sổ cái: {why}.",
        "{about} is no proof of an entry of a ledger: {why}.",
        *ORIGINAL,
    ),
    "stamp": Text(
        PROVEN,
        "{about}: {size} dòng đầu của sổ cái đã có trước {at}, theo dấu thời gian của {authority}.",
        "{about}: the first {size} entries of the ledger existed before {at}, by the time-stamp of "
        "{authority}.",
    ),
    "stamp_authority_unknown": Text(
        UNCHECKED,
        "{about}: chưa kiểm tra được dấu thời gian: {why_vi}.",
        "{about}: the time-stamp could not be checked: {why}.",
        "Lấy chứng thư số gốc của tổ chức cấp dấu thời gian, rồi dùng --trust GỐC.",
        "Get the root certificate of the time-stamping authority, then use --trust ROOT.",
    ),
    "stamp_authority_good": Text(
        PROVEN,
        "{about}: chứng thư số của tổ chức cấp dấu thời gian: {why_vi}",
        "{about}: the time-stamping authority's certificate: {why}",
    ),
    "stamp_authority_revoked": Text(
        REFUSED,
        "{about}: chứng thư số của tổ chức cấp dấu thời gian: {why_vi}",
        "{about}: the time-stamping authority's certificate: {why}",
        *AGAIN,
    ),
    "stamp_authority_unchecked": Text(
        OPEN,
        "{about}: chứng thư số của tổ chức cấp dấu thời gian có bị thu hồi hay không: chưa kiểm tra, "
        "không có CRL "
        "hay OCSP nói về nó.",
        "{about}: whether the time-stamping authority's certificate was revoked: not checked, no CRL "
        "or OCSP answer "
        "speaks of it.",
    ),
    "stamp_wrong": Text(
        REFUSED,
        "{about}: dấu thời gian không dùng được: {why_vi}.",
        "{about}: the time-stamp proves nothing: {why}.",
        *AGAIN,
    ),
    # --- mirrors ---
    "mirror_without_checkpoint": Text(
        REFUSED,
        "Thư mục không phải bản sao của sổ cái: không đọc được tệp checkpoint ({why}).",
        "The folder is no mirror of a ledger: the file checkpoint cannot be read ({why}).",
        "Tạo bản sao: exchange audit mirror URL THƯ_MỤC.",
        "Make one: exchange audit mirror URL FOLDER.",
    ),
    "root": Text(
        PROVEN,
        "Đã băm {count} dòng và tính lại gốc: đúng gốc mà sổ cái đã ký. Không dòng nào bị sửa, thêm hay bớt.",
        "{count} entries were hashed and the root computed again: it is the one that the ledger signed. "
        "None was "
        "altered, added or left out.",
    ),
    "root_wrong": Text(
        REFUSED,
        "Bản sao không khớp điểm chốt: {why_vi}.",
        "The mirror does not fit its checkpoint: {why}.",
        "Bản sao bị hỏng hoặc bị sửa: sao lại từ đầu; nếu vẫn sai, giữ lại làm chứng cứ.",
        "The mirror is damaged or altered: make it again; if it stays wrong, keep it as evidence.",
    ),
    "continues": Text(
        PROVEN,
        "Sổ cái tiếp nối lần trước ({size} dòng): không dòng cũ nào bị viết lại.",
        "The ledger continues the one of the last visit ({size} entries): no old entry was rewritten.",
    ),
    "history_rewritten": Text(
        REFUSED,
        "Sổ cái không tiếp nối bản đã thấy (trước: {before}; nay: {after}): {why}.",
        "The ledger does not continue what was seen (before: {before}; now: {after}): {why}.",
        "Thử lại sau vài phút. Nếu vẫn vậy, lịch sử đã bị viết lại: giữ tệp checkpoint và {kept} (cùng một "
        "khóa đã "
        "ký cả hai) và báo cơ quan thanh tra.",
        "Try again in some minutes. If it stays, history was rewritten: keep the files checkpoint and "
        "{kept} (one "
        "key signed both) and tell the inspectorate.",
    ),
    "entries_wrong": Text(
        REFUSED,
        "Các dòng của sổ cái không khớp điểm chốt đã ký: {why}.",
        "The ledger's entries do not fit the checkpoint that it signed: {why}.",
        "Thử lại sau vài phút. Nếu vẫn vậy, giữ {kept} và báo cơ quan thanh tra.",
        "Try again in some minutes. If it stays, keep {kept} and tell the inspectorate.",
    ),
    "counted_once": Text(
        PROVEN,
        "Mỗi lượt trao đổi chỉ được đếm một lần: {classes}.",
        "Every exchange was counted once: {classes}.",
    ),
    "counted_twice": Text(
        REFUSED,
        "{count} lượt trao đổi bị đếm hơn một lần.",
        "{count} exchanges were counted more than once.",
        "Yêu cầu trục giải trình: tỷ lệ tính từ sổ cái này không đúng.",
        "Ask the exchange: a share computed from this ledger is wrong.",
    ),
}
