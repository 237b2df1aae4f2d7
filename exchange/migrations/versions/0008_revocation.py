"""What CAs say of certificates: every answer, kept for ever; where they are asked; what follows now."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _evidence()
    _source()
    _verdict()
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _evidence() -> None:
    op.create_table(
        "revocation_evidence",
        sa.Column("id", _WIDE, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("this_update", sa.BigInteger(), nullable=False),
        sa.Column("next_update", sa.BigInteger(), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    for name in ("certificate", "issuer"):
        op.create_index(op.f(f"ix_revocation_evidence_{name}"), "revocation_evidence", [name], unique=False)


def _source() -> None:
    op.create_table(
        "revocation_source",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("url", "certificate"),
    )


def _verdict() -> None:
    op.create_table(
        "verdict",
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason_en", sa.String(), nullable=False),
        sa.Column("reason_vi", sa.String(), nullable=False),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=True),
        sa.Column("good_until", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("certificate"),
    )


def _guard_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER revocation_evidence_refuses_{verb.lower()} BEFORE {verb} ON revocation_evidence "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: revocation_evidence refuses {verb}'); END"
        )
    # A REPLACE removes without a DELETE that a trigger sees.
    op.execute(
        "CREATE TRIGGER revocation_evidence_refuses_replace BEFORE INSERT ON revocation_evidence "
        "WHEN EXISTS (SELECT 1 FROM revocation_evidence "
        "WHERE (NEW.id > 0 AND id = NEW.id) OR digest = NEW.digest) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger only grows: revocation_evidence refuses REPLACE'); END"
    )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION revocation_evidence_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the ledger only grows: revocation_evidence refuses %', TG_OP; END $$"
    )
    op.execute(
        "CREATE TRIGGER revocation_evidence_refuses BEFORE UPDATE OR DELETE ON revocation_evidence "
        "FOR EACH ROW EXECUTE FUNCTION revocation_evidence_only_grows()"
    )
    op.execute(
        "CREATE TRIGGER revocation_evidence_refuses_truncate BEFORE TRUNCATE ON revocation_evidence "
        "FOR EACH STATEMENT EXECUTE FUNCTION revocation_evidence_only_grows()"
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
