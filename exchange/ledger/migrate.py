"""Bring the database to the newest form: in one transaction, by one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from exchange.ledger.database import Database

_LOCK = 0x6564584D4C  # PostgreSQL advisory lock: any number that nobody else in this database uses


def migrate(database: Database) -> None:
    """Run what is missing. Crash at any point: nothing of it happened; the next start does it."""
    config = _config()
    with database.read() as connection:
        if _revision(connection) == ScriptDirectory.from_config(config).get_current_head():
            return
    with database.migration() as connection:
        if not database.embedded:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
