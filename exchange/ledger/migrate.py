"""Bring the database to the newest form: in one transaction, by one process at a time."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from exchange.ledger.database import Database

_STEPS = Path(__file__).parent.parent / "migrations"
_LOCK = 0x6564584D4C  # PostgreSQL advisory lock: any number that nobody else in this database uses


def migrate(database: Database) -> None:
    """Run what is missing. Crash at any point: nothing of it happened; the next start does it."""
    with database.read() as connection:
        if _revision(connection) == newest():
            return
    with database.migration() as connection:
        if not database.embedded:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        upgrade(connection, "head")


def newest() -> str:
    """The revision of the last step; a step's file is named after its revision."""
    return max(step.name for step in (_STEPS / "versions").glob("[0-9]*.py")).partition("_")[0]


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the database to a revision, in the caller's transaction."""
    # Alembic takes long to load, and mostly there is nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
