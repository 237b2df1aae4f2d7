"""The account for people in a bundle: one document's way, as for a parcel, before it is a page or paper.

It proves nothing by itself, and says so: whoever wants to know runs the verifier.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.core import pdf_kept
from exchange.core.asic import Part
from exchange.core.delivery_texts import stands
from exchange.core.edxml import VIETNAM
from exchange.core.note import Checkpoint, NotANote, read
from exchange.evidence.gathering import Gathered
from exchange.timeline import timeline


@dataclass(frozen=True, slots=True)
class Both:
    """The same in Vietnamese and in English."""

    vi: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is called how, and its value."""

    rows: tuple[tuple[Both, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; the first cell names the row."""

    caption: Both
    heads: tuple[Both, ...]
    rows: tuple[tuple[Both, ...], ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, oldest first."""

    events: tuple[tuple[datetime, Both], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Sentences one below the other, with a command where there is one; ``numbered`` if they are steps."""

    items: tuple[tuple[Both, str], ...]
    numbered: bool = False


Block = Pairs | Table | Timeline | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    heading: Both
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """The whole of it."""

    number: str
    made_at: datetime
    sections: tuple[Section, ...]


TITLE = Both("Hồ sơ bằng chứng", "Evidence")

READING_ONLY = Both(
    "Trang này chỉ để đọc. Bằng chứng là các tệp trong gói; chỉ kết quả kiểm tra mới nói chúng có giá trị.",
    "This page is for reading only. The files of the bundle are the evidence, and only the check says that "
    "they hold.",
)
NOT_READ = Both(
    "“Đã chuyển” nghĩa là phần mềm của nơi nhận đã có văn bản; ai đã đọc thì do nơi nhận báo.",
    "“Delivered” says that the receiver's software has the document; who read it is for the receiver to "
    "report.",
)
OWN_CLOCK = Both(
    "Thời điểm theo đồng hồ của trục, trừ khi có dấu thời gian.",
    "Times are by the exchange's own clock, except where there is a time-stamp.",
)
GET_ANCHORS = Both(
    "Lấy chứng thư số của trục, khóa của sổ cái và chứng thư số CA bằng một đường khác, đặt vào một thư mục.",
    "Get the exchange's certificate, the ledger's key and the CAs' certificates by another way, into one "
    "folder.",
)
RUN = Both("Chạy lệnh này; không cần mạng.", "Run this; no network is needed.")
COMMAND = "exchange verify BUNDLE.asice --trust FOLDER --explain"


def account(gathered: Gathered, parts: Sequence[Part]) -> Account:
    """The account of what was gathered, and of these parts of the bundle."""
    limits = Listing(((READING_ONLY, ""), (NOT_READ, ""), (OWN_CLOCK, "")))
    checks = Listing(((GET_ANCHORS, ""), (RUN, COMMAND)), numbered=True)
    return Account(
        number=str(gathered.contents.document["document_id"]),
        made_at=datetime.fromisoformat(gathered.contents.made_at),
        sections=(
            Section(Both("Văn bản", "Document"), (_document(gathered),)),
            Section(Both("Nơi nhận", "Receivers"), (_deliveries(gathered),)),
            Section(Both("Diễn biến", "History"), (_history(gathered),)),
            *_pdfs(gathered),
            Section(Both("Sổ cái", "Ledger"), tuple(_ledger(gathered))),
            Section(Both("Các tệp trong gói", "Files of the bundle"), (_files(parts),)),
            Section(Both("Cách kiểm tra", "How to check"), (checks,)),
            Section(Both("Trang này không chứng minh", "What this page does not prove"), (limits,)),
        ),
    )


def local(moment: datetime) -> str:
    """As people in Vietnam read it."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S (UTC+7)")


def _document(gathered: Gathered) -> Pairs:
    row, contents = gathered.dossier.document, gathered.contents
    return Pairs(
        (
            (Both("Trích yếu", "Subject"), row["subject"] or "—"),
            (Both("Nơi gửi", "Sender"), row["sender"]),
            (Both("Mã văn bản", "DocumentId"), row["document_id"]),
            (Both("Trục tiếp nhận lúc", "Accepted by the exchange"), local(row["accepted_at"])),
            (Both("Dung lượng", "Size"), f"{row['size']} byte"),
            (Both("SHA-256", "of the exact bytes"), row["digest"]),
            (Both("Hồ sơ lập lúc", "Gathered"), local(datetime.fromisoformat(contents.made_at))),
            (Both("Lập cho", "For"), contents.agency or "quản trị / administrator"),
        )
    )


def _deliveries(gathered: Gathered) -> Table:
    return Table(
        Both("Kết quả chuyển tới từng nơi nhận", "What became of it, by receiver"),
        (Both("Nơi nhận", "Receiver"), Both("Kết quả", "Result"), Both("Lúc", "At"), Both("Lý do", "Reason")),
        tuple(
            (
                Both(row["receiver"]),
                _state(row["state"], row["cause"]),
                Both(local(row["final_at"]) if row["final_at"] else "—"),
                Both(row["reason"] or row["cause"] or "—"),
            )
            for row in gathered.dossier.deliveries
        ),
    )


def _state(state: str, cause: str) -> Both:
    return Both(*(f"{each[:1].upper()}{each[1:]}" for each in stands(state, cause)))


def _history(gathered: Gathered) -> Timeline:
    events = timeline(gathered.dossier)
    return Timeline(tuple((event.at, Both(event.text_vi, event.text)) for event in events))


def _pdfs(gathered: Gathered) -> Iterator[Section]:
    """Nothing where no PDF was examined."""
    if gathered.findings is None:
        return
    kept = pdf_kept.read(gathered.findings)
    heading = Both("Chữ ký trong tệp đính kèm", "Signatures in attached files")
    as_of = Both(
        f"Trục xét tại thời điểm {local(kept.at)}; kiểm tra lại được từ chính tệp.",
        f"What the exchange found, as of {local(kept.at)}; it can be examined anew in the files.",
    )
    found = [
        Both(
            f"{file.name}: {' '.join(each.vi for each in file.sentences())}",
            f"{file.name}: {' '.join(each.en for each in file.sentences())}",
        )
        for file in kept.files
    ]
    yield Section(heading, (Listing(tuple((each, "") for each in (as_of, *found))),))


def _ledger(gathered: Gathered) -> Iterator[Block]:
    if gathered.proofs:
        yield _tree(gathered)
    lines = [
        Both(f"Dấu thời gian {local(stamp.stamped_at)}, {stamp.authority}.", "Time-stamp over the ledger.")
        for stamp in gathered.stamps
    ]
    seconds = gathered.contents.come_back_in_seconds
    lines += [
        Both(
            f"Chưa có trong cây của sổ cái: {each.event}, {each.at}. Lập lại hồ sơ sau {seconds} giây.",
            f"Not in the ledger's tree yet: come back in {seconds} seconds.",
        )
        for each in gathered.contents.pending
    ]
    if lines or not gathered.proofs:
        yield Listing(tuple((line, "") for line in lines or [Both("Không có dòng nào.", "No entry.")]))


def _tree(gathered: Gathered) -> Block:
    note = read(gathered.proofs[0]["checkpoint"])
    try:
        tree = Checkpoint.parse(note.text)
    except NotANote:  # of a form that this release does not know
        return Listing(((Both(note.text), ""),))
    witnesses = [each.name for each in note.signatures if each.name != tree.origin]
    indexes = ", ".join(str(each["index"]) for each in gathered.proofs)
    return Pairs(
        (
            (Both("Sổ cái", "Ledger"), tree.origin),
            (Both("Số dòng", "Entries"), str(tree.size)),
            (Both("Gốc", "Root"), tree.root.hex()),
            (Both("Dòng của văn bản này", "Entries of this document"), indexes),
            (Both("Nhân chứng đã ký", "Cosigned by"), ", ".join(witnesses) or "—"),
        )
    )


def _files(parts: Sequence[Part]) -> Table:
    return Table(
        Both("Tên, dung lượng và mã băm", "Name, size and digest"),
        (Both("Tệp", "File"), Both("Byte", "Bytes"), Both("SHA-256", "Digest")),
        tuple(
            (
                Both(part.name),
                Both(str(len(part.content))),
                Both(hashlib.sha256(part.content).hexdigest()),
            )
            for part in parts
        ),
    )
