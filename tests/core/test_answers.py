"""What follows from all that was ever said of a certificate: rules that hold whatever was said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.answers import Statement, weigh
from exchange.core.standing import HOLD, Source, Status

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 40).map(lambda days: BEGIN + timedelta(days=days))
FAR = BEGIN + timedelta(days=1000)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    given_at = draw(DAYS)
    lasts = draw(st.one_of(st.none(), st.integers(0, 10)))
    status = draw(st.sampled_from([Status.GOOD, Status.REVOKED, Status.UNKNOWN]))
    revoked = status is Status.REVOKED
    return Statement(
        source=Source(
            kind="crl",
            digest=f"{draw(st.integers(0, 10**9)):064d}",
            issuer="CA",
            this_update=given_at,
            next_update=None if lasts is None else given_at + timedelta(days=lasts),
        ),
        status=status,  # type: ignore[arg-type]
        revoked_at=min(draw(DAYS), given_at) if revoked else None,
        cause=draw(st.sampled_from(["superseded", "key_compromise", HOLD])) if revoked else "",
    )


SAID = st.lists(statements(), max_size=5)


def ended(said: Sequence[Statement], at: datetime) -> bool:
    return any(each.revoked_at and each.revoked_at <= at and each.cause != HOLD for each in said)


@given(SAID, DAYS)
def test_a_revocation_that_is_no_hold_counts_for_ever_and_in_whatever_order(
    said: list[Statement], at: datetime
) -> None:
    if ended(said, at):
        assert weigh(said, at, FAR).status is Status.REVOKED
    here, there = weigh(said, at, FAR), weigh(said[::-1], at, FAR)
    assert (here.status, here.revoked_at, here.cause) == (there.status, there.revoked_at, there.cause)


def test_of_two_answers_of_one_moment_neither_hides_what_the_other_says() -> None:
    source = Source(kind="crl", digest="0" * 64, issuer="CA", this_update=BEGIN, next_update=None)
    revoked = Statement(source=source, status=Status.REVOKED, revoked_at=BEGIN, cause="superseded")
    hold = replace(revoked, cause=HOLD)
    for said in ([revoked, hold], [hold, revoked]):
        found = weigh(said, BEGIN, FAR)
        assert (found.status, found.cause) == (Status.REVOKED, "superseded")


@given(SAID, DAYS)
def test_that_a_key_was_stolen_is_not_outweighed_by_a_lesser_reason(
    said: list[Statement], at: datetime
) -> None:
    if any(each.cause == "key_compromise" and each.revoked_at and each.revoked_at <= at for each in said):
        assert weigh(said, at, FAR).cause == "key_compromise"


@given(SAID, statements(), DAYS)
def test_no_further_answer_takes_back_a_revocation(
    said: list[Statement], further: Statement, at: datetime
) -> None:
    if ended(said, at):
        assert weigh([*said, further], at, FAR).status is Status.REVOKED


@given(SAID, DAYS)
def test_good_is_said_only_by_an_answer_that_was_current_or_came_later(
    said: list[Statement], at: datetime
) -> None:
    found = weigh(said, at, FAR)
    if found.status is Status.GOOD:
        assert found.statement is not None
        assert found.statement.status is not Status.UNKNOWN
        assert at <= found.statement.source.good_until or found.statement.source.this_update > at
        assert found.revoked_at is None or found.revoked_at > at


@given(SAID, DAYS)
def test_after_its_end_only_what_was_current_or_a_revocation_speaks_of_a_certificate(
    said: list[Statement], at: datetime
) -> None:
    found = weigh(said, at, at)  # it ends at the very moment that is asked about
    if found.status is Status.GOOD:
        assert found.statement is not None
        later = found.statement.source.this_update > at
        assert not later or found.statement.status is Status.REVOKED


@given(SAID, DAYS)
def test_nothing_said_is_not_checked_and_anything_else_is_at_least_unknown(
    said: list[Statement], at: datetime
) -> None:
    assert (weigh(said, at, FAR).status is Status.NOT_CHECKED) == (not said)
