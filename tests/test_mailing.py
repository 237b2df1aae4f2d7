"""E-mails by a real server on 127.0.0.1: with TLS and a password, and by servers that behave badly."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.mailing import Mailer, NotMailed, Undeliverable, written
from exchange.settings import load
from tests.adapters.peers import Identity, deaf, nobody
from tests.mail_server import PASSWORD, MailServer, running, server, settings_of, text_of, tls

__all__ = ["running", "server", "tls"]

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TO = "vanthu@phuyen.example.vn"


def mailer(server: MailServer, tls: Identity, **changes: object) -> Mailer:
    return Mailer(load(**settings_of(server, tls, **changes)))


def send(mailer: Mailer, subject: str = "Cảnh báo", to: str = TO) -> None:
    mailer.send(to, subject, "Ổ đĩa sắp đầy.\n", id_="0195", at=AT)


def why(mailer: Mailer) -> str:
    with pytest.raises(NotMailed) as caught:
        send(mailer)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_a_mail_goes_by_starttls_with_a_password_and_arrives_as_it_was_written(
    server: MailServer, tls: Identity
) -> None:
    send(mailer(server, tls))
    [mail] = server.mails
    assert (mail["Subject"], mail["To"], mail["From"]) == ("Cảnh báo", TO, "truc@phuyen.example.vn")
    assert text_of(mail) == "Ổ đĩa sắp đầy.\n"
    assert mail["Message-ID"] == "<0195@phuyen.example.vn>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == AT


def test_a_mail_goes_by_tls_from_the_first_byte(tls: Identity) -> None:
    server = MailServer(tls, tls=True)
    try:
        send(mailer(server, tls, mail_security="tls"))
        assert len(server.mails) == 1
    finally:
        server.close()


def test_a_server_beside_the_broker_needs_neither(tls: Identity) -> None:
    server = MailServer(tls, starttls=False)
    try:
        send(mailer(server, tls, mail_security="none", mail_user=""))
        assert len(server.mails) == 1
    finally:
        server.close()


def test_where_tls_is_wanted_nothing_goes_out_without_it(tls: Identity) -> None:
    server = MailServer(tls, starttls=False)
    try:
        assert "STARTTLS" in why(mailer(server, tls))
        assert server.mails == []
    finally:
        server.close()


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(server: MailServer, tls: Identity) -> None:
    assert "self-signed" in why(mailer(server, tls, mail_ca_file=None))
    assert server.mails == []


def test_the_password_may_stand_in_a_file_and_a_wrong_one_is_not_repeated(
    server: MailServer, tls: Identity, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    send(mailer(server, tls, mail_password="", mail_password_file=file))
    file.write_text("wrong")
    assert why(mailer(server, tls, mail_password="", mail_password_file=file)).startswith(
        "the server answers 535"
    )
    file.unlink()
    assert "FileNotFoundError" in why(mailer(server, tls, mail_password_file=file))
    assert len(server.mails) == 1


def test_an_address_that_is_refused_for_good_is_told_apart_from_one_that_may_be_taken_later(
    server: MailServer, tls: Identity
) -> None:
    server.refusals[TO] = "550 nobody of that name"
    with pytest.raises(Undeliverable, match="550 nobody of that name"):
        send(mailer(server, tls))
    server.refusals[TO] = "451 come back later"
    assert "451 come back later" in why(mailer(server, tls))


def test_a_server_that_refuses_the_message_is_asked_again_later(server: MailServer, tls: Identity) -> None:
    server.answer = "452 the disk is full"
    assert why(mailer(server, tls)) == "the server answers 452 the disk is full"


def test_a_subject_is_one_line_whatever_stands_in_it(server: MailServer, tls: Identity) -> None:
    send(mailer(server, tls), "một\r\nBcc: ke@xau.example\nhai")
    [mail] = server.mails
    assert mail["Subject"] == "một Bcc: ke@xau.example hai"
    assert mail["Bcc"] is None


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_every_subject_and_text_is_read_as_it_was_written(text: str) -> None:
    subject = f"[Trục] CẢNH BÁO: Văn bản gửi Cơ quan 000.00.05.H45 bị chậm (+1) / ALARM: late {text}"
    mail = written("a@b.vn", TO, subject, text, id_="1", at=AT).as_bytes()
    read = message_from_bytes(mail, policy=default)
    assert isinstance(read, EmailMessage)
    assert read["Subject"] == " ".join(subject.split())
    assert text_of(read) == text
    assert max(map(len, mail.splitlines())) <= 998  # RFC 5322 2.1.1
    assert mail.isascii()


@contextlib.contextmanager
def listening(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """A server that does to its one line what ``talk`` says: the port."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            line, _ = listener.accept()
            with line, contextlib.suppress(OSError):
                talk(line, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join()


def drips(line: socket.socket, over: threading.Event) -> None:
    """A greeting without end."""
    while not over.wait(0.02):
        line.sendall(b"220-wait\r\n")


def silent(line: socket.socket, over: threading.Event) -> None:
    over.wait()


def hangs_after_the_message(line: socket.socket, over: threading.Event) -> None:
    """Takes a message, and never says so."""
    with line.makefile("rb") as reader:
        line.sendall(b"220 here\r\n")
        while (command := reader.readline().upper()) != b"DATA\r\n":
            assert command
            line.sendall(b"250 OK\r\n")
        line.sendall(b"354 go on\r\n")
        over.wait()


@pytest.mark.parametrize("talk", [drips, silent, hangs_after_the_message])
def test_a_server_that_drips_or_says_nothing_is_given_up_when_the_time_is_over(
    tls: Identity, server: MailServer, talk: Callable[[socket.socket, threading.Event], None]
) -> None:
    with listening(talk) as port:
        slow = mailer(
            server, tls, mail_port=port, mail_security="none", mail_user="", mail_timeout_seconds=0.3
        )
        begun = monotonic()
        assert why(slow) == "no answer within 0.3 s"
        assert monotonic() - begun < 3


def test_nobody_there_is_said(tls: Identity, server: MailServer) -> None:
    with nobody() as url:
        port = int(url.rsplit(":", 1)[1].strip("/"))
        assert "ConnectionRefusedError" in why(mailer(server, tls, mail_port=port))
    with deaf() as url:
        port = int(url.rsplit(":", 1)[1].strip("/"))
        assert why(mailer(server, tls, mail_port=port, mail_timeout_seconds=0.2)) == "no answer within 0.2 s"


def test_what_is_under_way_is_given_up_when_the_broker_stops(tls: Identity, server: MailServer) -> None:
    with listening(silent) as port:
        slow = mailer(
            server, tls, mail_port=port, mail_security="none", mail_user="", mail_timeout_seconds=60
        )
        timer = threading.Timer(0.2, slow.stop)
        timer.start()
        assert why(slow) == "the broker is stopping"
        timer.join()
    assert why(slow) == "the broker is stopping"
