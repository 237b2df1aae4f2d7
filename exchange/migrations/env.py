"""Alembic's entry: runs on the connection that ``exchange.ledger.migrate`` hands over."""

from alembic import context
from sqlmodel import SQLModel

import exchange.alarm_tables
import exchange.axis_tables
import exchange.desk_tables
import exchange.people_tables
import exchange.share_tables
import exchange.tables  # noqa: F401  the tables register themselves

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata)
context.run_migrations()
