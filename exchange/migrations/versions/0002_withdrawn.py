"""A delivery can be withdrawn while somebody is at it; it ends when they are done."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("withdrawn", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
