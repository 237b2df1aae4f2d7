"""Noticing: agencies hear by e-mail that something waits for them, and once a day what was not picked up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta

from exchange.alarms import targets
from exchange.context import Context, today
from exchange.core import notices
from exchange.core.edxml import VIETNAM
from exchange.core.notices import Kind, Late
from exchange.ledger import contacts
from exchange.ledger.alarms import take_turn
from exchange.ledger.contacts import Contact
from exchange.ledger.notices import Letter, Target, tidy
from exchange.working_days import load_calendar

EVERY = timedelta(seconds=55)
TIDY_EVERY = timedelta(hours=6)

Letters = dict[tuple[Target, Kind], list[Letter]]


class Noticing:
    """Steps of one thread; one of all processes does them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calendar = load_calendar(context.settings)

    def step(self) -> bool:
        """Tell what is to be told; whether it was this process's turn."""
        now, database = self._context.now(), self._context.database
        if take_turn(database, "tidy", now, TIDY_EVERY):
            tidy(database, now, timedelta(days=self._context.settings.notice_days_kept))
        if not self._context.settings.mail_host or not take_turn(database, "notices", now, EVERY):
            return False
        known = contacts.contacts(database)
        self.tell_waiting(known, now)
        self.tell_daily(known, now)
        return True

    def tell_waiting(self, known: Sequence[Contact], now: datetime) -> int:
        """That something waits; to how many agencies."""
        settings, broker = self._context.settings, self._context.settings.broker_name
        addresses = _by_agency(known, Kind.WAITING)
        if not addresses:
            return 0
        found = contacts.waiting(
            self._context.database,
            addresses.keys(),
            now=now,
            after=timedelta(minutes=settings.notice_waiting_after_minutes),
            every=timedelta(minutes=settings.notice_waiting_every_minutes),
        )
        letters = [
            (
                each,
                addresses[each.agency],
                Letter(notices.waiting_subject(each, broker), notices.waiting_text(each, self._name, broker)),
            )
            for each in found
        ]
        if letters:
            contacts.tell_waiting(self._context.database, letters, now)
        return len(letters)

    def tell_daily(self, known: Sequence[Contact], now: datetime) -> bool:
        """The day's lists, if they are due; whether they were written down."""
        day = today(now)
        midnight = datetime.combine(day, time(), VIETNAM)
        due = midnight + timedelta(hours=self._context.settings.daily_list_hour)
        if now < due or not self._calendar.is_working(day):
            return False
        if contacts.done_since(self._context.database, midnight):
            return False
        by_agency: dict[str, list[Late]] = defaultdict(list)
        for each in contacts.late(self._context.database, midnight):
            by_agency[each.agency].append(each)
        letters = self._own(by_agency, known) | self._of_those_above(by_agency, known, now)
        return contacts.tell_daily(self._context.database, letters, day=midnight, now=now)

    def _own(self, by_agency: Mapping[str, Sequence[Late]], known: Sequence[Contact]) -> Letters:
        """To each agency its own list."""
        broker, letters = self._context.settings.broker_name, _letters()
        for agency, addresses in _by_agency(known, Kind.DAILY).items():
            if late := by_agency.get(agency):
                subject = notices.daily_subject(late, broker)
                text = notices.daily_text(agency, late, self._name, broker)
                for target in addresses:
                    letters[target, Kind.DAILY].append(Letter(subject, text))
        return letters

    def _of_those_above(
        self, by_agency: Mapping[str, Sequence[Late]], known: Sequence[Contact], now: datetime
    ) -> Letters:
        """To the nearest agency above that wants it, else to the administrators of the exchange."""
        above = _by_agency(known, Kind.OVERSIGHT)
        under: dict[tuple[Target, ...], dict[str, Sequence[Late]]] = defaultdict(dict)
        for agency, late in by_agency.items():
            under[self._above(agency, above, now)][agency] = late
        broker, letters = self._context.settings.broker_name, _letters()
        for addresses, several in under.items():
            subject = notices.oversight_subject(several, broker)
            text = notices.oversight_text(several, self._name, broker)
            for target in addresses:
                letters[target, Kind.OVERSIGHT].append(Letter(subject, text))
        return letters

    def _above(self, code: str, above: Mapping[str, Sequence[Target]], now: datetime) -> tuple[Target, ...]:
        directory = self._context.registry.current.directory
        agency = directory.get(code)
        for each in () if agency is None else directory.ancestors(agency, today(now)):
            if each.code in above:
                return tuple(above[each.code])
        return tuple(target for target in targets(self._context) if target.channel == "mail")

    def _name(self, code: str) -> str:
        agency = self._context.registry.current.directory.get(code)
        return code if agency is None else agency.name


def _letters() -> defaultdict[tuple[Target, Kind], list[Letter]]:
    return defaultdict(list)


def _by_agency(known: Iterable[Contact], kind: Kind) -> dict[str, list[Target]]:
    found: dict[str, list[Target]] = defaultdict(list)
    for contact in known:
        if kind in contact.kinds:
            found[contact.agency].append(Target("mail", contact.address))
    return found
