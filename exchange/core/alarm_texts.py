"""What an alarm is called, what it means and what to do, in Vietnamese and English. No document's content."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exchange.core.alarms import Facts, Rule
from exchange.core.codes import PRIORITIES
from exchange.core.edxml import VIETNAM


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An alarm for people: one line, what is known of it, and what to do."""

    title: Words
    detail: Words
    remedy: Words


def describe(rule: Rule, facts: Facts) -> Described:
    """The texts of one alarm."""
    title, detail, remedy = _TEXTS[rule]
    words_vi, words_en = _words(facts, 1), _words(facts, 0)

    def filled(text: Words) -> Words:
        return Words(text.vi.format_map(words_vi), text.en.format_map(words_en))

    return Described(title=filled(title), detail=filled(detail), remedy=filled(remedy))


class _Known(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"  # facts of an older version may lack it


def _words(facts: Facts, language: int) -> _Known:
    found = _Known(facts)
    for key in ("since", "ends_at"):
        if key in facts:
            found[key] = moment(datetime.fromisoformat(str(facts[key])))
    if "priority" in facts:
        found["priority"] = PRIORITIES[int(facts["priority"])][language]
    return found


def moment(at: datetime) -> str:
    """A moment as people in Vietnam read it, to the minute."""
    return f"{at.astimezone(VIETNAM):%H:%M %d/%m/%Y}"


_TEXTS: Mapping[Rule, tuple[Words, Words, Words]] = {
    Rule.LEDGER_CONTRADICTED: (
        Words(
            "Bên chứng kiến {witness} thấy một sổ cái khác",
            "The witness {witness} saw another ledger",
        ),
        Words(
            "Bên chứng kiến đã ký một lịch sử khác với sổ cái hiện nay: sổ cái đã bị sửa, "
            "hoặc được khôi phục từ bản sao lưu cũ, hoặc bên chứng kiến sai.",
            "It has signed another history than the ledger shows now: the ledger was rewritten, "
            "or restored from an older backup, or the witness is wrong.",
        ),
        Words(
            "Không xóa, không khôi phục gì thêm; giữ nguyên máy và báo ngay người phụ trách an toàn "
            "thông tin (docs/witness.md).",
            "Delete and restore nothing; leave the machines as they are and call those in charge of "
            "security at once (docs/witness.md).",
        ),
    ),
    Rule.COUNTERS_DIFFER: (
        Words("Số liệu tỷ lệ không khớp khi đếm lại", "The counters differ from the recount"),
        Words(
            "Số liệu mà lần đếm lại từ sổ cái cho kết quả khác: {count}.",
            "Figures that the recount from the ledger found otherwise: {count}.",
        ),
        Words(
            "Không dùng báo cáo tỷ lệ cho đến khi rõ nguyên nhân: exchange share recount (docs/share.md).",
            "Use no report of the share until it is clear why: exchange share recount (docs/share.md).",
        ),
    ),
    Rule.PART_ENDED: (
        Words(
            "Một phần của tiến trình {process} đã dừng",
            "A part of the process {process} has ended",
        ),
        Words("Đã dừng trên máy {host}: {parts}.", "Ended on {host}: {parts}."),
        Words(
            "Khởi động lại tiến trình; xem nhật ký để biết nguyên nhân.",
            "Start the process again; the log says why.",
        ),
    ),
    Rule.PROCESS_SILENT: (
        Words("Không thấy tiến trình {process}", "Nothing is heard of the process {process}"),
        Words(
            "Tiến trình ({role}) trên máy {host} im lặng từ {since}, chưa có tiến trình nào thay.",
            "The process ({role}) on {host} has been silent since {since}, and none took its place.",
        ),
        Words(
            "Xem máy còn chạy không, rồi khởi động lại tiến trình. Nếu đã bỏ hẳn tiến trình này thì "
            "không cần làm gì: cảnh báo tự hết sau một ngày.",
            "See whether the machine runs, and start the process again. If it was removed on purpose, "
            "nothing is to be done: the alarm ends by itself after a day.",
        ),
    ),
    Rule.DISK_FILLING: (
        Words("Ổ đĩa của máy {host} sắp đầy", "The disk of {host} is filling"),
        Words(
            "Thư mục dữ liệu còn {free_percent} % trống.",
            "The data folder has {free_percent} % left.",
        ),
        Words(
            "Mở rộng ổ đĩa hoặc chuyển đi những gì khác nằm trên đó. Không xóa tệp nào trong thư mục "
            "dữ liệu: đó là văn bản.",
            "Enlarge the disk, or move away what else lies on it. Delete no file of the data folder: "
            "they are documents.",
        ),
    ),
    Rule.TIME_NOT_PROVEN: (
        Words("Chưa lấy được dấu thời gian", "No time-stamps are had"),
        Words(
            "Sổ cái chưa có dấu thời gian từ {since}. Nếu kéo dài, trục có thể ngừng nhận văn bản mới.",
            "The ledger has been without a time-stamp since {since}. If it lasts, new documents may be "
            "refused.",
        ),
        Words(
            "Kiểm tra đường mạng tới máy chủ dấu thời gian (tsa_url) và hỏi nơi cung cấp (docs/time.md).",
            "Check the way to the time-stamping authority (tsa_url), and ask its operator (docs/time.md).",
        ),
    ),
    Rule.CERTIFICATE_REVOKED: (
        Words("Chứng thư số của {name} đã bị thu hồi", "A certificate of {name} was revoked"),
        Words(
            "Chứng thư số {fingerprint} của {agency} đã bị CA thu hồi nhưng vẫn còn trong danh bạ.",
            "The certificate {fingerprint} of {agency} was revoked by its CA, and is still in the directory.",
        ),
        Words(
            "Hỏi cơ quan, rồi kết thúc chứng thư: exchange certificate end; đăng ký chứng thư mới: "
            "exchange certificate add.",
            "Ask the agency, then end it: exchange certificate end; register the new one: "
            "exchange certificate add.",
        ),
    ),
    Rule.AGENCY_UNREACHABLE: (
        Words("Không gửi được tới {name}", "{name} cannot be reached"),
        Words(
            "Mọi lần gửi tới {agency} đều không thành từ {since}; đang chờ: {waiting}.",
            "Every attempt to {agency} has failed since {since}; waiting: {waiting}.",
        ),
        Words(
            "Gọi cho người quản trị phần mềm của cơ quan đó. Văn bản không mất: trục tự gửi lại khi thông.",
            "Call whoever runs that agency's software. Nothing is lost: it is sent again by itself.",
        ),
    ),
    Rule.DOCUMENTS_LATE: (
        Words("Văn bản gửi {name} bị chậm", "Documents for {name} are late"),
        Words(
            "Số văn bản gửi {agency} chưa tới nơi: {count}, văn bản đầu từ {since}; độ khẩn cao nhất: "
            "{priority}.",
            "Documents for {agency} that have not arrived: {count}, the first since {since}; the highest "
            "urgency: {priority}.",
        ),
        Words(
            "Nhắc cơ quan nhận lấy văn bản; quá hạn, nơi gửi sẽ nhận báo không chuyển được.",
            "Ask the agency to fetch them; after their time the sender is told that they did not arrive.",
        ),
    ),
    Rule.QUEUE_GROWING: (
        Words("Hàng đợi gửi đang dồn lại", "The queue is growing"),
        Words(
            "Số lượt gửi đã đến hạn hơn {minutes} phút mà chưa được gửi: {count}.",
            "Deliveries that have been due for more than {minutes} minutes, and nobody attempted: {count}.",
        ),
        Words(
            "Xem các tiến trình worker còn chạy không; nếu vẫn chạy, tăng workers hoặc thêm máy.",
            "See whether the workers run; if they do, raise the setting workers, or add a machine.",
        ),
    ),
    Rule.WITNESS_SILENT: (
        Words("Bên chứng kiến {witness} không ký", "The witness {witness} does not sign"),
        Words(
            "Các điểm kiểm của sổ cái từ {since} chưa có chữ ký của bên chứng kiến này.",
            "Checkpoints of the ledger since {since} lack its cosignature.",
        ),
        Words(
            "Gọi nơi chạy bên chứng kiến; kiểm tra đường mạng tới đó (docs/witness.md).",
            "Call the office that runs the witness; check the way to it (docs/witness.md).",
        ),
    ),
    Rule.SIGN_INS_REFUSED: (
        Words("Nhiều lần đăng nhập sai từ {address}", "Many refused sign-ins from {address}"),
        Words(
            "{count} lần đăng nhập bị từ chối trong một giờ qua.",
            "{count} sign-ins were refused within the last hour.",
        ),
        Words(
            "Hỏi xem có ai quên mật khẩu; nếu không, chặn địa chỉ đó ở tường lửa (docs/accounts.md).",
            "Ask whether somebody forgot a password; if not, block the address at the firewall "
            "(docs/accounts.md).",
        ),
    ),
    Rule.ACCOUNT_SIGN_INS_REFUSED: (
        Words(
            "Nhiều lần đăng nhập sai vào tài khoản {login}",
            "Many refused sign-ins to the account {login}",
        ),
        Words(
            "Số lần đăng nhập bị từ chối trong một giờ qua: {count}; số địa chỉ mạng: {addresses}.",
            "Refused within the last hour: {count}; addresses that they came from: {addresses}.",
        ),
        Words(
            "Hỏi chủ tài khoản. Nếu không phải người đó: đổi mật khẩu, bật xác thực hai bước, và xem "
            "tài khoản vừa làm những gì (docs/accounts.md).",
            "Ask whose account it is. If it was somebody else: change the password, turn the second "
            "factor on, and look at what the account did lately (docs/accounts.md).",
        ),
    ),
    Rule.DEAD_LETTERS: (
        Words("Nhiều văn bản không chuyển được", "Many documents could not be delivered"),
        Words(
            "{count} lượt chuyển bị từ chối hoặc quá hạn trong một ngày qua.",
            "{count} deliveries were refused or expired within the last day.",
        ),
        Words(
            "Xem nguyên nhân: exchange dead list; sửa xong thì gửi lại: exchange dead retry.",
            "See why: exchange dead list; once mended, send again: exchange dead retry.",
        ),
    ),
    Rule.CERTIFICATE_ENDING: (
        Words("Chứng thư số của {name} sắp hết hạn", "A certificate of {name} ends soon"),
        Words(
            "Chứng thư số {fingerprint} của {agency} hết hạn lúc {ends_at}, còn {days} ngày, và cơ quan "
            "chưa có chứng thư khác.",
            "The certificate {fingerprint} of {agency} ends at {ends_at}, in {days} days, and the agency "
            "has no other one.",
        ),
        Words(
            "Nhắc cơ quan xin cấp chứng thư mới, rồi đăng ký: exchange certificate add.",
            "Ask the agency to get a new one, and register it: exchange certificate add.",
        ),
    ),
}
