"""Agencies hear that something waits, and once a working day what was not picked up, they and those above."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.message import EmailMessage

import pytest

from exchange.core.edxml import VIETNAM
from exchange.core.notices import Kind
from exchange.ledger import contacts
from exchange.ledger.contacts import CONTACTS_MAX, Contact, TooManyContacts
from exchange.noticing import Noticing
from exchange.sending import Sending, lines
from tests.adapters.peers import Identity, identity
from tests.conftest import MakeHouse
from tests.house import House
from tests.mail_server import MailServer, settings_of, text_of
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE

CLERK, CHIEF, ABOVE, BOSS = "vanthu@xa.vn", "chutich@xa.vn", "vanthu@huyen.vn", "quantri@tinh.vn"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return identity(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def running(tls: Identity) -> Iterator[MailServer]:
    server = MailServer(tls, starttls=False)
    yield server
    server.close()


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.mails.clear()
    return running


@pytest.fixture
def house(make_house: MakeHouse, server: MailServer, tls: Identity) -> House:
    """A broker at 10:00 of a Tuesday; the day's list is due at 8:00."""
    values = settings_of(server, tls, mail_security="none", mail_user="")
    return make_house(**values, alarm_mail_to=[BOSS], broker_name="Trục Phú Yên", daily_list_hour=8)


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def contact(house: House, agency: str, address: str, *kinds: Kind) -> None:
    contacts.set_contact(house.context.database, Contact(agency, address, frozenset(kinds or Kind)))


def mails(house: House, server: MailServer, **later: float) -> list[EmailMessage]:
    """What has been sent some time later."""
    house.clock.pass_(**later)
    server.mails.clear()
    Noticing(house.context).step()
    for line in lines(house.context):
        Sending(house.context, line).step()
    return list(server.mails)


def addresses(sent: list[EmailMessage]) -> list[str]:
    return sorted(str(mail["To"]) for mail in sent)


def test_an_agency_hears_that_documents_wait_once_for_all_and_again_only_for_new_ones(
    house: House, server: MailServer
) -> None:
    contact(house, COMMUNE, CLERK, Kind.WAITING)
    house.send(OFFICE, COMMUNE)
    house.send(OFFICE, COMMUNE, priority=3)
    assert mails(house, server, minutes=14) == []
    [mail] = mails(house, server, minutes=1)
    assert mail["Subject"] == (
        "[Trục Phú Yên] 2 văn bản đang chờ nhận, có hỏa tốc / 2 documents wait, express among them"
    )
    assert f"Cơ quan {COMMUNE} ({COMMUNE}) có 2 văn bản" in text_of(mail)
    assert "the first since 10:00 24/11/2026" in text_of(mail)
    assert mails(house, server, hours=3) == []  # nothing new
    house.send(OFFICE, COMMUNE)
    assert addresses(mails(house, server, minutes=15)) == [CLERK]
    house.send(OFFICE, COMMUNE)
    assert mails(house, server, minutes=100) == []  # too soon after the last one
    assert addresses(mails(house, server, minutes=20)) == [CLERK]


def test_what_was_fetched_in_time_is_not_noticed(house: House, server: MailServer) -> None:
    contact(house, COMMUNE, CLERK)
    house.send(OFFICE, COMMUNE)
    house.fetch_all(COMMUNE)
    assert mails(house, server, minutes=15) == []


def morning(house: House, day: int, hour: float = 8) -> None:
    """It becomes that hour in Vietnam, in November 2026."""
    house.clock.now = datetime(2026, 11, day, int(hour), round(hour % 1 * 60), tzinfo=VIETNAM)


def test_each_working_morning_an_agency_and_the_one_above_get_a_list_once(
    house: House, server: MailServer
) -> None:
    contact(house, COMMUNE, CLERK, Kind.DAILY)
    contact(house, COMMUNE, CHIEF, Kind.DAILY)
    contact(house, DISTRICT, ABOVE, Kind.OVERSIGHT)
    house.send(OFFICE, COMMUNE, subject="Về việc hết sức kín")
    assert mails(house, server) == []  # of today
    morning(house, 25, 7.9)
    assert mails(house, server) == []
    morning(house, 25)
    sent = mails(house, server)
    assert addresses(sent) == [CHIEF, ABOVE, CLERK]
    texts = {str(mail["To"]): text_of(mail) for mail in sent}
    assert f"1. từ Cơ quan {OFFICE} ({OFFICE}), trục nhận lúc 10:00 24/11/2026, thường" in texts[CLERK]
    assert f"Cơ quan {COMMUNE} ({COMMUNE}): 1, the oldest 10:00 24/11/2026" in texts[ABOVE]
    assert "hết sức kín" not in "".join(texts.values())
    assert mails(house, server, minutes=5) == []
    morning(house, 26, 11)  # the broker was stopped at eight
    assert addresses(mails(house, server)) == [CHIEF, ABOVE, CLERK]
    house.fetch_all(COMMUNE)
    morning(house, 27)
    assert mails(house, server) == []


@on_sqlite
def test_on_days_off_there_is_no_list(house: House, server: MailServer) -> None:
    contact(house, COMMUNE, CLERK, Kind.DAILY)
    morning(house, 27, 10)
    house.send(OFFICE, COMMUNE)
    for day in (28, 29):  # Saturday and Sunday
        morning(house, day)
        assert mails(house, server) == []
    morning(house, 30)
    assert addresses(mails(house, server)) == [BOSS, CLERK]


@on_sqlite
def test_where_nobody_above_has_an_address_the_administrators_get_the_list(
    house: House, server: MailServer
) -> None:
    contact(house, PROVINCE, ABOVE, Kind.OVERSIGHT)
    house.send(OFFICE, COMMUNE)
    house.send(OFFICE, PROVINCE)
    morning(house, 25)
    sent = {str(mail["To"]): text_of(mail) for mail in mails(house, server)}
    assert set(sent) == {ABOVE, BOSS}
    assert COMMUNE in sent[ABOVE]
    assert COMMUNE not in sent[BOSS]
    assert PROVINCE in sent[BOSS]


def test_of_several_processes_one_tells(house: House, server: MailServer) -> None:
    contact(house, COMMUNE, CLERK)
    house.send(OFFICE, COMMUNE)
    morning(house, 25, 12)
    several = [Noticing(house.context) for _ in range(4)]
    known = contacts.contacts(house.context.database)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda each: each.tell_waiting(known, house.clock.now), several))
        list(threads.map(lambda each: each.tell_daily(known, house.clock.now), several))
    for line in lines(house.context):
        Sending(house.context, line).step()
    assert len(server.texts(CLERK)) == 2
    assert len(server.texts(BOSS)) == 1


class Cut(Exception):
    """The process ends here."""


@on_sqlite
def test_a_crash_before_the_lists_are_written_down_leaves_them_to_the_next_round(
    house: House, server: MailServer
) -> None:
    contact(house, COMMUNE, CLERK)
    house.send(OFFICE, COMMUNE)
    morning(house, 25)
    known, database = contacts.contacts(house.context.database), house.context.database

    def cut(_connection: object) -> None:
        raise Cut

    commit, database._commit = database._commit, cut  # type: ignore[method-assign]
    for tell in (Noticing(house.context).tell_waiting, Noticing(house.context).tell_daily):
        with pytest.raises(Cut):
            tell(known, house.clock.now)
    database._commit = commit  # type: ignore[method-assign]
    assert addresses(mails(house, server)) == [BOSS, CLERK, CLERK]


@on_sqlite
def test_a_long_list_names_the_first_and_counts_the_rest(house: House, server: MailServer) -> None:
    contact(house, COMMUNE, CLERK, Kind.DAILY)
    for _ in range(52):
        house.send(OFFICE, COMMUNE)
    morning(house, 25)
    mails(house, server)
    [text] = server.texts(CLERK)
    assert "50. từ" in text
    assert "… và 2 mục nữa" in text


@on_sqlite
def test_an_agency_has_a_bounded_number_of_addresses(house: House) -> None:
    for number in range(CONTACTS_MAX):
        contact(house, COMMUNE, f"a{number}@xa.vn")
    contact(house, COMMUNE, "a0@xa.vn", Kind.DAILY)
    with pytest.raises(TooManyContacts):
        contact(house, COMMUNE, CLERK)
    first = contacts.contacts(house.context.database)[0]
    assert first == Contact(COMMUNE, "a0@xa.vn", frozenset({Kind.DAILY}))


@on_sqlite
def test_where_no_mail_server_is_named_nothing_is_written_down(make_house: MakeHouse) -> None:
    house = make_house()
    contact(house, COMMUNE, CLERK)
    house.send(OFFICE, COMMUNE, FINANCE)
    morning(house, 25)
    assert not Noticing(house.context).step()
