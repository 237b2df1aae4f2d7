"""The acts, in their order. Each does something that agencies do, and leaves the judging to the end."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from random import Random
from time import monotonic, sleep

from exchange.client import Problem, Unreachable
from exchange.core.edxml import BusinessType
from exchange.demo import plan
from exchange.demo.cast import (
    CITY,
    FAILING,
    HOME_AFFAIRS,
    LATE_RISER,
    NO_LINE,
    OFFICE,
    REFUSING,
    TREASURY,
    WARD,
)
from exchange.demo.desk import URGENT
from exchange.demo.ends import due, figures, home_of, settled
from exchange.demo.journal import Again, Sent
from exchange.demo.papers import Draft, Letter
from exchange.demo.plan import Planned
from exchange.demo.stage import SEED, Stage

SENDERS = 6
UNFINISHED_MAX = 100  # deliveries
EXPIRY_HOURS = 72
BREATH_SECONDS_MAX = 10.0
STEP_SECONDS_MAX = 60.0
FEW = 10
REVOKED, TAKEN_BACK, SENT_AGAIN = 6, 6, 10


def send(stage: Stage, letter: Letter, *, open_end: bool = False) -> Sent | None:
    """Submit a document; None, and a fault, where it is not accepted."""
    desk, begin = stage.desk(letter.sender), monotonic()
    try:
        acceptance = desk.patiently(lambda: desk.client.submit(letter.content))
    except (Problem, Unreachable) as error:
        stage.journal.add(f"{letter.id} was not accepted: {error}")
        return None
    sent = Sent(
        letter=letter,
        acceptance=acceptance,
        seconds=monotonic() - begin,
        life=stage.life,
        open_end=open_end,
    )
    stage.journal.add(sent)
    return sent


def _write(stage: Stage, sender: str, receivers: Sequence[str], subject: str, **details: object) -> Letter:
    draft = Draft(
        sender=stage.cast.of(sender),
        receivers=tuple(stage.cast.of(code) for code in receivers),
        subject=subject,
    )
    return stage.registers.write(replace(draft, **details))  # type: ignore[arg-type]


def storm_warning(stage: Stage) -> Sent | None:
    """The document whose history is shown: express, to four receivers of whom each behaves differently."""
    letter = _write(
        stage,
        OFFICE,
        (HOME_AFFAIRS, FAILING, REFUSING, NO_LINE),
        "Ứng phó khẩn cấp với bão và mưa lũ",
        type_name="Công điện",
        priority=URGENT,
        sizes=(48_000,),
    )
    sent = send(stage, letter)
    send(stage, _write(stage, CITY, (NO_LINE, WARD), "V/v hỗ trợ đường truyền cho xã miền núi"))
    number = letter.message.number
    stage.screen.step(
        f"{number}: công điện hỏa tốc đang được chuyển tới bốn cơ quan",
        f"{number}, an express telegram, is on its way to four agencies",
    )
    return sent


def late_riser(stage: Stage) -> None:
    """Documents wait for an agency that is switched off; the express one, sent last, is fetched first."""
    for subject in ("V/v thống kê hộ nghèo", "V/v kê khai tài sản", "V/v tiêm chủng mở rộng"):
        send(stage, _write(stage, TREASURY, (LATE_RISER,), subject))
    mistaken = _write(stage, CITY, (LATE_RISER,), "V/v gửi nhầm địa chỉ")
    send(stage, mistaken)
    stage.desks[CITY].take_back(LATE_RISER, mistaken.id, "Gửi nhầm địa chỉ", heard=False)
    send(stage, _write(stage, TREASURY, (LATE_RISER,), "V/v sơ tán dân vùng trũng", priority=URGENT))
    stage.wake(LATE_RISER)
    name = stage.cast.name(LATE_RISER)
    stage.screen.step(
        f"{name} bật máy: 4 văn bản đang chờ, một văn bản đã được lấy lại",
        f"{name} is switched on: 4 documents wait, one was taken back",
    )


def stream(stage: Stage) -> None:
    """Many documents from all sides; half-way the exchange is killed, and started again."""
    planned = plan.stream(stage.cast, stage.scale.documents, Random(SEED))  # noqa: S311  a plan, no secret
    begin, before = monotonic(), len(stage.journal.sent)
    futures: list[Future[Sent | None]] = []
    pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
    try:
        for each in planned:
            futures.append(pool.submit(_play, stage, each, futures[-plan.BACK :]))
        if stage.scale.kill:
            futures[len(futures) // 2].result()
            _kill(stage)
            begin, before = monotonic(), len(stage.journal.sent)
        wait(futures)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    stage.per_second = (len(stage.journal.sent) - before) / (monotonic() - begin)
    for future in futures:
        future.result()
    count = len(stage.journal.sent)
    megabytes = sum(len(sent.letter.content) for sent in stage.journal.sent) / 1e6
    stage.screen.step(
        f"đã tiếp nhận {count} văn bản, {megabytes:.1f} MB",
        f"{count} documents, {megabytes:.1f} MB, are accepted",
    )


def _play(stage: Stage, planned: Planned, before: Sequence["Future[Sent | None]"]) -> Sent | None:
    draft = planned.draft
    if planned.kind is not BusinessType.NEW:
        earlier = before[0].result()
        if earlier is None:
            return None
        draft = plan.changing(draft, planned.kind, earlier.letter)
    _breathe(stage)
    return send(stage, stage.registers.write(draft))


def _breathe(stage: Stage) -> None:
    """While things expire soon, let the receivers keep up: on a slow machine nothing shall wait for long."""
    deadline = monotonic() + BREATH_SECONDS_MAX
    while stage.life == 1 and _unfinished(stage) > UNFINISHED_MAX and monotonic() < deadline:
        if stage.patience.over(0.02):
            return


def _unfinished(stage: Stage) -> int:
    return sum(len(sent.letter.receivers) for sent in stage.journal.sent) - len(stage.journal.home)


def _kill(stage: Stage) -> None:
    """Pull the plug; the agencies' software goes on trying meanwhile."""
    begin, count = monotonic(), len(stage.journal.sent)
    stage.screen.event(
        f"kill -9 {stage.broker.pid}: trục bị tắt đột ngột sau {count} văn bản",
        f"the exchange is gone, after {count} documents",
    )
    stage.broker.kill()
    stage.life = 2
    # What comes from now on has days, as in life: no slow machine shall make it expire in the demo.
    stage.broker.start(expiry_hours=EXPIRY_HOURS)
    stage.broker.wait()
    seconds = monotonic() - begin
    stage.screen.event(
        f"trục chạy lại sau {seconds:.1f} s; phần mềm các cơ quan tự chuyển tiếp",
        f"it runs again, {seconds:.1f} s later; the agencies' software has gone on by itself",
    )


def changes_of_mind(stage: Stage) -> None:
    """Revocations of documents that have arrived, and requests to have some back."""
    deadline = monotonic() + STEP_SECONDS_MAX
    while len(arrived := _arrived(stage)) < REVOKED + TAKEN_BACK and monotonic() < deadline:
        sleep(0.2)
    for sent in arrived[:REVOKED]:
        draft = Draft(sender=sent.letter.sender, receivers=sent.letter.receivers, subject="Thu hồi văn bản")
        send(stage, stage.registers.write(plan.changing(draft, BusinessType.REVOKE, sent.letter)))
    chosen = arrived[REVOKED : REVOKED + TAKEN_BACK]
    for sent in chosen:
        for receiver in sent.letter.receivers:
            _ask_back(stage, sent, receiver.code, "Nội dung có sai sót, đề nghị lấy lại")
    stage.screen.step(
        f"thu hồi {REVOKED} văn bản, yêu cầu lấy lại {len(chosen)} văn bản từ mọi nơi nhận",
        f"{REVOKED} documents are revoked, {len(chosen)} asked back from all their receivers",
    )


def _arrived(stage: Stage) -> list[Sent]:
    """New documents of which all receipts are home, and all answers given."""
    stage.clerks.idle(STEP_SECONDS_MAX)
    home = home_of(stage)
    taken = {each.document_id for each in stage.journal.reported if each.code == "13"}
    return [
        sent
        for sent in stage.journal.sent
        if sent.letter.message.business.doc_type is BusinessType.NEW
        and all(receiver.played for receiver in sent.letter.receivers)
        and due(sent) <= home.keys()
        and sent.letter.id not in taken
    ]


def _ask_back(stage: Stage, sent: Sent, receiver: str, reason: str) -> None:
    stage.desk(sent.letter.sender).take_back(receiver, sent.letter.id, reason, heard=True)


def new_warning(stage: Stage, shown: Sent) -> None:
    """The express telegram is asked back from one who has dealt with it already: declined."""
    stage.clerks.idle(STEP_SECONDS_MAX)
    _ask_back(stage, shown, HOME_AFFAIRS, "Đã có công điện mới")


def once_more(stage: Stage) -> None:
    """Senders that never saw the answer send the same bytes again, after the kill too."""
    first = [sent for sent in stage.journal.sent if sent.life == 1][:SENT_AGAIN]
    for sent in first:
        client = stage.desk(sent.letter.sender).client
        try:
            acceptance = client.submit(sent.letter.content)
        except Problem as problem:
            stage.journal.add(Again(what=f"{sent.letter.id}: {problem}", same=False))
        else:
            stage.journal.add(Again(what=sent.letter.id, same=acceptance.xml == sent.acceptance.xml))
    stage.screen.step(
        f"gửi lại {len(first)} văn bản, như phần mềm chưa nhận được trả lời",
        f"{len(first)} documents are sent once more, as by software that saw no answer",
    )


def unanswerable(stage: Stage) -> None:
    """One more document to where nobody listens: it still waits when the demo ends."""
    send(stage, _write(stage, HOME_AFFAIRS, (NO_LINE,), "V/v báo cáo sau bão"), open_end=True)


def wait_for_ends(stage: Stage) -> None:
    """Until every receipt and every status is where it belongs, or it takes too long."""
    deadline = monotonic() + stage.scale.expiry_seconds + STEP_SECONDS_MAX / 2
    name, seconds = stage.cast.name(NO_LINE), f"{stage.scale.expiry_seconds:g} s"
    said = False
    while not settled(stage) and monotonic() < deadline:
        now = figures(stage)
        if not said and now.due - now.home < FEW:
            stage.screen.step(
                f"{name}: thử chuyển trong {seconds}, rồi báo quá hạn",
                f"{name}: tried for {seconds}, then reported as expired",
                mark="·",
            )
            said = True
        sleep(0.2)
