"""SQLite: an INSERT may not take the place of a row that stands (INSERT OR REPLACE deletes unseen).

PostgreSQL has no such statement; its ON CONFLICT DO UPDATE meets the guard against UPDATE.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Per guarded table, each key that a REPLACE could collide with. An id that the database is yet to
# choose has no defined value here, and those that it chooses are positive.
KEYS = {
    "entry": ("NEW.id > 0 AND id = NEW.id",),
    "status": ("NEW.id > 0 AND id = NEW.id",),
    "document": (
        "id = NEW.id",
        "document_id = NEW.document_id AND sender = NEW.sender AND business_type = NEW.business_type",
        "receipt_of = NEW.receipt_of",
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, keys in KEYS.items():
        taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)  # noqa: S608
        op.execute(
            f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} WHEN {taken} "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: {table} refuses REPLACE'); END"
        )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
