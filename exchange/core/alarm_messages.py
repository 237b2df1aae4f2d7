"""What is said of alarms: one e-mail in Vietnamese and English, or one JSON object, for all that is new."""

import json
from collections.abc import Sequence
from datetime import datetime

from exchange.core.alarm_texts import Words, describe, moment
from exchange.core.alarms import Alarm, Said, Severity, severity
from exchange.core.receipt import instant

SHOWN_MAX = 50  # alarms in one message; the rest are counted
SUBJECT_MAX = 150  # characters

Item = tuple[str, Alarm, Said]  # with the alarm's id

_URGENT = Words("CẢNH BÁO KHẨN", "URGENT ALARM")
_HEADS = {
    Said.RAISED: Words("CẢNH BÁO", "ALARM"),
    Said.REMINDED: Words("VẪN CÒN", "STILL"),
    Said.ENDED: Words("ĐÃ HẾT", "OVER"),
}
_GREETING = Words("Từ {broker}, lúc {at}.", "From {broker}, at {at}.")
_MORE = Words(
    "… và {count} mục nữa. Xem tất cả: exchange alarm list",
    "… and {count} more. All of them: exchange alarm list",
)
_FOOT = Words(
    "Mỗi cảnh báo chỉ được gửi một lần, nhắc lại sau một thời gian dài, và báo khi hết (docs/alarms.md).",
    "Each alarm is told once, again after a long time, and when it is over (docs/alarms.md).",
)


def subject(items: Sequence[Item], broker: str) -> str:
    """One line that can be understood without opening the mail."""
    _, alarm, said = items[0]
    title = describe(alarm.cause.rule, alarm.facts).title
    head = _head(alarm, said)
    if len(items) == 1:
        text = f"[{broker}] {head.vi}: {title.vi} / {head.en}: {title.en}"
    else:
        more = len(items) - 1
        text = f"[{broker}] {head.vi}: {title.vi} (+{more}) / {head.en}: {title.en} (+{more})"
    return text if len(text) <= SUBJECT_MAX else text[: SUBJECT_MAX - 1] + "…"


def mail(items: Sequence[Item], broker: str, at: datetime) -> str:
    """The text: Vietnamese, then English."""
    return "\n\n".join((_part(items, broker, at, "vi"), "-" * 60, _part(items, broker, at, "en"))) + "\n"


def _part(items: Sequence[Item], broker: str, at: datetime, language: str) -> str:
    parts = [getattr(_GREETING, language).format(broker=broker, at=moment(at))]
    parts += [_told(alarm, said, language) for _, alarm, said in items[:SHOWN_MAX]]
    if len(items) > SHOWN_MAX:
        parts.append(getattr(_MORE, language).format(count=len(items) - SHOWN_MAX))
    return "\n\n".join((*parts, getattr(_FOOT, language)))


def _head(alarm: Alarm, said: Said) -> Words:
    urgent = said is Said.RAISED and severity(alarm.cause.rule) is Severity.CRITICAL
    return _URGENT if urgent else _HEADS[said]


def _told(alarm: Alarm, said: Said, language: str) -> str:
    described = describe(alarm.cause.rule, alarm.facts)
    lines = [f"{getattr(_head(alarm, said), language)}: {getattr(described.title, language)}"]
    if said is Said.ENDED:
        return "\n".join((*lines, _span(alarm, language)))
    lines.append(getattr(described.detail, language))
    todo = "Việc cần làm" if language == "vi" else "What to do"
    return "\n".join((*lines, f"{todo}: {getattr(described.remedy, language)}"))


def _span(alarm: Alarm, language: str) -> str:
    assert alarm.ended_at is not None
    since, until = moment(alarm.since), moment(alarm.ended_at)
    return f"Từ {since} đến {until}." if language == "vi" else f"From {since} to {until}."


def hook(items: Sequence[Item], broker: str, at: datetime) -> str:
    """The same as JSON; ``alarms`` has all of them."""
    return json.dumps(
        {"broker": broker, "at": instant(at), "alarms": [_hooked(*item) for item in items]},
        ensure_ascii=False,
    )


def _hooked(id_: str, alarm: Alarm, said: Said) -> dict[str, object]:
    described = describe(alarm.cause.rule, alarm.facts)
    return {
        "id": id_,
        "event": said.value,
        "rule": alarm.cause.rule.value,
        "subject": alarm.cause.subject,
        "severity": severity(alarm.cause.rule).value,
        "since": instant(alarm.since),
        "raised_at": None if alarm.raised_at is None else instant(alarm.raised_at),
        "ended_at": None if alarm.ended_at is None else instant(alarm.ended_at),
        "facts": dict(alarm.facts),
        "title": _both(described.title),
        "detail": _both(described.detail),
        "remedy": _both(described.remedy),
    }


def _both(words: Words) -> dict[str, str]:
    return {"vi": words.vi, "en": words.en}


def by_weight(items: Sequence[Item]) -> list[Item]:
    """New ones first, then reminders, then what is over; of each the critical first."""
    order = list(_HEADS)
    return sorted(
        items,
        key=lambda item: (order.index(item[2]), severity(item[1].cause.rule) is not Severity.CRITICAL),
    )
