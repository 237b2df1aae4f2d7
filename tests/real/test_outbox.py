"""The adapter ``outbox`` on PostgreSQL and MariaDB, over TCP."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from adapters.outbox import Adapter
from exchange.adapter import Delivered, Reached, Refused, Retry
from tests.adapters.conformance import CollectsConformance, Held, Options, outgoing, timed
from tests.adapters.letters import document
from tests.adapters.lines import LineConformance
from tests.adapters.outbox_software import Software
from tests.proxy import Proxy, proxy
from tests.real.databases import database_of

SUBJECT = "V/v báo cáo tình hình thực hiện"


class OnAServer(LineConformance, CollectsConformance):
    adapter_class = Adapter
    crowd = 200
    kind: ClassVar[str]
    lower_case: ClassVar[bool] = False

    @pytest.fixture(scope="class")
    @classmethod
    def tables(cls) -> Iterator[Software]:
        with database_of(cls.kind) as url:
            made = Software(url.render_as_string(hide_password=False), lower_case=cls.lower_case)
            yield made
            made.close()

    @pytest.fixture
    def software(self, tables: Software) -> Software:
        tables.empty()
        return tables

    @pytest.fixture
    def options(self, software: Software, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
        url = software.engine.url
        options = {"url": url.set(password=None).render_as_string(), "lower_case": self.lower_case}
        if url.password:
            monkeypatch.setenv("EXCHANGE_TEST_OUTBOX_PASSWORD", url.password)
            options["password"] = "env:EXCHANGE_TEST_OUTBOX_PASSWORD"
        return options

    def options_at(self, options: Options, port: int) -> Options:
        url = make_url(str(options["url"])).set(host="127.0.0.1", port=port)
        return {**options, "url": url.render_as_string()}

    @pytest.fixture
    def between(self, options: Options) -> Iterator[Proxy]:
        url = make_url(str(options["url"]))
        with proxy((url.host or "", url.port or 0)) as made:
            yield made

    @pytest.fixture
    def held(self, software: Software) -> Held:
        return software.held

    @pytest.fixture
    def ready(self, software: Software) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for content in messages.values():
                software.send(software.document(edxml=content), "H45.01")

        return put

    def locked(self) -> str:
        raise NotImplementedError

    def test_the_whole_way_of_a_document_and_its_status(self, adapter: Adapter, software: Software) -> None:
        assert isinstance(adapter.check(), Reached)
        outcome = adapter.deliver(outgoing(document()))
        assert isinstance(outcome, Delivered)
        assert [row["subject"] for row in software.rows("documents")] == [SUBJECT]
        assert [row["name"] for row in software.rows("attachments")] == ["Công văn.pdf"]
        assert adapter.stored(outgoing().key) == document()
        software.report(int(outcome.reference), 3)
        software.send(software.document({"Tờ trình.pdf": b"%PDF"}), "H45.01", "H45.02")
        for each in adapter.collect():
            adapter.collected(each.key)
        assert [row["state"] for row in (*software.rows("reports"), *software.rows("receivers"))] == [1, 1, 1]

    def test_a_locked_table_is_tried_again_at_the_time_limit(
        self, options: Options, software: Software
    ) -> None:
        adapter = Adapter(options, 1)
        with software.engine.connect() as other:
            other.execute(text(self.locked()))
            outcome, seconds = timed(adapter, outgoing())
            other.rollback()
            if self.kind == "mariadb":
                other.execute(text("UNLOCK TABLES"))
        assert isinstance(outcome, Retry)
        assert seconds < 1.5
        adapter.timeout_seconds = 20
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        adapter.close()

    def test_a_deadlock_is_tried_again(self, options: Options, software: Software) -> None:
        """Two of the clerks' statements wait for ours, and ours for theirs."""
        first, second = software.document({"a.pdf": b"1"}), software.document({"b.pdf": b"2"})
        software.send(first, "H45.01")
        software.send(second, "H45.02")
        adapter = Adapter(options, 20)
        rows, adapter_in = software.tables.receivers, threading.Event()
        one, two = [int(str(row["id"])) for row in software.rows("receivers")]

        def ours(connection: object) -> None:
            lock(connection, one)
            adapter_in.set()
            time.sleep(0.3)
            lock(connection, two)

        def lock(connection: object, row: int) -> None:
            connection.execute(rows.update().where(rows.c.id == row).values(send_type=0))  # type: ignore[attr-defined]

        outcomes = []
        adapter._deliver = lambda connection, _: ours(connection) or Delivered()  # type: ignore
        thread = threading.Thread(target=lambda: outcomes.append(adapter.deliver(outgoing())))
        thread.start()
        adapter_in.wait(5)
        stopped = False
        try:
            with software.hand() as connection:
                lock(connection, two)
                lock(connection, one)
        except Exception:  # the server chose the clerk's
            stopped = True
        thread.join(15)
        adapter.close()
        assert stopped or isinstance(outcomes[0], Retry)

    def test_a_value_that_does_not_fit_is_refused(self, adapter: Adapter, software: Software) -> None:
        outcome = adapter.deliver(outgoing(document_id="x" * 300))
        assert isinstance(outcome, Refused)
        assert outcome.code == "database_data"
        assert software.rows("documents") == []

    def test_a_wrong_password_is_tried_again_and_not_told(
        self, options: Options, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EXCHANGE_TEST_WRONG", "sai-mat-khau")
        url = make_url(str(options["url"])).set(username="khong_co")
        adapter = Adapter(
            {**options, "url": url.render_as_string(), "password": "env:EXCHANGE_TEST_WRONG"}, 5
        )
        outcome = adapter.deliver(outgoing())
        adapter.close()
        assert isinstance(outcome, Retry)
        assert "sai-mat-khau" not in repr(outcome)

    def test_a_process_killed_at_the_commit_is_not_seen_twice(
        self, options: Options, software: Software, adapter: Adapter
    ) -> None:
        program = f"""
from adapters.outbox import Adapter
from tests.adapters.conformance import outgoing
adapter = Adapter({dict(options)!r}, 20)
print(adapter.deliver(outgoing()), flush=True)
input()
"""
        root = Path(__file__).parents[2]
        with subprocess.Popen(
            [sys.executable, "-c", program], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert b"Delivered" in process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
        assert isinstance(adapter.deliver(outgoing()), Delivered)
        assert list(software.held()) == [outgoing().key]


class TestPostgresql(OnAServer):
    kind = "postgresql"
    lower_case = True

    def locked(self) -> str:
        return "LOCK TABLE connect_document IN ACCESS EXCLUSIVE MODE"


class TestMariadb(OnAServer):
    kind = "mariadb"
    large_bytes = 7_000_000  # twice that, as it is written in SQL, fits the 16 MiB that MariaDB comes with

    def locked(self) -> str:
        return "LOCK TABLES `CONNECT_DOCUMENT` WRITE"

    def test_more_than_a_packet_is_tried_again(self, adapter: Adapter) -> None:
        assert isinstance(adapter.deliver(outgoing(b"x" * 17_000_000)), Retry)
        assert isinstance(adapter.deliver(outgoing()), Delivered)
