"""A receiver's signed status can prove that it has a document of which no attempt was heard to succeed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("proven", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
