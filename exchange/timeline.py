"""The history of one document, as for a parcel: what happened, in order, in words for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from exchange.core.closing import FORWARDED
from exchange.core.delivery import Business
from exchange.ledger.reading import Dossier, Record

# event: English, Vietnamese. "Accepted" and "delivered" never share a word.
TEXTS: Mapping[str, tuple[str, str]] = {
    "accepted": ("Accepted by the exchange for {agency}", "Trục đã tiếp nhận để chuyển tới {agency}"),
    "reported": ("Status message taken over", "Trục đã tiếp nhận gói tin trạng thái"),
    "delivered": ("Delivered to the software of {agency}", "Đã chuyển tới phần mềm của {agency}"),
    "refused": ("Ended without delivery to {agency}: {reason}", "Không chuyển được tới {agency}: {reason}"),
    "gone_on": (
        "{agency} is closed; it goes on: {reason}",
        "{agency} đã ngừng hoạt động, chuyển tiếp: {reason}",
    ),
    "expired": ("Not delivered to {agency} in time", "Quá hạn chuyển tới {agency}"),
    "examined": ("Signatures in attached PDFs examined", "Đã kiểm tra chữ ký trong các PDF đính kèm"),
    "sent_again": ("Sent again to {agency}", "Gửi lại tới {agency}"),
    "forwarded": ("Forwarded to {agency}, which follows", "Chuyển tiếp tới đơn vị kế thừa {agency}"),
    "paper": ("Sent on paper to {agency}", "Đã gửi bản giấy tới {agency}"),
    "paper_withdrawn": ("Paper to {agency}: registration withdrawn", "Rút đăng ký bản giấy gửi {agency}"),
    "attempt_retry": ("Attempt {number} failed: {reason}", "Lần thử {number} không thành: {reason}"),
    "attempt_available": ("Ready for {agency} to fetch", "Chờ {agency} đến lấy"),
    "attempt_accepted": ("Taken by {agency}, not confirmed yet", "{agency} đã lấy, chưa xác nhận"),
    "attempt_released": (
        "{agency} gave it back; it waits again",
        "{agency} đã trả lại, chờ nhận lại",
    ),
    "attempt_open": ("Attempt {number} begun", "Bắt đầu lần thử {number}"),
    "status_01": ("{agency}: arrived", "{agency}: Đã đến"),
    "status_02": ("{agency}: rejected: {reason}", "{agency}: Từ chối tiếp nhận: {reason}"),
    "status_03": ("{agency}: registered", "{agency}: Đã tiếp nhận"),
    "status_04": ("{agency}: assigned", "{agency}: Phân công xử lý"),
    "status_05": ("{agency}: in process", "{agency}: Đang xử lý"),
    "status_06": ("{agency}: finished", "{agency}: Hoàn thành"),
    "status_13": ("{agency} asks to have it back: {reason}", "{agency} yêu cầu lấy lại: {reason}"),
    "status_15": ("{agency} agrees", "{agency} đồng ý yêu cầu cập nhật, lấy lại"),
    "status_16": ("{agency} declines: {reason}", "{agency} từ chối yêu cầu cập nhật, lấy lại: {reason}"),
}

# Added to what was accepted or reported without a signature that proves who said it.
NOT_SIGNED = ("not signed", "không có chữ ký số hợp lệ")

# What was written by a newer release is shown by its name: the history must never fail as a whole.
UNKNOWN = ("{event} ({agency})", "{event} ({agency})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history."""

    at: datetime
    event: str
    delivery: str | None
    agency: str
    text: str
    text_vi: str


def timeline(dossier: Dossier) -> list[Event]:
    """Entries, statuses and failed attempts of a document, oldest first."""
    receivers = {row["id"]: row["receiver"] for row in dossier.deliveries}
    events = [
        *_entries(dossier, receivers),
        *_statuses(dossier, receivers),
        *_attempts(dossier, receivers),
    ]
    return sorted(events, key=lambda event: event.at)


def _event(
    name: str, at: datetime, delivery: str | None, agency: str, *, unsigned: bool = False, **values: Any
) -> Event:
    english, vietnamese = TEXTS.get(name, UNKNOWN)
    words = {"reason": "", "number": "", **values, "agency": agency, "event": name}
    mark, mark_vi = (f" ({each})" for each in NOT_SIGNED) if unsigned else ("", "")
    return Event(
        at=at,
        event=name,
        delivery=delivery,
        agency=agency,
        text=english.format(**words).rstrip(": ") + mark,
        text_vi=vietnamese.format(**words).rstrip(": ") + mark_vi,
    )


def _entries(dossier: Dossier, receivers: Mapping[str, str]) -> Iterator[Event]:
    reasons = {row["id"]: row["reason"] for row in dossier.deliveries}
    for entry in dossier.entries:
        if entry["event"].startswith("status_"):
            continue  # told by the status itself, with its words
        # Paper has no delivery; its entry is the sender's and names the receiver.
        named = entry["body"].get("receiver") or entry["agency"]
        receiver = receivers.get(entry["delivery"] or "", named)
        reason = reasons.get(entry["delivery"] or "") or entry["body"].get("cause", "")
        name = "gone_on" if entry["body"].get("cause") == FORWARDED else entry["event"]
        unsigned = name in ("accepted", "reported") and not entry["body"].get("signed", True)
        yield _event(name, entry["at"], entry["delivery"], receiver, unsigned=unsigned, reason=reason)


def _statuses(dossier: Dossier, receivers: Mapping[str, str]) -> Iterator[Event]:
    # Beside these the broker itself reports, in its own name.
    agencies = {dossier.document["sender"], *receivers.values()}
    for status in dossier.statuses:
        # The broker itself reports 01, of the receiver's software.
        by_broker = status["message"] is None and status["code"] == Business.ARRIVED
        yield _event(
            f"status_{status['code']}",
            status["received_at"],
            status["delivery"],
            receivers[status["delivery"]] if by_broker else status["reported_by"],
            unsigned=status["message"] is None and status["reported_by"] in agencies,
            reason=status["description"],
        )


def _attempts(dossier: Dossier, receivers: Mapping[str, str]) -> Iterator[Event]:
    for attempt in dossier.attempts:
        if attempt["verdict"] in ("delivered", "refused"):
            continue  # told by the entry
        name = f"attempt_{attempt['verdict'] or 'open'}"
        yield _event(
            name,
            _when(attempt),
            attempt["delivery"],
            receivers[attempt["delivery"]],
            number=attempt["number"],
            reason=attempt["reason"],
        )


def _when(attempt: Record) -> datetime:
    when: datetime = attempt["ended_at"] or attempt["started_at"]
    return when
