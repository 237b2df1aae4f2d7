"""Alarms: a look at all that is watched, by one of all processes, and the messages that follow from it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from exchange.context import Context
from exchange.core import alarm_messages
from exchange.core.alarm_messages import Item
from exchange.core.alarm_rules import (
    CertificateReading,
    Limits,
    Readings,
    Undelivered,
    Unreachable,
    judge,
)
from exchange.core.alarms import Alarm, Timing, severity
from exchange.core.expiry import end_of, ending
from exchange.core.standing import Status
from exchange.core.witnessing import Cosigner
from exchange.ledger import alarm_readings, alarms
from exchange.ledger.database import unavailable
from exchange.ledger.notices import Letter, Target
from exchange.ledger.recount import recounted
from exchange.pulse import WORKER, Pulse

T = TypeVar("T")

log = structlog.get_logger(__name__)

WEBHOOK = Target("webhook", "webhook")
PROCESS_MISSED = timedelta(days=1)  # after that, one that is silent is taken to be gone on purpose
TURN = "alarms"


class Alarms:
    """Steps of one thread. Each process says how it is; one of them looks, and tells."""

    def __init__(self, context: Context, contradicted: Callable[[], Collection[str]]) -> None:
        """``contradicted`` names the witnesses that saw another history, as far as this process knows."""
        settings = context.settings
        self._context = context
        self._pulse = Pulse(context, WORKER, contradicted)
        # Half the pause: a wait that ends a moment early must not cost a whole round.
        self._every = timedelta(seconds=settings.alarm_every_seconds / 2)
        self._span = timedelta(hours=settings.expiry_hours, seconds=4 * settings.head_start_seconds)
        self._timing = timing(context)
        self._limits = _limits(context)
        self._targets = targets(context)

    def step(self) -> bool:
        """Say how this process is, and look if it is its turn; whether it looked."""
        now, database = self._context.now(), self._context.database
        self.beat(now)
        if not alarms.take_turn(database, TURN, now, self._every):
            return False
        self.look(now)
        for target in self._targets:
            self.tell(target, now)
        return True

    def beat(self, now: datetime) -> None:
        """Say how this process is."""
        self._pulse.beat(now)

    def look(self, now: datetime) -> None:
        """Judge what can be read, and take it in."""
        database = self._context.database
        judged = judge(self.readings(now), self._limits, alarms.open_causes(database))
        changes = alarms.observe(
            database,
            judged,
            at=now,
            timing=self._timing,
            targets=[target.address for target in self._targets],
        )
        for alarm in changes.raised:
            log.error("alarm_raised", **_named(alarm))
        for alarm in changes.ended:
            log.warning("alarm_ended", **_named(alarm))

    def tell(self, target: Target, now: datetime) -> None:
        """Write down what is to be said to one now."""
        alarms.tell(
            self._context.database,
            target,
            at=now,
            timing=self._timing,
            every=timedelta(minutes=self._context.settings.alarm_message_minutes),
            compose=lambda due: letter(self._context, target, due, now),
        )

    def close(self) -> None:
        """This process stops as asked: nobody is to miss it."""
        self._pulse.stop()

    # --- what is read ---

    def readings(self, now: datetime) -> Readings:
        """All that can be read; what cannot be is None, and the log says why."""
        database, settings = self._context.database, self._context.settings
        day, hour = timedelta(days=1), timedelta(hours=1)
        age = self._context.stamp_age
        return Readings(
            at=now,
            unreachable=_known(partial(self._unreachable, now)),
            undelivered=_known(partial(self._undelivered, now)),
            certificates=_known(partial(self._certificates, now)),
            unproven_since=(now - age.age(now) if age.age(now) else None,) if age.asked else None,
            witnesses=_known(lambda: tuple(alarm_readings.witnesses(database, self._witnesses()))),
            processes=_known(lambda: tuple(alarm_readings.processes(database, now, PROCESS_MISSED))),
            queue=_known(lambda: alarm_readings.queue(database, now, settings.alarm_queue_minutes)),
            dead_letters=_known(lambda: alarm_readings.dead_letters(database, now - day, self._span)),
            refused_sign_ins=_known(lambda: alarm_readings.refused_sign_ins(database, now - hour)),
            account_refusals=_known(lambda: tuple(alarm_readings.account_refusals(database, now - hour))),
            counters_differ=_known(self._counters_differ),
        )

    def _witnesses(self) -> list[str]:
        return [Cosigner.parse(each).vkey.name for each in self._context.settings.witnesses]

    def _unreachable(self, now: datetime) -> tuple[Unreachable, ...]:
        before = now - timedelta(minutes=self._context.settings.alarm_unreachable_minutes)
        found = alarm_readings.unreachable(self._context.database, before, self._span)
        return tuple(replace(each, name=self._name(each.agency)) for each in found)

    def _undelivered(self, now: datetime) -> tuple[Undelivered, ...]:
        hours = self._context.settings.alarm_late_hours
        found = alarm_readings.undelivered(self._context.database, now, hours)
        return tuple(replace(each, name=self._name(each.agency)) for each in found)

    def _certificates(self, now: datetime) -> tuple[CertificateReading, ...]:
        current = self._context.registry.current
        certificates = current.trust.certificates.values()
        in_use = [each for each in certificates if each.valid_from <= now < end_of(each)]
        days = self._context.settings.certificate_warning_days
        soon = {each.registered.fingerprint: each for each in ending(in_use, now, days)}
        revoked = {mark for mark, each in current.verdicts.items() if each.status is Status.REVOKED}
        return tuple(
            CertificateReading(
                fingerprint=each.fingerprint,
                agency=each.agency,
                name=self._name(each.agency),
                ends_at=end_of(each),
                followed=each.fingerprint not in soon or soon[each.fingerprint].followed,
                revoked=each.fingerprint in revoked,
            )
            for each in in_use
            if each.fingerprint in soon or each.fingerprint in revoked
        )

    def _counters_differ(self) -> int | None:
        found = recounted(self._context.database)
        return None if found.recounted_at is None else found.differences

    def _name(self, code: str) -> str:
        agency = self._context.registry.current.directory.get(code)
        return code if agency is None else agency.name


def _named(alarm: Alarm) -> dict[str, str]:
    rule, subject = alarm.cause
    return {"rule": rule.value, "subject": subject, "severity": severity(rule).value}


def _known(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except Exception as error:
        if unavailable(error):
            raise
        # One question that fails must not keep the others from being asked.
        log.exception("not_read_for_alarms")
        return None


# --- from the settings ---


def timing(context: Context) -> Timing:
    """How long causes must hold and be gone."""
    settings = context.settings
    return Timing(
        raise_after=timedelta(seconds=settings.alarm_raise_seconds),
        end_after=timedelta(minutes=settings.alarm_end_minutes),
        remind_after=timedelta(hours=settings.alarm_reminder_hours),
    )


def targets(context: Context) -> list[Target]:
    """Who is told of alarms."""
    settings = context.settings
    mails = [Target("mail", address) for address in dict.fromkeys(settings.alarm_mail_to)]
    return [*mails, *([WEBHOOK] if settings.alarm_webhook_url else [])]


def letter(context: Context, target: Target, due: Sequence[Item], now: datetime) -> Letter:
    """The message to one target."""
    items, broker = alarm_messages.by_weight(due), context.settings.broker_name
    subject = alarm_messages.subject(items, broker)
    write = alarm_messages.hook if target.channel == "webhook" else alarm_messages.mail
    return Letter(subject, write(items, broker, now))


def _limits(context: Context) -> Limits:
    settings = context.settings
    return Limits(
        unreachable_minutes=settings.alarm_unreachable_minutes,
        late_hours=settings.alarm_late_hours,
        certificate_days=settings.certificate_warning_days,
        time_hours=settings.stamp_age_alarm_hours,
        witness_minutes=settings.alarm_witness_minutes,
        queue_deliveries=settings.alarm_queue_max,
        disk_free_share=settings.alarm_disk_free_percent / 100,
        sign_ins=settings.alarm_sign_ins_max,
        account_sign_ins=settings.alarm_account_sign_ins_max,
        dead_letters=settings.alarm_dead_letters_max,
        process_minutes=settings.alarm_process_minutes,
    )
