"""Files are examined in a process that a hostile one cannot keep busy, fill up or take down for others."""

import base64
import time
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO

import psutil
import pytest

from exchange.core.edxml import Attachment, DocumentMessage
from exchange.core.pdf_findings import Both, Evidence, Role
from exchange.demo.pki import Pki
from exchange.pdfs import Busy, Limits, Pdfs
from tests import pdfs
from tests.house import START
from tests.pdfs import Desk
from tests.province import FINANCE, OFFICE, Province

LIMITS = Limits(
    processes=1, seconds_max=5, memory_bytes_max=600_000_000, document_bytes_max=20_000_000, depth_max=64
)
Make = Callable[..., Pdfs]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Pdfs] = []

    def with_limits(evidence: Evidence | None = None, **changes: object) -> Pdfs:
        made.append(Pdfs(replace(LIMITS, **changes), lambda: evidence or Evidence()))  # type: ignore[arg-type]
        return made[-1]

    yield with_limits
    for each in made:
        each.close()


def bomb() -> bytes:
    """A table of forty million entries out of two hundred kilobytes."""
    packed = zlib.compress(bytes(200 << 20), 9)
    head = b"%PDF-1.7\n"
    table = (
        b"1 0 obj\n<< /Type /XRef /Size 40000000 /W [1 2 2] /Root 1 0 R /Filter /FlateDecode /Length %d >>"
    )
    body = table % len(packed) + b"\nstream\n" + packed + b"\nendstream\nendobj\n"
    return head + body + b"startxref\n%d\n%%%%EOF\n" % len(head)


def children() -> set[psutil.Process]:
    ours = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    return {each for each in ours if "exchange.pdf_process" in each.cmdline()}


def test_a_file_that_takes_too_long_ends_its_process_and_keeps_nobody_waiting(make: Make) -> None:
    examined = make(seconds_max=1, memory_bytes_max=4_000_000_000)
    begun = time.monotonic()
    found = examined.of_pdf(bomb(), START)
    assert time.monotonic() - begun < 20
    assert not found.readable
    assert "took longer" in found.text[0].en
    assert examined.of_pdf(pdfs.plain(), START).readable


def test_a_file_that_needs_too_much_memory_is_given_up(make: Make) -> None:
    examined = make(seconds_max=60, memory_bytes_max=300_000_000)
    found = examined.of_pdf(bomb(), START)
    assert not found.readable
    assert "memory" in found.text[0].en
    assert examined.of_pdf(pdfs.plain(), START).readable


def test_a_process_that_dies_is_replaced(make: Make) -> None:
    examined = make()
    before = children()
    assert examined.of_pdf(pdfs.plain(), START).readable
    [process] = children() - before
    process.kill()
    process.wait()
    assert examined.of_pdf(pdfs.plain(), START).readable


def test_a_process_at_work_when_its_broker_closes_ends_with_its_work(make: Make) -> None:
    before, examined = children(), make(seconds_max=1, memory_bytes_max=4_000_000_000)
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(examined.of_pdf, bomb(), START)
        while not children() - before:
            time.sleep(0.01)
        examined.close()
        assert not found.result(30).readable
    assert children() <= before


def test_closing_leaves_no_process(make: Make) -> None:
    examined = make()
    before = children()
    examined.of_pdf(pdfs.plain(), START)
    [process] = children() - before
    examined.close()
    assert not process.is_running()


def test_the_process_knows_nothing_of_the_exchange_s_surroundings(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", "postgresql+psycopg://secret@127.0.0.1/secret")
    before = children()
    make().of_pdf(pdfs.plain(), START)
    [process] = children() - before
    assert not any(name.startswith("EXCHANGE") for name in process.environ())


def test_who_finds_no_free_process_is_told_so(make: Make) -> None:
    examined = make(seconds_max=0.2, processes=1)
    held = examined._free.get()
    with pytest.raises(Busy):
        examined.of_pdf(pdfs.plain(), START)
    examined._free.put(held)


# --- the attachments of a document ---


@pytest.fixture
def desk(pki: Pki) -> Desk:
    return Desk(pki)


@pytest.fixture
def province() -> Province:
    return Province.create(START)


def document(province: Province, *files: tuple[str, bytes], **changes: object) -> bytes:
    attachments = tuple(
        Attachment(
            content_id=str(number),
            name=name,
            content_type="application/pdf",
            encoded=base64.b64encode(content).decode(),
        )
        for number, (name, content) in enumerate(files, 1)
    )
    message: DocumentMessage = province.message(OFFICE, FINANCE, at=START, **changes)  # type: ignore[arg-type]
    return province.signed(replace(message, attachments=attachments))


def zipped(name: str, content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_attachments_are_examined_raw_and_out_of_the_zip_that_senders_put_around_them(
    make: Make, province: Province, desk: Desk
) -> None:
    signed = desk.sign(pdfs.plain(), "person", "organisation")
    content = document(
        province,
        ("raw.pdf", signed),
        ("zipped.pdf", zipped(f"{uuid.uuid4()}.pdf", signed)),
        ("phu-luc.docx", zipped("word/document.xml", b"<w/>")),
        ("files.zip", zipped("van-ban.pdf", signed)),
        full_name="Nguyễn Văn Thử",
    )
    found = make(desk.evidence()).of_document(content, START)
    raw, unzipped, word, archive = found.attachments
    assert raw.pdf == unzipped.pdf
    assert raw.pdf is not None
    assert raw.pdf.both is Both.YES
    assert raw.digest == unzipped.digest
    assert (raw.bytes, raw.position, raw.name) == (len(signed), 1, "raw.pdf")
    for other in (word, archive):
        assert other.pdf is None
        assert "no PDF" in other.text[0].en
    assert found.both is Both.YES


def test_the_document_s_own_words_say_who_the_person_is(make: Make, province: Province, desk: Desk) -> None:
    signed = desk.sign(pdfs.plain(), "agency-rsa")
    content = document(province, ("a.pdf", signed), full_name="UBND tỉnh Phú Yên")
    [attachment] = make(desk.evidence()).of_document(content, START).attachments
    assert attachment.pdf is not None
    [signature] = attachment.pdf.signatures
    assert signature.signer is not None
    assert signature.signer.role is Role.ORGAN, "the certificate says so, and comes first"


def test_a_hostile_attachment_takes_its_own_finding_and_not_those_before_it(
    make: Make, province: Province, desk: Desk
) -> None:
    signed = desk.sign(pdfs.plain(), "person")
    files = (("good.pdf", signed), ("bomb.pdf", bomb()), ("after.pdf", signed))
    examined = make(desk.evidence(), seconds_max=2, memory_bytes_max=4_000_000_000)
    good, bad, after = examined.of_document(document(province, *files), START).attachments
    assert good.pdf is not None
    assert good.pdf.readable
    assert bad.pdf is not None
    assert "took longer" in bad.pdf.text[0].en
    assert after.pdf is None
    assert "Not examined" in after.text[0].en


def test_a_zip_bomb_and_a_wrong_zip_are_said(make: Make, province: Province) -> None:
    bomb = zipped(f"{uuid.uuid4()}.pdf", bytes(200_000_000))
    found = make().of_document(document(province, ("bomb.pdf", bomb)), START)
    assert found.attachments[0].pdf is None
    assert "beyond the limit" in found.attachments[0].text[0].en


def test_a_document_without_attachments_says_so(make: Make, province: Province) -> None:
    found = make().of_document(document(province), START)
    assert (found.attachments, found.both) == ((), Both.NO)
    assert found.text[0].en == "The document has no attachment."


def test_a_large_file_is_examined_within_the_limits(make: Make, desk: Desk) -> None:
    signed = desk.sign(pdfs.plain(pages=200, page_bytes=60_000), "person", "organisation")
    assert len(signed) > 12_000_000
    found = make(desk.evidence(), memory_bytes_max=1_000_000_000, seconds_max=10).of_pdf(signed, START)
    assert found.both is Both.YES
