"""Alarms of a whole broker: each cause made to happen, and what the broker then says is open."""

import os
import shutil
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from exchange.alarms import Alarms
from exchange.core.alarms import Rule
from exchange.core.processes import ProcessReading
from exchange.ledger import alarm_readings, directory_store, people
from exchange.ledger.alarms import OpenAlarm, open_alarms
from exchange.ledger.recount import COUNTED
from exchange.metrics import DeliveryGauge, exposition
from exchange.people import sign_in
from exchange.people.accounts import Wanted, create
from exchange.sequencing import Sequencing
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, registered

NEVER: dict[str, tuple[str, dict[str, object]]] = {FINANCE: ("simulator", {"behaviour": "never"})}
WITNESS = "w.vn+4aaf1c83+BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB http://127.0.0.1:1"
CALM = {"alarm_raise_seconds": 0, "alarm_end_minutes": 0, "alarm_disk_free_percent": 0}


# For what does not depend on how a database answers.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def alarms(house: House, contradicted: Collection[str] = ()) -> Alarms:
    return Alarms(house.context, lambda: contradicted)


def opened(house: House, watching: Alarms | None = None) -> list[OpenAlarm]:
    """What is open after one look; by default that of a process that stops as asked after it."""
    looking = watching or alarms(house)
    looking.beat(house.clock.now)
    looking.look(house.clock.now)
    if watching is None:
        looking.close()
    with house.context.database.read() as connection:
        return list(open_alarms(connection))


def causes(house: House, watching: Alarms | None = None) -> list[tuple[Rule, str]]:
    return [(each.rule, each.subject) for each in opened(house, watching)]


def attempt(house: House, **later: float) -> None:
    """Some time later, what is due is attempted."""
    house.clock.pass_(**later)
    house.sweep()
    house.work()


def test_an_agency_whose_attempts_all_fail_is_unreachable_until_its_software_answers(
    make_house: MakeHouse,
) -> None:
    house = make_house(NEVER, alarm_unreachable_minutes=15, **CALM)
    house.send(OFFICE, FINANCE)
    attempt(house)
    attempt(house, minutes=14)
    assert causes(house) == []
    attempt(house, minutes=1)
    [alarm] = opened(house)
    assert (alarm.rule, alarm.subject) == (Rule.AGENCY_UNREACHABLE, FINANCE)
    assert f"Cơ quan {FINANCE}" in alarm.title_vi
    assert "waiting: 1." in alarm.detail_en
    answers(house, FINANCE, "always")
    attempt(house, hours=2)
    assert causes(house) == []


def answers(house: House, agency: str, behaviour: str) -> None:
    """The agency's software behaves otherwise from now on."""
    changed = replace(house.province.agencies[agency], options={"behaviour": behaviour})
    version = house.context.registry.current.version
    directory_store.save(house.context.database, [changed], version)
    house.context.registry.renew()


def test_a_document_that_its_receiver_cannot_take_does_not_make_the_agency_unreachable(
    make_house: MakeHouse,
) -> None:
    house = make_house(NEVER, alarm_unreachable_minutes=15, **CALM)
    house.send(OFFICE, FINANCE)
    attempt(house)
    answers(house, FINANCE, "always")
    house.clock.pass_(minutes=16)
    house.send(DISTRICT, FINANCE)
    house.work()
    assert causes(house) == []


def test_documents_that_nobody_picks_up_are_late_by_their_urgency_and_one_alarm_per_agency(
    make_house: MakeHouse,
) -> None:
    house = make_house(alarm_late_hours=[24, 8, 4, 2, 1], **CALM)
    house.send(OFFICE, COMMUNE)
    house.send(OFFICE, COMMUNE, priority=3)
    house.send(OFFICE, DISTRICT)
    house.clock.pass_(hours=1.9)
    assert causes(house) == []
    house.clock.pass_(hours=0.2)
    [alarm] = opened(house)
    assert (alarm.rule, alarm.subject) == (Rule.DOCUMENTS_LATE, COMMUNE)
    assert "have not arrived: 1," in alarm.detail_en
    assert "Hỏa tốc" in alarm.detail_vi
    house.clock.pass_(hours=22)
    assert {subject for _, subject in causes(house)} == {COMMUNE, DISTRICT}
    house.fetch_all(COMMUNE)
    assert causes(house) == [(Rule.DOCUMENTS_LATE, DISTRICT)]


def test_many_dead_letters_within_a_day_are_an_alarm_and_what_is_withdrawn_counts_not(
    make_house: MakeHouse,
) -> None:
    refuses: dict[str, tuple[str, dict[str, object]]] = {FINANCE: ("simulator", {"behaviour": "refuses"})}
    house = make_house(refuses, alarm_dead_letters_max=1, **CALM)
    house.send(OFFICE, FINANCE)
    house.work()
    assert causes(house) == []
    house.send(OFFICE, FINANCE)
    house.work()
    assert causes(house) == [(Rule.DEAD_LETTERS, "")]
    house.clock.pass_(hours=25)
    assert causes(house) == []


def test_what_is_due_and_nobody_attempts_is_a_growing_queue(make_house: MakeHouse) -> None:
    house = make_house(NEVER, alarm_queue_max=1, alarm_queue_minutes=10, **CALM)
    house.send(OFFICE, FINANCE)
    house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=9)
    assert causes(house) == []
    house.clock.pass_(minutes=1)
    assert causes(house) == [(Rule.QUEUE_GROWING, "")]


@on_sqlite
def test_a_certificate_that_ends_soon_and_has_no_follower_is_an_alarm(make_house: MakeHouse) -> None:
    house = make_house(certificate_warning_days=60, **CALM)
    now = house.clock.now
    for each in house.province.agencies[OFFICE].certificates:
        directory_store.end_certificate(house.context.database, each.fingerprint, now)
    for days in (59, 400):
        soon = registered(house.province.authority.issue("x", OFFICE, now, days=days), OFFICE, now)
        directory_store.register_certificate(house.context.database, soon)
        house.context.registry.renew()
        expected = [(Rule.CERTIFICATE_ENDING, soon.fingerprint)] if days == 59 else []
        assert causes(house) == expected


def test_a_witness_that_does_not_cosign_is_an_alarm_and_one_that_saw_another_ledger_a_critical_one(
    make_house: MakeHouse,
) -> None:
    house = make_house(witnesses=[WITNESS], alarm_witness_minutes=60, **CALM)
    Sequencing(house.context).round()
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    assert causes(house) == []
    house.clock.pass_(minutes=60)
    assert causes(house, alarms(house, ["w.vn"])) == [
        (Rule.LEDGER_CONTRADICTED, "w.vn"),
        (Rule.WITNESS_SILENT, "w.vn"),
    ]


@on_sqlite
def test_time_stamps_that_are_missing_are_an_alarm(
    make_house: MakeHouse, pki: object, tmp_path: object
) -> None:
    house = make_house(
        tsa_url="http://127.0.0.1:1", tsa_certificates=os.devnull, stamp_age_alarm_hours=2, **CALM
    )
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    house.context.stamp_age.look()
    assert causes(house) == []
    house.clock.pass_(hours=2)
    assert causes(house) == [(Rule.TIME_NOT_PROVEN, "")]


def other_process(house: House, name: str, **changes: object) -> None:
    """Another process of the exchange, which began now, says how it is."""
    calm = ProcessReading(
        name=name,
        role="worker",
        host="other",
        started_at=house.clock.now,
        heard_at=house.clock.now,
        disk_free_share=0.5,
    )
    alarm_readings.beat(house.context.database, name, replace(calm, **changes))  # type: ignore[arg-type]


def test_each_process_says_how_it_is_and_any_of_them_tells_of_the_others(make_house: MakeHouse) -> None:
    house = make_house(**{**CALM, "alarm_disk_free_percent": 10}, alarm_process_minutes=5)
    other_process(house, "other:1", ended=("settle",), disk_free_share=0.01)
    assert causes(house) == [(Rule.PART_ENDED, "other:1"), (Rule.DISK_FILLING, "other")]
    other_process(house, "other:1")
    assert causes(house) == []
    house.clock.pass_(minutes=5)
    assert causes(house) == [(Rule.PROCESS_SILENT, "other:1")]
    other_process(house, "other:2")
    assert causes(house) == []  # it was replaced


@on_sqlite
def test_counters_that_the_recount_finds_otherwise_are_a_critical_alarm_until_they_agree(
    make_house: MakeHouse,
) -> None:
    house = make_house(**CALM)
    assert causes(house) == []
    for found, expected in ((3, [(Rule.COUNTERS_DIFFER, "")]), (0, [])):
        with house.context.database.write() as connection:
            connection.execute(
                COUNTED.update().values(recounted_at=house.clock.now, recounted_leaves=9, differences=found)
            )
        assert causes(house) == expected


@on_sqlite
def test_many_refused_sign_ins_from_one_address_are_an_alarm(make_house: MakeHouse) -> None:
    house = make_house(alarm_sign_ins_max=2, **CALM)

    def refuse(address: str) -> None:
        refused = {"at": house.clock.now, "address": address, "account": "", "cause": "password"}
        with house.context.database.write() as connection:
            connection.execute(people.REFUSED.insert(), refused)

    for address in ("10.0.0.9", "10.0.0.9", "10.0.0.7"):
        refuse(address)
    assert causes(house) == []
    refuse("10.0.0.9")
    assert causes(house) == [(Rule.SIGN_INS_REFUSED, "10.0.0.9")]
    house.clock.pass_(hours=1)
    assert causes(house) == []


def test_many_refused_sign_ins_to_one_account_are_an_alarm_from_however_many_addresses(
    make_house: MakeHouse,
) -> None:
    house = make_house(alarm_account_sign_ins_max=2, **CALM)
    create(house.context, Wanted(login="lan", role=people.AUDITOR))
    account = people.by_login(house.context.database, "lan")
    for number in range(3):
        assert causes(house) == []
        sign_in.refuse(house.context, account, f"10.0.{number}.1", "password")
    sign_in.refuse(house.context, None, "10.0.9.1", "password")
    [alarm] = opened(house)
    assert (alarm.rule, alarm.subject) == (Rule.ACCOUNT_SIGN_INS_REFUSED, "lan")
    assert "hour: 3; addresses that they came from: 3." in alarm.detail_en
    house.clock.pass_(hours=1)
    assert causes(house) == []


@on_sqlite
def test_a_process_that_stops_as_asked_is_not_missed_and_one_that_is_away_for_a_day_is_forgotten(
    make_house: MakeHouse,
) -> None:
    house = make_house(**CALM)
    watching = alarms(house)
    watching.beat(house.clock.now)
    watching.close()
    other_process(house, "other:1")
    house.clock.pass_(hours=1)
    assert causes(house, watching) == [(Rule.PROCESS_SILENT, "other:1")]
    house.clock.pass_(hours=24)
    assert causes(house, watching) == []
    house.clock.pass_(hours=24)
    watching.beat(house.clock.now)
    assert len(alarm_readings.processes(house.context.database, house.clock.now, timedelta(days=9))) == 1


@on_sqlite
def test_this_process_says_which_parts_ended_and_what_is_left_of_the_disk(make_house: MakeHouse) -> None:
    house = make_house(**CALM)
    house.context.liveness.watch("settle", lambda: False)
    [(rule, process)] = causes(house)
    assert (rule, process.rpartition(":")[2]) == (Rule.PART_ENDED, str(os.getpid()))
    [own] = alarm_readings.processes(house.context.database, house.clock.now, timedelta(days=1))
    usage = shutil.disk_usage(house.context.settings.data)
    assert own.disk_free_share == pytest.approx(usage.free / usage.total, abs=0.05)


@on_sqlite
def test_one_step_looks_no_more_often_than_set_and_the_log_says_what_changed(make_house: MakeHouse) -> None:
    house = make_house(NEVER, alarm_queue_max=0, **CALM)
    house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=10)
    watching = alarms(house)
    with capture_logs() as said:
        assert [watching.step(), watching.step()] == [True, False]
        house.clock.pass_(seconds=30)
        assert watching.step()
        house.work()
        house.clock.pass_(seconds=30)
        assert watching.step()
    events = [(each["event"], each["rule"]) for each in said if each["event"].startswith("alarm_")]
    assert events == [("alarm_raised", "queue_growing"), ("alarm_ended", "queue_growing")]


@on_sqlite
def test_a_question_that_fails_keeps_its_alarm_and_no_other_from_being_looked_at(
    make_house: MakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_house(NEVER, alarm_queue_max=0, **CALM)
    house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=10)
    assert causes(house) == [(Rule.QUEUE_GROWING, "")]

    def broken(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(alarm_readings, "queue", broken)
    house.work()
    house.clock.pass_(hours=25)
    with capture_logs() as said:
        assert {rule for rule, _ in causes(house)} >= {Rule.QUEUE_GROWING, Rule.DOCUMENTS_LATE}
    assert "not_read_for_alarms" in [each["event"] for each in said]


@on_sqlite
def test_the_figures_say_how_many_are_open_by_rule(make_house: MakeHouse) -> None:
    house = make_house(NEVER, alarm_queue_max=0, **CALM)
    house.send(OFFICE, FINANCE)
    house.clock.pass_(minutes=10)
    opened(house)
    figures = exposition(DeliveryGauge(house.context.database)).decode()
    assert 'exchange_alarms_open{rule="queue_growing"} 1.0' in figures
    assert 'exchange_alarms_open{rule="disk_filling"} 0.0' in figures


@on_sqlite
def test_nothing_is_open_in_a_broker_that_was_just_built(house: House) -> None:
    assert [each for each in causes(house) if each[0] is not Rule.DISK_FILLING] == []
