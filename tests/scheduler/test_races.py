"""What happens to a delivery between two looks at it: by another process, or by a replan while it is on its way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store.session import Store
from scheduler import planned
from scheduler.outbox import Delivery, Outbox, State
from scheduler.outcomes import Outcome, Refused, Sent, Settlement, Unknown
from tests.scheduler.fakes import NOON, draft, states, stored

outbox = Outbox("ours")
SCOPE = "nudge:"
NUDGE = draft("nudge:a")


def claimed(store: Store) -> Delivery:
    with store.write() as connection:
        outbox.replan(connection, "T1", SCOPE, [NUDGE], NOON)
        (delivery,) = outbox.claim(connection, NOON, 1)
    return delivery


def settle(store: Store, delivery: Delivery, outcome: Outcome) -> None:
    with store.write() as connection:
        outbox.settle(connection, [Settlement(delivery, outcome)], NOON)


def replan(store: Store, *wished: str) -> None:
    with store.write() as connection:
        outbox.replan(connection, "T1", SCOPE, [draft(each) for each in wished], NOON)


@pytest.mark.parametrize(("outcome", "state"), [(Sent("D", "1"), State.SENT), (Refused("no"), State.DEAD)])
def test_what_is_sent_while_it_is_planned_back_is_not_sent_again(store: Store, outcome: Outcome, state: State) -> None:
    delivery = claimed(store)
    replan(store)
    with store.write() as connection:  # between the reading and the writing of a replan another process settles it
        difference = planned.difference(connection, "T1", {SCOPE: [NUDGE]}, NOON)
        outbox.settle(connection, [Settlement(delivery, outcome)], NOON)
        planned.carry_out(connection, "T1", difference, NOON)
    assert states(store) == {"nudge:a": state}


def test_what_was_planned_away_on_its_way_and_lost_comes_back_when_it_is_wished_for(store: Store) -> None:
    delivery = claimed(store)
    replan(store)
    settle(store, delivery, Unknown("timeout"))
    replan(store, "nudge:a")
    assert (stored(store)["nudge:a"].state, stored(store)["nudge:a"].wanted) == (State.UNKNOWN, True)


@pytest.mark.parametrize("verb", ["sweep", "recover"])
def test_what_was_planned_away_and_whose_process_died_comes_back_too(store: Store, verb: str) -> None:
    claimed(store)
    replan(store)
    later = NOON + timedelta(hours=1)
    with store.write() as connection:
        assert getattr(Outbox("another"), verb)(connection, later) == 1
    replan(store, "nudge:a")
    assert stored(store)["nudge:a"].wanted


def test_what_was_planned_away_and_could_not_be_looked_for_comes_back_too(store: Store) -> None:
    delivery = claimed(store)
    settle(store, delivery, Unknown("timeout"))
    replan(store)
    later = NOON + timedelta(hours=1)
    with store.write() as connection:
        (looked_for,) = outbox.due_for_check(connection, later, 1)
        assert outbox.checked(connection, looked_for, Unknown("no answer"), later)
    replan(store, "nudge:a")
    assert stored(store)["nudge:a"].wanted


def test_the_outcome_of_what_was_forgotten_is_not_taken_for_anothers(store: Store) -> None:
    with store.write() as connection:
        (old,) = outbox.put(connection, [draft("old")], NOON, claim=True)
        outbox.forget(connection, "T1", "conference-1")
        (new,) = outbox.put(connection, [draft("new")], NOON, claim=True)
        assert outbox.settle(connection, [Settlement(old, Sent("D", "1"))], NOON) == []
    assert (new.state, states(store)) == (State.SENDING, {"new": State.SENDING})
