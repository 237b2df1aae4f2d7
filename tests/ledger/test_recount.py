"""The counters are what the ledger says: whatever happened, however it was cut, whoever counted."""

import json
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from exchange import paper
from exchange.core.counting import Event
from exchange.core.edxml import Business, BusinessType
from exchange.core.leaf import check_details, decode
from exchange.core.opened import KINDS, Reading
from exchange.core.paper import Declaration, Withdrawal
from exchange.core.refusal import Refused
from exchange.core.tallies import COUNTS
from exchange.core.working_days import Calendar
from exchange.counting import Counting
from exchange.ledger import counting as t5
from exchange.ledger import reading
from exchange.ledger.counting import OtherRules
from exchange.ledger.database import Database
from exchange.ledger.migrate import newest, upgrade
from exchange.ledger.prove import prove
from exchange.ledger.recount import Recount, recounted
from exchange.recounting import Recounting
from exchange.retry import retry
from exchange.sequencing import Sequencing
from exchange.working_days import load_calendar
from tests.house import House
from tests.ledger.share_reference import Counts, count
from tests.ledger.test_counting import counted, rows, tally
from tests.province import COMMUNE, FINANCE, OFFICE
from tests.test_paper import SHEET

NUMBERS = ("7", "8", "9")
RECEIVERS = ((FINANCE,), (COMMUNE,), (FINANCE, COMMUNE))
DAYS = (date(2026, 10, 30), date(2026, 11, 20))


def sequenced_entries(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text('SELECT entry FROM leaf ORDER BY "index"')).scalars())


def opened(house: House) -> list[Event]:
    """What an auditor reads who was given every leaf with its salt and details."""
    auditor, events = Reading(), []
    for proof in prove(house.context.database, sequenced_entries(house.context.database)):
        leaf = decode(proof["leaf"].encode())
        check_details(leaf, bytes.fromhex(proof["salt"]), proof["details"])
        event = auditor.event(leaf, proof["details"]) if leaf.event in KINDS else None
        events += [] if event is None else [event]
    assert auditor.strangers == 0
    return events


def counters(house: House) -> Counts:
    """The counters as they stand in the database."""
    found = Counts(Counter(), Counter(), Counter(), Counter())
    for row in rows(house, "SELECT * FROM tally"):
        for name in COUNTS:
            key = (row["month"], row["facet"], row["sender"], row["value"], row["unit"], name)
            found.tally[key] += row[name]
    for row in rows(house, "SELECT * FROM duration_histogram"):
        key = tuple(row[name] for name in ("month", "facet", "value", "step"))
        for bucket, number in enumerate(json.loads(row["buckets"])):
            found.durations[(*key, bucket)] += number
    for row in rows(house, "SELECT * FROM cause_tally"):
        *key, number = (row[name] for name in ("month", "sender", "receiver", "event", "cause", "exchanges"))
        found.causes[tuple(key)] += number
    for row in rows(house, "SELECT * FROM paper_report"):
        found.papers[row["agency"], row["month"], "paper"] += row["registrations"]
        found.papers[row["agency"], row["month"], "paper_none"] += row["none_declared"]
    return Counts(*(Counter({key: n for key, n in each.items() if n}) for each in vars(found).values()))


def check(house: House) -> Recount:
    """The counters, the recount and the plain reference say the same."""
    counted(house)
    assert counters(house) == count(opened(house), load_calendar(house.context.settings))
    done = Recounting(house.context).recount()
    assert (done.differences, done.found) == ((), 0)
    return done


# --- any history, through the broker's own use cases ---


class Story:
    """What may happen in a province, one step at a time."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sent: list[bytes] = []
        self.marks: list[str] = []

    def send(self, choice: int) -> None:
        kind = BusinessType.NEW if choice % 7 else BusinessType.UPDATE
        content = self.house.province.document(
            OFFICE,
            *RECEIVERS[choice % 3],
            at=self.house.clock.now,
            code_number=NUMBERS[choice % len(NUMBERS)],
            promulgation_date=DAYS[choice % 2],
            type_name=("Công văn", "quyết định", "Văn bản lạ")[choice % 3],
            priority=choice % 3,
            business=Business(doc_type=kind, paper=choice % 5 == 0),
        )
        self.sent.append(content)
        self.house.submit(content, OFFICE)

    def again(self, choice: int) -> None:
        """The same bytes once more."""
        if self.sent:
            self.house.submit(self.sent[choice % len(self.sent)], OFFICE)

    def fetch(self, choice: int) -> None:
        self.house.fetch_all((FINANCE, COMMUNE, OFFICE)[choice % 3])

    def expire(self, choice: int) -> None:
        self.house.clock.pass_(hours=30 + choice % 60)
        self.house.sweep()

    def retry(self, choice: int) -> None:
        dead = reading.dead_letters(self.house.context.database, 10)
        if dead:
            retry(self.house.context, dead[choice % len(dead)]["id"])

    def report(self, choice: int) -> None:
        """A status of a receiver, or the sender wants a document back."""
        documents = rows(self.house, "SELECT document_id FROM document WHERE kind = 'document' ORDER BY id")
        if documents:
            document = documents[choice % len(documents)]["document_id"]
            code = ("02", "03", "06", "13", "15")[choice % 5]
            pair = (FINANCE, OFFICE) if code != "13" else (OFFICE, FINANCE)
            at = self.house.clock.now
            self.house.report(self.house.province.status(*pair, document, code, at), pair[0])

    def register(self, choice: int) -> None:
        mark = f"m{choice % 9}"
        sheet = replace(
            SHEET,
            id=mark,
            number=NUMBERS[choice % len(NUMBERS)],
            promulgated_on=DAYS[choice % 2],
            sent_on=DAYS[choice % 2],
            receivers=RECEIVERS[choice % 3],
            replaces=self.marks[choice % len(self.marks)] if self.marks and choice % 4 == 0 else "",
        )
        if paper.register(self.house.context, sheet).fresh:
            self.marks.append(mark)

    def withdraw(self, choice: int) -> None:
        if self.marks:
            mark = self.marks[choice % len(self.marks)]
            paper.withdraw(self.house.context, Withdrawal(agency=OFFICE, id=mark, why="nhầm", by="clerk"))

    def declare(self, choice: int) -> None:
        month = Declaration(agency=OFFICE, year=2026, month=8 + choice % 3, by="clerk")
        self.marks.append(paper.declare_none(self.house.context, month).mark)

    def count(self, choice: int) -> None:
        counted(self.house)
        self.house.clock.pass_(minutes=choice)

    def tell(self, step: str, choice: int) -> None:
        with suppress(Refused):  # at the door: nothing of it is kept, and nothing of it is counted
            getattr(self, step)(choice)


STEPS = (
    *("send", "send", "fetch", "again", "expire", "retry", "report", "report"),
    *("register", "register", "withdraw", "declare", "count", "count"),
)
stories = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 209)), min_size=4, max_size=18)


# Without shrinking: each try builds a broker.
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(stories)
def test_after_any_history_counters_recount_and_definition_agree(story: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder:
        house = House.build(
            Path(folder) / "data", f"sqlite:///{folder}/exchange.sqlite", sequence_batch_max=5
        )
        try:
            told = Story(house)
            for step, choice in story:
                told.tell(step, choice)
            check(house)
        finally:
            house.close()


LONG = [("send", 1), ("count", 1), *((STEPS[number * 5 % len(STEPS)], number * 37) for number in range(60))]


def test_a_long_history_agrees_on_either_database_and_so_it_does_counted_anew(house: House) -> None:
    story = Story(house)
    for step, choice in LONG:
        story.tell(step, choice)
    done = check(house)
    assert done.exchanges > 5
    before = counters(house)
    holiday = Calendar(holidays=frozenset({date(2026, 11, 23)}))
    while t5.count(house.context.database, holiday, 7, adopt=True):
        pass
    assert counters(house) != before  # other days off, other judgements
    with pytest.raises(OtherRules):
        Recounting(house.context).recount()
    counted(house)
    assert counters(house) == before
    check(house)


# --- what an older release counted ---

BEFORE = (
    "DELETE FROM tally WHERE facet = 'pair_quarter'",
    "UPDATE tally SET value = 'Văn bản lạ' WHERE facet = 'type' AND value = 'other'",
    "UPDATE alembic_version SET version_num = '0016'",
    "CREATE TABLE duration_tally (month INTEGER, facet VARCHAR, value VARCHAR, step VARCHAR, "
    "bucket INTEGER, exchanges BIGINT)",
    "DROP TABLE duration_histogram",
)


def as_before(house: House) -> None:
    """Bring the counters to the form that they had: a row for each bucket, no quarters, any type."""
    durations = counters(house).durations
    with house.context.database.migration() as connection:
        for statement in BEFORE:
            connection.execute(text(statement))
        for key, number in durations.items():
            values = dict(zip("mfvsb", key, strict=True), n=number)
            connection.execute(text("INSERT INTO duration_tally VALUES (:m, :f, :v, :s, :b, :n)"), values)
        if not house.context.database.embedded:
            connection.execute(text("DROP STATISTICS tally_places"))


def test_what_was_counted_before_is_brought_over_and_is_what_a_recount_finds(house: House) -> None:
    story = Story(house)
    for step, choice in LONG:
        story.tell(step, choice)
    counted(house)
    before = counters(house)
    assert any(key[1] == "type" and key[3] == "other" for key in before.tally)
    as_before(house)
    with house.context.database.migration() as connection:
        upgrade(connection, "0017")
        # What came after it was there all the time.
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{newest()}'"))
    assert counters(house) == before
    check(house)


# --- what is not as it should be is told, and left ---

TOUCHES = (
    "UPDATE tally SET electronic = electronic + 1 WHERE facet = 'all' AND unit = 'exchanges'",
    f"UPDATE exchange SET electronic = 'expired' WHERE receiver = '{FINANCE}'",
    "INSERT INTO paper_report VALUES ('X', 202611, 1, 0)",
    "DELETE FROM duration_histogram WHERE facet = 'sender'",
    'UPDATE counted_document SET parts = \'[[202611,"Công văn",0,"paper",false,1]]\'',
)


def test_counters_that_were_touched_are_told_of_and_never_mended(house: House) -> None:
    house.send(OFFICE, FINANCE)
    house.fetch_all(FINANCE)
    check(house)
    for number, touch in enumerate(TOUCHES, start=1):
        with house.context.database.write() as connection:
            connection.execute(text(touch))
        touched = counters(house)
        done = Recounting(house.context).recount()
        assert done.found == len(done.differences) == number
        assert counters(house) == touched
    assert recounted(house.context.database).differences == len(TOUCHES)


def test_the_night_s_recount_is_done_once_of_however_many_processes(house: House) -> None:
    house.send(OFFICE, FINANCE)
    counted(house)
    done = [Recounting(house.context).step() for _ in range(3)]
    assert [each is None for each in done] == [False, True, True]
    house.clock.pass_(hours=15)  # 01:00 in Vietnam
    assert Recounting(house.context).step() is None
    house.clock.pass_(hours=1)
    assert Recounting(house.context).step() is not None
    found = recounted(house.context.database)
    assert (found.recounted_at, found.recounted_leaves, found.differences) == (house.clock.now, 1, 0)


# --- several at once ---


def test_several_that_count_at_once_count_each_leaf_once(house: House, database_url: str) -> None:
    for _ in range(6):
        house.send(OFFICE, FINANCE, COMMUNE)
    house.fetch_all(FINANCE)
    Sequencing(house.context).round()
    calendar = load_calendar(house.context.settings)
    t5.count(house.context.database, calendar, 1, adopt=True)
    databases = [Database(database_url) for _ in range(3)]
    totals: list[int] = []

    def run(database: Database) -> None:
        while recounted(database).leaves < 18:
            totals.append(t5.count(database, calendar, 2, adopt=False))

    threads = [threading.Thread(target=run, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert sum(totals) == 17
    assert tally(house) == {"electronic": 6, "under_way": 6}
    check(house)


def test_two_with_other_days_off_do_not_count_anew_for_ever(house: House) -> None:
    house.send(OFFICE, FINANCE)
    counted(house)
    here = Counting(house.context)
    assert here.round() == 0
    other = Calendar(holidays=frozenset({date(2026, 1, 1)}))
    assert t5.count(house.context.database, other, 10, adopt=True) == 1
    assert here.round() == 0
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    assert here.round() == 0
    assert t5.count(house.context.database, other, 10, adopt=False) == 1


def test_an_entry_from_before_its_facts_stood_in_it_is_told_of_to_an_auditor(house: House) -> None:
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    [proof] = prove(house.context.database, sequenced_entries(house.context.database))
    facts = ("second_key", "business_type", "priority", "promulgated_on", "type_name")
    body = {name: value for name, value in proof["details"]["body"].items() if name not in facts}  # type: ignore[attr-defined]
    auditor = Reading()
    assert auditor.event(decode(proof["leaf"].encode()), {**proof["details"], "body": body}) is None
    assert auditor.strangers == 1
