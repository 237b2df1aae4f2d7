"""An agency's software that speaks through a database only: its tables, and a clerk's hand in them."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count

from sqlalchemy import Connection, Engine, create_engine, insert, select, update

from exchange.software.outbox_tables import OutboxTables, Tables, ours

Row = Mapping[str, object]


class Software:
    """Tables in a new database."""

    def __init__(self, url: str, *, lower_case: bool = False) -> None:
        self.engine: Engine = create_engine(url)
        self.tables = Tables(OutboxTables(), None, lower_case=lower_case)
        self.tables.metadata.create_all(self.engine)
        self._ids = count(1_000_000)

    @contextmanager
    def hand(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    def empty(self) -> None:
        with self.hand() as connection:
            for table in self.tables.metadata.sorted_tables:
                connection.execute(table.delete())

    def rows(self, table: str) -> list[Row]:
        with self.hand() as connection:
            found = getattr(self.tables, table)
            query = select(*ours(found, *found.c.keys())).order_by(found.c.id)
            return [dict(row) for row in connection.execute(query).mappings()]

    def held(self) -> Mapping[str, str]:
        """SHA-256 of the originals that came, by key; fails where a key is there twice."""
        came = [row for row in self.rows("documents") if row["key"]] + self.rows("answers")
        assert len({row["key"] for row in came}) == len(came)
        return {str(row["key"]): hashlib.sha256(bytes(row["edxml"])).hexdigest() for row in came}  # type: ignore[call-overload]

    def document(self, files: Mapping[str, bytes] | None = None, **changes: object) -> int:
        """A clerk writes a document that goes out."""
        made: dict[str, object] = {
            "id": next(self._ids),
            "direction": 2,
            "act": 0,
            "number": "12",
            "notation": "STC",
            "promulgated_on": date(2026, 11, 24),
            "type_name": "Công văn",
            "subject": "V/v báo cáo tình hình thực hiện",
            **changes,
        }
        with self.hand() as connection:
            connection.execute(insert(self.tables.documents).values(made))
            for name, content in (files or {}).items():
                row = {"id": next(self._ids), "document": made["id"], "name": name, "content": content}
                connection.execute(insert(self.tables.attachments).values(row))
        return int(str(made["id"]))

    def send(self, document: int, *receivers: str, send_type: int = 0) -> None:
        with self.hand() as connection:
            for receiver in receivers:
                row = {"id": next(self._ids), "document": document, "receiver": receiver, "state": 0}
                connection.execute(insert(self.tables.receivers).values({**row, "send_type": send_type}))

    def report(self, document: int, code: int) -> None:
        row = {
            "id": next(self._ids),
            "document": document,
            "code": code,
            "at": datetime.fromisoformat("2026-11-24T09:30"),
            "words": "Đã vào sổ",
            "staff": "Trần Thị B",
            "state": 0,
        }
        with self.hand() as connection:
            connection.execute(insert(self.tables.reports).values(row))

    def change(self, table: str, **values: object) -> None:
        with self.hand() as connection:
            connection.execute(update(getattr(self.tables, table)).values(values))
