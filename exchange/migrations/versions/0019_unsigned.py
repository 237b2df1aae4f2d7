"""Until when an agency may send packages without a valid signature."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agency", sa.Column("unsigned_until", sa.Date(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
