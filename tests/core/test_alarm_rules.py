"""The rules of alarms: each at its threshold, and nothing decided by what could not be read."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exchange.core.alarm_rules import (
    AccountRefusals,
    CertificateReading,
    Judged,
    Limits,
    Queue,
    Readings,
    Undelivered,
    Unreachable,
    WitnessReading,
    judge,
)
from exchange.core.alarm_texts import _TEXTS, describe
from exchange.core.alarms import Cause, Rule
from exchange.core.processes import ProcessReading

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
LIMITS = Limits(
    unreachable_minutes=15,
    late_hours=(24, 8, 4, 2, 1),
    certificate_days=60,
    time_hours=2,
    witness_minutes=60,
    queue_deliveries=1000,
    disk_free_share=0.1,
    sign_ins=20,
    account_sign_ins=10,
    dead_letters=20,
    process_minutes=5,
)


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


def judged(open_: frozenset[Cause] = frozenset(), **read: object) -> Judged:
    return judge(Readings(at=NOW, **read), LIMITS, open_)  # type: ignore[arg-type]


def process(**changes: object) -> tuple[ProcessReading]:
    calm = ProcessReading(
        name="worker-1",
        role="worker",
        host="a",
        started_at=NOW - timedelta(days=1),
        heard_at=NOW,
        disk_free_share=0.5,
    )
    return (replace(calm, **changes),)  # type: ignore[arg-type]


def certificate(**changes: object) -> tuple[CertificateReading]:
    calm = CertificateReading(
        fingerprint="ab",
        agency="H45.01",
        name="Văn phòng",
        ends_at=NOW + timedelta(days=60),
        followed=False,
        revoked=False,
    )
    return (replace(calm, **changes),)  # type: ignore[arg-type]


def undelivered(priority: int, **age: float) -> Undelivered:
    return Undelivered(agency="H45.01", name="Văn phòng", priority=priority, count=2, since=ago(**age))


def unreachable(minutes: float) -> tuple[Unreachable]:
    return (Unreachable(agency="H45", name="UBND", since=ago(minutes=minutes), waiting=1),)


def refusals(count: int) -> tuple[AccountRefusals]:
    return (AccountRefusals(login="lan", count=count, addresses=3),)


SECOND = timedelta(seconds=1)
CALM: dict[str, dict[str, object]] = {
    "unreachable": {"unreachable": unreachable(14.9)},
    "late": {"undelivered": (undelivered(0, hours=23.9), undelivered(4, hours=0.9))},
    "certificate": {"certificates": certificate(ends_at=NOW + timedelta(days=60) + SECOND)},
    "followed": {"certificates": certificate(followed=True)},
    "time": {"unproven_since": (ago(hours=1.9),)},
    "time proven": {"unproven_since": (None,)},
    "witness": {"witnesses": (WitnessReading(name="w", behind_since=ago(minutes=59)),)},
    "witness up to date": {"witnesses": (WitnessReading(name="w", behind_since=None),)},
    "process": {"processes": process(heard_at=ago(minutes=4.9))},
    "process stopped": {"processes": process(heard_at=ago(minutes=9), stopped_at=ago(minutes=9))},
    "process stopped as it was": {"processes": process(ended=("settle",), stopped_at=NOW)},
    "disk": {"processes": process(disk_free_share=0.1)},
    "disk unknown": {"processes": process(disk_free_share=None)},
    "queue": {"queue": Queue(overdue=1000, minutes=10)},
    "sign-ins": {"refused_sign_ins": {"10.0.0.9": 20}},
    "account": {"account_refusals": refusals(10)},
    "dead letters": {"dead_letters": 20},
    "counters": {"counters_differ": 0},
}
ALARMING: dict[str, tuple[dict[str, object], Cause]] = {
    "unreachable": ({"unreachable": unreachable(15)}, Cause(Rule.AGENCY_UNREACHABLE, "H45")),
    "late": ({"undelivered": (undelivered(0, hours=24),)}, Cause(Rule.DOCUMENTS_LATE, "H45.01")),
    "late urgent": ({"undelivered": (undelivered(4, hours=1),)}, Cause(Rule.DOCUMENTS_LATE, "H45.01")),
    "certificate": ({"certificates": certificate()}, Cause(Rule.CERTIFICATE_ENDING, "ab")),
    "revoked": (
        {"certificates": certificate(revoked=True, followed=True)},
        Cause(Rule.CERTIFICATE_REVOKED, "ab"),
    ),
    "time": ({"unproven_since": (ago(hours=2),)}, Cause(Rule.TIME_NOT_PROVEN, "")),
    "witness": (
        {"witnesses": (WitnessReading(name="w", behind_since=ago(hours=1)),)},
        Cause(Rule.WITNESS_SILENT, "w"),
    ),
    "fork": ({"processes": process(contradicted=("w",))}, Cause(Rule.LEDGER_CONTRADICTED, "w")),
    "process": ({"processes": process(heard_at=ago(minutes=5))}, Cause(Rule.PROCESS_SILENT, "worker-1")),
    "part": ({"processes": process(ended=("settle",))}, Cause(Rule.PART_ENDED, "worker-1")),
    "disk": ({"processes": process(disk_free_share=0.099)}, Cause(Rule.DISK_FILLING, "a")),
    "queue": ({"queue": Queue(overdue=1001, minutes=10)}, Cause(Rule.QUEUE_GROWING, "")),
    "sign-ins": ({"refused_sign_ins": {"10.0.0.9": 21}}, Cause(Rule.SIGN_INS_REFUSED, "10.0.0.9")),
    "account": ({"account_refusals": refusals(11)}, Cause(Rule.ACCOUNT_SIGN_INS_REFUSED, "lan")),
    "dead letters": ({"dead_letters": 21}, Cause(Rule.DEAD_LETTERS, "")),
    "counters": ({"counters_differ": 1}, Cause(Rule.COUNTERS_DIFFER, "")),
}


@pytest.mark.parametrize("name", CALM)
def test_what_lies_within_its_threshold_is_no_alarm(name: str) -> None:
    assert judged(**CALM[name]).holds == {}


@pytest.mark.parametrize("name", ALARMING)
def test_what_reaches_its_threshold_holds_and_its_texts_say_what_and_what_to_do(name: str) -> None:
    read, cause = ALARMING[name]
    [(found, facts)] = judged(**read).holds.items()
    assert found == cause
    described = describe(cause.rule, facts)
    for words in (described.title, described.detail, described.remedy):
        for text in (words.vi, words.en):
            assert text
            assert "?" not in text
            assert "{" not in text


def test_the_table_tries_every_rule() -> None:
    assert {cause.rule for _, cause in ALARMING.values()} == set(Rule) == set(_TEXTS)


def test_what_could_not_be_read_decides_nothing() -> None:
    assert judged().unknown == frozenset(Rule)
    assert judged(queue=Queue(overdue=0, minutes=10)).unknown == frozenset(Rule) - {Rule.QUEUE_GROWING}


@pytest.mark.parametrize(
    ("cause", "still", "better"),
    [
        (
            Cause(Rule.QUEUE_GROWING, ""),
            {"queue": Queue(overdue=801, minutes=10)},
            {"queue": Queue(overdue=800, minutes=10)},
        ),
        (
            Cause(Rule.DISK_FILLING, "a"),
            {"processes": process(disk_free_share=0.12)},
            {"processes": process(disk_free_share=0.125)},
        ),
        (Cause(Rule.DEAD_LETTERS, ""), {"dead_letters": 17}, {"dead_letters": 16}),
        (
            Cause(Rule.SIGN_INS_REFUSED, "a"),
            {"refused_sign_ins": {"a": 17}},
            {"refused_sign_ins": {"a": 16}},
        ),
        (
            Cause(Rule.ACCOUNT_SIGN_INS_REFUSED, "lan"),
            {"account_refusals": refusals(9)},
            {"account_refusals": refusals(8)},
        ),
    ],
    ids=lambda value: value.rule.value if isinstance(value, Cause) else "",
)
def test_an_open_alarm_holds_until_its_value_is_a_fifth_better_than_the_limit(
    cause: Cause, still: dict[str, object], better: dict[str, object]
) -> None:
    assert judged(**still).holds == {}
    assert set(judged(frozenset({cause}), **still).holds) == {cause}
    assert judged(frozenset({cause}), **better).holds == {}


def test_documents_of_one_agency_are_one_cause_with_the_oldest_and_the_most_urgent() -> None:
    late = (undelivered(0, hours=30), undelivered(3, hours=3), undelivered(1, hours=1))
    [facts] = judged(undelivered=late).holds.values()
    assert (facts["count"], facts["priority"]) == (4, 3)
    described = describe(Rule.DOCUMENTS_LATE, facts)
    assert "04:00 23/11/2026" in described.detail.vi
    assert "Hỏa tốc" in described.detail.vi
    assert "express" in described.detail.en


def test_both_languages_of_a_text_tell_the_same_facts() -> None:
    for several in _TEXTS.values():
        for words in several:
            vi, en = (set(re.findall(r"{(\w+)}", text)) for text in (words.vi, words.en))
            assert vi == en


def test_facts_of_another_version_are_shown_as_far_as_they_go() -> None:
    assert describe(Rule.WITNESS_SILENT, {}).title.en == "The witness ? does not sign"
