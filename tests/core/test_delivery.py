"""The two state machines of a delivery: every step is in the table, and ends are ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.delivery import (
    FINAL,
    STATUS_CODES,
    TRANSPORT,
    Backoff,
    Business,
    IllegalStep,
    Progress,
    State,
    Step,
    TakeBack,
    advance,
    allows,
    progress,
    rank,
)

CODES = st.lists(st.sampled_from([*sorted(STATUS_CODES), "07", "", "44"]))


def test_final_states_allow_no_step() -> None:
    for state in FINAL:
        assert not any(allows(state, step) for step in Step)
        with pytest.raises(IllegalStep):
            advance(state, Step.CLAIM)


def test_every_state_has_a_row_and_every_other_state_can_still_expire_or_come_back() -> None:
    assert set(TRANSPORT) == set(State)
    for state in set(State) - FINAL:
        assert allows(state, Step.EXPIRE)


def test_an_end_can_be_reached_from_every_state() -> None:
    for start in set(State) - FINAL:
        reached, frontier = {start}, [start]
        while frontier:
            for after in TRANSPORT[frontier.pop()].values():
                if after not in reached:
                    reached.add(after)
                    frontier.append(after)
        assert reached >= FINAL


@given(st.lists(st.sampled_from(Step)))
def test_whatever_happens_a_delivery_ends_at_most_once(steps: list[Step]) -> None:
    state, ends = State.READY, 0
    for step in steps:
        if allows(state, step):
            state = advance(state, step)
            ends += state in FINAL
    assert ends <= 1


@given(CODES)
def test_rejected_and_finished_end_the_flow(codes: list[str]) -> None:
    for position in range(len(codes)):
        state = progress(codes[:position]).business
        if state in (Business.REJECTED, Business.FINISHED):
            assert progress(codes).business is state


@given(CODES)
def test_repeating_every_status_changes_nothing(codes: list[str]) -> None:
    doubled = [code for code in codes for _ in range(2) if code not in ("13",)]
    single = [code for code in codes if code not in ("13",)]
    assert progress(doubled) == progress(single)


@given(CODES)
def test_the_business_state_never_goes_back(codes: list[str]) -> None:
    order = list(Business)
    state = Progress()
    for code in codes:
        after = state.after(code)
        assert (
            order.index(after.business) >= order.index(state.business) or after.business is Business.REJECTED
        )
        state = after


def test_a_declined_take_back_may_be_repeated_and_an_agreed_one_is_closed() -> None:
    assert progress(["13", "16", "13"]).take_back is TakeBack.REQUESTED
    assert progress(["13", "15", "13", "16"]).take_back is TakeBack.AGREED
    assert progress(["15"]).take_back is TakeBack.NONE


@pytest.mark.parametrize("answer", ["15", "16"])
@pytest.mark.parametrize("before", [[], ["03", "06"], ["13", "16"]])
def test_an_answer_to_an_update_is_expected_and_is_no_news_of_a_take_back(
    before: list[str], answer: str
) -> None:
    state = progress(before)
    assert state.expects(answer)
    assert state.after(answer) == state
    assert state.after(answer).after("13").take_back is TakeBack.REQUESTED


@pytest.mark.parametrize("answer", ["15", "16"])
def test_a_second_answer_to_an_agreed_take_back_is_not_expected(answer: str) -> None:
    assert not progress(["13", "15"]).expects(answer)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_back_off_grows_and_is_bounded(attempts: int, spread: float) -> None:
    backoff = Backoff(first_seconds=2, most_seconds=3600, jitter=0.3)
    delay = backoff.delay(attempts, spread).total_seconds()
    assert 0 < delay <= 3600
    assert backoff.delay(attempts + 1, spread) >= backoff.delay(attempts, spread)


@given(st.integers(-3, 9), st.integers(0, 100_000))
def test_urgency_is_a_bounded_head_start(priority: int, later_seconds: int) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    ordinary = rank(now, 0, 900)
    urgent = rank(now + timedelta(seconds=later_seconds), priority, 900)
    if later_seconds > 4 * 900:
        assert urgent > ordinary
