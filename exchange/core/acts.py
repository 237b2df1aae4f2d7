"""Acts of persons: what somebody did in the pages or by a command, under names that stay."""

from collections.abc import Mapping

# Each is an event of the ledger: Vietnamese, English.
ACTS: Mapping[str, tuple[str, str]] = {
    # about persons
    "account_created": ("tạo tài khoản", "made an account"),
    "account_changed": ("sửa tài khoản", "changed an account"),
    "account_disabled": ("khoá hẳn tài khoản", "disabled an account"),
    "account_enabled": ("mở lại tài khoản", "enabled an account"),
    "account_unlocked": ("bỏ tạm khoá tài khoản", "unlocked an account"),
    "account_invited": ("cấp đường dẫn đặt mật khẩu", "gave out a link to set a password"),
    "password_reset": ("đặt lại mật khẩu", "reset the password"),
    "sessions_ended": ("kết thúc các phiên", "ended the sessions"),
    "password_changed": ("đổi mật khẩu", "changed the password"),
    "second_factor_set": ("bật xác thực hai lớp", "set up the second factor"),
    "second_factor_reset": ("bỏ xác thực hai lớp", "removed the second factor"),
    "recovery_codes_made": ("tạo mã dự phòng", "made recovery codes"),
    "recovery_code_used": ("dùng mã dự phòng", "used a recovery code"),
    "signed_in": ("đăng nhập", "signed in"),
    "signed_out": ("đăng xuất", "signed out"),
    "signed_out_everywhere": ("đăng xuất mọi nơi", "signed out everywhere"),
    "sign_in_locked": ("tạm khoá do đăng nhập sai nhiều lần", "locked after refused sign-ins"),
    # about documents
    "viewed": ("mở xem nội dung", "opened the content"),
    "downloaded": ("tải về", "downloaded it"),
    "opened": ("giữ văn bản để mở tại bàn văn thư", "leased it for the desk, to open it"),
    "taken": ("nhận văn bản", "took it over"),
    "turned_down": ("từ chối nhận", "turned it down"),
    "assigned": ("phân công", "assigned it"),
    "processing": ("bắt đầu xử lý", "began to process it"),
    "answered": (
        "trả lời yêu cầu lấy lại, cập nhật",
        "answered a request to give it back or change it",
    ),
    "asked_back": ("đề nghị lấy lại văn bản", "asked to have it back"),
    "finished": ("kết thúc xử lý", "finished it"),
    "draft_discarded": ("bỏ bản chờ gửi", "discarded a draft"),
    "submitted": ("gửi văn bản", "sent it"),
    "retried": ("gửi lại", "had it sent again"),
    "notices_seen": ("xem thông báo", "read notices"),
    "evidence_taken": ("lấy hồ sơ bằng chứng", "took its evidence"),
    # about the exchange
    "directory_changed": ("sửa danh bạ", "changed the directory"),
    "adapter_tried": ("thử bộ nối với phần mềm", "tried an adapter on living software"),
    "connection_tested": ("thử kết nối", "tested a connection"),
    "group_changed": ("sửa nhóm nơi nhận", "changed a group of receivers"),
    "group_removed": ("bỏ nhóm nơi nhận", "removed a group of receivers"),
    "paper_registered": ("vào sổ văn bản giấy", "registered paper"),
    "file_verified": ("kiểm tra tệp", "verified a file"),
    "report_taken": ("lấy báo cáo", "took a report"),
}


def told(event: str) -> tuple[str, str]:
    """What the person did, in Vietnamese and English; the event's name for one of a newer release."""
    return ACTS.get(event, (event, event))
