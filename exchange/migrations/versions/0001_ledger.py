"""The first tables, and the guards that let the ledger only grow."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What is written here stands for ever: the database itself refuses to change or delete it.
GUARDED = ("entry", "document", "status")


def _agency() -> None:
    op.create_table(
        "agency",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("successor", sa.String(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("document_bytes_max", sa.Integer(), nullable=True),
        sa.Column("attachment_types", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )


def _alias() -> None:
    op.create_table(
        "alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_alias_agency"), "alias", ["agency"], unique=False)


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("delivery", "number"),
    )


def _certificate() -> None:
    op.create_table(
        "certificate",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_index(op.f("ix_certificate_agency"), "certificate", ["agency"], unique=False)


def _directory_version() -> None:
    op.create_table(
        "directory_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _payload() -> None:
    op.create_table(
        "payload",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )


def _status() -> None:
    op.create_table(
        "status",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("expected", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_status_delivery"), "status", ["delivery"], unique=False)


def _token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(op.f("ix_token_agency"), "token", ["agency"], unique=False)


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("second_key", sa.String(), nullable=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("notation", sa.String(), nullable=False),
        sa.Column("promulgated_on", sa.Date(), nullable=True),
        sa.Column("type_name", sa.String(), nullable=False),
        sa.Column("business_type", sa.Integer(), nullable=False),
        sa.Column("earlier", sa.String(), nullable=False),
        sa.Column("paper", sa.Boolean(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("receipt_kind", sa.String(), nullable=False),
        sa.Column("receipt_of", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["payload.digest"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id", "sender", "business_type", name="document_key"),
        sa.UniqueConstraint("receipt_of", name="document_receipt_of"),
    )
    op.create_index(op.f("ix_document_digest"), "document", ["digest"], unique=False)
    op.create_index(op.f("ix_document_about"), "document", ["about"], unique=False)
    op.create_index(op.f("ix_document_second_key"), "document", ["second_key"], unique=False)


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("addressed_as", sa.String(), nullable=False),
        sa.Column("forwarded_from", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank_at", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("final_at", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("business", sa.String(), nullable=False),
        sa.Column("take_back", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document"],
            ["document.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document", "receiver", "round", name="delivery_key"),
    )
    op.create_index("delivery_due", "delivery", ["state", "next_attempt_at"], unique=False)
    op.create_index("delivery_expiry", "delivery", ["state", "expires_at"], unique=False)
    op.create_index("delivery_ready", "delivery", ["state", "rank_at"], unique=False)
    op.create_index("delivery_receiver", "delivery", ["receiver", "state", "rank_at"], unique=False)


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=True),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("exchange_class", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.CheckConstraint("event <> ''", name="entry_event"),
        sa.ForeignKeyConstraint(
            ["document"],
            ["document.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_entry_document"), "entry", ["document"], unique=False)


def upgrade() -> None:
    _agency()
    _alias()
    _attempt()
    _certificate()
    _directory_version()
    _payload()
    _status()
    _token()
    _document()
    _delivery()
    _entry()
    for table in GUARDED:
        guard(table)


def guard(table: str) -> None:
    """Refuse UPDATE and DELETE (and TRUNCATE, where there is one) on ``table``."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuses_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the ledger only grows: {table} refuses {verb}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION 'the ledger only grows: {table} refuses %', TG_OP; END $$"
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
