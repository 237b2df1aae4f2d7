"""What was found out about the signatures in attached files: once for each, and for ever."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["document.id"]),
        sa.PrimaryKeyConstraint("document", "position"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER finding_refuses_{verb.lower()} BEFORE {verb} ON finding "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: finding refuses {verb}'); END"
        )
    # A REPLACE removes without a DELETE that a trigger sees.
    op.execute(
        "CREATE TRIGGER finding_refuses_replace BEFORE INSERT ON finding WHEN EXISTS "
        "(SELECT 1 FROM finding WHERE document = NEW.document AND position = NEW.position) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger only grows: finding refuses REPLACE'); END"
    )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION finding_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the ledger only grows: finding refuses %', TG_OP; END $$"
    )
    op.execute(
        "CREATE TRIGGER finding_refuses BEFORE UPDATE OR DELETE ON finding "
        "FOR EACH ROW EXECUTE FUNCTION finding_only_grows()"
    )
    op.execute(
        "CREATE TRIGGER finding_refuses_truncate BEFORE TRUNCATE ON finding "
        "FOR EACH STATEMENT EXECUTE FUNCTION finding_only_grows()"
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
