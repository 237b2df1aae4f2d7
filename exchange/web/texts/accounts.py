"""Texts of sign-in, the second factor, and a person's own account."""

TEXTS = {
    "sign_in.title": ("Đăng nhập", "Sign in"),
    "sign_in.login": ("Tên đăng nhập", "Login"),
    "sign_in.password": ("Mật khẩu", "Password"),
    "sign_in.button": ("Đăng nhập", "Sign in"),
    "sign_in.provider": ("Đăng nhập bằng {provider}", "Sign in with {provider}"),
    "sign_in.refused": (
        "Tên đăng nhập hoặc mật khẩu không đúng, hoặc đang tạm khoá sau nhiều lần sai. Kiểm tra lại rồi thử "
        "lại sau ít phút; nếu quên mật khẩu, hãy đề nghị quản trị.",
        "Login or password is not right, or there is a lock after several wrong ones. Check both and try "
        "again in a few minutes; if you forgot the password, ask the administrator.",
    ),
    "sign_in.needed": ("Hãy đăng nhập để mở trang.", "Sign in to open the page."),
    "sign_in.ended": (
        "Phiên làm việc đã kết thúc. Nếu bạn vừa gửi biểu mẫu thì chưa có gì được thực hiện: hãy đăng nhập "
        "và gửi lại.",
        "Your session is over. If you just sent a form, nothing was done: sign in and send it again.",
    ),
    "oidc.refused": ("Chưa đăng nhập được", "You are not signed in"),
    "oidc.away": (
        "Nhà cung cấp định danh chưa trả lời. Hãy thử lại sau ít phút hoặc đăng nhập bằng mật khẩu.",
        "The identity provider does not answer. Try again in a few minutes, or sign in with a password.",
    ),
    "oidc.not_proven": (
        "Câu trả lời của nhà cung cấp định danh không dùng được hoặc đã quá hạn. Hãy đăng nhập lại từ đầu; "
        "nếu vẫn lỗi, báo quản trị.",
        "The identity provider's answer cannot be used, or came too late. Begin again; if it stays, tell the "
        "administrator.",
    ),
    "oidc.unknown": (
        "Danh tính của bạn chưa gắn với tài khoản nào ở đây, hoặc tài khoản đã bị khoá. Hãy báo quản trị.",
        "Your identity belongs to no account here, or the account is disabled. Ask the administrator.",
    ),
    "second_factor.title": ("Xác thực lớp thứ hai", "Second factor"),
    "second_factor.code": ("Mã", "Code"),
    "second_factor.hint": (
        "Mã 6 số trong ứng dụng xác thực của bạn, hoặc một mã dự phòng.",
        "The 6 digits that your authenticator shows, or a recovery code.",
    ),
    "second_factor.button": ("Tiếp tục", "Go on"),
    "second_factor.refused": (
        "Mã không đúng, đã dùng rồi, hoặc đang tạm khoá. Đợi mã kế tiếp rồi thử lại; nếu mất thiết bị và mã "
        "dự phòng, hãy đề nghị quản trị.",
        "The code is not right, was used already, or there is a lock. Wait for the next code and try again; "
        "if device and recovery codes are lost, ask the administrator.",
    ),
    "second_factor.new_title": ("Bật xác thực hai lớp", "Set up the second factor"),
    "second_factor.why": (
        "Sau mật khẩu, bạn sẽ nhập thêm một mã do điện thoại hay máy tính của bạn tạo ra. Kẻ biết mật khẩu "
        "của bạn vẫn không vào được.",
        "After the password you enter a code that your phone or computer makes. Whoever knows your password "
        "still does not get in.",
    ),
    "second_factor.step_scan": (
        "Mở ứng dụng xác thực (TOTP) và quét hình này.",
        "Open an authenticator app (TOTP) and scan this picture.",
    ),
    "second_factor.picture": ("Mã QR chứa khoá bí mật của bạn", "QR code with your secret"),
    "second_factor.type_instead": ("Không quét được thì gõ khoá này:", "Or type this key:"),
    "second_factor.step_code": (
        "Nhập mã 6 số mà ứng dụng hiện ra.",
        "Enter the 6 digits that it shows.",
    ),
    "second_factor.set_button": ("Bật", "Set it up"),
    "second_factor.wrong": (
        "Mã không khớp. Kiểm tra giờ của điện thoại, đợi mã kế tiếp rồi nhập lại.",
        "The code does not fit. Check the time of your phone, wait for the next code and enter that.",
    ),
    "recovery.title": ("Mã dự phòng", "Recovery codes"),
    "recovery.once": (
        "Chỉ hiện một lần. Hãy in hoặc chép lại ngay, cất ở nơi an toàn.",
        "They are shown this once. Print or write them down now, and keep them in a safe place.",
    ),
    "recovery.what": (
        "Khi mất thiết bị, mỗi mã thay cho mã xác thực một lần.",
        "When your device is lost, each stands in once for a code of it.",
    ),
    "recovery.done": ("Tôi đã cất mã", "I have kept them"),
    "invitation.title": ("Đặt mật khẩu", "Set your password"),
    "invitation.for": ("Tài khoản: {login}", "Account: {login}"),
    "invitation.over_title": ("Đường dẫn không còn hiệu lực", "The link is no longer valid"),
    "invitation.over": (
        "Đường dẫn đã được dùng hoặc đã quá hạn. Hãy đề nghị quản trị cấp đường dẫn mới.",
        "It was used or is too old. Ask the administrator for a new one.",
    ),
    "password.title": ("Đổi mật khẩu", "Change the password"),
    "password.old": ("Mật khẩu hiện tại", "Present password"),
    "password.new": ("Mật khẩu mới", "New password"),
    "password.again": ("Nhập lại mật khẩu mới", "New password again"),
    "password.hint": (
        "Từ {least} ký tự. Một câu dài dễ nhớ tốt hơn một từ ngắn khó nhớ.",
        "{least} characters or more. A long sentence is better than a short difficult word.",
    ),
    "password.button": ("Đặt mật khẩu", "Set the password"),
    "password.wrong_old": ("mật khẩu hiện tại không đúng.", "the present password is not right."),
    "password.differ": ("hai lần nhập không giống nhau.", "the two are not the same."),
    "password.common": (
        "dễ bị đoán: tránh từ, tên, ngày tháng phổ biến và tên tài khoản. Hãy ghép vài từ không liên quan.",
        "it is easily guessed: avoid common words, names, dates and the login. Put unrelated words together.",
    ),
    "password.weak": (
        "cần từ {least} ký tự, ít nhất năm ký tự khác nhau.",
        "it needs {least} characters or more, at least five of them different.",
    ),
    "password.done": (
        "Đã đổi mật khẩu; các phiên khác đã kết thúc.",
        "The password is changed; other sessions are ended.",
    ),
    "account.title": ("Tài khoản của tôi", "My account"),
    "account.login": ("Tên đăng nhập", "Login"),
    "account.role": ("Vai trò", "Role"),
    "account.agency": ("Cơ quan", "Agency"),
    "account.name": ("Họ tên", "Name"),
    "account.email": ("Thư điện tử", "E-mail"),
    "account.second_factor": ("Xác thực hai lớp", "Second factor"),
    "account.second_factor_on": ("đang bật, còn {left} mã dự phòng", "on, {left} recovery codes left"),
    "account.second_factor_off": ("chưa bật", "not set up"),
    "account.set_up": ("Bật xác thực hai lớp", "Set up the second factor"),
    "account.renew_codes": ("Tạo mã dự phòng mới", "Make new recovery codes"),
    "account.renew_explained": (
        "Các mã cũ sẽ hết hiệu lực. Nhập mật khẩu để xác nhận.",
        "The old ones are worth nothing then. Confirm with your password.",
    ),
    "account.everywhere": ("Đăng xuất mọi nơi", "Sign out everywhere"),
    "account.everywhere_explained": (
        "Kết thúc mọi phiên của bạn, trên mọi thiết bị, kể cả phiên này.",
        "Ends all your sessions, on all devices, this one too.",
    ),
    "account.provider_only": (
        "Bạn đăng nhập qua nhà cung cấp định danh; mật khẩu được đổi ở đó.",
        "You sign in with the identity provider; the password is changed there.",
    ),
}
