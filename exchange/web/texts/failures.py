"""Texts of failures: causes with what to do about them."""

TEXTS = {
    "menu.failures": ("Không chuyển được", "Failures"),
    "failures.title": ("Văn bản không chuyển được", "What could not be delivered"),
    "failures.intro": (
        "Mỗi nhóm là một nguyên nhân. Bên gửi đã nhận biên nhận báo không chuyển được. "
        "Sửa nguyên nhân trước, xem thử, rồi gửi lại cả nhóm.",
        "Each group has one cause. The senders hold receipts that say so. Mend the cause, look at what would "
        "happen, then send the group again.",
    ),
    "failures.none": (
        "Không có văn bản nào phải gửi lại.",
        "There is nothing to be sent again.",
    ),
    "failures.cause": ("Nguyên nhân", "Cause"),
    "failures.count": ("Số lượt", "How many"),
    "failures.receivers": ("Số nơi nhận", "Receivers"),
    "failures.first": ("Sớm nhất", "First"),
    "failures.last": ("Gần nhất", "Last"),
    "failures.remedy": ("Nên làm gì", "What to do"),
    "failures.ended": ("Kết thúc lúc", "Ended"),
    "failures.back": ("Về các nhóm nguyên nhân", "Back to the causes"),
    "failures.attempts": ("Số lần thử", "Attempts"),
    "failures.said": ("Lời của phần mềm nơi nhận hoặc của trục", "In the words of the software"),
    "failures.list": ("Các lượt không chuyển được", "What was not delivered"),
    "failures.all_receivers": ("Mọi nơi nhận", "All receivers"),
    "failures.receiver": ("Nơi nhận", "Receiver"),
    "failures.dry_run": ("Nếu gửi lại bây giờ", "If it were sent again now"),
    "failures.dry_run.hint": (
        "Chưa gửi gì. Mỗi lượt sẽ thành một lần gửi mới, có hạn chuyển mới và biên nhận mới; "
        "biên nhận cũ vẫn giữ nguyên.",
        "Nothing was sent. Each becomes a new round with its own time and receipt; the old receipt stays.",
    ),
    "failures.would": ("Sẽ ra sao", "What would happen"),
    "would.fetch": ("Để sẵn, chờ cơ quan đến lấy", "Put out for the agency to fetch"),
    "would.send": ("Gửi ngay tới phần mềm", "Sent to its software at once"),
    "would.failing": (
        "Gửi ngay, nhưng phần mềm đang không trả lời từ {at}",
        "Sent at once, but its software has not answered since {at}",
    ),
    "would.closed": ("Cơ quan đã kết thúc: không nên gửi lại", "It is closed: better not"),
    "would.unconnected": ("Cơ quan chưa kết nối: chỉ nằm chờ", "Not connected: it would only wait"),
    "failures.retry": ("Gửi lại {count} lượt", "Send {count} again"),
    "failures.retry.only": ("Chỉ quản trị được gửi lại.", "Only administrators send again."),
    "failures.progress": ("Đang gửi lại: {done}/{all}", "Sending again: {done} of {all}"),
    "failures.go_on": ("Tiếp tục", "Go on"),
    "failures.wait": (
        "Trang tự chạy tiếp. Nếu trang đứng yên, bấm “Tiếp tục”; đóng trang thì dừng, "
        "phần đã gửi lại vẫn giữ nguyên.",
        "The page goes on by itself. If it stands still, press “Go on”; closing it stops, and what was sent "
        "stays sent.",
    ),
    "failures.done": (
        "Xong: đã gửi lại {sent} lượt; {skipped} lượt không gửi được nữa "
        "(đã thu hồi, hoặc ai đó đã gửi lại).",
        "Done: {sent} were sent again; {skipped} could not be (revoked, or somebody was faster).",
    ),
    "failures.watch": ("Xem văn bản đang chuyển", "See what is under way"),
    # causes
    "cause.expired": ("Quá hạn chuyển", "Not delivered in time"),
    "cause.expired.remedy": (
        "Nơi nhận không lấy hoặc không trả lời trong suốt thời hạn. Gọi cho cơ quan, chờ phần mềm của họ "
        "hoạt động trở lại rồi gửi lại.",
        "The receiver did not fetch or answer in all the time. Call it; send again when its software works.",
    ),
    "cause.http": (
        "Phần mềm nơi nhận từ chối (HTTP {code})",
        "The receiver's software refused it (HTTP {code})",
    ),
    "cause.http.remedy": (
        "Phần mềm nơi nhận đã trả lời và không nhận. Đọc lời của phần mềm bên dưới, nhờ đơn vị cung cấp "
        "phần mềm sửa, rồi gửi lại. Gửi lại khi chưa sửa sẽ bị từ chối như cũ.",
        "The software answered, and refused. Read its words below and have its maker mend it; sent again "
        "before that, it is refused again.",
    ),
    "cause.http_auth.remedy": (
        "Phần mềm nơi nhận không chấp nhận mã truy cập của trục. Thỏa thuận mã mới với cơ quan, sửa trong "
        "danh bạ (exchange directory import), kiểm tra kết nối, rồi gửi lại.",
        "The software does not accept the exchange's token. Agree on a new one, put it into the directory "
        "(exchange directory import), then send again.",
    ),
    "cause.http_size.remedy": (
        "Văn bản lớn hơn mức phần mềm nơi nhận cho phép. Đề nghị họ nâng mức, hoặc ghi giới hạn vào danh bạ "
        "để bên gửi được báo ngay từ đầu.",
        "The document is larger than the software takes. Ask for a higher limit, or put the limit into the "
        "directory so that senders are told at once.",
    ),
    "cause.other": ("{code}", "{code}"),
    "cause.": ("Không ghi nguyên nhân", "No cause given"),
    "cause.other.remedy": (
        "Đọc lời của phần mềm bên dưới và hỏi cơ quan nhận; sửa xong thì gửi lại.",
        "Read the words of the software below, ask the receiver, mend it, then send again.",
    ),
    "cause.receiver_split": ("Cơ quan nhận đã chia tách", "The receiver was split"),
    "cause.receiver_split.remedy": (
        "Không gửi lại: bên gửi phải chọn cơ quan kế thừa đúng việc (xem danh bạ).",
        "Do not send again: the sender chooses among the successors (see the directory).",
    ),
    "cause.receiver_closed": ("Cơ quan nhận đã kết thúc hoạt động", "The receiver was closed"),
    "cause.receiver_closed.remedy": (
        "Không gửi lại: bên gửi cần gửi cho cơ quan kế thừa (xem danh bạ).",
        "Do not send again: the sender sends to the successor (see the directory).",
    ),
}
