"""The registers of agencies that work in pages, their groups of receivers, and files to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _incoming_register()
    op.create_table(
        "arrival_number",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "year"),
    )
    op.create_table(
        "receiver_group",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("members", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("agency", "name", name="receiver_group_name"),
    )
    _draft()


def _incoming_register() -> None:
    op.create_table(
        "incoming_register",
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("sender_name", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("promulgated_on", sa.Date()),
        sa.Column("type_name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("assigned_to", sa.String(), nullable=False),
        sa.Column("assigned_at", sa.BigInteger()),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"]),
        sa.PrimaryKeyConstraint("delivery"),
        sa.UniqueConstraint("agency", "year", "number", name="incoming_number"),
    )
    op.create_index("incoming_agency", "incoming_register", ["agency", "arrived_at"])


def _draft() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_draft_agency", "draft", ["agency"])


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
