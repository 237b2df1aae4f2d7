"""Texts of sign-in and of a person's own account."""

TEXTS = {
    "sign_in.title": ("Đăng nhập", "Sign in"),
    "sign_in.login": ("Tên đăng nhập", "Login"),
    "sign_in.password": ("Mật khẩu", "Password"),
    "sign_in.button": ("Đăng nhập", "Sign in"),
    "sign_in.refused": (
        "Tên đăng nhập hoặc mật khẩu không đúng, hoặc tài khoản đang bị khoá. Kiểm tra lại rồi thử lại; "
        "nếu quên mật khẩu, hãy đề nghị quản trị.",
        "Login or password is not right, or the account is locked. Check both and try again; if you "
        "forgot the password, ask the administrator.",
    ),
    "sign_in.needed": (
        "Hãy đăng nhập để mở trang. Nếu bạn vừa gửi biểu mẫu thì chưa có gì được thực hiện.",
        "Sign in to open the page. If you just sent a form: nothing was done.",
    ),
    "account.title": ("Tài khoản của tôi", "My account"),
    "account.login": ("Tên đăng nhập", "Login"),
    "account.role": ("Vai trò", "Role"),
    "account.agency": ("Cơ quan", "Agency"),
    "account.name": ("Họ tên", "Name"),
}
