"""The adapter ``outbox`` on SQLite; tests/real asks PostgreSQL and MariaDB."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.outbox import Adapter
from exchange.adapter import Delivered, Reached, Retry, StatusReport, Unreachable
from exchange.core.edxml import VIETNAM
from exchange.core.letter import File, Letter
from tests.adapters.conformance import (
    ABSENT,
    CUT_SECONDS,
    LATE_SECONDS,
    CollectsConformance,
    HandsOverConformance,
    Held,
    Options,
    outgoing,
    timed,
)
from tests.adapters.letters import document
from tests.adapters.outbox_software import Software

PASSWORD = "mat-khau-rat-bi-mat"


@pytest.fixture
def software(tmp_path: Path) -> Iterator[Software]:
    made = Software(f"sqlite:///{tmp_path}/vanthu.db")
    yield made
    made.close()


@pytest.fixture
def options(software: Software) -> Options:
    return {"url": str(software.engine.url)}


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 20)
    yield made
    made.close()


class TestConformance(HandsOverConformance, CollectsConformance):
    adapter_class = Adapter
    secrets = (PASSWORD,)
    wrong_options = (
        ({"url": ABSENT}, "url"),
        ({"url": "vanthu"}, "url"),
        ({"url": "firebird://may/vanthu"}, "url"),
        ({"url": f"postgresql://truc:{PASSWORD}@may/vanthu"}, "url"),
        ({"url": f"postgresql://may/vanthu?password={PASSWORD}"}, "url"),
        ({"url": "mssql+pyodbc://may/vanthu"}, "url"),
        ({"password": PASSWORD}, "password"),
        ({"schema": 'a"b'}, "schema"),
        ({"tables": {"documents": {"table": "CONNECT; DROP TABLE x"}}}, "tables.documents.table"),
        ({"tables": {"documents": {"kei": "K"}}}, "tables.documents.kei"),
    )

    @pytest.fixture
    def options(self, options: Options, tmp_path: Path) -> Options:
        return options

    @pytest.fixture
    def held(self, software: Software) -> Held:
        return software.held

    @pytest.fixture
    def ready(self, software: Software) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for content in messages.values():
                software.send(software.document(edxml=content), "H45.01")

        return put


def test_a_document_is_one_row_with_its_fields_and_files(adapter: Adapter, software: Software) -> None:
    outcome = adapter.deliver(outgoing(document()))
    [row] = software.rows("documents")
    assert outcome == Delivered(str(row["id"]))
    shown = ("direction", "act", "number", "notation", "promulgated_on", "sender_name", "received_at")
    assert [row[each] for each in shown] == [
        *(1, 0, "12", "UBND-VX", date(2026, 11, 24), "Ủy ban nhân dân tỉnh"),
        outgoing().accepted_at.astimezone(VIETNAM).replace(tzinfo=None),
    ]
    [file] = software.rows("attachments")
    assert (file["document"], file["name"], file["content"]) == (
        row["id"],
        "Công văn.pdf",
        b"%PDF-1.7 noi dung",
    )
    assert adapter.stored(outgoing().key) == document()


def test_another_original_under_the_same_key_is_left_to_a_person(adapter: Adapter) -> None:
    adapter.deliver(outgoing(b"<a/>"))
    assert isinstance(adapter.deliver(outgoing(b"<b/>")), Retry)
    assert adapter.stored(outgoing().key) == b"<a/>"


def test_a_document_is_collected_with_all_its_receivers_and_marked(
    adapter: Adapter, software: Software
) -> None:
    software.send(software.document({"Tờ trình.pdf": b"%PDF"}, signer_name="Lê C"), "H45.01", "H45.02")
    [collected] = adapter.collect()
    assert collected.content == Letter(
        number="12",
        notation="STC",
        promulgated_on=date(2026, 11, 24),
        type_name="Công văn",
        subject="V/v báo cáo tình hình thực hiện",
        receivers=("H45.01", "H45.02"),
        files=(File(name="Tờ trình.pdf", content=b"%PDF"),),
        signer_name="Lê C",
    )
    adapter.collected(collected.key)
    assert [row["state"] for row in software.rows("receivers")] == [1, 1]
    assert all(row["sent_at"] for row in software.rows("receivers"))


def test_a_receiver_that_is_added_after_the_look_goes_in_a_document_of_its_own(
    adapter: Adapter, software: Software
) -> None:
    made = software.document({"a.pdf": b"%PDF"})
    software.send(made, "H45.01")
    [first] = adapter.collect()
    software.send(made, "H45.02")
    adapter.collected(first.key)
    [second] = adapter.collect()
    assert isinstance(second.content, Letter)
    assert second.content.receivers == ("H45.02",)
    assert [row["state"] for row in software.rows("receivers")] == [1, 0]


def test_receivers_of_the_agencys_own_system_are_left_to_it(options: Options, software: Software) -> None:
    software.send(software.document({"a.pdf": b"%PDF"}), "H45.01", "H45.01.05")
    adapter = Adapter({**options, "internal": ["H45.01.05"]}, 20)
    [collected] = adapter.collect()
    adapter.collected(collected.key)
    adapter.close()
    assert isinstance(collected.content, Letter)
    assert collected.content.receivers == ("H45.01",)
    assert [row["state"] for row in software.rows("receivers")] == [1, 0]


def test_what_is_missing_is_told_in_the_row(adapter: Adapter, software: Software) -> None:
    software.send(software.document(number=""), "H45.01")
    software.send(software.document({"a.pdf": b"%PDF"}), "H45.02")
    assert len(list(adapter.collect())) == 1
    [wrong, _] = software.rows("receivers")
    assert wrong["state"] == -1
    assert "DOCUMENT_NUMBER" in str(wrong["reasons"])
    assert "Chưa có tệp" in str(wrong["reasons"])


@pytest.mark.parametrize(("send_type", "words"), [(1, "EDXML"), (4, "lấy lại"), (7, "SEND_TYPE 7")])
def test_what_cannot_be_expressed_is_refused_in_words(
    adapter: Adapter, software: Software, send_type: int, words: str
) -> None:
    software.send(software.document({"a.pdf": b"%PDF"}), "H45.01", send_type=send_type)
    assert list(adapter.collect()) == []
    [row] = software.rows("receivers")
    assert row["state"] == -1
    assert words in str(row["reasons"])


def test_what_was_cancelled_before_sending_stays_as_it_is(adapter: Adapter, software: Software) -> None:
    software.send(software.document({"a.pdf": b"%PDF"}), "H45.01", send_type=44)
    assert list(adapter.collect()) == []
    assert software.rows("receivers")[0]["state"] == 0


def test_who_cancels_too_late_is_told(adapter: Adapter, software: Software) -> None:
    software.send(software.document({"a.pdf": b"%PDF"}), "H45.01")
    [collected] = adapter.collect()
    software.change("receivers", send_type=44)
    adapter.collected(collected.key)
    [row] = software.rows("receivers")
    assert row["state"] == 1
    assert "trước khi hủy" in str(row["reasons"])


def test_a_file_that_is_too_large_is_told_and_not_read(options: Options, software: Software) -> None:
    software.send(software.document({"a.pdf": b"%PDF"}), "H45.01")
    adapter = Adapter({**options, "bytes_max": 3}, 20)
    assert list(adapter.collect()) == []
    adapter.close()
    assert "3 byte" in str(software.rows("receivers")[0]["reasons"])


def test_statuses_are_reported_once_and_unknown_ones_are_told(adapter: Adapter, software: Software) -> None:
    outcome = adapter.deliver(outgoing(document()))
    assert isinstance(outcome, Delivered)
    software.report(int(outcome.reference), 3)
    software.report(int(outcome.reference), 99)
    [collected] = adapter.collect()
    assert collected.content == StatusReport(
        delivery=outgoing().key,
        code="03",
        at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
        words="Đã vào sổ",
        staff="Trần Thị B",
    )
    adapter.collected(collected.key)
    assert list(adapter.collect()) == []
    known, unknown = software.rows("reports")
    assert (known["state"], unknown["state"]) == (1, -1)
    assert "99" in str(unknown["reasons"])


def test_columns_have_the_names_that_the_options_give(software: Software, options: Options) -> None:
    with software.hand() as connection:
        connection.execute(text('ALTER TABLE "CONNECT_DOCUMENT" RENAME TO "VB"'))
        connection.execute(text('ALTER TABLE "VB" RENAME COLUMN "DOCUMENT_ABSTRACT" TO "select"'))
        connection.execute(text('ALTER TABLE "VB" DROP COLUMN "PLACE"'))
    names = {"documents": {"table": "VB", "subject": "select", "place": ""}}
    adapter = Adapter({**options, "tables": names}, 20)
    assert isinstance(adapter.check(), Reached)
    assert isinstance(adapter.deliver(outgoing(document())), Delivered)
    adapter.close()
    with software.hand() as connection:
        assert connection.execute(text('SELECT "select" FROM "VB"')).scalar() == outgoing().subject


def test_what_the_database_lacks_is_named(adapter: Adapter, software: Software) -> None:
    assert isinstance(adapter.check(), Reached)
    with software.hand() as connection:
        connection.execute(text('DROP TABLE "CONNECT_PROCESS_IN"'))
        connection.execute(text('ALTER TABLE "CONNECT_DOC_OUT_DETAIL" DROP COLUMN "SEND_BATCH"'))
    found = adapter.check()
    assert isinstance(found, Unreachable)
    assert "CONNECT_PROCESS_IN" in found.reason
    assert "SEND_BATCH" in found.reason
    assert list(adapter.collect()) == []


def test_a_locked_table_is_tried_again_at_the_time_limit(software: Software, options: Options) -> None:
    with sqlite3.connect(str(software.engine.url.database), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        adapter = Adapter(options, CUT_SECONDS)
        outcome, seconds = timed(adapter, outgoing())
        assert isinstance(outcome, Retry)
        assert seconds < CUT_SECONDS + LATE_SECONDS
        other.execute("ROLLBACK")
        adapter.timeout_seconds = 20
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        adapter.close()
    other.close()


def test_a_lost_answer_to_the_commit_is_found_committed(adapter: Adapter, software: Software) -> None:
    first, second = threading.Event(), []
    original = adapter._deliver

    def slow(connection: object, message: object) -> object:
        found = original(connection, message)  # type: ignore[arg-type]
        first.wait(5)
        return found

    adapter._deliver = slow  # type: ignore[method-assign, assignment]
    adapter.timeout_seconds = 0.2
    assert isinstance(adapter.deliver(outgoing()), Retry)
    first.set()
    adapter._deliver = original  # type: ignore[method-assign]
    adapter.timeout_seconds = 20
    second.append(adapter.deliver(outgoing()))
    assert isinstance(second[0], Delivered)
    assert list(software.held()) == [outgoing().key]
