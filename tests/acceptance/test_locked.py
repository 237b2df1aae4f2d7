"""A database that is locked: the sender is told to try again, in a known time, and nothing is lost."""

from pathlib import Path

import psycopg
import pytest

from exchange.context import clock
from tests.processes import Site
from tests.province import FINANCE, OFFICE


@pytest.mark.servers
@pytest.mark.xdist_group("postgresql")
def test_while_the_ledger_is_locked_a_document_is_answered_503_and_taken_afterwards(
    tmp_path: Path, postgresql_url: str
) -> None:
    site = Site(tmp_path, postgresql_url, {}, database_statement_seconds="2", database_lock_seconds="1")
    try:
        site.start("api")
        site.wait_ready()
        content = site.province.document(OFFICE, FINANCE, at=clock())
        with psycopg.connect(postgresql_url.replace("postgresql+psycopg", "postgresql")) as other:
            other.execute("LOCK TABLE entry IN SHARE MODE")
            busy = site.post(content, OFFICE)
            assert (busy.status, busy.json()["code"]) == (503, "broker_busy")
        accepted = site.post(content, OFFICE)
        assert accepted.status == 202
        address = f"{site.url}{accepted.headers['Location']}"
        headers = {"Authorization": f"Bearer {site.province.secrets[OFFICE]}"}
        with psycopg.connect(postgresql_url.replace("postgresql+psycopg", "postgresql")) as other:
            other.execute("LOCK TABLE document IN ACCESS EXCLUSIVE MODE")
            busy = site.http.request("GET", address, headers=headers)
            assert (busy.status, busy.json()["code"]) == (503, "broker_busy")
        assert site.http.request("GET", address, headers=headers).status == 200
    finally:
        site.close()
