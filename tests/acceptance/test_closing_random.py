"""Random plans, one after the other, over random documents: none is lost, and nothing is done twice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.closing import AT_ONCE, Closings, Outlook, outlook
from exchange.context import today
from exchange.core.closing import CLOSED, FORWARDED
from exchange.core.directory import Agency, Directory, Level
from exchange.core.receipt import ReceiptKind
from exchange.core.reorganisation import Reorganised
from exchange.ledger import closing as ledger
from exchange.ledger import directory_store
from tests.core.plan_file import plan, step
from tests.house import House
from tests.province import DISTRICT, OFFICE
from tests.reorganising import contents, write_down
from tests.thorough import examples

PLACES = range(6)
NUMBERS = count(1)

Chosen = tuple[str, int, tuple[int, ...], str]  # action, place, places that follow, what waits


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One broker for all examples; each has agencies of its own."""
    folder = tmp_path_factory.mktemp("random")
    built = House.build(folder, f"sqlite:///{folder / 'exchange.sqlite'}")
    yield built
    built.close()


@st.composite
def plans(draw: st.DrawFn) -> list[list[Chosen]]:
    """One or two plans: who is closed, how, who follows, and what becomes of what waits."""
    open_, found = list(PLACES), []
    for _ in range(draw(st.integers(1, 2))):
        closed = draw(st.sets(st.sampled_from(open_), min_size=1, max_size=len(open_) - 2))
        open_ = [place for place in open_ if place not in closed]
        lines = []
        for place in sorted(closed):
            action = draw(st.sampled_from(["merge", "merge", "merge", "split", "close"]))
            most = {"merge": 1, "split": 2, "close": 0}[action]
            following = draw(st.permutations(open_))[:most]
            waiting = draw(st.sampled_from(["forward", "return"])) if action == "merge" else "return"
            lines.append((action, place, tuple(following), waiting))
        found.append(lines)
        if len(open_) < 3:
            break
    return found


def settle_in(house: House) -> list[str]:
    """New communes, all with an inbox; their codes."""
    codes = [
        f"000.{99 - number // 60:02}.{40 + number % 60:02}.H45" for number in (next(NUMBERS) for _ in PLACES)
    ]
    new = [
        Agency(
            code=code,
            name=f"Xã {code}",
            level=Level.UNIT,
            parent=DISTRICT,
            valid_from=date(2016, 4, 1),
            adapter="inbox",
        )
        for code in codes
    ]
    directory_store.save(house.context.database, new)
    house.context.registry.renew()
    return codes


def take(
    house: House, codes: Sequence[str], lines: Sequence[tuple[str, int, tuple[int, ...], str]]
) -> Reorganised:
    content = plan(
        *(
            step(
                action,
                codes[place],
                date="",
                successors=";".join(codes[each] for each in following),
                waiting=waiting,
            )
            for action, place, following, waiting in lines
        )
    )
    tomorrow = today(house.clock.now) + timedelta(days=1)
    done = write_down(house, content, tomorrow)
    again = write_down(house, content, tomorrow)  # as whoever is not sure whether it was done
    assert (again.changes, again.closings) == ((), done.closings)
    return done


def ended(house: House, codes: Sequence[str]) -> Counter[tuple[str, bool]]:
    """How many deliveries ended because their receiver was closed, by receiver; whether they go on."""
    with house.context.database.read() as connection:
        statement = ledger.select(ledger.DELIVERY.c.receiver, ledger.DELIVERY.c.cause).where(
            ledger.DELIVERY.c.receiver.in_(codes), ledger.DELIVERY.c.cause.like("receiver_%")
        )
        return Counter((receiver, cause == FORWARDED) for receiver, cause in connection.execute(statement))


def lost(house: House, directory: Directory, document: str, receiver: str) -> bool:
    """Whether nobody has a document, or was told its end."""
    delivery = house.deliveries(document).get(receiver)
    if delivery is None:
        return True
    if delivery["cause"] == FORWARDED:
        agency = directory.get(receiver)
        assert agency is not None
        return lost(house, directory, document, agency.successors[0])
    return delivery["state"] not in ("available", "delivered") and delivery["cause"] not in CLOSED


@settings(max_examples=examples(12, 25), deadline=None)
@given(plans(), st.lists(st.sets(st.sampled_from(PLACES), min_size=1, max_size=3), min_size=1, max_size=4))
def test_no_document_is_lost_and_the_dry_run_tells_what_is_done(
    house: House, chosen: list[list[Chosen]], to: list[set[int]]
) -> None:
    codes = settle_in(house)
    documents = [house.send(OFFICE, *(codes[place] for place in sorted(places))).id for places in to]
    for lines in chosen:
        done = take(house, codes, lines)
        due = {each.agency: each for each in done.closings}
        told = outlook(contents(house), done.directory, due, house.clock.now)
        before = ended(house, codes)
        house.clock.pass_(days=1)
        moved = Closings(house.context).step()
        after = ended(house, codes) - before
        assert told == {
            code: Outlook(forwarded=after[code, True], returned=after[code, False]) for code in due
        }
        assert moved == after.total() <= AT_ONCE
        assert Closings(house.context).step() == 0
    directory = house.context.registry.current.directory
    for document, places in zip(documents, to, strict=True):
        assert not any(lost(house, directory, document, codes[place]) for place in places)
        finished = [each for each in house.deliveries(document).values() if each["final_at"]]
        receipts = [each for each in house.receipts(document) if each.kind is not ReceiptKind.ACCEPTANCE]
        assert len(receipts) == len(finished)
