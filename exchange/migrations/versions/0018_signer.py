"""Who signed a document and in how many copies: the register of outgoing documents names both."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As constants both are added without rewriting the table.
    op.add_column("document", sa.Column("signer", sa.String(), nullable=False, server_default=""))
    op.add_column("document", sa.Column("copies", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
