"""The clerk's commands against a real broker: send, inbox, status, verify."""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pybase64
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from typer.testing import CliRunner, Result

from exchange.cli.root import root
from exchange.client import compose, sign_message
from exchange.core import edxml
from exchange.core.edxml import Attachment, BusinessType, DocumentMessage
from exchange.core.signature import ParseLimits, parse
from tests.adapters import peers
from tests.adapters.peers import Peer
from tests.client_broker import Running, running
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE, PROVINCE
from tests.test_client import Line, address, zipped

PDF = b"%PDF-1.7 made up"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("broker")) as started:
        yield started


@dataclass
class Clerk:
    """Somebody at the desk of an agency: a folder, and what is set in the environment."""

    folder: Path
    environment: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: object, code: int = 0) -> str:
        """What the command says; it has to end with ``code``."""
        result = self.result(*arguments)
        assert result.exit_code == code, result.output
        return result.output

    def result(self, *arguments: object) -> Result:
        return CliRunner().invoke(
            root, [str(each) for each in arguments], env={**self.environment, **self.settings}
        )

    def letter(self, name: str = "công văn.pdf") -> Path:
        path = self.folder / name
        path.write_bytes(PDF)
        return path

    def empty_inbox(self) -> None:
        self.run("inbox", "--fetch", self.folder / "trước", "--limit", 100)

    def send(self, *arguments: object, to: str = FINANCE, number: int = 0, code: int = 0) -> str:
        given = ["--number", number or next(NUMBERS), "--symbol", "UBND-VX", "--subject", "V/v họp giao ban"]
        return self.run("send", self.letter(), "--to", to, *given, *arguments, code=code)


NUMBERS = iter(range(100, 10_000))


@pytest.fixture
def office(broker: Running, tmp_path: Path) -> Clerk:
    return clerk(broker, OFFICE, tmp_path / "office")


@pytest.fixture
def finance(broker: Running, tmp_path: Path) -> Clerk:
    return clerk(broker, FINANCE, tmp_path / "finance")


def clerk(broker: Running, agency: str, folder: Path) -> Clerk:
    folder.mkdir()
    return Clerk(folder, {**broker.environment(agency), "EXCHANGE_RESEND": "1"})


def document_id(said: str) -> str:
    found = re.search(r"DocumentId: (.*)", said)
    assert found, said
    return found[1]


def only(folder: Path, pattern: str) -> Path:
    [path] = folder.glob(pattern)
    return path


@contextmanager
def bad_line(broker: Running, *, lost: int = 0, busy: int = 0, about: str = "") -> Iterator[str]:
    """The address of a line to the broker, see ``Line``."""
    server = Peer()
    server.reply = Line(broker, lost=lost, busy=busy, about=about)
    try:
        yield address(server)
    finally:
        server.close()


# --- send ---


def test_a_letter_is_sent_and_its_acceptance_is_no_delivery(broker: Running, office: Clerk) -> None:
    said = office.send(
        "--priority", 3, "--paper", "--signer", "Nguyễn Văn A", "--save", office.folder / "biên nhận.xml",
        to=f"{FINANCE}, {DISTRICT}",
    )  # fmt: skip
    assert "NOT delivered yet" in said
    assert f"→ {FINANCE}: chuyển trước" in said
    assert f"→ {DISTRICT}: chuyển trước" in said
    kept = only(office.folder, "*.edxml")
    message = edxml.read(parse(kept.read_bytes(), ParseLimits()))
    assert isinstance(message, DocumentMessage)
    assert message.document_id == document_id(said)
    assert (message.priority, message.business.paper, message.full_name) == (3, True, "Nguyễn Văn A")
    assert message.attachments[0].content(1000) == PDF
    proven = office.run(
        "verify", office.folder / "biên nhận.xml", "--trust", broker.certificate_file, "--document", kept
    )
    assert "NOT a delivery yet" in proven


def test_a_ready_document_is_sent_as_it_is_and_again_with_the_same_answer(office: Clerk) -> None:
    office.send("--save", office.folder / "1.xml")
    office.run("send", only(office.folder, "*.edxml"), "--save", office.folder / "2.xml")
    assert (office.folder / "1.xml").read_bytes() == (office.folder / "2.xml").read_bytes()


def test_in_doubt_the_clerk_is_told_what_to_send_and_the_same_command_sends_the_same_bytes(
    broker: Running, office: Clerk
) -> None:
    with bad_line(broker, lost=99) as url:
        said = office.send(f"--url={url}", number=31, code=1)
    kept = only(office.folder, "*.edxml")
    assert f"exchange send '{kept}'" in said
    signed = kept.read_bytes()
    again = office.send(number=31)
    assert "signed before" in again
    assert kept.read_bytes() == signed
    changed = office.send("--paper", number=31, code=1)
    assert "another document of this number" in changed


def test_what_is_refused_is_said_in_both_languages_and_leaves_nothing_behind(office: Clerk) -> None:
    said = office.send(to="000.99.99.H45,000.98.98.H45", code=1)
    assert said.count("receiver_unknown") == 4
    assert "Tra mã trong danh bạ" in said
    assert "Look up the code in the directory" in said
    assert list(office.folder.glob("*.edxml")) == []


def test_a_refusal_of_the_token_leaves_the_signed_document_for_the_next_attempt(office: Clerk) -> None:
    said = office.send("--token", "wrong", number=61, code=1)
    assert "token_invalid" in said
    kept = only(office.folder, "*.edxml")
    assert str(kept) in said
    assert "signed before" in office.send(number=61)


def test_a_document_that_revokes_updates_or_replaces_says_so(office: Clerk) -> None:
    earlier = document_id(office.send())
    kinds = (BusinessType.REVOKE, BusinessType.UPDATE, BusinessType.REPLACE)
    for number, kind in enumerate(kinds, start=41):
        option = f"--{kind.name.lower()}"
        office.send(option, earlier, "--reason", "Ban hành nhầm", number=number)
        message = edxml.read(parse(only(office.folder, f"*{number}-*.edxml").read_bytes(), ParseLimits()))
        assert isinstance(message, DocumentMessage)
        assert (message.business.doc_type, message.earlier) == (kind, (earlier,))


def test_what_is_missing_or_wrong_is_said_before_anything_is_sent(office: Clerk) -> None:
    letter = office.letter()
    assert "--to" in office.run("send", letter, code=2)
    assert "no file" in office.run("send", letter, "000.00.05.H45", code=1)
    nothing = office.folder / "trống.pdf"
    nothing.write_bytes(b"")
    words = ["--number", 1, "--symbol", "A", "--subject", "b"]
    empty = office.run("send", nothing, "--to", FINANCE, *words, code=1)
    assert "trống.pdf is empty" in empty
    office.settings = {"EXCHANGE_TOKEN": ""}
    assert "EXCHANGE_TOKEN" in office.send(code=2)
    office.settings = {"EXCHANGE_URL": "exchange"}
    assert "not an address" in office.send(code=1)
    office.settings = {"EXCHANGE_KEY": office.environment["EXCHANGE_CERTIFICATE"]}
    assert "the key cannot be used" in office.send(code=1)
    assert list(office.folder.glob("*.edxml")) == []


def test_a_key_with_a_password_is_used(broker: Running, office: Clerk) -> None:
    locked = office.folder / "locked.pem"
    password = "mật khẩu"
    private = broker.province.keys[OFFICE].private_key
    encryption = BestAvailableEncryption(password.encode())
    locked.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    office.settings = {"EXCHANGE_KEY": str(locked)}
    assert "the key cannot be used" in office.send(code=1)
    office.settings["EXCHANGE_KEY_PASSWORD"] = password
    office.send()


def test_no_exchange_at_the_address_is_said_in_a_sentence(office: Clerk) -> None:
    office.send()
    with peers.nobody() as url:
        assert "does not answer" in office.run("status", "a" * 32, "--url", url.rstrip("/"), code=1)


def test_an_acceptance_never_takes_the_place_of_another_file(office: Clerk) -> None:
    letter = office.letter()
    said = office.send("--save", letter, code=1)
    assert "NOT delivered yet" in said
    assert "holds something else" in said
    assert letter.read_bytes() == PDF


# --- inbox ---


def test_the_inbox_is_fetched_kept_and_acknowledged(broker: Running, office: Clerk, tmp_path: Path) -> None:
    sent = document_id(office.send("--priority", 3, to=COMMUNE))
    commune = clerk(broker, COMMUNE, tmp_path / "commune")
    listed = commune.run("inbox")
    assert "HỎA TỐC" in listed
    assert sent in listed
    commune.run("inbox", "--fetch", commune.folder / "đến")
    document = only(commune.folder / "đến", "2*")
    assert (document / "công văn.pdf").read_bytes() == PDF
    assert (document / "message.edxml").read_bytes() == only(office.folder, "*.edxml").read_bytes()
    assert "nothing lies ready" in commune.run("inbox")
    assert "ĐÃ CHUYỂN / DELIVERED" in office.run("status", sent)


def test_receipts_are_proven_and_kept(broker: Running, office: Clerk, finance: Clerk) -> None:
    finance.empty_inbox()
    office.empty_inbox()
    sent = document_id(office.send())
    finance.run("inbox", "--fetch", finance.folder, "--limit", 100)
    said = office.run("inbox", "--fetch", office.folder / "đến", "--trust", broker.certificate_file)
    assert "Delivered to the software of the receiver" in said
    assert sent in said
    receipt = only(office.folder / "đến" / "receipts", "*delivered*.xml")
    kept = only(office.folder, "*.edxml")
    proven = office.run("verify", receipt, "--trust", broker.certificate_file, "--document", kept)
    assert "speaks of exactly the file" in proven


def test_a_receipt_that_is_not_proven_is_not_taken(broker: Running, office: Clerk, finance: Clerk) -> None:
    office.empty_inbox()
    office.send()
    finance.run("inbox", "--fetch", finance.folder, "--limit", 100)
    stranger = finance.environment["EXCHANGE_CERTIFICATE"]
    said = office.run("inbox", "--fetch", office.folder / "đến", "--trust", stranger, code=1)
    assert "another certificate" in said
    assert not (office.folder / "đến" / "receipts").exists()
    assert "biên nhận / receipt" in office.run("inbox"), "it was given back"


def test_a_status_is_kept_and_shown(broker: Running, office: Clerk, finance: Clerk) -> None:
    office.empty_inbox()
    sent = document_id(office.send())
    finance.run("inbox", "--fetch", finance.folder, "--limit", 100)
    finance.run("status", sent, "--report", "03", "--to", OFFICE, "--description", "Số đến 15")
    said = office.run("inbox", "--fetch", office.folder / "đến")
    assert f"03 {sent} Số đến 15" in said
    assert len(list((office.folder / "đến" / "statuses").iterdir())) == 1


def test_long_document_ids_do_not_make_two_receipts_one(broker: Running, office: Clerk) -> None:
    office.empty_inbox()
    agencies = (FINANCE, DISTRICT)
    message = compose(
        sender=OFFICE, receivers=agencies, number=1, symbol="A", subject="V/v", document_id="ệ" * 200
    )
    with broker.client() as client:
        client.submit(sign_message(message, broker.province.keys[OFFICE]))
    for agency in agencies:
        with broker.client(agency) as client:
            for item in client.lease(100):
                client.acknowledge(item)
    office.run("inbox", "--fetch", office.folder / "đến", "--limit", 100)
    assert len(list((office.folder / "đến" / "receipts").glob("ệ*"))) == 2


def test_a_message_that_cannot_be_kept_is_given_back_and_the_others_are_kept(
    broker: Running, office: Clerk, tmp_path: Path
) -> None:
    commune = clerk(broker, COMMUNE, tmp_path / "commune")
    commune.empty_inbox()
    office.send(to=COMMUNE, number=51)
    office.send(to=COMMUNE, number=52)
    with broker.client(COMMUNE) as client:
        first = client.look()[0]
    blocked = commune.folder / "đến"
    blocked.mkdir()
    day = only(office.folder, "*51-*.edxml").name.split(",")[1]
    (blocked / f"{day} {OFFICE} 51-UBND-VX {first.delivery}").write_bytes(b"something else")
    said = commune.run("inbox", "--fetch", blocked, code=1)
    assert "fetched: 1; lỗi / failed: 1" in said
    assert "holds something else" in said
    assert first.delivery in [item.delivery for item in client.look()]


def test_a_message_that_is_fetched_again_is_kept_once(broker: Running, office: Clerk, tmp_path: Path) -> None:
    commune = clerk(broker, COMMUNE, tmp_path / "commune")
    commune.empty_inbox()
    office.send(to=COMMUNE)
    fetch = ["inbox", "--fetch", commune.folder / "đến"]
    with bad_line(broker, busy=9, about="/acknowledge") as url:
        said = commune.run(*fetch, "--url", url, code=1)
    assert "fetched: 0; lỗi / failed: 1" in said
    assert "fetched: 1" in commune.run(*fetch)
    assert len(list((commune.folder / "đến").iterdir())) == 1


def test_names_in_a_document_never_lead_out_of_the_folder(
    broker: Running, office: Clerk, tmp_path: Path
) -> None:
    commune = clerk(broker, COMMUNE, tmp_path / "commune")
    commune.empty_inbox()
    plain = compose(sender=OFFICE, receivers=[COMMUNE], number="../6", symbol="..", subject="V/v")
    odd = Attachment(content_id="1", name="..", encoded=pybase64.b64encode(zipped(PDF)).decode())
    hidden = Attachment(content_id="2", name=".profile", encoded=pybase64.b64encode(PDF).decode())
    message = dataclasses.replace(plain, attachments=(odd, hidden))
    with broker.client() as client:
        client.submit(sign_message(message, broker.province.keys[OFFICE]))
    commune.run("inbox", "--fetch", commune.folder / "đến")
    names = {path.relative_to(commune.folder).parts[0] for path in commune.folder.rglob("*")}
    assert names == {"trước", "đến"}
    kept = only(commune.folder / "đến", "*")
    assert {path.name for path in kept.iterdir()} == {"message.edxml", "attachment", "profile"}
    assert (kept / "attachment").read_bytes() == PDF


# --- status ---


def test_a_document_is_followed_by_its_id_or_that_of_the_exchange(office: Clerk) -> None:
    said = office.send("--priority", 1)
    shown = office.run("status", document_id(said))
    assert "KHẨN" in shown
    assert "chờ nơi nhận đến lấy / lies ready, not fetched yet" in shown
    assert "DELIVERED" not in shown
    found = re.search(r"id at the exchange: (\w+)", said)
    assert found
    assert office.run("status", found[1]) == shown
    assert "not_found" in office.run("status", "unknown", code=1)


def test_a_take_back_is_asked_with_a_reason_and_closes_per_receiver(office: Clerk, finance: Clerk) -> None:
    sent = document_id(office.send())
    finance.run("inbox", "--fetch", finance.folder, "--limit", 100)
    ask = ["status", sent, "--report", "13", "--to", FINANCE]
    assert "--description" in office.run(*ask, code=2)
    office.run(*ask, "--description", "Gửi nhầm nơi nhận")
    assert "yêu cầu lấy lại / asked back" in office.run("status", sent)
    finance.run("status", sent, "--report", "15", "--to", OFFICE)
    assert "đồng ý cho lấy lại" in office.run("status", sent)


def test_a_status_that_is_none_is_refused_at_the_desk(finance: Clerk) -> None:
    assert "01, 02, 03" in finance.run("status", "a", "--report", "07", "--to", OFFICE, code=2)
    assert "--to" in finance.run("status", "a", "--report", "03", code=2)
    said = finance.run("status", "a", "--report", "03", "--to", OFFICE, code=1)
    assert "status_document_unknown" in said


# --- verify ---


def test_without_trust_a_receipt_proves_only_that_it_is_whole(broker: Running, office: Clerk) -> None:
    saved = office.folder / "biên nhận.xml"
    office.send("--save", saved)
    said = office.run("verify", saved, code=2)
    assert "NOT ENOUGH TO SAY" in said
    assert "Who calls itself the exchange" in said
    assert "Nobody you trust vouches for the certificate" in said
    assert "Whose certificate is it?" in said
    known = office.run("verify", saved, "--trust", broker.certificate_file)
    assert "The exchange “exchange” says" in known
    assert "That any receiver has the document: an acceptance does not say so" in known


def test_a_receipt_of_another_document_or_an_altered_one_is_not_proven(
    broker: Running, office: Clerk
) -> None:
    saved = office.folder / "biên nhận.xml"
    office.send("--save", saved)
    trust = ["--trust", broker.certificate_file]
    other = ["--document", office.letter()]
    assert "speaks of a document" in office.run("verify", saved, *trust, *other, code=1)
    saved.write_bytes(saved.read_bytes().replace(FINANCE.encode(), DISTRICT.encode()))
    assert "altered" in office.run("verify", saved, *trust, code=1)
    assert "altered" in office.run(
        "verify", saved, "--trust", office.environment["EXCHANGE_CERTIFICATE"], code=1
    )
    assert "no evidence bundle, receipt, document" in office.run("verify", office.letter(), *trust, code=3)


def test_a_document_is_proven_under_its_authority_or_certificate(broker: Running, office: Clerk) -> None:
    sent = document_id(office.send(to=PROVINCE))
    kept = only(office.folder, "*.edxml")
    authority = office.folder / "ca.pem"
    authority.write_bytes(broker.province.authority.certificate_pem)
    by_authority = office.run("verify", kept, "--trust", authority)
    assert "issued by a CA that you trust: CN=Test CA" in by_authority
    assert sent in by_authority
    assert "it is the signer's word" in by_authority
    assert "which you trust itself" in office.run(
        "verify", kept, "--signer", office.environment["EXCHANGE_CERTIFICATE"]
    )
    assert "Whose certificate" in office.run("verify", kept, code=2)
    assert "Nobody you trust" in office.run("verify", kept, "--trust", broker.certificate_file, code=2)
    assert "nothing to trust in this file" in office.run("verify", kept, "--trust", kept, code=3)
