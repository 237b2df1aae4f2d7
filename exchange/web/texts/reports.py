"""Texts of charts and of the page of reports."""

TEXTS = {
    "menu.reports": ("Báo cáo", "Reports"),
    "chart.electronic": ("Chỉ điện tử", "Electronic alone"),
    "chart.with_paper": ("Điện tử kèm giấy", "Electronic, paper beside"),
    "chart.paper": ("Chỉ giấy", "Paper alone"),
    "chart.target": ("Mục tiêu", "Target"),
    "chart.table": ("Bảng số liệu của biểu đồ", "The figures of the chart"),
    "reports.title": ("Báo cáo", "Reports"),
    "reports.kind": ("Báo cáo", "Report"),
    "reports.from": ("Từ kỳ", "From"),
    "reports.to": ("Đến kỳ", "To"),
    "reports.period.hint": ("2026, 2026-Q4 hoặc 2026-11", "2026, 2026-Q4 or 2026-11"),
    "reports.by": ("Chi tiết theo", "By"),
    "reports.unit": ("Đơn vị tính", "Counted in"),
    "reports.structure": ("Cơ cấu", "Structure"),
    "reports.agency": ("Cơ quan gửi", "Sender"),
    "reports.agency.hint": ("Để trống: toàn tỉnh", "Left out: the whole province"),
    "reports.signed_only": (
        "Không tính văn bản không có chữ ký hợp lệ là điện tử",
        "What has no valid signature does not count as electronic",
    ),
    "reports.show": ("Lập báo cáo", "Make the report"),
    "reports.downloads": ("Tải báo cáo", "Download the report"),
    "reports.pdf": ("PDF (mẫu báo cáo hành chính)", "PDF (official report, in Vietnamese)"),
    "reports.json": (
        "JSON (kiểm tra lại được: exchange audit recount)",
        "JSON (exchange audit recount re-counts it)",
    ),
    "reports.facts": ("Báo cáo này tính thế nào", "What this report rests on"),
    "reports.not_reported": (
        "{count} cơ quan chưa báo cáo văn bản giấy trong kỳ: chưa biết tỷ lệ của họ, "
        "và tỷ lệ chung có thể thấp hơn số dưới đây.",
        "{count} agencies have not reported any paper in the period: their share is not known, "
        "and the whole may be less than shown.",
    ),
    "reports.notes": ("Lưu ý", "Notes"),
    "reports.total": ("Tổng cộng", "Together"),
    "reports.empty": (
        "Không có số liệu trong kỳ này. Hãy chọn kỳ khác.",
        "There are no figures in this period. Choose another one.",
    ),
    "reports.not_possible": ("Không lập được báo cáo này: {reason}.", "There is no such report: {reason}."),
}
