"""A pulse is of an instance with a role, and a process that stopped as asked stays known as stopped.

What processes said of themselves before is of no use: each says it anew within a minute.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("pulse")
    op.create_table(
        "pulse",
        sa.Column("instance", sa.String(), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("contradicted", sa.String(), nullable=False),
        sa.Column("disk_free_share", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("instance"),
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
