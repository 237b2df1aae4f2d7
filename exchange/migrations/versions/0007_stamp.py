"""Time-stamps are evidence: the database refuses to change or remove one."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER stamp_refuses_{verb.lower()} BEFORE {verb} ON stamp "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: stamp refuses {verb}'); END"
        )
    # A REPLACE removes without a DELETE that a trigger sees.
    op.execute(
        "CREATE TRIGGER stamp_refuses_replace BEFORE INSERT ON stamp "
        "WHEN EXISTS (SELECT 1 FROM stamp WHERE size = NEW.size) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger only grows: stamp refuses REPLACE'); END"
    )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION stamp_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION 'the ledger only grows: stamp refuses %', TG_OP; END $$"
    )
    op.execute(
        "CREATE TRIGGER stamp_refuses BEFORE UPDATE OR DELETE ON stamp "
        "FOR EACH ROW EXECUTE FUNCTION stamp_only_grows()"
    )
    op.execute(
        "CREATE TRIGGER stamp_refuses_truncate BEFORE TRUNCATE ON stamp "
        "FOR EACH STATEMENT EXECUTE FUNCTION stamp_only_grows()"
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
