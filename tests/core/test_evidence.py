"""What a receiver's word and a sender's withdrawal do to a delivery, in whatever state they meet it."""

import itertools
from collections.abc import Iterator

import pytest

from exchange.core.delivery import FINAL, FROM_RECEIVER, State, Step, advance, allows
from exchange.core.evidence import AGAIN, PROVES, UNHEARD, Stand, instead, on_report, on_withdrawal


def stands() -> Iterator[Stand]:
    for state, left, claimed, proven, withdrawn in itertools.product(State, *[(False, True)] * 4):
        yield Stand(state=state, left=left, claimed=claimed, proven=proven, withdrawn=withdrawn)


def test_whatever_is_said_the_step_is_one_of_the_table() -> None:
    for stand in stands():
        said = [on_withdrawal(stand), *(on_report(stand, code) for code in FROM_RECEIVER)]
        assert all(step is None or allows(stand.state, step) for step in said), stand


def test_an_end_stays_an_end() -> None:
    for stand in stands():
        if stand.state in FINAL:
            assert on_withdrawal(stand) is None
            assert all(on_report(stand, code) is None for code in FROM_RECEIVER)


def test_nothing_that_never_left_is_proven() -> None:
    for stand, code in itertools.product(stands(), FROM_RECEIVER):
        if not stand.left and stand.state is not State.ACCEPTED:
            assert on_report(stand, code) is not Step.PROVEN


def test_a_withdrawal_refuses_only_what_never_left_and_leaves_alone_what_somebody_is_at() -> None:
    for stand in stands():
        step = on_withdrawal(stand)
        if step is Step.REJECT:
            assert not stand.left
        if stand.claimed:
            assert step is None
        if stand.left:
            assert step in (None, Step.HOLD, Step.PROVEN)


def test_what_is_attempted_now_or_soon_goes_on_whatever_its_receiver_says() -> None:
    for claimed, state in ((True, State.WAITING), (False, State.READY)):
        stand = Stand(state=state, left=True, claimed=claimed, proven=True, withdrawn=False)
        assert all(on_report(stand, code) is None for code in FROM_RECEIVER)


@pytest.mark.parametrize(("code", "step"), [("15", Step.REJECT), ("16", Step.PROVEN), ("03", Step.PROVEN)])
def test_the_receivers_answer_ends_what_was_held_for_it(code: str, step: Step) -> None:
    held = Stand(state=State.WAITING, left=True, claimed=False, proven=False, withdrawn=True)
    assert on_report(held, code) is step


def test_nothing_that_is_withdrawn_goes_out_again_and_nothing_that_is_proven_ends_undelivered() -> None:
    for state, step in itertools.product(State, Step):
        if not allows(state, step):
            continue
        withdrawn = advance(state, instead(step, proven=False, withdrawn=True))
        assert step not in AGAIN or withdrawn is State.WAITING
        proven = advance(state, instead(step, proven=True, withdrawn=False))
        assert proven not in (State.REFUSED, State.EXPIRED)
    assert AGAIN <= UNHEARD
    assert PROVES < FROM_RECEIVER
