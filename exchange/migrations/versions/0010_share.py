"""What is counted, as far as the sequenced ledger was counted. No guards: it can be counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _exchange()
    _counted_document()
    _tally()
    _duration_tally()
    _cause_tally()
    _paper_report()
    _counted()
    _document_paper()


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)


def _month() -> "sa.Column[int]":
    return sa.Column("month", sa.Integer(), autoincrement=False, nullable=False)


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, _WIDE, nullable=False)


def _moment(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _exchange() -> None:
    op.create_table(
        "exchange",
        _text("identity"),
        _text("receiver"),
        _text("sender"),
        _text("document"),
        sa.Column("sent_on", sa.Date(), nullable=True),
        _moment("accepted_at"),
        _text("type_name"),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        _text("electronic"),
        _text("paper"),
        _text("reason"),
        _text("exchange_class"),
        sa.Column("sent_in_time", sa.Boolean(), nullable=True),
        _moment("delivered_at"),
        _moment("noticed_at"),
        _moment("registered_at"),
        sa.Column("noticed_in_time", sa.Boolean(), nullable=True),
        _text("delivery"),
        _text("cause"),
        _text("copies"),
        sa.PrimaryKeyConstraint("identity", "receiver"),
        sqlite_with_rowid=False,
    )
    under_way = sa.text("electronic = 'under_way'")
    op.create_index(
        "exchange_under_way",
        "exchange",
        ["receiver", "accepted_at"],
        sqlite_where=under_way,
        postgresql_where=under_way,
    )


def _counted_document() -> None:
    op.create_table(
        "counted_document",
        _text("identity"),
        _text("parts"),
        sa.PrimaryKeyConstraint("identity"),
        sqlite_with_rowid=False,
    )


def _tally() -> None:
    op.create_table(
        "tally",
        _month(),
        _text("facet"),
        _text("sender"),
        _text("value"),
        _text("unit"),
        _count("electronic"),
        _count("with_paper"),
        _count("paper"),
        _count("under_way"),
        _count("refused"),
        _count("expired"),
        _count("unsigned"),
        _count("sent_on_time"),
        _count("sent_late"),
        _count("noticed_on_time"),
        _count("noticed_late"),
        sa.PrimaryKeyConstraint("month", "facet", "sender", "value", "unit"),
        sqlite_with_rowid=False,
    )


def _duration_tally() -> None:
    op.create_table(
        "duration_tally",
        _month(),
        _text("facet"),
        _text("value"),
        _text("step"),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        _count("exchanges"),
        sa.PrimaryKeyConstraint("month", "facet", "value", "step", "bucket"),
        sqlite_with_rowid=False,
    )


def _cause_tally() -> None:
    op.create_table(
        "cause_tally",
        _month(),
        _text("sender"),
        _text("receiver"),
        _text("event"),
        _text("cause"),
        _count("exchanges"),
        sa.PrimaryKeyConstraint("month", "sender", "receiver", "event", "cause"),
        sqlite_with_rowid=False,
    )


def _paper_report() -> None:
    op.create_table(
        "paper_report",
        _text("agency"),
        _month(),
        _count("registrations"),
        _count("none_declared"),
        sa.PrimaryKeyConstraint("agency", "month"),
        sqlite_with_rowid=False,
    )


def _counted() -> None:
    counted = op.create_table(
        "counted",
        sa.Column("id", sa.Integer(), nullable=False),
        _count("leaves"),
        _text("rules"),
        _moment("recount_begun_at"),
        _moment("recounted_at"),
        _count("recounted_leaves"),
        _count("differences"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(counted, [{"id": 1, "leaves": 0, "rules": "", "recounted_leaves": 0, "differences": 0}])


def _document_paper() -> None:
    paper = sa.text("kind = 'paper'")
    op.create_index(
        "document_paper", "document", ["sender", "id"], sqlite_where=paper, postgresql_where=paper
    )


def downgrade() -> None:
    raise NotImplementedError("the ledger only grows")
