"""Indexes by which people look for documents. Of documents alone: receipts and messages pay nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('document', 'paper')"
_INDEXES = (
    ("document_accepted", "document", ("accepted_at",), _KINDS),
    ("document_sender", "document", ("sender", "accepted_at"), _KINDS),
    ("document_number", "document", ("number", "accepted_at"), _KINDS),
    ("delivery_to", "delivery", ("receiver", "created_at"), "kind = 'document'"),
    ("delivery_open", "delivery", ("state", "created_at"), "kind = 'document' AND state <> 'delivered'"),
)


def upgrade() -> None:
    for name, table, columns, condition in _INDEXES:
        where = sa.text(condition)
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
