"""What is said of alarms: one mail for all that is new, in plain words, the worst first."""

import json
from datetime import UTC, datetime

from exchange.core.alarm_messages import SHOWN_MAX, SUBJECT_MAX, Item, by_weight, hook, mail, subject
from exchange.core.alarms import Alarm, Cause, Rule, Said, State

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
BROKER = "Trục Phú Yên"


def item(rule: Rule, said: Said, **facts: str | int) -> Item:
    alarm = Alarm(
        cause=Cause(rule, ""), state=State.TOLD, since=NOW, facts=facts, raised_at=NOW, ended_at=NOW
    )
    return rule.value, alarm, said


def test_the_worst_of_what_is_new_comes_first_and_names_the_mail() -> None:
    items = by_weight(
        [
            item(Rule.WITNESS_SILENT, Said.ENDED, witness="w"),
            item(Rule.TIME_NOT_PROVEN, Said.REMINDED),
            item(Rule.DEAD_LETTERS, Said.RAISED, count=30),
            item(Rule.DISK_FILLING, Said.RAISED, host="a", free_percent=3),
        ]
    )
    assert [rule for rule, _, _ in items] == [
        "disk_filling",
        "dead_letters",
        "time_not_proven",
        "witness_silent",
    ]
    assert subject(items, BROKER) == (
        "[Trục Phú Yên] CẢNH BÁO KHẨN: Ổ đĩa của máy a sắp đầy (+3)"
        " / URGENT ALARM: The disk of a is filling (+3)"
    )
    text = mail(items, BROKER, NOW)
    vi, en = text.split("-" * 60)
    for head in ("CẢNH BÁO KHẨN:", "CẢNH BÁO: Nhiều văn bản", "VẪN CÒN:", "ĐÃ HẾT:"):
        assert head in vi
    for head in ("URGENT ALARM:", "ALARM: Many documents", "STILL:", "OVER:"):
        assert head in en


def test_many_alarms_are_one_mail_that_names_the_first_and_counts_the_rest_and_json_has_all() -> None:
    items = [item(Rule.DOCUMENTS_LATE, Said.RAISED, name=f"{n}" * 300, priority=0) for n in range(99)]
    text = mail(items, BROKER, NOW)
    assert f"… and {99 - SHOWN_MAX} more" in text
    assert len(subject(items, BROKER)) == SUBJECT_MAX
    assert len(json.loads(hook(items, BROKER, NOW))["alarms"]) == 99
