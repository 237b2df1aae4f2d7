"""The ledger's tree: leaves, tiles, checkpoints with cosignatures and stamps; entries have a salt.

An entry can be erased, in one way: its body and its salt become empty, and its leaf stays. Nothing
else of it can change, and not before it has its leaf.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

GUARDED = ("leaf", "checkpoint", "cosignature")

# Per table, each key that a REPLACE could collide with.
KEYS = {
    "leaf": ('"index" = NEW."index"', "entry = NEW.entry"),
    "tile": ("level = NEW.level AND number = NEW.number",),
    "checkpoint": ("size = NEW.size",),
    "cosignature": ("size = NEW.size AND name = NEW.name",),
}

SEQUENCED = "EXISTS (SELECT 1 FROM leaf WHERE entry = OLD.id)"
KEPT = ("id", "at", "event", "document", "delivery", "agency", "exchange_class")  # of an erased entry

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    _tables()
    if on_sqlite:
        _entry_on_sqlite()
        _guard_on_sqlite()
    else:
        _entry_on_postgresql()
        _guard_on_postgresql()


def _tables() -> None:
    _leaf()
    _tile()
    _checkpoint()
    _cosignature()
    _stamp()
    _sequenced()


def _leaf() -> None:
    op.create_table(
        "leaf",
        sa.Column("index", _WIDE, autoincrement=False, nullable=False),
        sa.Column("entry", _WIDE, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"]),
        sa.PrimaryKeyConstraint("index"),
        sa.UniqueConstraint("entry"),
    )


def _tile() -> None:
    op.create_table(
        "tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", _WIDE, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )


def _checkpoint() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("size", _WIDE, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )


def _cosignature() -> None:
    op.create_table(
        "cosignature",
        sa.Column("size", _WIDE, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoint.size"]),
        sa.PrimaryKeyConstraint("size", "name"),
    )


def _stamp() -> None:
    op.create_table(
        "stamp",
        sa.Column("size", _WIDE, autoincrement=False, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoint.size"]),
        sa.PrimaryKeyConstraint("size"),
    )


def _sequenced() -> None:
    sequenced = op.create_table(
        "sequenced",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("floor", _WIDE, nullable=False),
        sa.Column("reached", _WIDE, nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(sequenced, [{"id": 1, "floor": 0, "reached": 0, "transaction_id": 0}])


def _entry_on_sqlite() -> None:
    op.add_column("entry", sa.Column("salt", sa.String(), nullable=False, server_default=""))
    op.execute("DROP TRIGGER entry_refuses_update")
    op.execute("UPDATE entry SET salt = lower(hex(randomblob(16)))")
    kept = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in KEPT)
    op.execute(
        "CREATE TRIGGER entry_refuses_update BEFORE UPDATE ON entry "
        f"WHEN NOT (NEW.body = '{{}}' AND NEW.salt = '' AND {kept} AND {SEQUENCED}) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger only grows: entry refuses UPDATE'); END"
    )
    op.execute(
        "CREATE TRIGGER entry_refuses_saltless BEFORE INSERT ON entry WHEN length(NEW.salt) <> 32 "
        "BEGIN SELECT RAISE(ABORT, 'an entry without a salt would tell what it must only commit to'); END"
    )


def _entry_on_postgresql() -> None:
    # A default that is computed row by row: those that are there get theirs, and so do those which a
    # process of the release before writes until it is stopped.
    op.execute(
        "ALTER TABLE entry ADD COLUMN salt VARCHAR NOT NULL "
        "DEFAULT replace(CAST(gen_random_uuid() AS TEXT), '-', '')"
    )
    new, old = (", ".join(f"{row}.{name}" for name in KEPT) for row in ("NEW", "OLD"))
    op.execute(
        "CREATE OR REPLACE FUNCTION entry_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'UPDATE' THEN IF NEW.body = '{}' AND NEW.salt = '' "
        f"AND ROW({new}) IS NOT DISTINCT FROM ROW({old}) AND {SEQUENCED} THEN RETURN NEW; END IF; END IF; "
        "RAISE EXCEPTION 'the ledger only grows: entry refuses %', TG_OP; END $$"
    )
    # The transaction has its number before its entries have theirs: so whoever knows that all
    # transactions before a number are over knows which entries can come no more.
    op.execute(
        "CREATE FUNCTION entry_numbers_transaction() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN PERFORM pg_current_xact_id(); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER entry_numbers_transaction BEFORE INSERT ON entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION entry_numbers_transaction()"
    )


def _guard_on_sqlite() -> None:
    for table in GUARDED:
        _refuse_on_sqlite(table, "UPDATE")
        _refuse_on_sqlite(table, "DELETE")
    _refuse_on_sqlite("tile", "DELETE")
    _refuse_on_sqlite(
        "tile",
        "UPDATE",
        "WHEN NEW.level <> OLD.level OR NEW.number <> OLD.number "
        "OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes",
    )
    for table, keys in KEYS.items():
        taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)  # noqa: S608
        op.execute(
            f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} WHEN {taken} "
            f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: {table} refuses REPLACE'); END"
        )


def _refuse_on_sqlite(table: str, verb: str, when: str = "") -> None:
    op.execute(
        f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} {when} "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: {table} refuses {verb}'); END"
    )


def _guard_on_postgresql() -> None:
    for table in GUARDED:
        _refuse_on_postgresql(table, "")
    _refuse_on_postgresql(
        "tile",
        "IF TG_OP = 'UPDATE' THEN IF NEW.level = OLD.level AND NEW.number = OLD.number "
        "AND substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes)) = OLD.hashes "
        "THEN RETURN NEW; END IF; END IF; ",
    )


def _refuse_on_postgresql(table: str, unless: str) -> None:
    op.execute(
        f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN {unless}RAISE EXCEPTION 'the ledger only grows: {table} refuses %', TG_OP; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_grows()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()"
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
