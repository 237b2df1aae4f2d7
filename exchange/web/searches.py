"""From the fields of a search form to a question, and what is wrong with what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from exchange.context import Context, today
from exchange.core.delivery import State
from exchange.core.edxml import VIETNAM
from exchange.ledger.searching import Question, folded, spellings, words_of
from exchange.web.naming import named
from exchange.web.states import GROUPS
from exchange.web.texts import said

FIELDS = ("number", "q", "from", "to", "state", "since", "until")


def late_before(context: Context) -> datetime:
    """What came before this moment and is still under way is late, if it is not urgent."""
    return context.now() - timedelta(hours=context.settings.alarm_late_hours[0])


@dataclass(slots=True)
class Search:
    """What was asked; ``wrong`` says by field what was not understood."""

    filters: Mapping[str, str]
    language: str
    wrong: dict[str, str] = field(default_factory=dict)

    def question(self, context: Context) -> Question:
        """What is looked for, as far as it was understood."""
        number, notation = self._number()
        state = self.filters.get("state", "")
        until = self.day("until", context.now())
        if state == "late":
            late = late_before(context)
            until = late if until is None else min(until, late)
        return Question(
            words=words_of(self.filters.get("q", "")),
            numbers=spellings(number),
            notation=notation,
            senders=self.agencies(context, "from"),
            receivers=self.agencies(context, "to"),
            states=frozenset(State(each) for each in GROUPS.get(state, ())),
            since=self.day("since", context.now()),
            until=until,
        )

    def _number(self) -> tuple[str, str]:
        """Number and symbol of "12/UBND-VX", of "12" and of "UBND-VX"."""
        number, slash, notation = self.filters.get("number", "").partition("/")
        if not slash and not number[:1].isdigit():
            number, notation = "", number
        return number.strip(), folded(notation.strip())

    def agencies(self, context: Context, name: str) -> tuple[str, ...]:
        """The keys of those that the field may mean."""
        text = self.filters.get(name, "")
        if not text:
            return ()
        found = named(context.registry.current.directory, text, today(context.now()))
        if not found:
            key = "documents.many_agencies" if found is None else "documents.no_agency"
            self.wrong[name] = said(key, self.language, text=text)
            return ()
        return tuple(each.code for each in found)

    def day(self, name: str, now: datetime) -> datetime | None:
        """The day's first moment in Vietnam; of "until" the first moment after it."""
        text = self.filters.get(name, "")
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
            after = timedelta(days=name == "until")
            return datetime.combine(min(day, today(now) + timedelta(days=366)), time(), VIETNAM) + after
        except (ValueError, OverflowError):
            self.wrong[name] = said("documents.no_day", self.language, text=text)
            return None
