"""What locks are judged by: who tries to sign in; and when a person showed again who it is."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("confirmed_at", sa.BigInteger()))
    op.add_column("refused_sign_in", sa.Column("source", sa.String(), nullable=False, server_default=""))
    op.add_column("refused_sign_in", sa.Column("counts", sa.Boolean(), nullable=False, server_default="0"))
    op.create_index("refused_sign_in_account", "refused_sign_in", ["account", "at"])


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
