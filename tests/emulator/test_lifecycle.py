from __future__ import annotations

import pytest

from emulator.lifecycle import Event, ImpossibleTransition, RestartPolicy, State, next_state


def test_a_life_without_trouble() -> None:
    state = State.STOPPED
    for event in (Event.WANTED, Event.STARTED, Event.READY, Event.STOP, Event.GONE):
        state = next_state(state, event)

    assert state is State.STOPPED


def test_a_stop_is_possible_in_every_state() -> None:
    assert {next_state(state, Event.STOP) for state in State} == {State.STOPPING, State.STOPPED}


def test_what_is_not_in_the_table_cannot_happen() -> None:
    with pytest.raises(ImpossibleTransition, match="'ready' cannot happen to a service that is stopped"):
        next_state(State.STOPPED, Event.READY)


def test_the_pause_doubles_up_to_a_limit() -> None:
    policy = RestartPolicy(first_delay_s=0.2, longest_delay_s=1.0)

    assert [policy.delay_s(number) for number in range(1, 6)] == [0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_long_life_starts_a_new_row() -> None:
    policy = RestartPolicy(limit=2, stable_after_s=30)

    assert (policy.row_after(2, 31), policy.row_after(2, 29)) == (1, 3)
    assert [policy.allows(number) for number in (1, 2, 3)] == [True, True, False]
