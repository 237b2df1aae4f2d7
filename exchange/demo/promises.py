"""The promises, each checked against what the agencies themselves hold, and named if it is broken."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from exchange.client import Delivery, Document, Problem, Unreachable
from exchange.core.delivery import progress
from exchange.core.receipt import ReceiptKind
from exchange.demo.cast import LATE_RISER, OFFICE, Member, Software
from exchange.demo.desk import URGENT
from exchange.demo.ends import Key, ends, heard_by, home_of
from exchange.demo.journal import Again, Reported, Sent
from exchange.demo.mailbox import Piece
from exchange.demo.stage import Stage

ASKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The stage, and what the exchange tells each sender of its documents, by the exchange's id."""

    stage: Stage
    told: Mapping[str, Document]
    ends: Mapping[Key, ReceiptKind]  # those that the deliveries must find


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one promise; without complaints it holds."""

    promise_vi: str
    promise: str
    measure: str
    complaints: tuple[str, ...]


Measure = Callable[[Evidence], str]
Check = Callable[[Evidence], Iterator[str]]


def gather(stage: Stage) -> Evidence:
    """Ask the exchange about every document, as its sender."""
    with ThreadPoolExecutor(ASKERS) as pool:
        told = pool.map(lambda sent: _ask(stage, sent), stage.journal.sent)
        found = {document.id: document for document in told if document}
    return Evidence(stage=stage, told=found, ends=ends(stage))


def _ask(stage: Stage, sent: Sent) -> Document | None:
    try:
        return stage.desk(sent.letter.sender).client.document(sent.acceptance.id)
    except (Problem, Unreachable) as error:
        stage.journal.add(f"{sent.letter.id}: {error}")
        return None


def judge(evidence: Evidence) -> list[Verdict]:
    """All promises, in the order in which a document meets them."""
    return [
        Verdict(
            promise_vi=vietnamese,
            promise=english,
            measure=measure(evidence),
            complaints=tuple(check(evidence)),
        )
        for vietnamese, english, measure, check in PROMISES
        if check is not _survived or evidence.stage.scale.kill
    ]


# --- acceptance ---


def _accepted(evidence: Evidence) -> Iterator[str]:
    for sent in evidence.stage.journal.sent:
        named = {delivery.receiver for delivery in sent.acceptance.receipt.deliveries}
        if named != {receiver.code for receiver in sent.letter.receivers}:
            yield f"{sent.letter.id}: the acceptance names {sorted(named)}"
        if sent.acceptance.receipt.subject.digest != sent.letter.digest:
            yield f"{sent.letter.id}: the acceptance speaks of other bytes"


def _same_again(evidence: Evidence) -> Iterator[str]:
    for again in evidence.stage.journal.of(Again):
        if not again.same:
            yield f"{again.what}: another answer than the first time"


def _refused(evidence: Evidence) -> Iterator[str]:
    for attempt in evidence.stage.journal.attempted:
        if attempt.code != attempt.expected:
            yield f"{attempt.what}: {attempt.code or 'accepted'} instead of {attempt.expected}"
        if attempt.complaint:
            yield f"{attempt.what}: {attempt.complaint}"


# --- ends ---


def _ends(evidence: Evidence) -> Iterator[str]:
    home = home_of(evidence.stage)
    for sent, receiver in _pairs(evidence.stage):
        expected = evidence.ends.get((sent.acceptance.id, receiver.code))
        receipts = home.get((sent.acceptance.id, receiver.code), [])
        name = f"{sent.letter.id} to {receiver.name}"
        if len(receipts) != (expected is not None):
            yield f"{name}: {len(receipts)} receipts are home"
            continue
        for found in receipts:
            if found.receipt.kind is not expected:
                yield f"{name}: {found.receipt.kind} instead of {expected}: {found.receipt.reason}"
            if (found.holder, found.receipt.subject.digest) != (sent.letter.sender.code, sent.letter.digest):
                yield f"{name}: the receipt came to another agency, or speaks of other bytes"


def _told(evidence: Evidence) -> Iterator[str]:
    for sent, receiver in _pairs(evidence.stage):
        expected = evidence.ends.get((sent.acceptance.id, receiver.code))
        may_be = {"ready", "waiting", "expired"} if expected is None else {expected.value}
        delivery = _delivery(evidence, sent, receiver.code)
        if delivery is None or delivery.state not in may_be:
            yield f"{sent.letter.id} to {receiver.name}: {delivery.state if delivery else 'not known'}"


def _delivery(evidence: Evidence, sent: Sent, receiver: str) -> Delivery | None:
    document = evidence.told.get(sent.acceptance.id)
    deliveries = document.deliveries if document else ()
    return next((delivery for delivery in deliveries if delivery.receiver == receiver), None)


def _pairs(stage: Stage) -> Iterator[tuple[Sent, Member]]:
    return ((sent, receiver) for sent in stage.journal.sent for receiver in sent.letter.receivers)


# --- what receivers hold ---


def _held(evidence: Evidence) -> Iterator[str]:
    stage = evidence.stage
    for code, desk in stage.desks.items():
        must = Counter(
            sent.letter.digest
            for sent, receiver in _pairs(stage)
            if receiver.code == code
            and evidence.ends.get((sent.acceptance.id, code)) is ReceiptKind.DELIVERED
        )
        has = Counter(piece.digest for piece in desk.mailbox.of("document"))
        if lacking := must - has:
            yield f"{desk.member.name} lacks {lacking.total()} documents"
        if surplus := has - must:
            yield f"{desk.member.name} holds {surplus.total()} documents too many"


def _urgent_first(evidence: Evidence) -> Iterator[str]:
    fetched = [piece.priority for piece in evidence.stage.desks[LATE_RISER].mailbox.of("document")][:4]
    if fetched != [URGENT, 0, 0, 0]:
        yield f"fetched by {evidence.stage.cast.name(LATE_RISER)}: priorities {fetched}"


def _disjoint(evidence: Evidence) -> Iterator[str]:
    mailbox = evidence.stage.desks[OFFICE].mailbox
    for key in mailbox.brought_again:
        if key not in mailbox.lost_leases:
            yield f"{key} was fetched twice under a lease"


def _by_program(evidence: Evidence) -> Counter[str]:
    mailbox = evidence.stage.desks[OFFICE].mailbox
    pieces: list[Piece] = [*mailbox.of("document"), *mailbox.of("status"), *mailbox.of("receipt")]
    return Counter(piece.program for piece in pieces)


# --- status ---


def _statuses(evidence: Evidence) -> Iterator[str]:
    there = heard_by(evidence.stage)
    for each in evidence.stage.journal.reported:
        count = there[each.to][each.digest] if each.to in there else 0
        if count != each.heard:
            name = evidence.stage.cast.name(each.to)
            yield f"status {each.code} of {each.document_id}: {count} times at {name}"


def _derived(evidence: Evidence) -> Iterator[str]:
    by_delivery: dict[tuple[str, str], list[Reported]] = {}
    for each in evidence.stage.journal.reported:
        if each.heard:
            by_delivery.setdefault((each.document_id, each.receiver), []).append(each)
    sent_by_id = {sent.letter.id: sent for sent in evidence.stage.journal.sent}
    for (document_id, receiver), reports in by_delivery.items():
        if document_id not in sent_by_id:  # the sender's fault stands in the journal, with the answer
            yield f"{document_id} was received, and its sender has no acceptance"
            continue
        expected = progress(("01", *(each.code for each in reports)))
        delivery = _delivery(evidence, sent_by_id[document_id], receiver)
        found = (delivery.business, delivery.take_back) if delivery else ("not known", "")
        if found != (expected.business, expected.take_back):
            name = evidence.stage.cast.name(receiver)
            yield f"{document_id} at {name}: {found} instead of {expected.business}, {expected.take_back}"


# --- the whole ---


def _survived(evidence: Evidence) -> Iterator[str]:
    for sent in evidence.stage.journal.sent:
        document = evidence.told.get(sent.acceptance.id)
        if sent.life == 1 and (document is None or document.digest != sent.letter.digest):
            yield f"{sent.letter.id} was accepted before the kill, and is not known any more"


def _ledger(evidence: Evidence) -> Iterator[str]:
    """Promise 6, tried as somebody would who has the database file."""
    for statement in ("UPDATE entry SET at = 0", "DELETE FROM entry"):
        with closing(sqlite3.connect(evidence.stage.data / "exchange.sqlite", timeout=10)) as connection:
            try:
                connection.execute(statement)
            except sqlite3.DatabaseError as error:
                if "only grows" in str(error):
                    continue
            yield f"the database took {statement!r}"


def _never_rewritten(evidence: Evidence) -> Iterator[str]:
    witness = evidence.stage.outside.witness
    if not witness.cosigned_size:
        yield "the witness has cosigned nothing"
    yield from (f"the witness kept {path.name}" for path in witness.forks)


def _cosigned(evidence: Evidence) -> str:
    return f"{evidence.stage.outside.witness.cosigned_size} entries cosigned"


def _nothing_else(evidence: Evidence) -> Iterator[str]:
    yield from evidence.stage.journal.of(str)
    for desk in evidence.stage.desks.values():
        yield from (f"{desk.member.name}: {fault}" for fault in desk.mailbox.faults)
        if desk.member.role.software is Software.FOLDER:
            refused = evidence.stage.data / "folders" / desk.member.code / "outgoing" / "refused"
            yield from (f"{desk.member.name}: {path.read_text('utf-8')}" for path in refused.glob("*.txt"))


def _count(evidence: Evidence, kind: str) -> int:
    return sum(len(desk.mailbox.of(kind)) for desk in evidence.stage.desks.values())


def _ended(evidence: Evidence) -> str:
    kinds = Counter(home.receipt.kind.value for home in evidence.stage.journal.home)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _copies(evidence: Evidence) -> str:
    again = sum(len(desk.mailbox.brought_again) for desk in evidence.stage.desks.values())
    copies = _count(evidence, "document")
    return f"{copies} copies" + (f"; {again} messages came twice, and were taken once" if again else "")


def _before_kill(evidence: Evidence) -> str:
    return f"{sum(sent.life == 1 for sent in evidence.stage.journal.sent)} documents before the kill"


PROMISES: tuple[tuple[str, str, Measure, Check], ...] = (
    (
        "Mỗi văn bản được tiếp nhận đều có biên nhận ký số cho đúng nội dung đã gửi",
        "Every accepted document got a signed acceptance of exactly its bytes",
        lambda evidence: f"{len(evidence.stage.journal.sent)} documents",
        _accepted,
    ),
    (
        "Kết cục ở mỗi nơi nhận được báo bằng biên nhận ký số, đúng một lần",
        "Every receiver's end was reported, signed, and just once",
        _ended,
        _ends,
    ),
    (
        "Điều trục báo cho nơi gửi đúng như các biên nhận",
        "What the exchange tells a sender is what the receipts say",
        lambda evidence: f"{len(list(_pairs(evidence.stage)))} deliveries",
        _told,
    ),
    (
        "Mỗi nơi nhận giữ đúng nội dung đã ký, một bản, và không gì khác",
        "Every receiver holds exactly the bytes that were signed, once, and nothing else",
        _copies,
        _held,
    ),
    (
        "Gửi lại y nguyên: nhận lại biên nhận đầu, không chuyển lần hai",
        "Sent again with the same bytes: the first acceptance again, no second delivery",
        lambda evidence: f"{len(evidence.stage.journal.of(Again))} times",
        _same_again,
    ),
    (
        "Những gì không được phép đều bị từ chối, kèm lý do",
        "What must not pass was refused at the door, each with its reason",
        lambda evidence: f"{len(evidence.stage.journal.attempted)} attempts",
        _refused,
    ),
    (
        "Bị tắt đột ngột rồi chạy lại, trục vẫn nhớ mọi cam kết",
        "Killed and started again, the exchange still knew what it had promised",
        _before_kill,
        _survived,
    ),
    (
        "Mỗi gói tin trạng thái ký số tới phía bên kia, đúng một lần",
        "Every signed status message reached the other side, once",
        lambda evidence: f"{_count(evidence, 'status')} messages",
        _statuses,
    ),
    (
        "Trạng thái ở nơi nhận suy ra từ các gói tin đó; từng yêu cầu lấy lại đều được khép",
        "Where a document stands at its receiver follows from them; take-backs close one by one",
        lambda evidence: f"{sum(each.code == '13' for each in evidence.stage.journal.reported)} asked back",
        _derived,
    ),
    (
        "Văn bản hỏa tốc vượt lên trước những văn bản chờ lâu hơn",
        "An express document overtook those that waited longer",
        lambda evidence: evidence.stage.cast.name(LATE_RISER),
        _urgent_first,
    ),
    (
        "Hai chương trình của một cơ quan không bao giờ lấy trùng một gói tin",
        "Two programs of one agency never fetched the same message",
        lambda evidence: " + ".join(str(count) for count in _by_program(evidence).values()),
        _disjoint,
    ),
    (
        "Sổ cái không sửa, không xóa được: cơ sở dữ liệu từ chối UPDATE và DELETE",
        "The ledger cannot be changed: UPDATE and DELETE are refused",
        lambda _: "2 tried",
        _ledger,
    ),
    (
        "Nhân chứng thấy sổ cái chỉ dài thêm, không bị viết lại",
        "A witness saw the ledger grow, and nothing in it rewritten",
        _cosigned,
        _never_rewritten,
    ),
    (
        "Không có sai sót nào khác",
        "Nothing else went wrong on the way",
        lambda _: "",
        _nothing_else,
    ),
)
