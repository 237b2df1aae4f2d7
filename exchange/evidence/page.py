"""The page for people in a bundle: one document's way, as for a parcel; self-contained, printable.

It proves nothing by itself, and says so: whoever wants to know runs the verifier.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from lxml import etree
from lxml.builder import E

from exchange.core.asic import Part
from exchange.core.delivery import State
from exchange.core.edxml import VIETNAM
from exchange.core.note import Checkpoint, NotANote, read
from exchange.evidence.gathering import Gathered
from exchange.evidence.style import STYLE
from exchange.timeline import timeline

Element = etree._Element

# "Accepted" and "delivered" never share a word.
STATES: Mapping[str, tuple[str, str]] = {
    State.READY: ("Chờ chuyển", "To be sent"),
    State.WAITING: ("Đang chuyển", "Being sent"),
    State.AVAILABLE: ("Chờ nơi nhận đến lấy", "Lies ready, not fetched yet"),
    State.LEASED: ("Nơi nhận đang lấy", "Being fetched"),
    State.ACCEPTED: ("Nơi nhận đã lấy, chưa xác nhận", "Taken, not confirmed yet"),
    State.DELIVERED: ("ĐÃ CHUYỂN", "DELIVERED"),
    State.REFUSED: ("KHÔNG CHUYỂN ĐƯỢC", "ENDED WITHOUT DELIVERY"),
    State.EXPIRED: ("QUÁ HẠN CHUYỂN", "NOT DELIVERED IN TIME"),
}
LIMITS = (
    (
        "Trang này chỉ để đọc. Bằng chứng là các tệp trong gói; chỉ kết quả kiểm tra mới nói chúng có giá "
        "trị.",
        "This page is for reading only. The files of the bundle are the evidence, and only the check says "
        "that "
        "they hold.",
    ),
    (
        "“Đã chuyển” nghĩa là phần mềm của nơi nhận đã có văn bản; ai đã đọc thì do nơi nhận báo.",
        "“Delivered” says that the receiver's software has the document; who read it is for the receiver to "
        "report.",
    ),
    (
        "Thời điểm theo đồng hồ của trục, trừ khi có dấu thời gian.",
        "Times are by the exchange's own clock, except where there is a time-stamp.",
    ),
)
CHECKS = (
    (
        "Lấy chứng thư số của trục, khóa của sổ cái và chứng thư số CA bằng một đường khác, đặt vào một thư "
        "mục.",
        "Get the exchange's certificate, the ledger's key and the CAs' certificates by another way, into "
        "one folder.",
        "",
    ),
    (
        "Chạy lệnh này; không cần mạng.",
        "Run this; no network is needed.",
        "exchange verify BUNDLE.asice --trust FOLDER --explain",
    ),
)


def page(gathered: Gathered, parts: Sequence[Part]) -> bytes:
    """The page about these parts of a bundle, HTML in UTF-8."""
    number = str(gathered.contents.document["document_id"])
    html = E.html(
        E.head(
            E.meta(charset="utf-8"),
            E.meta(name="viewport", content="width=device-width, initial-scale=1"),
            E.title(f"Hồ sơ bằng chứng {number}"),
            E.style(STYLE),
        ),
        E.body(
            E.header(E.h1("Hồ sơ bằng chứng ", _english("Evidence")), E.p(number, {"class": "number"})),
            E.main(
                *_document(gathered),
                *_deliveries(gathered),
                *_history(gathered),
                *_ledger(gathered),
                *_files(parts),
                *_checking(),
                *_limits(),
            ),
        ),
        lang="vi",
    )
    return etree.tostring(html, method="html", encoding="UTF-8", doctype="<!DOCTYPE html>", pretty_print=True)


def _english(text: str) -> Element:
    return E.span(text, lang="en")


def _heading(vietnamese: str, english: str) -> Element:
    return E.h2(vietnamese, " ", _english(english))


def _pairs(*rows: tuple[str, str, object]) -> Element:
    items: list[Element] = []
    for vietnamese, english, value in rows:
        items += [E.dt(vietnamese, " ", _english(english)), E.dd(str(value))]
    return E.dl(*items)


def _table(
    caption: tuple[str, str], heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]]
) -> Element:
    head = E.tr(*(E.th(vietnamese, " ", _english(english), scope="col") for vietnamese, english in heads))
    body = [
        E.tr(
            E.th(str(first), scope="row"),
            *(each if isinstance(each, etree._Element) else E.td(str(each)) for each in rest),
        )
        for first, *rest in rows
    ]
    vietnamese, english = caption
    return E.table(E.caption(vietnamese, " ", _english(english)), E.thead(head), E.tbody(*body))


def _document(gathered: Gathered) -> list[Element]:
    row, contents = gathered.dossier.document, gathered.contents
    return [
        _heading("Văn bản", "Document"),
        _pairs(
            ("Trích yếu", "Subject", row["subject"] or "—"),
            ("Nơi gửi", "Sender", row["sender"]),
            ("Mã văn bản", "DocumentId", row["document_id"]),
            ("Trục tiếp nhận lúc", "Accepted by the exchange", _local(row["accepted_at"])),
            ("Dung lượng", "Size", f"{row['size']} byte"),
            ("SHA-256", "of the exact bytes", row["digest"]),
            ("Hồ sơ lập lúc", "Gathered", _local(datetime.fromisoformat(contents.made_at))),
            ("Lập cho", "For", contents.agency or "quản trị / administrator"),
        ),
    ]


def _deliveries(gathered: Gathered) -> list[Element]:
    rows = []
    for row in gathered.dossier.deliveries:
        vietnamese, english = STATES[row["state"]]
        state = E.td(E.strong(vietnamese), " ", _english(english))
        reason = row["reason"] or row["cause"] or "—"
        rows.append((row["receiver"], state, _local(row["final_at"]) if row["final_at"] else "—", reason))
    heads = (("Nơi nhận", "Receiver"), ("Kết quả", "Result"), ("Lúc", "At"), ("Lý do", "Reason"))
    return [
        _heading("Nơi nhận", "Receivers"),
        _table(("Kết quả chuyển tới từng nơi nhận", "What became of it, by receiver"), heads, rows),
    ]


def _history(gathered: Gathered) -> list[Element]:
    steps = [
        E.li(
            E.time(_local(event.at), datetime=event.at.isoformat()),
            E.p(event.text_vi),
            E.p(event.text, lang="en"),
        )
        for event in timeline(gathered.dossier)
    ]
    return [_heading("Diễn biến", "History"), E.ol(*steps, {"class": "timeline"})]


def _ledger(gathered: Gathered) -> list[Element]:
    content = [_heading("Sổ cái", "Ledger")]
    if gathered.proofs:
        content.append(_tree(gathered))
    for stamp in gathered.stamps:
        vietnamese = f"Dấu thời gian {_local(stamp.stamped_at)}, {stamp.authority}."
        content.append(E.p(vietnamese, " ", _english("Time-stamp over the ledger.")))
    for each in gathered.contents.pending:
        seconds = gathered.contents.come_back_in_seconds
        content.append(
            E.p(
                f"Chưa có trong cây của sổ cái: {each.event}, {each.at}. Lập lại hồ sơ sau {seconds} giây. ",
                _english(f"Not in the ledger's tree yet: come back in {seconds} seconds."),
            )
        )
    return content if len(content) > 1 else [*content, E.p("Không có dòng nào. ", _english("No entry."))]


def _tree(gathered: Gathered) -> Element:
    note = read(gathered.proofs[0]["checkpoint"])
    try:
        tree = Checkpoint.parse(note.text)
    except NotANote:  # of a form that this release does not know
        return E.pre(note.text)
    witnesses = [each.name for each in note.signatures if each.name != tree.origin]
    return _pairs(
        ("Sổ cái", "Ledger", tree.origin),
        ("Số dòng", "Entries", tree.size),
        ("Gốc", "Root", tree.root.hex()),
        (
            "Dòng của văn bản này",
            "Entries of this document",
            ", ".join(str(each["index"]) for each in gathered.proofs),
        ),
        ("Nhân chứng đã ký", "Cosigned by", ", ".join(witnesses) or "—"),
    )


def _files(parts: Sequence[Part]) -> list[Element]:
    rows = [(part.name, len(part.content), hashlib.sha256(part.content).hexdigest()) for part in parts]
    heads = (("Tệp", "File"), ("Byte", "Bytes"), ("SHA-256", "Digest"))
    return [
        _heading("Các tệp trong gói", "Files of the bundle"),
        _table(("Tên, dung lượng và mã băm", "Name, size and digest"), heads, rows),
    ]


def _checking() -> list[Element]:
    steps = []
    for vietnamese, english, command in CHECKS:
        step = E.li(E.p(vietnamese), E.p(english, lang="en"))
        if command:
            step.append(E.pre(command))
        steps.append(step)
    return [_heading("Cách kiểm tra", "How to check"), E.ol(*steps)]


def _limits() -> list[Element]:
    items = [E.li(E.p(vietnamese), E.p(english, lang="en")) for vietnamese, english in LIMITS]
    return [_heading("Trang này không chứng minh", "What this page does not prove"), E.ul(*items)]


def _local(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S (UTC+7)")
