"""What people are told: the form of such texts, and those about a request, whatever it carries."""

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """What a person is told about one code: HTTP status, title and remedy, English and Vietnamese."""

    status: int
    title: str
    title_vi: str
    remedy: str
    remedy_vi: str


REQUEST_TEXTS: Mapping[str, Text] = {
    "token_missing": Text(
        401,
        "No bearer token",
        "Thiếu mã truy cập",
        "Send the header 'Authorization: Bearer <token>'.",
        "Gửi kèm tiêu đề 'Authorization: Bearer <mã truy cập>'.",
    ),
    "token_invalid": Text(
        401,
        "The token is unknown, revoked or expired",
        "Mã truy cập không tồn tại, đã thu hồi hoặc hết hạn",
        "Ask the administrator of the exchange for a new token.",
        "Liên hệ quản trị trục liên thông để được cấp mã mới.",
    ),
    "scope_missing": Text(
        403,
        "The token does not allow this",
        "Mã truy cập không có quyền này",
        "Use a token with the named scope.",
        "Dùng mã truy cập có phạm vi được nêu.",
    ),
    "not_found": Text(
        404,
        "Not found, or not yours to see",
        "Không tìm thấy, hoặc không thuộc quyền xem",
        "Check the id; only sender and receivers see a document.",
        "Kiểm tra lại mã; chỉ bên gửi và bên nhận xem được văn bản.",
    ),
    "nothing_to_verify": Text(
        422,
        "The body is nothing that can be verified here",
        "Nội dung không phải loại có thể kiểm tra ở đây",
        "Send the exact bytes of an edXML message, a PDF, a receipt or an evidence bundle of this exchange.",
        "Gửi nguyên vẹn gói tin edXML, tệp PDF, biên nhận hoặc gói bằng chứng của trục này.",
    ),
    "report_invalid": Text(
        422,
        "No report answers this",
        "Không có báo cáo như yêu cầu",
        "Correct the named parameter; docs/reports.md lists what each report takes.",
        "Sửa tham số được nêu; docs/reports.md ghi từng báo cáo nhận những gì.",
    ),
    "report_not_yours": Text(
        403,
        "Lines of single agencies are for these agencies",
        "Số liệu của từng cơ quan chỉ dành cho cơ quan đó",
        "Ask for your own figures (of=own), or for the province without lines of agencies.",
        "Hỏi số liệu của cơ quan mình (of=own), hoặc của toàn tỉnh không theo từng cơ quan.",
    ),
    "not_in_ledger": Text(
        404,
        "The ledger does not hold this",
        "Sổ cái không có mục này",
        "Ask for what the size in /ledger/checkpoint requires, in the paths of C2SP tlog-tiles.",
        "Chỉ yêu cầu những gì nằm trong kích thước ghi ở /ledger/checkpoint, theo đường dẫn C2SP tlog-tiles.",
    ),
    "last_administrator": Text(
        409,
        "Nobody could administer the exchange any more",
        "Sẽ không còn ai quản trị hệ thống",
        "Let another administrator sign in first, then try again; nothing was changed.",
        "Hãy để một quản trị khác đăng nhập được trước rồi thử lại; chưa có gì thay đổi.",
    ),
    "own_account": Text(
        409,
        "Nobody does this to the own account",
        "Không tự làm việc này với tài khoản của mình",
        "Ask another administrator; password and second factor are changed under 'My account'.",
        "Hãy nhờ quản trị khác; mật khẩu và xác thực hai lớp đổi ở trang “Tài khoản của tôi”.",
    ),
    "person_rate_exceeded": Text(
        429,
        "Too many actions in a short time",
        "Quá nhiều thao tác trong thời gian ngắn",
        "This one was not done. Wait for a minute, then do it again.",
        "Thao tác này chưa được thực hiện. Đợi một phút rồi làm lại.",
    ),
    "drafts_too_many": Text(
        409,
        "Too many drafts of the agency wait to be sent",
        "Cơ quan có quá nhiều bản chờ gửi",
        "Send or discard drafts; those that nobody sends go after a day.",
        "Hãy gửi hoặc bỏ bớt bản chờ gửi; bản không gửi sẽ tự hết hạn sau một ngày.",
    ),
    "account_invalid": Text(
        422,
        "The account cannot be like that",
        "Thông tin tài khoản không hợp lệ",
        "Correct what is named and try again; nothing was changed.",
        "Sửa chỗ được nêu rồi thử lại; chưa có gì thay đổi.",
    ),
    "no_such_address": Text(
        404,
        "There is no such address",
        "Không có địa chỉ này",
        "Look up the address in docs/api.md or in /openapi.json.",
        "Tra địa chỉ trong docs/api.md hoặc /openapi.json.",
    ),
    "method_not_allowed": Text(
        405,
        "The address does not take this method",
        "Địa chỉ không nhận phương thức này",
        "Use one of the methods in the header Allow.",
        "Dùng một trong các phương thức ghi ở tiêu đề Allow.",
    ),
    "json_malformed": Text(
        400,
        "The body is not JSON that can be read",
        "Nội dung không phải JSON đọc được",
        "Correct the JSON at the named place and send again.",
        "Sửa JSON tại vị trí được nêu và gửi lại.",
    ),
    "request_invalid": Text(
        422,
        "The request is not well formed",
        "Yêu cầu không đúng định dạng",
        "Correct the named field and send again.",
        "Sửa trường được nêu và gửi lại.",
    ),
    "rate_exceeded": Text(
        429,
        "Too many requests from this agency",
        "Cơ quan gửi quá nhiều yêu cầu",
        "Wait for the time in Retry-After, then send again.",
        "Chờ hết thời gian trong Retry-After rồi gửi lại.",
    ),
    "document_too_large": Text(
        413,
        "The document is larger than the limit",
        "Văn bản vượt quá dung lượng cho phép",
        "Send fewer or smaller attachments; the limit stands in this answer.",
        "Giảm số lượng hoặc dung lượng tệp đính kèm; giới hạn có trong câu trả lời này.",
    ),
    "body_too_slow": Text(
        408,
        "The body did not arrive in time",
        "Nội dung không đến kịp thời hạn",
        "Send it again, over a faster line; nothing was taken over.",
        "Gửi lại qua đường truyền nhanh hơn; chưa có gì được tiếp nhận.",
    ),
    "broker_failed": Text(
        500,
        "A fault of the exchange",
        "Lỗi của trục liên thông",
        "It is on record. Send the same bytes again; if it stays, tell the administrator the time.",
        "Lỗi đã được ghi lại. Hãy gửi lại đúng văn bản này; nếu vẫn lỗi, báo quản trị thời điểm gửi.",
    ),
    "broker_busy": Text(
        503,
        "The exchange cannot store the document now",
        "Trục liên thông tạm thời chưa lưu được văn bản",
        "Nothing was taken over; send the same bytes again later.",
        "Văn bản chưa được tiếp nhận; hãy gửi lại đúng văn bản này sau.",
    ),
    "time_not_proven": Text(
        503,
        "The exchange takes no new documents until their time can be proven again",
        "Trục liên thông tạm dừng nhận văn bản mới cho đến khi lại chứng minh được thời gian",
        "Nothing was taken over; send the same bytes again later. The administrator has an alarm.",
        "Văn bản chưa được tiếp nhận; hãy gửi lại đúng văn bản này sau. Quản trị đã được cảnh báo.",
    ),
}
