"""What people are told: each refusal code with its HTTP status, title and remedy, in two languages."""

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """What a person is told about one code: HTTP status, title and remedy, English and Vietnamese."""

    status: int
    title: str
    title_vi: str
    remedy: str
    remedy_vi: str


CATALOGUE: Mapping[str, Text] = {
    # --- the request ---
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
    "no_such_address": Text(
        404,
        "There is no such address",
        "Không có địa chỉ này",
        "Look up the address in docs/api.md or in /openapi.json.",
        "Tra địa chỉ trong docs/api.md hoặc /openapi.json.",
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
    "broker_busy": Text(
        503,
        "The exchange cannot store the document now",
        "Trục liên thông tạm thời chưa lưu được văn bản",
        "Nothing was taken over; send the same bytes again later.",
        "Văn bản chưa được tiếp nhận; hãy gửi lại đúng văn bản này sau.",
    ),
    # --- XML and its form ---
    "xml_malformed": Text(
        422,
        "The body is not well-formed XML",
        "Nội dung không phải XML hợp lệ",
        "Correct the XML at the named line.",
        "Sửa XML tại dòng được nêu.",
    ),
    "xml_forbidden": Text(
        422,
        "The XML uses something that is forbidden here",
        "XML dùng thành phần không được phép",
        "Send UTF-8 without DOCTYPE, entities or processing instructions, within the limits named.",
        "Gửi UTF-8, không có DOCTYPE, thực thể hay chỉ thị xử lý, trong giới hạn được nêu.",
    ),
    "schema_violated": Text(
        422,
        "The document does not follow the edXML schema",
        "Văn bản không đúng lược đồ edXML",
        "Correct each place listed under 'violations'.",
        "Sửa từng vị trí liệt kê trong 'violations'.",
    ),
    "not_edxml": Text(
        422,
        "The body is not an edXML message of the expected kind",
        "Nội dung không phải gói tin edXML đúng loại",
        "Send documents to /v1/documents and status messages to /v1/status.",
        "Gửi văn bản tới /v1/documents và trạng thái tới /v1/status.",
    ),
    "attachment_invalid": Text(
        422,
        "An attachment cannot be read",
        "Không đọc được tệp đính kèm",
        "Encode the attachment as base64 and name it in the manifest.",
        "Mã hóa tệp bằng base64 và khai báo trong manifest.",
    ),
    "too_many_attachments": Text(
        422,
        "More attachments than the limit",
        "Quá số tệp đính kèm cho phép",
        "Send fewer attachments; the limit stands in this answer.",
        "Giảm số tệp đính kèm; giới hạn có trong câu trả lời này.",
    ),
    "too_many_receivers": Text(
        422,
        "More receivers than the limit",
        "Quá số nơi nhận cho phép",
        "Split the receivers over several documents; the limit stands in this answer.",
        "Chia nơi nhận thành nhiều lần gửi; giới hạn có trong câu trả lời này.",
    ),
    "secret_document": Text(
        422,
        "Secret documents must not pass through the exchange",
        "Văn bản mật không được gửi qua trục liên thông",
        "Send it by the channel for state secrets (QĐ 28/2018/QĐ-TTg art. 1.2).",
        "Gửi theo kênh dành cho bí mật nhà nước (QĐ 28/2018/QĐ-TTg Điều 1.2).",
    ),
    # --- signature ---
    "signature_missing": Text(
        422,
        "The document carries no signature",
        "Văn bản chưa được ký số",
        "Sign the whole document with the agency's registered key.",
        "Ký số toàn bộ văn bản bằng khóa đã đăng ký của cơ quan.",
    ),
    "signature_namespace": Text(
        422,
        "The Signature element is not in the XML-DSig namespace",
        "Phần tử Signature không thuộc không gian tên XML-DSig",
        "Write the signature in the namespace http://www.w3.org/2000/09/xmldsig#.",
        "Ghi chữ ký trong không gian tên http://www.w3.org/2000/09/xmldsig#.",
    ),
    "signature_algorithm": Text(
        422,
        "The signature uses an algorithm that is not allowed",
        "Chữ ký dùng thuật toán không được phép",
        "Sign with RSA-SHA256 or ECDSA-SHA256, SHA-256 digests and exclusive C14N.",
        "Ký bằng RSA-SHA256 hoặc ECDSA-SHA256, băm SHA-256, chuẩn hóa exclusive C14N.",
    ),
    "signature_multiple": Text(
        422,
        "The document carries more than one signature",
        "Văn bản có nhiều hơn một chữ ký XML",
        "Send exactly one enveloped signature over the whole document.",
        "Chỉ gửi đúng một chữ ký bao toàn bộ văn bản.",
    ),
    "signature_wrapped": Text(
        422,
        "The signature does not cover exactly this document",
        "Chữ ký không bao đúng toàn bộ văn bản",
        'Place one Signature in edXMLHeader (or under the root) with one Reference URI="".',
        'Đặt một Signature trong edXMLHeader (hoặc dưới gốc) với một Reference URI="".',
    ),
    "signature_malformed": Text(
        422,
        "The Signature element is not built as required",
        "Phần tử Signature không đúng cấu trúc",
        "Write SignedInfo, SignatureValue and KeyInfo with the signing certificate alone; no KeyValue.",
        "Ghi SignedInfo, SignatureValue và KeyInfo chỉ chứa chứng thư số của người ký; không có KeyValue.",
    ),
    "signature_invalid": Text(
        422,
        "The signature is wrong: the document was altered or signed with another key",
        "Chữ ký sai: văn bản bị thay đổi hoặc ký bằng khóa khác",
        "Sign the final bytes again and send them unchanged.",
        "Ký lại bản cuối cùng và gửi nguyên vẹn.",
    ),
    "signature_disputed": Text(
        422,
        "Two verifiers disagree about this signature",
        "Hai bộ kiểm tra cho kết quả khác nhau về chữ ký này",
        "Sign with another software, and send this document to the administrator.",
        "Ký bằng phần mềm khác và chuyển văn bản này cho quản trị.",
    ),
    "signer_not_sender": Text(
        422,
        "The signer is not the sender",
        "Người ký không phải cơ quan gửi",
        "Sign with the key of the agency named in From, and use its token.",
        "Ký bằng khóa của cơ quan ghi ở From và dùng mã truy cập của cơ quan đó.",
    ),
    "certificate_unknown": Text(
        422,
        "The signing certificate is not registered",
        "Chứng thư số chưa được đăng ký",
        "Ask the administrator to register the certificate for your agency.",
        "Đề nghị quản trị đăng ký chứng thư số cho cơ quan.",
    ),
    "certificate_expired": Text(
        422,
        "The signing certificate is outside its validity",
        "Chứng thư số ngoài thời hạn hiệu lực",
        "Sign with a certificate that is valid today.",
        "Ký bằng chứng thư số còn hiệu lực.",
    ),
    "certificate_chain": Text(
        422,
        "The certificate was not issued by a configured CA",
        "Chứng thư số không do CA được cấu hình cấp",
        "Register a certificate of one of the configured CAs, or have the administrator add the CA.",
        "Đăng ký chứng thư số của CA đã cấu hình, hoặc đề nghị quản trị thêm CA.",
    ),
    "certificate_unsuitable": Text(
        422,
        "The certificate cannot be used for signing documents",
        "Chứng thư số không dùng được để ký văn bản",
        "Use an RSA certificate of 2048 bits or more, or ECDSA P-256, meant for digital signatures.",
        "Dùng chứng thư số RSA từ 2048 bit hoặc ECDSA P-256, có mục đích ký số.",
    ),
    "certificate_not_valid_at_signing": Text(
        422,
        "The certificate was not valid for the agency at the time of signing",
        "Chứng thư số không có hiệu lực với cơ quan tại thời điểm ký",
        "Check the time in TraceHeader and the registration of the certificate.",
        "Kiểm tra thời gian trong TraceHeader và đăng ký chứng thư số.",
    ),
    "signing_time_implausible": Text(
        422,
        "The time of signing lies in the future or too far in the past",
        "Thời điểm ký ở tương lai hoặc quá xa trong quá khứ",
        "Set the clock of the signing computer and sign again.",
        "Chỉnh đồng hồ máy ký và ký lại.",
    ),
    # --- routing ---
    "sender_unknown": Text(
        422,
        "The sender is not in the directory",
        "Cơ quan gửi không có trong danh bạ",
        "Check From/OrganId against the directory.",
        "Kiểm tra From/OrganId theo danh bạ.",
    ),
    "sender_closed": Text(
        422,
        "The sender is closed",
        "Cơ quan gửi đã ngừng hoạt động",
        "Send as the agency that took over its work, with that agency's key.",
        "Gửi với tư cách đơn vị kế thừa, ký bằng khóa của đơn vị đó.",
    ),
    "receiver_missing": Text(
        422,
        "No receiver",
        "Không có nơi nhận",
        "Name at least one receiver in To.",
        "Ghi ít nhất một nơi nhận trong To.",
    ),
    "receiver_unknown": Text(
        422,
        "A receiver is not in the directory",
        "Nơi nhận không có trong danh bạ",
        "Look up the code in the directory and correct To/OrganId.",
        "Tra mã trong danh bạ và sửa To/OrganId.",
    ),
    "receiver_closed": Text(
        422,
        "A receiver is closed and has no successor",
        "Nơi nhận đã ngừng hoạt động, không có đơn vị kế thừa",
        "Ask the directory which agency took over its work.",
        "Tra danh bạ xem đơn vị nào tiếp nhận nhiệm vụ.",
    ),
    "receiver_not_connected": Text(
        422,
        "A receiver is not connected to the exchange",
        "Nơi nhận chưa kết nối trục liên thông",
        "Send on paper and register it, or ask the agency to connect.",
        "Gửi bản giấy và đăng ký, hoặc đề nghị cơ quan kết nối.",
    ),
    "receiver_duplicate": Text(
        422,
        "A receiver is named twice",
        "Một nơi nhận được ghi hai lần",
        "Name each receiver once.",
        "Mỗi nơi nhận chỉ ghi một lần.",
    ),
    "receiver_is_sender": Text(
        422,
        "A receiver is the sender itself",
        "Nơi nhận chính là cơ quan gửi",
        "Take your own agency out of To; a document does not travel to its sender.",
        "Bỏ cơ quan của mình khỏi To; văn bản không gửi lại cho chính bên gửi.",
    ),
    "receiver_refuses_size": Text(
        422,
        "A receiver does not take documents of this size",
        "Nơi nhận không nhận văn bản dung lượng này",
        "Send a smaller document; the limit stands in this answer.",
        "Gửi văn bản nhỏ hơn; giới hạn có trong câu trả lời này.",
    ),
    "receiver_refuses_type": Text(
        422,
        "A receiver does not take attachments of this type",
        "Nơi nhận không nhận loại tệp này",
        "Convert the attachment to one of the types named.",
        "Chuyển tệp sang một trong các loại được nêu.",
    ),
    "loop": Text(
        422,
        "The document has passed here before",
        "Văn bản đã đi qua trục này",
        "Do not send a document back on the way it came.",
        "Không gửi văn bản quay lại đường đã qua.",
    ),
    # --- duplicates and status ---
    "document_id_conflict": Text(
        409,
        "The document id was used for other content",
        "Mã văn bản đã dùng cho nội dung khác",
        "Give the changed document a new DocumentId (both digests stand in this answer).",
        "Đặt DocumentId mới cho văn bản đã sửa (cả hai mã băm có trong câu trả lời).",
    ),
    "status_unknown_code": Text(
        422,
        "The status code is not one of 01-06, 13, 15, 16",
        "Mã trạng thái không thuộc 01-06, 13, 15, 16",
        "Send one of the codes of QCVN 102.",
        "Gửi một trong các mã của QCVN 102.",
    ),
    "status_document_unknown": Text(
        422,
        "The status speaks of a document that is not known between these two agencies",
        "Trạng thái nói về văn bản không có giữa hai cơ quan này",
        "Check ResponseFor: OrganId and DocumentId of the original document.",
        "Kiểm tra ResponseFor: OrganId và DocumentId của văn bản gốc.",
    ),
    "status_not_allowed": Text(
        422,
        "This agency may not report this status",
        "Cơ quan không được báo trạng thái này",
        "01-06, 15 and 16 come from the receiver, 13 from the sender.",
        "01-06, 15 và 16 do nơi nhận báo, 13 do nơi gửi báo.",
    ),
    "reference_not_allowed": Text(
        422,
        "The document revokes, updates or replaces what its sender did not send",
        "Văn bản thu hồi, cập nhật hoặc thay thế văn bản không do bên gửi phát hành",
        "Only the sender of the earlier document may change it.",
        "Chỉ cơ quan đã gửi văn bản trước mới được thay đổi.",
    ),
    "reference_missing": Text(
        422,
        "The document revokes, updates or replaces, and does not say what",
        "Văn bản thu hồi, cập nhật hoặc thay thế nhưng không nêu văn bản nào",
        "Write the id of the earlier document in Bussiness/DocumentId or ReplacementInfo.",
        "Ghi mã văn bản trước trong Bussiness/DocumentId hoặc ReplacementInfo.",
    ),
    # --- inbox ---
    "lease_lost": Text(
        409,
        "The lease is over or belongs to another client",
        "Phiên nhận đã hết hạn hoặc thuộc máy khác",
        "Lease again; an acknowledged document stays acknowledged.",
        "Nhận lại phiên mới; văn bản đã xác nhận thì vẫn được ghi nhận.",
    ),
}
