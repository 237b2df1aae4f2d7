"""Alarms reach people: by a real mail server and a real webhook, once, and over failures and crashes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exchange.alarms import Alarms
from exchange.core.push import verify_headers
from exchange.ledger.alarms import open_alarms
from exchange.sending import Sending, lines
from exchange.settings import load
from tests.adapters.peers import Identity, Peer, answer
from tests.conftest import MakeHouse
from tests.house import House
from tests.mail_server import PASSWORD, MailServer, running, server, settings_of, tls
from tests.province import FINANCE, OFFICE

__all__ = ["running", "server", "tls"]

BOSS, DEPUTY = "truong@phuyen.example.vn", "pho@phuyen.example.vn"
SECRET = "a-secret-of-the-operators-room"
NEVER: dict[str, tuple[str, dict[str, object]]] = {FINANCE: ("simulator", {"behaviour": "never"})}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def peer() -> Iterator[Peer]:
    started = Peer()
    yield started
    started.close()


@pytest.fixture
def house(make_house: MakeHouse, server: MailServer, peer: Peer, tls: Identity, tmp_path: Path) -> House:
    """A broker that tells of alarms by mail to two, and by webhook; its queue grows with every document."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    return make_house(
        NEVER,
        **settings_of(server, tls),
        broker_name="Trục Phú Yên",
        alarm_mail_to=[BOSS, DEPUTY],
        alarm_webhook_url=peer.url,
        alarm_webhook_secret_file=secret,
        alarm_raise_seconds=0,
        alarm_end_minutes=0,
        alarm_disk_free_percent=0,
        alarm_queue_max=0,
        alarm_queue_minutes=10,
        alarm_unreachable_minutes=10_000,
        alarm_late_hours=[1000] * 5,
        alarm_message_minutes=5,
    )


def look(house: House, **later: float) -> None:
    """Some time later the broker looks, and writes down what is to be said."""
    house.clock.pass_(**later)
    assert Alarms(house.context, tuple).step()


def send(house: House) -> int:
    """Send what is due, by both ways; how many left."""
    return sum(Sending(house.context, line).step() for line in lines(house.context))


def grow(house: House) -> None:
    house.send(OFFICE, FINANCE)
    look(house, minutes=10)


def shrink(house: House) -> None:
    house.work()
    look(house, minutes=5)


def test_an_alarm_and_its_end_are_each_told_once_to_everybody_in_both_languages(
    house: House, server: MailServer, peer: Peer
) -> None:
    grow(house)
    assert send(house) == 3
    look(house, minutes=10)
    assert send(house) == 0
    assert sorted(mail["To"] for mail in server.mails) == [DEPUTY, BOSS]
    [text] = server.texts(BOSS)
    for words in ("Hàng đợi gửi đang dồn lại", "The queue is growing", "Việc cần làm:", "What to do:"):
        assert words in text
    assert server.subjects[0] == (
        "[Trục Phú Yên] CẢNH BÁO: Hàng đợi gửi đang dồn lại / ALARM: The queue is growing"
    )
    shrink(house)
    assert send(house) == 3
    assert "ĐÃ HẾT: Hàng đợi gửi đang dồn lại" in server.subjects[-1]
    assert "Từ 10:10 24/11/2026 đến 10:25 24/11/2026." in server.texts(BOSS)[-1]
    look(house, hours=30)
    assert send(house) == 0
    assert len(peer.requests) == 2


def test_the_webhook_gets_json_that_is_signed_as_pushes_to_agencies_are(house: House, peer: Peer) -> None:
    grow(house)
    send(house)
    [request] = peer.requests
    push = verify_headers(request.headers, request.body, secrets=[SECRET], now=house.clock.now)
    assert (push.kind, push.sender) == ("alarm", "Trục Phú Yên")
    told = json.loads(request.body)
    [alarm] = told["alarms"]
    assert (alarm["rule"], alarm["event"], alarm["severity"]) == ("queue_growing", "raised", "warning")
    assert alarm["facts"] == {"count": 1, "minutes": 10.0}
    assert alarm["title"] == {"vi": "Hàng đợi gửi đang dồn lại", "en": "The queue is growing"}
    assert request.headers["content-type"] == "application/json"


def told(house: House) -> list[bool]:
    with house.context.database.read() as connection:
        return [each.told for each in open_alarms(connection)]


def test_a_server_that_is_away_is_asked_again_later_and_what_came_meanwhile_goes_into_one_message(
    house: House, server: MailServer, peer: Peer
) -> None:
    server.answer = "452 the disk is full"
    peer.reply = lambda request: answer(503)
    grow(house)
    with capture_logs() as said:
        assert send(house) == 0
    failed = [each for each in said if each["event"] == "notice_not_sent"]
    assert {each["channel"] for each in failed} == {"mail", "webhook"}
    assert PASSWORD not in str(said)
    assert told(house) == [False]
    for _ in range(3):
        shrink(house)
        grow(house)
    server.answer, peer.reply = "250 OK", lambda request: answer(204)
    house.clock.pass_(hours=2)
    assert send(house) == 3
    look(house, minutes=0.5)
    send(house)
    assert len(server.texts(BOSS)) == 2  # what was waiting, and all that came meanwhile
    assert server.subjects[-1].count("(+3)") == 2
    assert told(house) == [True]


def test_a_slow_or_dead_webhook_keeps_no_mail_from_being_sent(
    house: House, server: MailServer, peer: Peer
) -> None:
    peer.reply = lambda request: None
    grow(house)
    assert send(house) == 2
    assert len(server.mails) == 2


def test_an_address_that_is_refused_for_good_is_given_up_and_keeps_nobody_else_from_hearing(
    house: House, server: MailServer
) -> None:
    server.refusals[BOSS] = "550 nobody of that name"
    grow(house)
    with capture_logs() as said:
        send(house)
    assert [mail["To"] for mail in server.mails] == [DEPUTY]
    [given_up] = [each for each in said if each["event"] == "notice_given_up"]
    assert "550" in given_up["reason"]
    house.clock.pass_(hours=3)
    assert send(house) == 0


def test_what_could_not_be_sent_for_too_long_is_not_sent_any_more(house: House, server: MailServer) -> None:
    server.answer = "452 the disk is full"
    grow(house)
    send(house)
    house.clock.pass_(hours=48)
    server.answer = "250 OK"
    send(house)
    send(house)
    assert server.mails == []


class Cut(Exception):
    """The process ends here."""


def test_a_crash_between_sending_and_commit_sends_the_same_message_again_under_its_id_and_never_more(
    house: House, server: MailServer, peer: Peer
) -> None:
    grow(house)
    for line in lines(house.context):
        crash_after_sending(house, Sending(house.context, line))
    first = {request.headers["idempotency-key"] for request in peer.requests}
    sent = {mail["Message-ID"] for mail in server.mails}
    look(house, minutes=10)
    send(house)
    look(house, hours=3)
    send(house)
    assert len(peer.requests) == 2
    assert {request.headers["idempotency-key"] for request in peer.requests} == first
    assert sorted(mail["To"] for mail in server.mails) == [DEPUTY, BOSS, BOSS]
    assert len({mail["Message-ID"] for mail in server.mails}) == 2
    assert sent < {mail["Message-ID"] for mail in server.mails}


def crash_after_sending(house: House, sending: Sending) -> None:
    """The process ends when the server has taken the message, before it is written down that it did."""
    database = house.context.database
    commits = iter([database._commit])

    def commit(connection: object) -> None:
        for first in commits:  # the claim
            first(connection)  # type: ignore[arg-type]
            return
        raise Cut

    plain: Callable[..., None] = database._commit
    database._commit = commit  # type: ignore[method-assign]
    with pytest.raises(Cut):
        sending.step()
    database._commit = plain  # type: ignore[method-assign]


def test_an_alarm_that_stays_open_is_told_again_after_a_day(house: House, server: MailServer) -> None:
    grow(house)
    send(house)
    look(house, hours=23)
    assert send(house) == 0
    look(house, hours=1)
    send(house)
    assert "VẪN CÒN: Hàng đợi gửi đang dồn lại" in server.subjects[-1]


def test_a_mail_holds_nothing_of_a_document(house: House, server: MailServer) -> None:
    house.send(OFFICE, FINANCE, subject="Về việc hết sức kín")
    grow(house)
    look(house, hours=25)
    send(house)
    send(house)
    assert server.mails
    assert "hết sức kín" not in "".join(server.texts(BOSS) + server.subjects)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"alarm_mail_to": ["a@b.vn, c@d.vn"], "mail_host": "m"}, "is no e-mail address"),
        ({"alarm_mail_to": ["a@b.vn"]}, "needs mail_host"),
        ({"mail_host": "m"}, "needs mail_from"),
        (
            {"mail_host": "m", "mail_from": "a@b.vn", "mail_user": "u", "mail_security": "none"},
            "no password goes out in the clear",
        ),
        ({"alarm_webhook_url": "ftp://a"}, "must begin with http"),
        ({"alarm_webhook_url": "http://a"}, "needs alarm_webhook_secret_file"),
        ({"alarm_late_hours": [1, 2]}, "alarm_late_hours"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_by_which_nothing_could_be_sent_are_named(
    database_url: str, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        load(**changes)


def test_a_password_is_not_shown_with_the_settings(database_url: str) -> None:
    assert PASSWORD not in repr(load(mail_password=PASSWORD, alarm_webhook_secret=PASSWORD))


def test_a_webhook_whose_secret_is_too_short_or_not_there_is_not_called(
    house: House, peer: Peer, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("short")
    grow(house)
    for reason in ("16 bytes or more", "cannot be read"):
        with capture_logs() as said:
            send(house)
        [failed] = [each for each in said if each.get("channel") == "webhook"]
        assert reason in failed["reason"]
        (tmp_path / "secret").unlink(missing_ok=True)
        house.clock.pass_(hours=1)
    assert peer.requests == []
