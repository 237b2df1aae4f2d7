"""Notices to agencies: that something waits, and what was not picked up. No document's content: a mail is
read by anybody on its way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exchange.core.alarm_texts import moment
from exchange.core.codes import PRIORITIES

LINES_MAX = 50  # in one mail; the rest are counted


class Kind(StrEnum):
    """What is sent to an address of an agency."""

    WAITING = "waiting"  # something waits for it
    DAILY = "daily"  # what it did not pick up, on working days
    OVERSIGHT = "oversight"  # what those under it did not pick up


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Documents that lie ready for an agency; the oldest came at ``since``, the newest at ``up_to``."""

    agency: str
    count: int
    priority: int
    """The highest."""
    since: datetime
    up_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A document that its receiver does not have; it is tried, or lies ready, ``until`` then."""

    agency: str
    document: str
    """The exchange's own id."""
    sender: str
    priority: int
    since: datetime
    until: datetime


Name = Callable[[str], str]  # of an agency, by its code


def waiting_subject(found: Waiting, broker: str) -> str:
    """One line."""
    vi, en = f"{found.count} văn bản đang chờ nhận", _many(found.count, "document waits", "documents wait")
    if found.priority:
        urgent_en, urgent_vi = PRIORITIES[found.priority]
        vi, en = f"{vi}, có {urgent_vi.lower()}", f"{en}, {urgent_en} among them"
    return f"[{broker}] {vi} / {en}"


def waiting_text(found: Waiting, name: Name, broker: str) -> str:
    """Vietnamese, then English."""
    who, since = f"{name(found.agency)} ({found.agency})", moment(found.since)
    vi = (
        f"{who} có {found.count} văn bản đang chờ nhận trên {broker}, văn bản đầu từ {since}.\n\n"
        "Việc cần làm: mở phần mềm văn thư hoặc trang của trục và nhận văn bản."
    )
    en = (
        f"{who} has {_many(found.count, 'document', 'documents')} waiting at {broker}, the "
        f"first since {since}.\n\n"
        "What to do: open your software, or the pages of the exchange, and fetch them."
    )
    return _both(vi, en)


def daily_subject(late: Sequence[Late], broker: str) -> str:
    """One line."""
    en = _many(len(late), "document", "documents")
    return f"[{broker}] {len(late)} văn bản chưa nhận / {en} not picked up"


def daily_text(agency: str, late: Sequence[Late], name: Name, broker: str) -> str:
    """An agency's own list."""
    who = f"{name(agency)} ({agency})"
    vi = (
        f"{who}: {len(late)} văn bản gửi tới từ những ngày trước mà cơ quan chưa nhận trên {broker}.\n\n"
        f"{_listed(late, name, 1)}\n\n"
        "Việc cần làm: nhận văn bản trong phần mềm văn thư hoặc trên trang của trục. Quá hạn, nơi gửi sẽ "
        "được báo là không chuyển được."
    )
    en = (
        f"{who}: {_many(len(late), 'document', 'documents')} of earlier days that the agency has not picked "
        f"up at {broker}.\n\n"
        f"{_listed(late, name, 0)}\n\n"
        "What to do: fetch them with your software or in the pages of the exchange. After their time the "
        "sender is told that they could not be delivered."
    )
    return _both(vi, en)


def oversight_subject(by_agency: Mapping[str, Sequence[Late]], broker: str) -> str:
    """One line."""
    count = len(by_agency)
    en = _many(count, "agency has", "agencies have")
    return f"[{broker}] {count} cơ quan chưa nhận văn bản / {en} documents not picked up"


def oversight_text(by_agency: Mapping[str, Sequence[Late]], name: Name, broker: str) -> str:
    """For those above: how many, of whom, and since when."""
    vi = (
        f"Các cơ quan sau chưa nhận văn bản gửi tới từ những ngày trước trên {broker}.\n\n"
        f"{_counted(by_agency, name, 1)}\n\n"
        "Việc cần làm: nhắc các cơ quan này nhận văn bản."
    )
    en = (
        f"These agencies have not picked up documents of earlier days at {broker}.\n\n"
        f"{_counted(by_agency, name, 0)}\n\n"
        "What to do: ask them to fetch their documents."
    )
    return _both(vi, en)


def _listed(late: Sequence[Late], name: Name, language: int) -> str:
    texts = (
        (
            "{number}. from {sender} ({code}), accepted {since}, {priority}, until {until}, id {document}",
            "{number}. từ {sender} ({code}), trục nhận lúc {since}, {priority}, hạn {until}, mã {document}",
        )[language].format(
            number=number,
            sender=name(each.sender),
            code=each.sender,
            since=moment(each.since),
            until=moment(each.until),
            priority=PRIORITIES[each.priority][language].lower(),
            document=each.document,
        )
        for number, each in enumerate(late[:LINES_MAX], start=1)
    )
    return _lines(texts, len(late), language)


def _counted(by_agency: Mapping[str, Sequence[Late]], name: Name, language: int) -> str:
    worst = sorted(by_agency.items(), key=lambda item: (-len(item[1]), item[0]))
    texts = (
        ("{name} ({code}): {count}, the oldest {since}", "{name} ({code}): {count}, cũ nhất {since}")[
            language
        ].format(name=name(code), code=code, count=len(late), since=moment(late[0].since))
        for code, late in worst[:LINES_MAX]
    )
    return _lines(texts, len(worst), language)


def _lines(texts: Iterable[str], count: int, language: int) -> str:
    shown = list(texts)
    if count > len(shown):
        more = count - len(shown)
        shown.append((f"… and {more} more", f"… và {more} mục nữa")[language])
    return "\n".join(shown)


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _both(vi: str, en: str) -> str:
    return f"{vi}\n\n{'-' * 60}\n\n{en}\n"
