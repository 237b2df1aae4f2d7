"""Titles of the sections of settings: as the file of defaults has them, and in Vietnamese."""

from collections.abc import Mapping

SECTIONS: Mapping[str, str] = {
    "where things are": "Nơi đặt dữ liệu và dịch vụ",
    "who the broker is": "Trục là ai",
    "the ledger's tree: docs/ledger.md": "Cây của sổ cái (docs/ledger.md)",
    "time-stamps over it (RFC 3161): docs/time.md": "Dấu thời gian (docs/time.md)",
    "witnesses of it, at other offices: docs/witness.md": "Bên chứng kiến ở cơ quan khác (docs/witness.md)",
    "signatures": "Chữ ký số",
    "revocation of certificates, and their end: docs/certificates.md": (
        "Thu hồi và hết hạn chứng thư số (docs/certificates.md)"
    ),
    "signatures in attached PDFs: docs/pdf-signatures.md": (
        "Chữ ký trong tệp PDF đính kèm (docs/pdf-signatures.md)"
    ),
    "limits at the door; the answer names the limit that was passed": "Giới hạn khi tiếp nhận",
    "pages, and the persons who use them: docs/accounts.md": "Trang và người dùng (docs/accounts.md)",
    "storage": "Lưu trữ",
    "share and reports: docs/reports.md": "Tỷ lệ và báo cáo (docs/reports.md)",
    "alarms: docs/alarms.md": "Cảnh báo (docs/alarms.md)",
    "e-mail, and notices to agencies: docs/alarms.md": "Thư điện tử, thông báo tới cơ quan (docs/alarms.md)",
    "delivery": "Chuyển văn bản",
}
