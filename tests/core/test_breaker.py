"""The circuit breaker: software that does not answer is left alone, and asked again once, later and later."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.breaker import CLOSED, Breaker, Circuit, Rule
from exchange.core.delivery import Backoff

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RULE = Rule(failures=3, open_for=Backoff(first_seconds=2, most_seconds=60, jitter=0))


def failed(breaker: Breaker, times: int, now: datetime = NOW) -> Breaker:
    for _ in range(times):
        breaker = breaker.after(answered=False, now=now, rule=RULE)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_not_before() -> None:
    assert failed(CLOSED, 2).circuit(NOW) is Circuit.CLOSED
    assert failed(CLOSED, 3).circuit(NOW) is Circuit.OPEN


def test_an_answer_between_failures_begins_the_count_anew() -> None:
    answered = failed(CLOSED, 2).after(answered=True, now=NOW, rule=RULE)
    assert failed(answered, 2).circuit(NOW) is Circuit.CLOSED


def test_while_it_is_open_nothing_is_attempted_and_then_one_at_a_time() -> None:
    opened = failed(CLOSED, 3)
    assert opened.room(NOW, share=4, under_way=0) == 0
    later = NOW + timedelta(seconds=2)
    assert opened.circuit(later) is Circuit.HALF_OPEN
    assert opened.room(later, share=4, under_way=0) == 1
    assert opened.room(later, share=4, under_way=1) == 0


def test_each_opening_lasts_twice_as_long_up_to_the_most() -> None:
    breaker, now, waits = failed(CLOSED, 3), NOW, []
    for _ in range(7):
        assert breaker.open_until is not None
        waits.append((breaker.open_until - now).total_seconds())
        now = breaker.open_until
        breaker = breaker.after(answered=False, now=now, rule=RULE)
    assert waits == [2, 4, 8, 16, 32, 60, 60]


def test_one_answer_closes_it_whatever_went_before() -> None:
    assert failed(CLOSED, 9).after(answered=True, now=NOW, rule=RULE) == CLOSED


def test_attempts_that_were_under_way_when_it_opened_do_not_hold_it_open_for_longer() -> None:
    assert failed(CLOSED, 6).open_until == failed(CLOSED, 3).open_until


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=40), st.integers(0, 5))
def test_whatever_happens_there_is_room_again_within_the_longest_opening(
    history: list[tuple[bool, int]], under_way: int
) -> None:
    breaker, now = CLOSED, NOW
    for answered, seconds in history:
        now += timedelta(seconds=seconds)
        breaker = breaker.after(answered=answered, now=now, rule=RULE)
        assert 0 <= breaker.room(now, share=4, under_way=under_way) <= 4
    assert breaker.room(now + timedelta(seconds=60), share=4, under_way=0) >= 1
