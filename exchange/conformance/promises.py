"""The promises of the port, and how each is tried. ``docs/adapters.md`` says why they are made."""

from collections.abc import Sequence
from time import monotonic

from exchange.adapter import (
    Accepted,
    AgencyAdapter,
    Available,
    Delivered,
    Reached,
    Refused,
    Retry,
    Unreachable,
)
from exchange.conformance.trial import Broken, Level, Promise, Trial, Untried

TAKEN = (Delivered, Accepted, Available)
HASTE_SECONDS = 0.001  # in which no software can answer
LATE_SECONDS = 2.0  # how much later than its limit an adapter may come back, on a busy machine
UNKNOWN_OPTION = "tuy_chon_khong_co"
LONG_NAME = "Tờ trình về việc sắp xếp đơn vị hành chính cấp xã – Phụ lục số 01 (bản gốc) " * 2 + ".pdf"


def _wrong_option(trial: Trial) -> None:
    try:
        trial.subject.make({**trial.subject.options, UNKNOWN_OPTION: 1}, trial.subject.timeout_seconds)
    except ValueError as error:
        trial.said.append(str(error))
        if UNKNOWN_OPTION in str(error):
            return
        raise Broken(f"the wrong option is not named: {error}") from None
    raise Broken("an option that does not exist is taken")


def _check(trial: Trial) -> str:
    found = trial.adapter.check()
    trial.said.append(repr(found))
    match found:
        case None:
            raise Untried("there is nothing to call: the software fetches by itself")
        case Unreachable(reason):
            raise Broken(reason)
        case Reached(words):
            return words


def _document(trial: Trial) -> None:
    trial.take(trial.documents.document())


def _unchanged(trial: Trial) -> None:
    document = trial.documents.document()
    trial.take(document)
    trial.holds(document)


def _kinds(trial: Trial) -> None:
    trial.take(trial.documents.status())
    trial.take(trial.documents.of("receipt", b"<Receipt xmlns='urn:thu'/>"))


def _names(trial: Trial) -> None:
    trial.take(trial.documents.document(name="Văn bản số 7816⁄VPCP: “hoả tốc” – ký hiệu Đ, Ư, Ơ.pdf"))
    trial.take(trial.documents.document(name=LONG_NAME, subject="V/v " + "nội dung rất dài " * 25))


def _twice(trial: Trial) -> None:
    document = trial.documents.document()
    trial.take(document)
    trial.take(document)
    again = trial.subject.make(trial.subject.options, trial.subject.timeout_seconds)
    try:
        trial.take(document, again)
    finally:
        again.close()


def _twice_at_once(trial: Trial) -> None:
    document = trial.documents.document()
    outcomes = trial.at_once([document] * 2)
    wrong = [each for each in outcomes if isinstance(each, Refused)]
    if wrong or not any(isinstance(each, TAKEN) for each in outcomes):
        raise Broken(f"two attempts at once: {outcomes}")
    trial.take(document)


def _empty(trial: Trial) -> str:
    return _sized(trial.deliver(trial.documents.of("document", b"")))


def _large(trial: Trial) -> str:
    most = trial.adapter.takes.document_bytes_max
    size = trial.subject.large_bytes
    if most is not None and size > most:
        raise Untried(f"the adapter takes {most} bytes at most; the broker sends no more")
    return _sized(trial.deliver(trial.documents.document(size=size * 3 // 4)))  # base64 makes four of three


def _sized(outcome: object) -> str:
    if isinstance(outcome, Retry):
        raise Broken(f"it is tried again and again: {outcome.reason}")
    return f"refused: {outcome.code}" if isinstance(outcome, Refused) else ""


def _crowd(trial: Trial) -> str:
    begun = monotonic()
    outcomes = trial.at_once(list(trial.documents.many(trial.subject.crowd)))
    failed = [each for each in outcomes if not isinstance(each, TAKEN)]
    if refused := [each for each in failed if isinstance(each, Refused)]:
        raise Broken(f"{len(refused)} of {len(outcomes)} were refused: {refused[0]}")
    if failed:
        raise Broken(f"{len(failed)} of {len(outcomes)} are to be tried again: {failed[0]}")
    return f"{len(outcomes) / (monotonic() - begun):.0f}/s"


def _in_time(trial: Trial) -> str:
    hurried = trial.subject.make(trial.subject.options, HASTE_SECONDS)
    begun = monotonic()
    try:
        outcome = trial.deliver(trial.documents.document(size=1_000_000), hurried)
    finally:
        hurried.close()
    seconds = monotonic() - begun
    if seconds > LATE_SECONDS:
        raise Broken(f"it came back after {seconds:.1f} s; its limit was {HASTE_SECONDS} s")
    if isinstance(outcome, Refused):
        raise Broken(f"no time was left, and the document was refused: {outcome.code}")
    return type(outcome).__name__


def _collects(trial: Trial) -> str:
    if type(trial.adapter).collect is AgencyAdapter.collect:
        raise Untried("the adapter collects nothing")
    try:
        ready = sum(1 for _ in trial.adapter.collect())
    except Exception as error:
        raise Broken(f"collect raised {type(error).__name__}: {error}") from error
    return f"{ready} ready"


def _no_secrets(trial: Trial) -> None:
    if not trial.subject.secrets:
        raise Untried("the options point to no secret")
    shown = "\n".join([*trial.said, repr(trial.adapter), str(vars(trial.adapter))])
    if any(secret in shown for secret in trial.subject.secrets):
        raise Broken("a secret stands in a message, or in what the adapter shows of itself")


PROMISES: Sequence[Promise] = (
    Promise(
        "option_named",
        Level.MUST,
        "tuỳ chọn sai được gọi đúng tên",
        "a wrong option is named",
        _wrong_option,
    ),
    Promise(
        "check",
        Level.SHOULD,
        "trả lời lệnh gọi thử, không để lại gì",
        "answers a call that changes nothing",
        _check,
    ),
    Promise("document", Level.MUST, "nhận văn bản", "a document is taken", _document),
    Promise(
        "unchanged",
        Level.MUST,
        "giữ nguyên từng byte của bản có chữ ký số",
        "the signed bytes are held unchanged",
        _unchanged,
    ),
    Promise(
        "kinds",
        Level.MUST,
        "nhận cả trạng thái và biên nhận",
        "status messages and receipts are taken too",
        _kinds,
    ),
    Promise("names", Level.MUST, "nhận tên tiếng Việt và tên dài", "Vietnamese and long names", _names),
    Promise(
        "twice",
        Level.MUST,
        "gửi lại cùng khoá, cả sau khi khởi động lại, vẫn nhận",
        "the same key again, after a restart too",
        _twice,
    ),
    Promise(
        "twice_at_once",
        Level.MUST,
        "hai lần cùng lúc với một khoá",
        "the same key twice at once",
        _twice_at_once,
    ),
    Promise(
        "in_time",
        Level.MUST,
        "hết thời hạn thì dừng, không từ chối văn bản",
        "stops at the time limit, and refuses nothing for it",
        _in_time,
    ),
    Promise("empty", Level.SHOULD, "tệp 0 byte: nhận hoặc từ chối rõ", "0 bytes: taken or refused", _empty),
    Promise("large", Level.SHOULD, "văn bản lớn: nhận hoặc từ chối rõ", "large: taken or refused", _large),
    Promise("crowd", Level.SHOULD, "nhiều văn bản cùng lúc", "many at once", _crowd),
    Promise("collects", Level.MAY, "lấy văn bản đi của cơ quan", "collects what the agency sends", _collects),
    Promise("no_secrets", Level.MUST, "không lộ bí mật", "no secret is shown", _no_secrets),
)
