"""What mails of a mailbox mean to the broker."""

from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.core.filing import FiledFile, Filing
from exchange.core.mail_reading import REFUSALS, Received, Unreadable, is_refusal, original, read
from exchange.core.mail_writing import Envelope, answer_mail, attempt_note, document_mail, message_id
from tests.thorough import examples

OURS, THEIRS = "truc@phuyen.example", "vanthu@xa-1.example"
KEY = "019a0000000070008000000000000001"
AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
ENVELOPE = Envelope(key=KEY, ours=OURS, theirs=THEIRS, at=AT)
FILED = Filing(
    kind="document",
    code="12/UBND-VX",
    subject="V/v báo cáo tình hình thực hiện " * 8,
    promulgated_on=date(2026, 11, 24),
    files=(FiledFile(name="a/../Công văn\r\n.pdf", content_type="", content=b"%PDF" * 1000),),
)


def reading(mail: EmailMessage | bytes) -> Received:
    return read(mail if isinstance(mail, bytes) else mail.as_bytes(policy=SMTP), OURS, THEIRS, AT)


def mail_of(text: str = "Đã nhận", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in {"From": f"Văn thư <{THEIRS.upper()}>", "To": OURS, **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def sent(content: bytes = b"<edXML/>", most: int = 1_000_000) -> bytes:
    return document_mail(ENVELOPE, "document", "id", content, FILED, most)


def test_our_own_mail_is_a_copy_that_holds_the_original() -> None:
    content = bytes(range(256)) * 3
    assert reading(sent(content)).kind == "copy"
    assert reading(sent(content)).key == KEY
    assert original(sent(content)) == content


def test_every_line_that_we_send_is_short_ascii() -> None:
    for mail in (
        sent(),
        attempt_note(ENVELOPE),
        answer_mail(ENVELOPE, ["Sai\nchữ ký"], to_id="<a@b>", subject="Ủy"),
    ):
        assert mail.isascii()
        assert max(map(len, mail.split(b"\r\n"))) <= 998
        assert b"\n" not in mail.replace(b"\r\n", b"")


def test_the_same_delivery_has_the_same_message_id_and_every_key_fits_one() -> None:
    assert message_id(KEY, OURS) == f"<{KEY}@phuyen.example>"
    odd = message_id("../>\r\nỦ", OURS)
    assert odd == message_id("../>\r\nỦ", OURS)
    assert odd.isascii()
    assert len(odd.splitlines()) == 1


def test_files_are_left_out_and_said_to_be_where_the_mail_would_be_too_large() -> None:
    small = message_from_bytes(sent(most=3_000))
    assert [part.get_content_type() for part in small.walk()][1:] == ["text/plain", "application/xml"]
    assert "1 tệp chỉ nằm trong bản gốc" in small.get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]


def test_names_of_files_lead_nowhere() -> None:
    names = [part.get_filename() for part in message_from_bytes(sent()).walk() if part.get_filename()]
    assert names == [f"12-UBND-VX-{KEY}.edxml", "a-..-Công văn-.pdf"]


@pytest.mark.parametrize(
    "headers",
    [
        {"In_Reply_To": f"<{KEY}@phuyen.example>"},
        {"References": f"<x@y> <{KEY}@phuyen.example> <z@xa-1.example>"},
        {"Subject": f"Trả lời: Văn bản 12 [{KEY}]"},
    ],
    ids=["In-Reply-To", "References", "subject"],
)
def test_an_answer_names_the_delivery(headers: dict[str, str]) -> None:
    found = reading(mail_of("Đã nhận.\n\nOn Monday:\n> Văn bản", **headers))
    assert (found.kind, found.key, found.sender) == ("reply", KEY, THEIRS)
    assert found.words == "Đã nhận. On Monday:"


def test_an_answer_in_html_alone_is_read() -> None:
    mail = mail_of(Subject=f"[{KEY}]")
    mail.set_content("<p>Từ chối: <b>sai</b> nơi nhận</p>", subtype="html")
    assert reading(mail).words == "Từ chối: sai nơi nhận"
    assert is_refusal(reading(mail).words, REFUSALS)


@pytest.mark.parametrize(
    "text", ["Từ chối", " TỪ CHỐI: x", "tu choi vi", "“Refused”", "Trả lại", "- rejected"]
)
def test_words_that_refuse(text: str) -> None:
    assert is_refusal(text, REFUSALS)


@pytest.mark.parametrize("text", ["", "Đã nhận", "Không có ý kiến", "Chúng tôi không từ chối"])
def test_words_that_do_not(text: str) -> None:
    assert not is_refusal(text, REFUSALS)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-replied; owner-email=x"},
        {"Precedence": "Bulk"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
    ],
    ids=str,
)
def test_an_automatic_answer_is_no_acknowledgement(headers: dict[str, str]) -> None:
    found = reading(mail_of(In_Reply_To=f"<{KEY}@phuyen.example>", **headers))
    assert found.kind == "automatic"
    assert not found.answerable


@pytest.mark.parametrize(
    "raw",
    [
        b"X: " + b"y" * 300_000 + b"\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 10_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=a%d\r\n\r\n--a%d\r\n" % (n, n) for n in range(2000)
        ),
    ],
    ids=["headers", "parts", "depth"],
)
def test_a_mail_beyond_bounds_cannot_be_read(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        reading(raw)


@settings(max_examples=examples(100, 1000), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [b"From", b"Subject", b"Content-Type", b"In-Reply-To", b"Precedence", b"Message-ID"]
            ),
            st.binary(max_size=40) | st.sampled_from([b"=?utf-8?b?////?=", b"multipart/report; boundary=x"]),
        ),
        max_size=6,
    ),
    st.binary(max_size=200),
)
def test_no_mail_of_any_kind_breaks_the_reading(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    try:
        found = reading(b"".join(b"%s: %s\r\n" % each for each in headers) + b"\r\n" + body)
    except Unreadable:
        return
    assert found.words.isprintable()
