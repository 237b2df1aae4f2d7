"""Accounts of persons, their sessions, and what keeps strangers out."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _account()
    _of_account(
        "recovery_code", sa.Column("used_at", sa.BigInteger()), sa.Column("hash", sa.String(), nullable=False)
    )
    _of_account(
        "invitation",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
    )
    _of_account(
        "session",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
    )
    _refused_sign_in()
    _act()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("totp_secret", sa.String(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login"),
        sa.UniqueConstraint("subject"),
    )


def _of_account(table: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        table,
        *columns,
        sa.Column("account", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"]),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index(f"ix_{table}_account", table, ["account"])


def _refused_sign_in() -> None:
    op.create_table(
        "refused_sign_in",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
    )
    op.create_index("ix_refused_sign_in_at", "refused_sign_in", ["at"])
    op.create_index("refused_sign_in_address", "refused_sign_in", ["address", "at"])


def _act() -> None:
    wide = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "act",
        sa.Column("entry", wide, autoincrement=False, nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"]),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_index("ix_act_person", "act", ["person"])
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER act_refuses_{verb.lower()} BEFORE {verb} ON act "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: act refuses {verb}'); END"
        )
    # A REPLACE removes without a DELETE that a trigger sees.
    op.execute(
        "CREATE TRIGGER act_refuses_replace BEFORE INSERT ON act WHEN EXISTS "
        "(SELECT 1 FROM act WHERE entry = NEW.entry) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger only grows: act refuses REPLACE'); END"
    )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION act_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the ledger only grows: act refuses %', TG_OP; END $$"
    )
    op.execute(
        "CREATE TRIGGER act_refuses BEFORE UPDATE OR DELETE ON act "
        "FOR EACH ROW EXECUTE FUNCTION act_only_grows()"
    )
    op.execute(
        "CREATE TRIGGER act_refuses_truncate BEFORE TRUNCATE ON act "
        "FOR EACH STATEMENT EXECUTE FUNCTION act_only_grows()"
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
