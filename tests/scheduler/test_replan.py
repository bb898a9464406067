from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.store.session import Store
from scheduler.outbox import Draft, Outbox, State
from scheduler.outcomes import Sent, Settlement
from scheduler.replan import Change, Changes, What
from tests.scheduler.fakes import NOON, draft, states, stored

DAY = timedelta(days=1)
outbox = Outbox("ours")


def replan(store: Store, *wished: Draft, now: datetime = NOON) -> Changes:
    with store.write() as connection:
        return outbox.replan(connection, "T1", "nudge:", wished, now)


def nudge(name: str, days: int = 1) -> Draft:
    return draft(f"nudge:{name}", due=NOON + days * DAY)


def test_the_first_plan_adds_all_and_the_same_again_changes_nothing(store: Store) -> None:
    assert replan(store, nudge("a"), nudge("b")) == Changes(added=2)
    assert replan(store, nudge("a"), nudge("b")) == Changes(kept=2)


def test_what_is_no_longer_wished_is_cancelled_and_only_in_its_scope(store: Store) -> None:
    with store.write() as connection:
        outbox.put(connection, [draft("reply", due=NOON + DAY)], NOON)
    replan(store, nudge("a"), nudge("ab"))
    assert replan(store, nudge("ab")) == Changes(cancelled=1, kept=1)
    assert states(store) == {"reply": State.SCHEDULED, "nudge:a": State.CANCELLED, "nudge:ab": State.SCHEDULED}


def test_what_moved_is_moved_in_place(store: Store) -> None:
    replan(store, nudge("a"))
    assert replan(store, replace(nudge("a", 3), payload={"new": 1})) == Changes(moved=1)
    row = stored(store)["nudge:a"]
    assert (row.due_at, row.next_at, row.payload) == (NOON + 3 * DAY, NOON + 3 * DAY, {"new": 1})


def test_what_was_planned_away_comes_back(store: Store) -> None:
    replan(store, nudge("a"))
    replan(store)
    assert replan(store, nudge("a", 2)) == Changes(moved=1)
    assert (states(store)["nudge:a"], stored(store)["nudge:a"].due_at) == (State.SCHEDULED, NOON + 2 * DAY)


def test_what_was_cancelled_for_another_reason_stays_so(store: Store) -> None:
    replan(store, nudge("a"))
    with store.write() as connection:
        outbox.cancel(connection, "T1", NOON, "paused", subject="conference-1")
    assert replan(store, nudge("a", 2)) == Changes(kept=1)
    assert states(store)["nudge:a"] is State.CANCELLED


def test_what_expired_comes_back_if_there_is_time_again(store: Store) -> None:
    replan(store, draft("nudge:a", due=NOON, expires=NOON + DAY))
    with store.write() as connection:
        outbox.expire(connection, NOON + DAY)
    again = draft("nudge:a", due=NOON + 2 * DAY, expires=NOON + 3 * DAY)
    assert replan(store, again, now=NOON + 4 * DAY) == Changes(kept=1)
    assert replan(store, again, now=NOON + DAY) == Changes(moved=1)
    assert states(store)["nudge:a"] is State.SCHEDULED


def test_what_was_sent_is_never_planned_again(store: Store) -> None:
    replan(store, draft("nudge:a"))
    with store.write() as connection:
        (claimed,) = outbox.claim(connection, NOON, 1)
        outbox.settle(connection, [Settlement(claimed, Sent("D", "1"))], NOON)
    replan(store)
    assert replan(store, nudge("a", 2)) == Changes(kept=1)
    assert states(store)["nudge:a"] is State.SENT


def test_what_is_in_hand_and_wished_again_is_tried_again(store: Store) -> None:
    replan(store, draft("nudge:a"))
    with store.write() as connection:
        outbox.claim(connection, NOON, 1)
    replan(store)
    assert not stored(store)["nudge:a"].wanted
    replan(store, draft("nudge:a"))
    row = stored(store)["nudge:a"]
    assert (row.state, row.wanted) == (State.SENDING, True)


def test_a_wish_outside_of_the_scope_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="scope"):
        replan(store, draft("digest:a"))


def many(*wished: Draft) -> dict[str, list[Draft]]:
    """By scope, "nudge:a:" and "nudge:b:"."""
    scopes: dict[str, list[Draft]] = {"nudge:a:": [], "nudge:b:": []}
    for each in wished:
        scopes[each.dedupe_key[:8]].append(each)
    return scopes


def test_many_scopes_are_replanned_at_once_and_each_change_is_told(store: Store) -> None:
    with store.write() as connection:
        first = many(nudge("a:1"), nudge("a:2"), nudge("b:1"), nudge("b:2"))
        assert outbox.replan_many(connection, "T1", first, NOON) == Changes(added=4)
        words = replace(nudge("a:2"), payload={"other": True})
        changes = outbox.replan_many(connection, "T1", many(nudge("a:1", 2), words, nudge("b:1"), nudge("b:3")), NOON)
    one, two = NOON + DAY, NOON + 2 * DAY
    assert changes == Changes(added=1, moved=2, cancelled=1, kept=1)
    assert changes.each == (
        Change("nudge:a:1", What.MOVED, one, two),
        Change("nudge:a:2", What.ALTERED, one, one),
        Change("nudge:b:2", What.DROPPED, one, None),
        Change("nudge:b:3", What.ADDED, None, one),
    )
    with store.write() as connection:
        back = outbox.replan_many(connection, "T1", {"nudge:b:": [nudge("b:1"), nudge("b:2", 2), nudge("b:3")]}, NOON)
    assert back.each == (Change("nudge:b:2", What.BACK, one, two),)


def test_to_differ_is_to_have_something_to_change(store: Store) -> None:
    wishes = many(nudge("a:1"), nudge("b:1"))
    with store.read() as connection:
        assert outbox.differs(connection, "T1", wishes, NOON)
    with store.write() as connection:
        outbox.replan_many(connection, "T1", wishes, NOON)
    with store.read() as connection:
        assert not outbox.differs(connection, "T1", wishes, NOON)
        assert outbox.differs(connection, "T1", many(nudge("a:1")), NOON)
        assert not outbox.differs(connection, "T1", {"nudge:b:": [nudge("b:1")]}, NOON)


def test_a_payload_in_another_order_is_the_same(store: Store) -> None:
    replan(store, replace(nudge("a"), payload={"x": 1, "y": 2}))
    assert replan(store, replace(nudge("a"), payload={"y": 2, "x": 1})) == Changes(kept=1)
