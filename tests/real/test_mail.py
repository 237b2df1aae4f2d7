"""Mail, against postfix and dovecot."""

import asyncio
import hashlib
import smtplib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import make_msgid

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from adapters.mail import Adapter
from exchange.adapter import (
    Accepted,
    AgencyAdapter,
    Delivered,
    Reached,
    Refused,
    Retry,
    StatusReport,
    Unreachable,
)
from exchange.core.mail_writing import message_id
from tests.adapters.conformance import (
    ABSENT,
    LATE_SECONDS,
    CollectsConformance,
    HandsOverConformance,
    Held,
    Options,
    at_once,
    many,
    outgoing,
    timed,
)
from tests.adapters.letters import document
from tests.mail_server import MailServer
from tests.proxy import proxy
from tests.real.mail_servers import FULL, OURS, PASSWORD, STRANGER, THEIRS, MailServers, mail_servers
from tests.real.software import free_port

KEY = outgoing().key


@pytest.fixture(scope="session")
def started() -> Iterator[MailServers]:
    with mail_servers() as servers:
        yield servers


@pytest.fixture
def servers(started: MailServers) -> MailServers:
    started.empty()
    return started


@pytest.fixture
def options(servers: MailServers, monkeypatch: pytest.MonkeyPatch) -> Options:
    monkeypatch.setenv("EXCHANGE_TEST_MAIL_PASSWORD", PASSWORD)
    return {
        "address": THEIRS,
        "from_address": OURS,
        "user": OURS,
        "password": "env:EXCHANGE_TEST_MAIL_PASSWORD",
        "smtp_host": "127.0.0.1",
        "smtp_port": servers.smtp_port,
        "imap_host": "127.0.0.1",
        "imap_port": servers.imap_port,
        "ca_file": str(servers.identity.ca_file),
    }


@pytest.fixture
def saying(started: MailServers) -> Iterator[MailServer]:
    """A mail server that says what a test tells it, with the same users."""
    made = MailServer(started.identity)
    made.user, made.password = OURS, PASSWORD
    yield made
    made.close()


Send = Callable[..., None]


@pytest.fixture
def send(servers: MailServers) -> Iterator[Send]:
    """Puts a mail into the broker's inbox as LMTP delivers it."""

    with smtplib.LMTP("127.0.0.1", servers.lmtp_port) as line:

        def put(mail: EmailMessage | bytes, sender: str = THEIRS) -> None:
            raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP)
            line.sendmail(sender, [OURS], raw)

        yield put


def mail_of(
    text: str = "",
    *,
    sender: str = THEIRS,
    subject: str = "Văn bản",
    files: Mapping[str, bytes] = {},
    **headers: str,
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Văn thư <{sender}>", OURS, subject
    mail["Message-ID"] = make_msgid(domain="xa-1.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    for name, content in files.items():
        mail.add_attachment(content, "application", "octet-stream", filename=name)
    return mail


def signed_in(mail: Message) -> dict[str, bytes]:
    parts = [part for part in mail.walk() if part.get_content_type() == "application/xml"]
    return {str(part.get_filename()): part.get_payload(decode=True) for part in parts}  # type: ignore[misc]


@contextmanager
def never_answering() -> Iterator[int]:
    """The port of a server that takes a whole mail and says nothing to it."""

    class Handler:
        async def handle_DATA(self, *_: object) -> str:  # the name is aiosmtpd's
            await asyncio.sleep(30)
            return "250 OK"

    port = free_port()
    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=port,
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
    )
    controller.start()
    yield port
    controller.stop()


class TestMail(HandsOverConformance, CollectsConformance):
    adapter_class = Adapter
    success = Accepted
    large_bytes = 17_000_000
    crowd = 100
    secrets = (PASSWORD,)
    wrong_options = (
        ({"address": ABSENT}, "address"),
        ({"address": "xa 1"}, "address"),
        ({"senders": ["x"]}, "senders"),
        ({"from_address": THEIRS}, "from_address"),
        ({"user": ""}, "user"),
        ({"password": PASSWORD}, "password"),
        ({"smtp_port": 0}, "smtp_port"),
        ({"smtp_security": "no"}, "smtp_security"),
        ({"smtp_host": "mail.example", "smtp_security": "none"}, "smtp_security"),
        ({"imap_host": "10.0.0.1", "imap_security": "none"}, "imap_security"),
        ({"ca_file": "/khong/co"}, "ca_file"),
        ({"connections": 0}, "connections"),
        ({"mail_bytes_max": 0}, "mail_bytes_max"),
    )

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    @pytest.fixture
    def held(self, servers: MailServers) -> Held:
        def read() -> Mapping[str, str]:
            mails = servers.mails(THEIRS)
            found = {}
            for mail in mails:
                [content] = signed_in(mail).values()
                found[str(mail["Exchange-Delivery"])] = hashlib.sha256(content).hexdigest()
            assert len(found) == len(mails)
            return found

        return read

    @pytest.fixture
    def ready(self, send: Send) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                send(mail_of(files={f"{name}.edxml": content}))

        return put

    @pytest.mark.parametrize("kind", ["document", "status", "receipt"])
    def test_each_kind_of_message_is_taken(self, adapter: AgencyAdapter, kind: str) -> None:
        """Documents are acknowledged by people; nobody acknowledges the others."""
        outcome = adapter.deliver(outgoing(kind=kind))  # type: ignore[arg-type]
        assert type(outcome) is (Accepted if kind == "document" else Delivered)

    # --- delivering ---

    def test_the_mail_has_the_original_and_the_files_and_says_what_it_is(
        self, adapter: AgencyAdapter, servers: MailServers
    ) -> None:
        content = document()
        adapter.deliver(outgoing(content))
        [mail] = servers.mails(THEIRS)
        assert signed_in(mail) == {f"12-UBND-VX-{KEY}.edxml": content}
        [pdf] = [part for part in mail.walk() if part.get_content_type() == "application/pdf"]
        assert pdf.get_filename() == "Công văn.pdf"
        assert pdf.get_payload(decode=True) == b"%PDF-1.7 noi dung"
        subject = str(make_header(decode_header(mail["Subject"])))
        assert subject == f"Văn bản 12/UBND-VX V/v báo cáo tình hình thực hiện [{KEY}]"
        text = mail.get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]
        assert "Xác nhận đã nhận: trả lời thư này" in text
        assert mail["Message-ID"] == message_id(KEY, OURS)

    def test_the_original_is_read_back(self, adapter: AgencyAdapter, servers: MailServers) -> None:
        adapter.deliver(outgoing(document()))
        servers.settle()
        assert adapter.stored(KEY) == document()
        assert list(adapter.collect()) == []  # puts the copy away
        assert adapter.stored(KEY) == document()

    def test_an_address_that_is_not_there_is_refused(self, options: Options, servers: MailServers) -> None:
        adapter = Adapter({**options, "address": "khong-co@xa-1.example"}, 20)
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.code == "smtp_550"
        assert "khong-co@xa-1.example" in outcome.reason
        adapter.close()
        assert servers.mails(OURS) == []

    def test_a_wrong_password_is_tried_again_and_not_said(
        self, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EXCHANGE_TEST_MAIL_PASSWORD", "mat-khau-sai")
        adapter = Adapter(options, 20)
        for said in (adapter.deliver(outgoing()), adapter.check()):
            assert isinstance(said, Retry | Unreachable)
            assert "mat-khau-sai" not in repr(said)
        adapter.close()

    def test_a_certificate_of_somebody_else_is_not_trusted(self, options: Options) -> None:
        adapter = Adapter({name: options[name] for name in options if name != "ca_file"}, 20)
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert "self-signed" in outcome.reason
        adapter.close()

    def test_a_mail_that_is_too_large_is_refused(self, options: Options) -> None:
        adapter = Adapter({**options, "mail_bytes_max": 100_000}, 20)
        outcome = adapter.deliver(outgoing(b"x" * 100_000))
        assert isinstance(outcome, Refused)
        assert outcome.code == "too_large"
        adapter.close()

    def test_both_servers_are_checked(self, adapter: AgencyAdapter, options: Options) -> None:
        assert adapter.check() == Reached("SMTP mx.phuyen.example; IMAP: 0 mails in INBOX")
        for port in ("smtp_port", "imap_port"):
            with proxy(("127.0.0.1", 1)) as nobody:
                other = Adapter({**options, port: nobody.port}, 5)
                assert isinstance(other.check(), Unreachable)
                assert isinstance(other.deliver(outgoing()), Retry)
                other.close()

    def test_a_full_mailbox_comes_back_as_a_refusal_of_the_delivery(
        self, options: Options, servers: MailServers
    ) -> None:
        adapter = Adapter({**options, "address": FULL}, 20)
        assert isinstance(adapter.deliver(outgoing()), Accepted)
        servers.settle()
        [told] = adapter.collect()
        assert isinstance(told.content, StatusReport)
        assert (told.content.delivery, told.content.code) == (KEY, "02")
        assert "5.2.2" in told.content.words
        adapter.collected(told.key)
        assert list(adapter.collect()) == []
        adapter.close()

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ("450 4.2.1 later", ""),
            ("550 5.1.1 nobody", "smtp_550"),
            ("550 5.7.1 relay access denied", ""),
            ("552 5.2.2 mailbox full", ""),
            ("530 5.7.0 sign in", ""),
        ],
    )
    def test_what_is_said_to_the_address_is_a_verdict(
        self, options: Options, saying: MailServer, said: str, code: str
    ) -> None:
        saying.refusals[THEIRS] = said
        adapter = Adapter({**options, "smtp_port": saying.port}, 20)
        outcome = adapter.deliver(outgoing())
        assert (outcome.code if isinstance(outcome, Refused) else "") == code
        assert isinstance(outcome, Refused | Retry)
        assert said.partition(" ")[2] in outcome.reason
        saying.refusals.clear()
        assert isinstance(adapter.deliver(outgoing()), Accepted)
        adapter.close()
        assert len(saying.mails) == 1

    def test_the_own_address_being_refused_is_not_held_against_the_document(
        self, options: Options, saying: MailServer
    ) -> None:
        saying.refusals[OURS] = "550 5.1.1 nobody"
        adapter = Adapter({**options, "smtp_port": saying.port}, 20)
        assert isinstance(adapter.deliver(outgoing()), Retry)
        adapter.close()
        assert saying.mails == []

    @pytest.mark.parametrize(
        ("said", "code"),
        [("451 4.3.0 disk", ""), ("554 5.6.0 a virus", "smtp_554"), ("552 5.3.4 too large", "smtp_552")],
    )
    def test_what_is_said_to_the_mail_is_a_verdict_and_nothing_was_sent(
        self, options: Options, saying: MailServer, said: str, code: str
    ) -> None:
        saying.answer = said
        adapter = Adapter({**options, "smtp_port": saying.port}, 20)
        outcome = adapter.deliver(outgoing())
        assert (outcome.code if isinstance(outcome, Refused) else "") == code
        assert isinstance(outcome, Refused | Retry)
        saying.answer = "250 OK"
        assert isinstance(adapter.deliver(outgoing()), Accepted)  # at once: no copy is waited for
        adapter.close()
        assert len(saying.mails) == 1

    # --- nothing twice ---

    def test_an_answer_that_is_lost_after_the_mail_sends_it_once(
        self, options: Options, servers: MailServers, held: Held
    ) -> None:
        """The line is cut after any number of things that the server says: from some on it has the mail."""
        lost = 0
        for answers in range(4, 40):
            servers.empty()
            with proxy(("127.0.0.1", servers.smtp_port)) as between:
                between.answers_left = answers
                adapter = Adapter({**options, "smtp_port": between.port}, 20)
                outcome = adapter.deliver(outgoing())
                adapter.close()
            if isinstance(outcome, Accepted):
                break
            lost += bool(servers.mails(THEIRS))
            again = Adapter({**options, "copy_wait_seconds": 0}, 20)
            assert isinstance(again.deliver(outgoing()), Accepted)
            again.close()
            assert held() == {KEY: outgoing().digest}
        assert lost

    def test_a_mail_whose_answer_was_lost_waits_for_its_copy(
        self, options: Options, servers: MailServers
    ) -> None:
        with never_answering() as port:
            adapter = Adapter({**options, "smtp_port": port, "smtp_security": "none"}, 0.5)
            assert isinstance(adapter.deliver(outgoing()), Retry)
            adapter.close()
        adapter = Adapter(options, 20)
        outcome = adapter.deliver(outgoing())
        assert isinstance(outcome, Retry)
        assert outcome.not_before is not None
        assert servers.mails(THEIRS) == []
        adapter.close()

    @pytest.mark.parametrize("port", ["smtp_port", "imap_port"])
    def test_a_server_that_falls_silent_is_cut_at_the_time_limit(
        self, options: Options, servers: MailServers, port: str
    ) -> None:
        with proxy(("127.0.0.1", int(str(options[port])))) as between:
            adapter = Adapter({**options, port: between.port}, 20)
            assert isinstance(adapter.deliver(outgoing()), Accepted)
            between.silent.set()
            adapter.timeout_seconds = 0.5
            outcome, seconds = timed(adapter, outgoing(key="019a0000000070008000000000000002"))
            adapter.close()
        assert isinstance(outcome, Retry)
        assert seconds < 0.5 + LATE_SECONDS

    def test_lines_are_kept_and_bounded(self, options: Options) -> None:
        with proxy(("127.0.0.1", int(str(options["smtp_port"])))) as between:
            adapter = Adapter({**options, "smtp_port": between.port}, 20)
            assert {type(each) for each in at_once(adapter, many(20))} == {Accepted}
            adapter.close()
        assert between.connections <= 2

    # --- collecting ---

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("Đã nhận.", "03"),
            ("", "03"),
            ("Từ chối: không đúng thẩm quyền\n\n> Văn bản", "02"),
            ("REFUSED. No.", "02"),
        ],
    )
    def test_an_answer_is_a_status(
        self, adapter: AgencyAdapter, servers: MailServers, send: Send, text: str, code: str
    ) -> None:
        adapter.deliver(outgoing(document()))
        servers.settle()
        send(mail_of(text, subject="Re: Văn bản", In_Reply_To=message_id(KEY, OURS)))
        [told] = adapter.collect()
        assert isinstance(told.content, StatusReport)
        assert (told.content.delivery, told.content.code) == (KEY, code)
        assert told.content.words == text.partition("\n")[0]
        assert list(adapter.collect()) == [told]
        adapter.collected(told.key)
        assert list(adapter.collect()) == []
        assert len(servers.files(OURS, "Exchange.Sent")) == 1

    def test_an_answer_with_our_own_file_still_attached_is_an_answer(
        self, adapter: AgencyAdapter, send: Send
    ) -> None:
        send(mail_of("Đã nhận", subject=f"Re: [{KEY}]", files={f"12-UBND-{KEY}.edxml": b"<edXML/>"}))
        [told] = adapter.collect()
        assert isinstance(told.content, StatusReport)

    @pytest.mark.parametrize(
        "mail",
        [
            mail_of("Tôi đi vắng", subject=f"Re: [{KEY}]", Auto_Submitted="auto-replied (vacation)"),
            mail_of("Tôi đi vắng", subject=f"Re: [{KEY}]", Precedence="bulk"),
            mail_of("Bản tin", List_Id="<tin.xa-1.example>"),
            mail_of("Đã nhận", sender=STRANGER, subject=f"Re: [{KEY}]"),
            mail_of(sender=STRANGER, files={"a.edxml": b"<edXML/>"}),
        ],
        ids=["holiday", "bulk", "list", "stranger's answer", "stranger's document"],
    )
    def test_what_is_automatic_or_from_somebody_else_is_put_aside_unanswered(
        self, adapter: AgencyAdapter, servers: MailServers, send: Send, mail: EmailMessage
    ) -> None:
        send(mail)
        assert list(adapter.collect()) == []
        assert len(servers.files(OURS, "Exchange.Ignored")) == 1
        assert servers.mails(THEIRS) == servers.mails(STRANGER) == []

    def test_a_document_from_a_program_is_collected_and_its_refusal_not_answered(
        self, adapter: AgencyAdapter, servers: MailServers, send: Send
    ) -> None:
        send(mail_of(files={"a.edxml": b"<edXML/>"}, Auto_Submitted="auto-generated"))
        [found] = adapter.collect()
        assert found.content == b"<edXML/>"
        adapter.refused(found.key, ["Chữ ký sai."])
        assert len(servers.files(OURS, "Exchange.Refused")) == 1
        assert servers.mails(THEIRS) == []

    def test_a_refusal_is_answered_once(
        self, adapter: AgencyAdapter, servers: MailServers, send: Send
    ) -> None:
        mail = mail_of(files={"a.edxml": b"<edXML/>"})
        send(mail)
        [found] = adapter.collect()
        adapter.refused(found.key, ["Chữ ký không hợp lệ."])
        adapter.refused(found.key, ["Chữ ký không hợp lệ."])
        [answer] = servers.mails(THEIRS)
        assert answer["In-Reply-To"] == mail["Message-ID"]
        assert answer["Auto-Submitted"] == "auto-replied"
        assert "- Chữ ký không hợp lệ." in answer.get_payload(decode=True).decode()  # type: ignore[union-attr]
        assert len(servers.files(OURS, "Exchange.Refused")) == 1

    @pytest.mark.parametrize(
        "files", [{}, {"a.zip": b"PK\x05\x06" + b"\0" * 18}, {"a.edxml": b"a", "b.edxml": b"b"}]
    )
    def test_a_mail_without_exactly_one_document_is_refused_in_words(
        self, adapter: AgencyAdapter, servers: MailServers, send: Send, files: Mapping[str, bytes]
    ) -> None:
        send(mail_of("Gửi trục", files=files))
        assert list(adapter.collect()) == []
        [answer] = servers.mails(THEIRS)
        assert "đúng một tệp .edxml" in answer.get_payload(decode=True).decode()  # type: ignore[union-attr]
        assert list(adapter.collect()) == []

    def test_mails_that_cannot_be_read_keep_no_other_one_waiting(
        self, options: Options, servers: MailServers, send: Send
    ) -> None:
        head = f"From: {THEIRS}\r\nTo: {OURS}\r\nContent-Type: multipart/mixed; boundary=x\r\n".encode()
        adapter = Adapter({**options, "mail_bytes_max": 2_000_000}, 20)
        send(head + b"\r\n" + b"--x\r\n\r\na\r\n" * 10_000 + b"--x--\r\n")
        send(head + b"".join(b"X-%d: y\r\n" % number for number in range(30_000)) + b"\r\na\r\n")
        send(head + b"\r\n" + b"x" * 2_000_000)
        send(
            b"".join(
                b"Content-Type: multipart/mixed; boundary=a%d\r\n\r\n--a%d\r\n" % (n, n) for n in range(2000)
            )
        )
        send(b"From: \xff\xfe\r\nSubject: =?utf-8?b?////?=\r\nContent-Type: =?;;;\r\n\r\n\xff\r\n")
        send(mail_of(files={"tốt.edxml": b"<edXML/>"}))
        assert [each.content for each in adapter.collect()] == [b"<edXML/>"]
        servers.settle()
        assert [each.content for each in adapter.collect()] == [b"<edXML/>"]
        adapter.close()

    def test_a_bounce_about_another_address_or_a_delay_is_put_aside(
        self, adapter: AgencyAdapter, servers: MailServers, send: Send
    ) -> None:
        for action, who in (("delayed", THEIRS), ("failed", STRANGER)):
            send(
                b"From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/report; boundary=x;"
                b" report-type=delivery-status\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
                b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: %s\r\n"
                b"Status: 5.1.1\r\n\r\n"
                b"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: %s\r\n\r\n--x--\r\n"
                % (who.encode(), action.encode(), message_id(KEY, OURS).encode())
            )
        assert list(adapter.collect()) == []
        assert len(servers.files(OURS, "Exchange.Ignored")) == 2
