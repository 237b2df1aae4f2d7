"""Texts of the pages by which accounts are kept, and of who did what."""

TEXTS = {
    "menu.accounts": ("Người dùng", "People"),
    "menu.acts": ("Ai đã làm gì", "Who did what"),
    "confirm.title": ("Xác nhận lại danh tính", "Show again who you are"),
    "confirm.why": (
        "Bạn sắp thay đổi quyền truy cập của người khác. Hãy nhập lại mật khẩu hoặc mã trong ứng dụng xác "
        "thực; sau đó bạn có {minutes} phút để làm việc.",
        "You are about to change what others may do. Enter your password, or the code of your authenticator; "
        "it holds for {minutes} minutes.",
    ),
    "confirm.ended": (
        "Lần xác nhận trước đã hết hạn và chưa có gì thay đổi. Hãy xác nhận lại rồi thực hiện lại thao tác.",
        "The time was over and nothing was changed. Show again who you are, then do it once more.",
    ),
    "confirm.proof": ("Mật khẩu hoặc mã xác thực", "Password or code"),
    "confirm.button": ("Xác nhận", "Confirm"),
    "confirm.wrong": (
        "Không đúng, mã đã dùng rồi, hoặc đang tạm khoá sau nhiều lần sai. Kiểm tra lại rồi thử lại.",
        "It is not right, the code was used already, or there is a lock after several wrong ones. Try again.",
    ),
    "confirm.provider_only": (
        "Bạn đăng nhập qua nhà cung cấp định danh và chưa có mật khẩu ở đây. Để thay đổi tài khoản, hãy nhờ "
        "một quản trị khác cấp đường dẫn đặt mật khẩu cho bạn.",
        "You sign in with the identity provider and have no password here. To change accounts, ask another "
        "administrator for a link to set one.",
    ),
    "accounts.title": ("Người dùng", "People"),
    "accounts.search": ("Tìm", "Search"),
    "accounts.search_hint": (
        "Tên, tên đăng nhập hoặc cơ quan; không cần dấu.",
        "Name, login or agency.",
    ),
    "accounts.new": ("Thêm người dùng", "Add a person"),
    "accounts.created": ("Ngày tạo", "Created"),
    "accounts.standing": ("Tình trạng", "Standing"),
    "accounts.active": ("Đang hoạt động", "Active"),
    "accounts.invited": ("Chưa đặt mật khẩu", "No password yet"),
    "accounts.locked": ("Đang tạm khoá", "Locked for a while"),
    "accounts.disabled": ("Đã khoá hẳn", "Disabled"),
    "accounts.yes": ("Có", "Yes"),
    "accounts.no": ("Chưa", "No"),
    "accounts.login_hint": (
        "3 đến 64 ký tự: a–z, số, . _ @ - ; không đổi được về sau.",
        "3 to 64 characters: a to z, digits, . _ @ - ; it cannot be changed later.",
    ),
    "accounts.agency_hint": (
        "Mã cơ quan; chỉ dành cho văn thư. Vai trò khác để trống.",
        "Code of the agency, for a clerk alone. Leave it empty for others.",
    ),
    "accounts.subject": ("Mã ở nhà cung cấp định danh (sub)", "Subject at the identity provider (sub)"),
    "accounts.subject_hint": (
        "Điền nếu người này đăng nhập qua nhà cung cấp định danh; khi đó không cấp đường dẫn.",
        "For somebody who signs in with the identity provider; no link is given out then.",
    ),
    "accounts.choose": ("– Chọn –", "– Choose –"),
    "accounts.create": ("Tạo tài khoản và lấy đường dẫn", "Make the account and show its link"),
    "accounts.edit": ("Sửa thông tin, vai trò", "Change details or role"),
    "accounts.edit_title": ("Sửa tài khoản {login}", "Change the account {login}"),
    "accounts.edit_explained": (
        "Đổi vai trò hoặc cơ quan sẽ kết thúc mọi phiên đang mở của người này.",
        "Another role or agency ends all sessions of the person.",
    ),
    "accounts.save": ("Lưu", "Save"),
    "accounts.back": ("Về danh sách", "Back to the list"),
    "accounts.link_title": ("Đường dẫn đặt mật khẩu", "Link to set the password"),
    "accounts.link_once": (
        "Đường dẫn chỉ hiện một lần này, dùng được một lần trong {days} ngày. Hãy trao tận tay hoặc qua kênh "
        "an toàn cho đúng người; ai mở trước sẽ đặt được mật khẩu.",
        "The link is shown this once, and is good once, for {days} days. Hand it to the right person by a "
        "safe way: whoever opens it first sets the password.",
    ),
    "accounts.link_for": ("Dành cho: {name} ({login})", "For: {name} ({login})"),
    "accounts.link_done": ("Tôi đã chép đường dẫn", "I have copied the link"),
    "accounts.sessions": ("Đang đăng nhập ở", "Signed in at"),
    "accounts.no_sessions": ("Người này hiện không đăng nhập.", "The person is not signed in."),
    "accounts.address": ("Địa chỉ mạng", "Network address"),
    "accounts.since": ("Từ lúc", "Since"),
    "accounts.seen": ("Dùng lần cuối", "Last used"),
    "accounts.acts": ("Xem người này đã làm gì", "See what the person did"),
    "accounts.password_set": ("Đặt mật khẩu lần cuối", "Password set"),
    "accounts.do": ("Thay đổi", "Changes"),
    "accounts.own": (
        "Đây là tài khoản của bạn. Mật khẩu và xác thực hai lớp đổi ở trang “Tài khoản”; khoá hay đổi vai "
        "trò thì nhờ quản trị khác.",
        "This is your own account. Password and second factor are changed under “Account”; to disable it or "
        "change its role, ask another administrator.",
    ),
    "accounts.confirm_first": (
        "Để thay đổi, hãy xác nhận lại danh tính của bạn.",
        "To change something, show again who you are.",
    ),
    "accounts.unlock": ("Bỏ tạm khoá", "Unlock"),
    "accounts.unlock_explained": (
        "Các lần đăng nhập sai trước đây không còn tính.",
        "Refused sign-ins of before count no more.",
    ),
    "accounts.new_link": ("Cấp đường dẫn mới", "Give out a new link"),
    "accounts.new_link_explained": (
        "Khi đường dẫn cũ bị mất hoặc quá hạn; đường dẫn cũ hết hiệu lực.",
        "For a link that is lost or too old; the earlier one is good no more.",
    ),
    "accounts.reset_password": ("Đặt lại mật khẩu", "Reset the password"),
    "accounts.reset_password_explained": (
        "Mật khẩu hiện tại và mọi phiên chấm dứt ngay; bạn nhận một đường dẫn để trao cho người này.",
        "The present password and all sessions end at once; you get a link to hand over.",
    ),
    "accounts.reset_second_factor": ("Bỏ xác thực hai lớp", "Remove the second factor"),
    "accounts.reset_second_factor_explained": (
        "Khi người này mất thiết bị và mã dự phòng. Hãy chắc chắn ai đang yêu cầu.",
        "For somebody who lost device and recovery codes. Be sure who is asking.",
    ),
    "accounts.end_sessions": ("Kết thúc mọi phiên", "End all sessions"),
    "accounts.end_sessions_explained": (
        "Người này phải đăng nhập lại trên mọi thiết bị.",
        "The person has to sign in again on every device.",
    ),
    "accounts.disable": ("Khoá hẳn tài khoản", "Disable the account"),
    "accounts.disable_explained": (
        "Không ai đăng nhập được nữa, có hiệu lực ngay; việc đã làm vẫn còn trong sổ cái. Có thể mở lại.",
        "Nobody signs in with it any more, at once; its acts stay in the ledger. It can be enabled again.",
    ),
    "accounts.enable": ("Mở lại tài khoản", "Enable the account"),
    "accounts.enable_explained": (
        "Người này lại đăng nhập được với mật khẩu cũ; nếu đã quên thì đặt lại mật khẩu sau khi mở.",
        "The person signs in with the password of before; if it is forgotten, reset it afterwards.",
    ),
    "accounts.done.created": ("Đã tạo tài khoản.", "The account is made."),
    "accounts.done.changed": ("Đã lưu thay đổi.", "The changes are saved."),
    "accounts.done.disabled": ("Đã khoá hẳn tài khoản.", "The account is disabled."),
    "accounts.done.enabled": ("Đã mở lại tài khoản.", "The account is enabled."),
    "accounts.done.unlocked": ("Đã bỏ tạm khoá.", "The lock is gone."),
    "accounts.done.second_factor": ("Đã bỏ xác thực hai lớp.", "The second factor is removed."),
    "accounts.done.sessions": ("Đã kết thúc mọi phiên.", "All sessions are ended."),
    "accounts.done.is_disabled": (
        "Tài khoản đang bị khoá hẳn: hãy mở lại trước, rồi đặt lại mật khẩu.",
        "The account is disabled: enable it first, then reset the password.",
    ),
    "acts.title": ("Ai đã làm gì", "Who did what"),
    "acts.explained": (
        "Mỗi dòng là một việc đã ghi vào sổ cái, không ai sửa hay xoá được.",
        "Each line is an entry of the ledger, which nobody can change or remove.",
    ),
    "acts.person": ("Người", "Person"),
    "acts.person_hint": ("Tên hoặc tên đăng nhập.", "Name or login."),
    "acts.role": ("Vai trò", "Role"),
    "acts.kind": ("Việc", "Act"),
    "acts.agency": ("Cơ quan", "Agency"),
    "acts.agency_hint": (
        "Cơ quan mà người đó làm việc cho: mã hoặc tên.",
        "For which it was done: code or name.",
    ),
    "acts.about": ("Về", "About"),
    "acts.since": ("Từ ngày", "From"),
    "acts.until": ("Đến ngày", "To"),
    "acts.nobody": ("Không có ai tên “{text}”.", "There is nobody called “{text}”."),
    "acts.all": ("Xem tất cả và lọc", "See all, with filters"),
    "acts.entry": ("Dòng sổ cái", "Entry"),
}
