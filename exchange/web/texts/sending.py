"""What the pages say of documents that an agency sends."""

TEXTS = {
    "send.title": ("Gửi văn bản", "Send"),
    "send.signed": ("Gửi tệp edXML đã ký số", "Send a signed edXML file"),
    "send.signed_hint": (
        "Chọn tệp .edxml đã ký bằng chứng thư số của cơ quan. Nơi nhận lấy theo nội dung tệp. "
        "Trục kiểm tra trước, bạn xem kết quả rồi mới gửi.",
        "Choose a .edxml file that was signed with your agency's certificate. Its receivers stand in the "
        "file. It is checked first; you see the result before anything is sent.",
    ),
    "send.file": ("Tệp .edxml", "File (.edxml)"),
    "send.file_missing": ("Hãy chọn một tệp.", "Choose a file."),
    "send.check": ("Kiểm tra trước khi gửi", "Check before sending"),
    "send.no_file_yet": ("Chưa có tệp edXML?", "No edXML file yet?"),
    "send.to_compose": ("Soạn từ tệp PDF", "Make one from a PDF"),
    "send.to_groups": ("Nhóm nơi nhận", "Groups of receivers"),
    "send.not_taken": ("Không nhận được tệp này", "This file cannot be taken"),
    "send.discarded": ("Đã bỏ bản chờ gửi.", "The draft is discarded."),
    "send.draft": ("Kiểm tra trước khi gửi", "Before it is sent"),
    "send.all_well": (
        "Có thể gửi: không thấy lý do nào để từ chối.",
        "It can be sent: nothing is known against it.",
    ),
    "send.not_well": (
        "Chưa gửi được. Xem lý do bên dưới; không có gì được gửi đi.",
        "It cannot be sent as it is. See why below; nothing has been sent.",
    ),
    "send.needs_signature": (
        "Văn bản chưa ký số. Tải tệp về, ký bằng USB token của cơ quan, rồi gửi tệp đã ký.",
        "It is not signed. Download it, sign it with your agency's token, then send the signed file.",
    ),
    "send.signs_elsewhere": (
        "Trục không giữ khóa của cơ quan: soạn xong, tải tệp về, ký bằng USB token rồi gửi tệp đã ký.",
        "The exchange keeps no key of your agency: you download what you made, sign it with your token, and "
        "send the signed file.",
    ),
    "send.signs_here": (
        "Khi gửi, trục ký bằng khóa của cơ quan mà trục giữ.",
        "When you send it, the exchange signs it with your agency's key, which it keeps.",
    ),
    "send.download": ("Tải tệp chưa ký (.edxml)", "Download the unsigned file (.edxml)"),
    "send.upload_signed": ("Gửi tệp đã ký", "Send the signed file"),
    "send.now": ("Gửi tới {count} nơi nhận", "Send to {count} receivers"),
    "send.sign_now": ("Ký và gửi tới {count} nơi nhận", "Sign and send to {count} receivers"),
    "send.discard": ("Bỏ, không gửi", "Discard"),
    "send.receivers": ("Nơi nhận", "Receivers"),
    "send.result": ("Kết quả kiểm tra", "Result"),
    "send.would_go": ("Gửi được", "Can be sent"),
    "send.would_not_go": ("Không gửi được", "Cannot be sent"),
    "send.forwarded": ("Được chuyển tới cơ quan kế thừa.", "It goes to the agency that follows."),
    "send.away": (
        "Chưa liên lạc được từ {at}; trục sẽ thử lại nhiều lần.",
        "Not reached since {at}; the exchange will try again and again.",
    ),
    "send.against": ("Lý do", "Why"),
    "send.files": ("Tệp đính kèm", "Attachments"),
    "send.compose": ("Soạn văn bản từ tệp PDF", "A document from a PDF"),
    "send.number": ("Số", "Number"),
    "send.notation": ("Ký hiệu", "Symbol"),
    "send.notation_hint": ("Ví dụ: UBND-VX", "For example UBND-VX"),
    "send.on": ("Ngày văn bản", "Dated"),
    "send.type": ("Loại văn bản", "Type"),
    "send.subject": ("Trích yếu", "Subject"),
    "send.priority": ("Độ khẩn", "Urgency"),
    "send.place": ("Nơi ban hành", "Place"),
    "send.position": ("Chức vụ người ký", "Position of the signer"),
    "send.signer": ("Họ tên người ký", "Name of the signer"),
    "send.pdf": ("Tệp PDF đã ký số và phụ lục", "The signed PDF, and annexes"),
    "send.pdf_hint": ("Chọn được nhiều tệp.", "Several files can be chosen."),
    "send.copies": ("Số lượng bản phát hành", "Copies issued"),
    "send.missing.copies": ("Ghi số từ 1 đến 999.", "Write a number from 1 to 999."),
    "send.missing.reason": ("Hãy ghi lý do.", "Say why."),
    "send.change.revoke": ("Thu hồi văn bản đã gửi", "Revoke a document"),
    "send.change.update": ("Cập nhật văn bản đã gửi", "Update a document"),
    "send.change.replace": ("Thay thế văn bản đã gửi", "Replace a document"),
    "send.law.revoke": (
        "Thu hồi là văn bản riêng, có số và chữ ký số. Nơi nhận phải hủy văn bản bị thu hồi trên hệ thống "
        "của "
        "mình và báo lại (Quyết định 28/2018/QĐ-TTg, Điều 9; Nghị định 30/2020/NĐ-CP, Điều 18). Nơi nào chưa "
        "nhận thì trục không chuyển văn bản bị thu hồi tới nữa.",
        "A revocation is a document of its own, with a number and a signature. Receivers must cancel the "
        "revoked "
        "document in their systems and report it (Decision 28/2018/QĐ-TTg, art. 9; Decree 30/2020/NĐ-CP, "
        "art. 18). Where the revoked one has not arrived yet, it is not delivered any more.",
    ),
    "send.law.update": (
        "Văn bản cập nhật sửa nội dung hoặc nơi nhận của văn bản đã gửi. Nơi nhận trả lời đồng ý (15) hoặc "
        "từ "
        "chối (16).",
        "An update changes what an earlier document says, or who receives it. Receivers answer that they "
        "agree "
        "(15) or decline (16).",
    ),
    "send.law.replace": (
        "Sai sót về nội dung phải sửa đổi, thay thế bằng văn bản có hình thức tương đương (Nghị định "
        "30/2020/NĐ-CP, Điều 18). Nơi nhận trả lời đồng ý (15) hoặc từ chối (16).",
        "An error of content is mended by a document of the same form that amends or replaces the earlier "
        "one "
        "(Decree 30/2020/NĐ-CP, art. 18). Receivers answer that they agree (15) or decline (16).",
    ),
    "send.earlier": ("Văn bản trước", "The earlier document"),
    "send.change_hint": (
        "Đã có tệp edXML ký số ghi mã văn bản trước? Gửi tệp đó ở mục Gửi văn bản.",
        "If you have a signed edXML file that names the earlier document, hand it in under Send.",
    ),
    "send.earlier_unknown": ("không có trong sổ văn bản đi", "not in your register of outgoing documents"),
    "send.reason": ("Lý do", "Reason"),
    "send.reason_hint": ("Nơi nhận đọc được lý do này.", "The receivers read it."),
    "send.paper": ("Có gửi kèm bản giấy", "A paper copy goes beside it"),
    "send.document": ("Văn bản", "Document"),
    "send.sets": ("Gửi theo nhóm", "By group"),
    "send.singles": ("Chọn từng cơ quan ({count})", "Single agencies ({count})"),
    "send.more": ("Hoặc ghi mã định danh, mỗi dòng một mã", "Or write codes, one a line"),
    "send.without": (
        "Bỏ qua nơi chưa kết nối (phải gửi bản giấy cho các nơi đó)",
        "Leave out who is not connected (they must get it on paper)",
    ),
    "send.not_connected": (
        "Các nơi sau chưa kết nối với trục: {names}.",
        "These are not connected to the exchange: {names}.",
    ),
    "send.no_adapter": ("chưa kết nối", "not connected"),
    "send.set.commune": ("Tất cả cấp xã", "All communes"),
    "send.set.department": ("Tất cả sở, ban, ngành", "All departments"),
    "send.set.district": ("Tất cả cấp huyện", "All districts"),
    "send.set.under": ("Các đơn vị thuộc {name}", "All under {name}"),
    "send.set.group": ("Nhóm: {name}", "Group: {name}"),
    "send.set_count": ("{title} ({count})", "{title} ({count})"),
    "send.unknown": ("Không có trong danh bạ: {codes}.", "Not in the directory: {codes}."),
    "send.missing.number": ("Hãy ghi số văn bản.", "Write the number."),
    "send.missing.notation": ("Hãy ghi ký hiệu.", "Write the symbol."),
    "send.missing.subject": ("Hãy ghi trích yếu.", "Write the subject."),
    "send.missing.on": ("Hãy chọn ngày văn bản.", "Choose the date."),
    "send.missing.files": (
        "Hãy chọn tệp (chọn lại nếu trang vừa báo lỗi).",
        "Choose the file (once more after an error).",
    ),
    "send.missing.to": ("Hãy chọn ít nhất một nơi nhận.", "Choose at least one receiver."),
    "groups.title": ("Nhóm nơi nhận của cơ quan", "Your groups of receivers"),
    "groups.name": ("Tên nhóm", "Name of the group"),
    "groups.members": ("Thành viên", "Members"),
    "groups.new": ("Lập nhóm mới", "A new group"),
    "groups.change": ("Sửa nhóm", "Change the group"),
    "groups.save": ("Lưu nhóm", "Save the group"),
    "groups.edit": ("Sửa", "Change"),
    "groups.remove": ("Xóa nhóm", "Remove"),
    "groups.none": ("Chưa có nhóm nào.", "There is no group yet."),
    "groups.saved": ("Đã lưu nhóm.", "The group is saved."),
    "groups.removed": ("Đã xóa nhóm.", "The group is removed."),
    "groups.missing.name": ("Hãy đặt tên nhóm.", "Give the group a name."),
    "groups.missing.members": ("Hãy chọn ít nhất một cơ quan.", "Choose at least one agency."),
    "groups.taken": ("Đã có nhóm mang tên này.", "There is a group of this name already."),
    "groups.too_many": ("Đã đủ số nhóm cho phép.", "There are as many groups as there may be."),
    "outgoing.title": ("Sổ văn bản đi", "Register of outgoing documents"),
    "outgoing.at": ("Gửi lúc", "Sent"),
    "outgoing.receivers": ("Nơi nhận", "Receivers"),
    "outgoing.and_more": ("và {count} nơi khác", "and {count} more"),
    "outgoing.kind": ("Hình thức", "Kind"),
    "outgoing.electronic": ("Điện tử", "Electronic"),
    "outgoing.paper": ("Văn bản giấy", "Paper"),
    "outgoing.paper_withdrawn": ("Văn bản giấy, đã hủy đăng ký", "Paper, withdrawn"),
    "outgoing.search": ("Tìm số, ký hiệu, trích yếu", "Search number, symbol, subject"),
    "outgoing.sent": (
        "Trục đã tiếp nhận văn bản. Trạng thái từng nơi nhận hiện bên dưới.",
        "The exchange has accepted the document. Where it stands at each receiver is shown below.",
    ),
    "outgoing.asked": (
        "Đã gửi đề nghị lấy lại. Trả lời của từng nơi nhận hiện bên dưới.",
        "The request is on its way. What each receiver answers is shown below.",
    ),
    "outgoing.changed.1": ("Văn bản này đã bị thu hồi bằng", "This document was revoked by"),
    "outgoing.changed.2": ("Văn bản này đã được cập nhật bằng", "This document was updated by"),
    "outgoing.changed.3": ("Văn bản này đã được thay thế bằng", "This document was replaced by"),
    "outgoing.what_more": ("Lấy lại, thu hồi, sửa đổi", "Take back, revoke, change"),
    "outgoing.take_back_hint": (
        "Đề nghị nơi nhận trả lại (trạng thái 13). Nơi chưa nhận thì dừng chuyển ngay; nơi đã nhận trả lời "
        "đồng ý "
        "(15) hoặc từ chối (16).",
        "Ask receivers to give it back (status 13). Where it has not arrived it is stopped at once; who has "
        "it "
        "agrees (15) or declines (16).",
    ),
    "outgoing.hint.revoke": (
        "Gửi văn bản thu hồi. Nơi nhận phải hủy và báo lại.",
        "Send a revocation. Receivers must cancel the document and report it.",
    ),
    "outgoing.hint.update": (
        "Gửi bản sửa nội dung hoặc nơi nhận của văn bản này.",
        "Send a document that changes what this one says or who receives it.",
    ),
    "outgoing.hint.replace": (
        "Gửi văn bản mới thay cho văn bản này.",
        "Send a new document in place of this one.",
    ),
    "outgoing.answer": ("Trả lời", "Answer"),
    "outgoing.answer.13": ("Chờ trả lời đề nghị lấy lại", "Asked to give it back, no answer yet"),
    "outgoing.answer.15": ("Đồng ý", "Agrees"),
    "outgoing.answer.16": ("Từ chối", "Declines"),
    "outgoing.signer": ("Người ký", "Signed by"),
    "take_back.title": ("Đề nghị lấy lại văn bản", "Ask to have it back"),
    "take_back.back": ("Về trang văn bản", "Back to the document"),
    "take_back.law": (
        "Lấy lại là đề nghị: nơi nhận đồng ý (15) hoặc từ chối (16). Nơi chưa nhận thì trục dừng chuyển "
        "ngay. Nếu "
        "văn bản đã ban hành sai và phải hủy, hãy gửi văn bản thu hồi (Quyết định 28/2018/QĐ-TTg, Điều 9).",
        "This is a request: receivers agree (15) or decline (16). Where the document has not arrived yet, "
        "it is "
        "stopped at once. A document that must be cancelled needs a revocation (Decision 28/2018/QĐ-TTg, "
        "art. 9).",
    ),
    "take_back.from": ("Lấy lại từ", "From whom"),
    "take_back.missing.to": ("Hãy chọn ít nhất một nơi nhận.", "Choose at least one receiver."),
    "take_back.missing.reason": ("Hãy ghi lý do.", "Say why."),
    "take_back.go_on": ("Xem lại trước khi gửi", "Go on"),
    "take_back.confirm": (
        "Xác nhận: đề nghị {count} nơi nhận trả lại văn bản. Việc này được ghi vào sổ cái và không rút lại "
        "được.",
        "Please confirm: the document is asked back from {count} receivers. This is entered in the ledger "
        "and "
        "cannot be undone.",
    ),
    "take_back.now": ("Gửi đề nghị tới {count} nơi nhận", "Ask {count} receivers"),
    "take_back.leave": ("Không gửi", "Do not ask"),
    "take_back.nobody": (
        "Không có nơi nhận nào có thể đề nghị lấy lại: việc chuyển đã kết thúc, hoặc đã đề nghị rồi.",
        "No receiver can be asked: the delivery has ended without reaching them, or they were asked already.",
    ),
    "take_back.proven": (
        "Đề nghị được ký số bằng khóa của cơ quan do trục giữ.",
        "The request is signed with your agency's key, which the exchange keeps.",
    ),
    "take_back.unproven": (
        "Trục gửi đề nghị bằng con dấu của trục và ghi là không có chữ ký số của cơ quan.",
        "The exchange sends the request under its own seal, marked as not signed by your agency.",
    ),
    "outgoing.progress": (
        "Đã chuyển tới {delivered} trong {all} nơi nhận",
        "Delivered to {delivered} of {all}",
    ),
    "outgoing.refresh": ("Tải lại trạng thái", "Load it again"),
    "outgoing.accepted": ("Trục tiếp nhận lúc", "Accepted by the exchange"),
    "book.outgoing": ("SỔ ĐĂNG KÝ VĂN BẢN ĐI", "REGISTER OF OUTGOING DOCUMENTS"),
    "book.to_whom": ("Nơi nhận", "To"),
    "book.signer": ("Người ký", "Signed by"),
    "book.file_copy": ("Đơn vị, người nhận bản lưu", "File copy kept by"),
    "book.copies": ("Số lượng bản", "Copies"),
    "book.sent": ("Ngày chuyển", "Sent"),
}
