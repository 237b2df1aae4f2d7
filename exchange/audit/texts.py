"""Every finding that there is of messages and bundles: its result, its sentences, and what to do about it.

``docs/audit.md`` lists the same codes.
"""

from collections.abc import Mapping

from exchange.audit.ledger_texts import LEDGER_TEXTS
from exchange.audit.report_texts import REPORT_TEXTS
from exchange.audit.wording import (
    AGAIN,
    BROKER,
    FILE,
    OPEN,
    ORIGINAL,
    PROVEN,
    REFUSED,
    UNCHECKED,
    UNSIGNED,
    Text,
)

TEXTS: Mapping[str, Text] = {
    # --- any file ---
    "unknown_kind": Text(
        REFUSED,
        "Không phải hồ sơ bằng chứng, biên nhận, văn bản, bằng chứng sổ cái hay bản sao sổ cái. {why_vi}",
        "It is no evidence bundle, receipt, document, proof or mirror of a ledger. {why}",
        *FILE,
    ),
    "too_large": Text(REFUSED, "Tệp lớn hơn {limit} byte.", "The file is larger than {limit} bytes.", *FILE),
    "written_otherwise": Text(
        OPEN,
        "{about}: cách ghi khác với trục (khoảng trắng, thứ tự, chú thích, phần khai báo): chữ ký bao nội "
        "dung, "
        "không bao cách ghi đó.",
        "{about}: it is written otherwise than the exchange writes it (white space, order, comments, "
        "declaration): "
        "what it says is covered, that is not.",
    ),
    # --- receipts ---
    "receipt_signature": Text(
        PROVEN,
        "Trục “{broker}” xác nhận: {said_vi}. Ký bằng chứng thư số {subject}.",
        "The exchange “{broker}” says: {said}. Signed with the certificate {subject}.",
    ),
    "receipt_broker_unknown": Text(
        UNCHECKED,
        "Bên tự xưng là trục “{broker}” nói: {said_vi}. Chưa ai mà bạn tin cậy bảo đảm chứng thư số "
        "{subject}.",
        "Who calls itself the exchange “{broker}” says: {said}. Nobody you trust vouches for the certificate "
        "{subject}.",
        *BROKER,
    ),
    "receipt_signature_wrong": Text(REFUSED, "{about}: {why_vi}", "{about}: {why}", *ORIGINAL),
    "receipt_form": Text(
        REFUSED, "{about} không phải biên nhận: {why}.", "{about} is no receipt: {why}.", *ORIGINAL
    ),
    "receipt_certificate_validity": Text(
        REFUSED,
        "{about}: chứng thư số của trục không có hiệu lực lúc {at} (từ {begins} đến {ends}).",
        "{about}: the certificate of the exchange was not valid at {at} (it is from {begins} to {ends}).",
        "Đề nghị trục giải trình: biên nhận ký ngoài thời hạn chứng thư số không có giá trị.",
        "Ask the exchange: a receipt from outside its certificate's validity proves nothing.",
    ),
    "receipt_notice": Text(
        OPEN,
        "{about}: trục lưu ý ({code}): {said}",
        "{about}: the exchange notes ({code}): {said}",
    ),
    "receipt_of_other_document": Text(
        REFUSED,
        "{about} nói về văn bản khác với văn bản của gói này.",
        "{about} speaks of another document than this bundle is about.",
        *AGAIN,
    ),
    "receipt_of_other_delivery": Text(
        REFUSED,
        "{about} nói về nơi nhận không có trong biên nhận tiếp nhận: {names}.",
        "{about} speaks of receivers that the acceptance does not name: {names}.",
        *AGAIN,
    ),
    "receipt_unentered": Text(
        OPEN,
        "{about}: gói này không có dòng sổ cái nào ghi tệp này; chỉ có chữ ký của trục bảo đảm.",
        "{about}: no entry of the ledger in this bundle is of it; only the exchange's signature "
        "stands for it.",
    ),
    "end_absent": Text(
        OPEN,
        "Lượt chuyển tới {receiver}: đã tiếp nhận, nhưng gói này không có biên nhận và cũng không "
        "nói là chưa xong.",
        "The delivery to {receiver}: it was accepted, and this bundle has no receipt of it, nor says "
        "that it goes on.",
    ),
    "receipt_by_signer": Text(
        REFUSED,
        "{about} do chính người ký văn bản ký, không phải do trục.",
        "{about} was signed by the signer of the document, not by an exchange.",
        *ORIGINAL,
    ),
    "receipt_of_these_bytes": Text(
        PROVEN,
        "{names} nói về đúng tệp {document} (SHA-256 {digest}).",
        "{names} speaks of exactly the file {document} (SHA-256 {digest}).",
    ),
    "receipt_of_other_bytes": Text(
        REFUSED,
        "{about} nói về văn bản có SHA-256 {expected}; tệp {document} có {digest}.",
        "{about} speaks of a document with SHA-256 {expected}; the file {document} has {digest}.",
        "Tìm đúng tệp đã gửi: từng byte phải giống hệt.",
        "Find the very file that was sent: it must be the same to the byte.",
    ),
    "document_not_given": Text(
        OPEN,
        "Nội dung văn bản: chỉ biết SHA-256 {digest}; đối chiếu bằng --document TỆP.",
        "What the document says: only its SHA-256 is known, {digest}; --document FILE.",
    ),
    "acceptance_is_no_delivery": Text(
        OPEN,
        "Nơi nhận đã có văn bản: biên nhận tiếp nhận không nói điều này.",
        "That any receiver has the document: an acceptance does not say so.",
    ),
    "nobody_need_have_read": Text(
        OPEN,
        "Có người đã đọc hoặc xử lý văn bản: điều đó do trạng thái của nơi nhận báo.",
        "That anybody read or handled it: the receiver's status messages say that.",
    ),
    "receiver_may_have_it": Text(
        OPEN,
        "Nơi nhận chắc chắn không có văn bản: biên nhận không nói vậy (số lần thử: {attempts}).",
        "That the receiver lacks the document: the receipt does not say so ({attempts} attempts).",
    ),
    "own_clock": Text(
        OPEN,
        "Thời điểm trong biên nhận: theo đồng hồ của trục, không do bên thứ ba xác nhận.",
        "The time in a receipt: the exchange's own clock says it, and no third party.",
    ),
    # --- documents ---
    "document_signature": Text(
        PROVEN,
        "{about} là {what_vi}. Nguyên vẹn từ khi ký bằng chứng thư số {subject}, {why_vi}.",
        "{about} is {what}. Unchanged since it was signed with the certificate {subject}, {why}.",
    ),
    "signer_unknown": Text(
        UNCHECKED,
        "{about} tự ghi là {what_vi}. Chưa ai mà bạn tin cậy bảo đảm người ký: {subject}, do {issuer} cấp.",
        "{about} calls itself {what}. Nobody you trust vouches for the signer: {subject}, issued by "
        "{issuer}.",
        "Lấy chứng thư số của CA từ chính CA đó, rồi dùng --trust CA; hoặc chứng thư số của cơ quan "
        "từ chính cơ "
        "quan đó: --signer TỆP.",
        "Whose certificate is it? Get the certificate of the CA from the CA itself, then use --trust "
        "CA; or the "
        "agency's own from the agency: --signer FILE.",
    ),
    "document_unsigned": Text(
        UNCHECKED,
        "{about} là {what_vi}, KHÔNG CÓ chữ ký số hợp lệ: chỉ trục nói ai đã gửi. {why_vi}",
        "{about} is {what}, NOT SIGNED: nobody but the exchange says who sent it. {why}",
        "Không tính là văn bản đã ký; cần bản có giá trị pháp lý thì yêu cầu cơ quan gửi ký số và gửi lại.",
        "Do not count it as signed; where legal effect is needed, have the sender sign it and send it again.",
    ),
    "document_signature_wrong": Text(REFUSED, "{about}: {why_vi}", "{about}: {why}", *ORIGINAL),
    "signer_unsuitable": Text(REFUSED, "{about}: {why_vi}", "{about}: {why}", *UNSIGNED),
    "signer_path": Text(
        REFUSED,
        "{about}: chứng thư số của người ký không hợp lệ. {why_vi}",
        "{about}: the signer's certificate does not hold. {why}",
        *UNSIGNED,
    ),
    "signer_validity": Text(
        REFUSED,
        "{about}: chứng thư số của người ký không có hiệu lực lúc {at} (từ {begins} đến {ends}).",
        "{about}: the signer's certificate was not valid at {at} (it is from {begins} to {ends}).",
        *UNSIGNED,
    ),
    "signing_time_claimed": Text(
        OPEN,
        "Thời điểm ký {at}: chỉ là lời của người ký.",
        "The time of signing, {at}: it is the signer's word.",
    ),
    "certificate_of_agency": Text(
        OPEN,
        "Chứng thư số thuộc {sender}: trục đối chiếu với danh bạ khi tiếp nhận.",
        "That the certificate belongs to {sender}: the exchange asks its directory when it accepts.",
    ),
    "outside_canonical_form": Text(
        OPEN,
        "Khoảng trắng trong thẻ, chú thích XML: chữ ký không bao; SHA-256 trong biên nhận thì có.",
        "White space in tags, XML comments: the signature does not cover them; the SHA-256 in receipts does.",
    ),
    "acceptance_not_given": Text(
        OPEN,
        "Trục đã tiếp nhận hay đã chuyển văn bản: điều đó do biên nhận chứng minh.",
        "That the exchange accepted or delivered it: receipts prove that.",
    ),
    "revocation_good": Text(PROVEN, "{about}: {why_vi}", "{about}: {why}"),
    "revoked": Text(REFUSED, "{about}: {why_vi}", "{about}: {why}", *UNSIGNED),
    "revocation_unchecked": Text(
        UNCHECKED,
        "{about}: chưa kiểm tra được chứng thư số có bị thu hồi hay không: {why_vi}",
        "{about}: whether the certificate was revoked could not be checked: {why}",
        "Dùng --trust với chứng thư số của CA; hoặc hỏi CA.",
        "Use --trust with the certificate of the CA; or ask the CA.",
    ),
    "revocation_absent": Text(
        OPEN,
        "{about}: chứng thư số của người ký có bị thu hồi hay không: không có CRL hay OCSP nói về nó.",
        "{about}: whether the signer's certificate was revoked: no CRL or OCSP answer speaks of it.",
    ),
    # --- bundles ---
    "container": Text(
        REFUSED,
        "{why_vi}",
        "{why}",
        "Tệp bị hỏng hoặc bị cắt; tải lại từ trục.",
        "The file is damaged or cut off; fetch it again from the exchange.",
    ),
    "container_signature": Text(
        PROVEN,
        "{count} tệp trong gói nguyên vẹn từ khi trục ký lúc {at} bằng chứng thư số {subject}.",
        "{count} files in the bundle are unchanged since the exchange signed them at {at} with the "
        "certificate "
        "{subject}.",
    ),
    "container_broker_unknown": Text(
        UNCHECKED,
        "{count} tệp trong gói nguyên vẹn từ khi được ký lúc {at} bằng chứng thư số {subject}; chưa ai mà "
        "bạn tin "
        "cậy bảo đảm chứng thư số này.",
        "{count} files are unchanged since they were signed at {at} with the certificate {subject}; nobody "
        "you "
        "trust vouches for it.",
        *BROKER,
    ),
    "container_signature_wrong": Text(REFUSED, "{about}: {why_vi}", "{about}: {why}", *AGAIN),
    "container_certificate_validity": Text(
        REFUSED,
        "Gói được ký lúc {at}, ngoài thời hạn của chứng thư số {subject}.",
        "The bundle was signed at {at}, outside the validity of the certificate {subject}.",
        "Đề nghị trục lập lại hồ sơ bằng chứng thư số còn hiệu lực.",
        "Ask the exchange to sign it again with a certificate that is valid.",
    ),
    "file_changed": Text(
        REFUSED,
        "{about} đã bị thay đổi sau khi trục ký gói.",
        "{about} was changed after the exchange signed the bundle.",
        *AGAIN,
    ),
    "file_missing": Text(
        REFUSED, "{about} đã bị lấy ra khỏi gói.", "{about} was taken out of the bundle.", *AGAIN
    ),
    "file_not_covered": Text(
        OPEN,
        "{about}: không do trục ký; không chứng minh gì.",
        "{about}: the exchange did not sign it; it proves nothing.",
    ),
    "packed_otherwise": Text(
        OPEN,
        "Cách đóng gói ZIP khác với trục (thời gian, nén, byte thừa giữa các tệp): chữ ký không bao những "
        "phần đó.",
        "The ZIP is packed otherwise than the exchange packs it (times, compression, bytes between files): "
        "the "
        "signature does not cover these.",
    ),
    "file_unknown": Text(
        OPEN,
        "{about}: không phải tệp của một hồ sơ bằng chứng; không được kiểm tra.",
        "{about}: no file of an evidence bundle; it was not looked into.",
    ),
    "bundle_of_stranger": Text(
        UNCHECKED,
        "Gói không do trục này ký: nội dung không được kiểm tra ở đây.",
        "This exchange did not sign the bundle: it was not looked into.",
        "Dùng exchange verify với chứng thư số của trục đã ký.",
        "Use exchange verify with the certificate of the exchange that signed it.",
    ),
    "part_unreadable": Text(
        REFUSED,
        "{about} thiếu hoặc không đọc được: {why}.",
        "{about} is missing or cannot be read: {why}.",
        *AGAIN,
    ),
    "contents_of_other_document": Text(
        REFUSED,
        "{about} nói về văn bản khác (SHA-256 {digest}).",
        "{about} speaks of another document (SHA-256 {digest}).",
        *AGAIN,
    ),
    "entry_of_other_checkpoint": Text(
        REFUSED,
        "{about} thuộc điểm chốt khác với checkpoint.txt.",
        "{about} belongs to another checkpoint than checkpoint.txt.",
        *AGAIN,
    ),
    "entry_of_other_document": Text(
        REFUSED, "{about} nói về văn bản khác.", "{about} speaks of another document.", *AGAIN
    ),
    "receipt_not_entered": Text(
        REFUSED,
        "{about} không phải biên nhận mà sổ cái đã ghi cho lượt chuyển này.",
        "{about} is not the receipt that the ledger entered for this delivery.",
        *AGAIN,
    ),
    "receipt_of_other_kind": Text(
        REFUSED,
        "{about} là biên nhận thuộc loại khác với tên tệp.",
        "{about} is a receipt of another kind than its name says.",
        *AGAIN,
    ),
    "receipt_absent": Text(
        OPEN,
        "{about}: sổ cái đã ghi một biên nhận không có trong gói này.",
        "{about}: the ledger entered a receipt that is not in this bundle.",
    ),
    "files_in_ledger": Text(
        PROVEN,
        "Sổ cái đã ghi mã băm của đúng các tệp này: {names}.",
        "The ledger entered the digest of exactly these files: {names}.",
    ),
    "findings_entered": Text(
        PROVEN,
        "Sổ cái đã ghi mã băm của đúng tệp {about}: trục đã kết luận như vậy về chữ ký trong PDF đính kèm.",
        "The ledger entered the digest of exactly {about}: this is what the exchange found of the signatures "
        "in attached PDFs.",
    ),
    "findings_unentered": Text(
        OPEN,
        "{about}: sổ cái chưa ghi; chỉ có chữ ký của trục trên gói bảo đảm tệp này.",
        "{about}: the ledger has no entry of it; only the exchange's signature over the bundle stands for "
        "it.",
    ),
    "findings_not_entered": Text(
        REFUSED,
        "{about} không phải kết luận mà sổ cái đã ghi.",
        "{about} is not what the ledger entered.",
        *AGAIN,
    ),
    "findings_differ": Text(
        REFUSED,
        "{about} nói khác với tệp thật trong văn bản: {names}.",
        "{about} says of these files what is not in them: {names}.",
        "Không dựa vào kết luận của trục; đề nghị trục giải trình.",
        "Do not rely on what the exchange found; ask the exchange.",
    ),
    "pdf_told": Text(
        OPEN,
        "{name}, theo trục, xét tại {at}: {said_vi}",
        "{name}, by the exchange's word, as of {at}: {said}",
    ),
    "pdf_signature": Text(
        PROVEN,
        "{about}, ô chữ ký “{field}”, kiểm tra lại từ chính tệp và CA mà bạn tin cậy: {said_vi}",
        "{about}, field “{field}”, examined anew in the file itself by the CAs that you trust: {said}",
    ),
    "pdf_signature_fails": Text(
        OPEN,
        "{about}, ô chữ ký “{field}”, không chứng minh được với CA mà bạn tin cậy: {said_vi}",
        "{about}, field “{field}”, is not proven by the CAs that you trust: {said}",
    ),
    "pdf_unchecked": Text(
        OPEN,
        "{about}: chữ ký trong PDF đính kèm chưa được kiểm tra lại: {why_vi}.",
        "{about}: the signatures in attached PDFs were not examined anew: {why}.",
    ),
    "status_of_other_document": Text(
        REFUSED,
        "{about} không nói về văn bản trong gói này.",
        "{about} does not speak of the document in this bundle.",
        *AGAIN,
    ),
    "document_absent": Text(
        OPEN,
        "Nội dung văn bản: không có trong hồ sơ này.",
        "What the document says: it is not in this bundle.",
    ),
    "ledger_absent": Text(
        OPEN,
        "Sổ cái: hồ sơ này không có bằng chứng nào từ sổ cái.",
        "The ledger: this bundle has no proof from it.",
    ),
    "entry_pending": Text(
        UNCHECKED,
        "Chưa vào cây của sổ cái khi lập hồ sơ: {said_vi}, {at}.",
        "Not in the ledger's tree yet when this was gathered: {said}, {at}.",
        "Tải lại hồ sơ sau {seconds} giây.",
        "Come back in {seconds} seconds and fetch the bundle again.",
    ),
    "delivery_unended": Text(
        OPEN,
        "Lượt chuyển tới {receiver} chưa kết thúc khi lập hồ sơ ({at}).",
        "The delivery to {receiver} had no end yet when this was gathered ({at}).",
    ),
    **LEDGER_TEXTS,
    **REPORT_TEXTS,
}
