from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.store.session import Store
from scheduler.outbox import Delivery, Draft, Outbox, State
from scheduler.outcomes import (
    Later,
    Postponed,
    Refused,
    Released,
    Sent,
    Settlement,
    TooLate,
    Unknown,
    Unwanted,
    Verdict,
)
from tests.scheduler.fakes import NOON, draft, name, states, stored

SECOND = timedelta(seconds=1)
ours = Outbox("ours")
theirs = Outbox("theirs")


def put(
    store: Store, *drafts: Draft, outbox: Outbox = ours, claim: bool = True, now: datetime = NOON
) -> list[Delivery]:
    with store.write() as connection:
        return outbox.put(connection, drafts, now, claim=claim)


def claim(store: Store, now: datetime = NOON, *, outbox: Outbox = ours, limit: int = 100) -> list[Delivery]:
    with store.write() as connection:
        return outbox.claim(connection, now, limit)


def settle(store: Store, delivery: Delivery, verdict: Verdict, now: datetime = NOON, *, outbox: Outbox = ours) -> bool:
    with store.write() as connection:
        return bool(outbox.settle(connection, [Settlement(delivery, verdict)], now))


def names(found: list[Delivery]) -> list[str]:
    return [name(each) for each in found]


def test_what_is_put_is_stored_as_it_was_wished(store: Store) -> None:
    wish = draft("a", due=NOON + SECOND, expires=NOON + 9 * SECOND)
    (put_,) = put(store, wish, claim=False)
    row = stored(store)["a"]
    assert row == put_
    assert (row.payload, row.due_at, row.expires_at, row.state) == (
        {"name": "a"},
        wish.due_at,
        wish.expires_at,
        State.SCHEDULED,
    )


@pytest.mark.parametrize("claimed", [True, False])
def test_the_same_wish_twice_is_stored_once(store: Store, claimed: bool) -> None:
    put(store, draft("a"), claim=claimed)
    assert put(store, draft("a"), claim=claimed) == []
    assert names(put(store, draft("a"), draft("b"), claim=claimed)) == ["b"]


def test_a_reply_is_born_in_the_hands_of_who_puts_it(store: Store) -> None:
    (reply,) = put(store, draft("a"))
    assert reply == stored(store)["a"]
    assert (reply.state, reply.owner, reply.fence) == (State.SENDING, "ours", 1)


def test_replies_put_one_after_the_other_know_what_goes_before_them(store: Store) -> None:
    first, second = put(store, draft("a"), draft("b"))
    (third,) = put(store, draft("c"))
    assert (first.behind, second.behind) == ((), (first.claim,))
    assert set(third.behind) == {first.claim, second.claim}


@pytest.mark.parametrize(
    ("before", "state"),
    [(None, State.SENDING), (Later(30, "limit"), State.SCHEDULED), (Unknown("timeout"), State.SCHEDULED)],
)
def test_a_reply_waits_for_one_before_it_that_failed(store: Store, before: Verdict | None, state: State) -> None:
    (first,) = put(store, draft("a"))
    if before:
        settle(store, first, before)
    (second,) = put(store, draft("b"))
    assert second.state is state


def test_a_reply_waits_for_what_another_process_has_in_hand(store: Store) -> None:
    put(store, draft("a"), outbox=theirs)
    assert put(store, draft("b"))[0].state is State.SCHEDULED


def test_a_reply_does_not_wait_for_what_is_due_tomorrow_or_for_other_lanes(store: Store) -> None:
    put(store, draft("tomorrow", due=NOON + timedelta(days=1)), claim=False)
    put(store, draft("other", "Theo"), outbox=theirs)
    put(store, draft("elsewhere", workspace="T2"), outbox=theirs)
    assert put(store, draft("b"))[0].state is State.SENDING


def test_claiming_takes_the_first_of_each_lane_that_is_due(store: Store) -> None:
    put(store, draft("late", due=NOON + SECOND), draft("b"), draft("c"), draft("t", "Theo"), claim=False)
    assert names(claim(store)) == ["b", "t"]
    assert claim(store) == []


def test_claiming_goes_by_the_time_due_and_then_by_the_order_put(store: Store) -> None:
    put(store, draft("second", due=NOON - SECOND), draft("third"), draft("first", due=NOON - 2 * SECOND), claim=False)
    order = []
    while found := claim(store):
        order += names(found)
        settle(store, found[0], Sent("D", "1"))
    assert order == ["first", "second", "third"]


@pytest.mark.parametrize("outbox", [ours, theirs])
def test_nothing_is_claimed_beside_what_is_in_hand_however_early_it_was_due(store: Store, outbox: Outbox) -> None:
    (held,) = put(store, draft("held"))
    put(store, draft("overdue", due=NOON - SECOND), claim=False)
    assert claim(store, outbox=outbox) == []
    settle(store, held, Sent("D", "1"))
    assert names(claim(store, outbox=outbox)) == ["overdue"]


def test_one_workspace_with_much_due_leaves_room_for_the_others(store: Store) -> None:
    put(store, *(draft(f"a{n}", f"R{n}") for n in range(20)), claim=False)
    put(store, draft("b", workspace="T2"), claim=False)
    assert "b" in names(claim(store, limit=5))


def test_a_retry_keeps_its_place_and_holds_up_its_lane(store: Store) -> None:
    (first,) = put(store, draft("a"))
    settle(store, first, Later(30, "limit"))
    put(store, draft("b"))
    assert claim(store, NOON + 29 * SECOND) == []
    assert names(claim(store, NOON + 30 * SECOND)) == ["a"]


def test_what_is_postponed_gives_up_its_place(store: Store) -> None:
    (first,) = put(store, draft("a"))
    settle(store, first, Postponed(NOON + timedelta(hours=8), "quiet hours"))
    assert names(put(store, draft("b"))) == ["b"]
    assert stored(store)["b"].state is State.SENDING
    assert stored(store)["a"].due_at == NOON + timedelta(hours=8)


@pytest.mark.parametrize(
    ("verdict", "state", "attempts", "reason"),
    [
        (Sent("D1", "1.5"), State.SENT, 1, None),
        (Refused("not_in_channel"), State.DEAD, 1, "not_in_channel"),
        (Unwanted("paused"), State.CANCELLED, 0, "paused"),
        (TooLate(), State.EXPIRED, 0, None),
        (Unknown("timeout"), State.UNKNOWN, 1, "timeout"),
        (Later(3, "limit"), State.SCHEDULED, 1, "limit"),
        (Released(), State.SCHEDULED, 0, None),
    ],
)
def test_settling_writes_down_what_became_of_it(
    store: Store, verdict: Verdict, state: State, attempts: int, reason: str | None
) -> None:
    (mine,) = put(store, draft("a"))
    assert settle(store, mine, verdict, NOON + SECOND)
    row = stored(store)["a"]
    assert (row.state, row.attempts, row.reason) == (state, attempts, reason)
    assert (row.settled_at is None) == (state in (State.SCHEDULED, State.UNKNOWN))


def test_where_it_stands_in_slack_is_kept(store: Store) -> None:
    settle(store, put(store, draft("a"))[0], Sent("D1", "1.5"))
    assert (stored(store)["a"].ref_channel, stored(store)["a"].ref_ts) == ("D1", "1.5")


def test_only_who_holds_it_settles_it(store: Store) -> None:
    held, swept = put(store, draft("a"), draft("b", "Theo"))
    with store.write() as connection:
        ours.settle(connection, [Settlement(swept, Later(1, "limit"))], NOON)
    (again,) = claim(store, NOON + SECOND, outbox=theirs)
    with store.write() as connection:
        done = ours.settle(
            connection, [Settlement(held, Sent("D", "1")), Settlement(swept, Sent("D", "2"))], NOON + SECOND
        )
    assert [each.delivery for each in done] == [held]
    assert states(store) == {"a": State.SENT, "b": State.SENDING}
    assert settle(store, again, Sent("D", "3"), outbox=theirs)


def test_a_lease_that_ran_out_makes_it_unknown_and_the_old_holder_settles_nothing(store: Store) -> None:
    (mine,) = put(store, draft("a"))
    with store.write() as connection:
        assert ours.sweep(connection, NOON + 59 * SECOND) == 0
        assert theirs.sweep(connection, NOON + 60 * SECOND) == 1
    assert not settle(store, mine, Sent("D", "1"))
    assert states(store) == {"a": State.UNKNOWN}


def test_after_a_restart_what_the_old_process_had_in_hand_is_unknown_at_once(store: Store) -> None:
    put(store, draft("old"), outbox=theirs)
    put(store, draft("new", "Theo"))
    with store.write() as connection:
        assert ours.recover(connection, NOON) == 1
    assert states(store) == {"old": State.UNKNOWN, "new": State.SENDING}


def look(store: Store, now: datetime, found: Sent | Unknown | None) -> int:
    with store.write() as connection:
        unsure = ours.due_for_check(connection, now, 10)
    with store.write() as connection:
        return sum(ours.checked(connection, each, found, now) for each in unsure)


def unknown(store: Store) -> None:
    settle(store, put(store, draft("a"))[0], Unknown("timeout"))


def test_what_is_unknown_is_looked_for_when_slack_has_made_up_its_mind(store: Store) -> None:
    unknown(store)
    assert look(store, NOON + 9 * SECOND, None) == 0
    assert look(store, NOON + 10 * SECOND, Sent("D", "7")) == 1
    assert (states(store)["a"], stored(store)["a"].ref_ts) == (State.SENT, "7")


def test_not_found_once_it_is_still_unknown_and_twice_it_is_sent_again(store: Store) -> None:
    unknown(store)
    look(store, NOON + 10 * SECOND, None)
    assert states(store)["a"] is State.UNKNOWN
    assert look(store, NOON + 19 * SECOND, None) == 0
    look(store, NOON + 20 * SECOND, None)
    assert names(claim(store, NOON + 20 * SECOND)) == ["a"]


def test_a_look_without_an_answer_counts_for_nothing(store: Store) -> None:
    unknown(store)
    look(store, NOON + 10 * SECOND, None)
    look(store, NOON + 20 * SECOND, Unknown("timeout"))
    assert states(store)["a"] is State.UNKNOWN
    look(store, NOON + 30 * SECOND, None)
    assert states(store)["a"] is State.SCHEDULED


def test_two_that_look_at_once_count_once(store: Store) -> None:
    unknown(store)
    with store.write() as connection:
        (first,) = ours.due_for_check(connection, NOON + 10 * SECOND, 10)
        assert theirs.due_for_check(connection, NOON + 10 * SECOND, 10) == []
        (late,) = theirs.due_for_check(connection, NOON + 70 * SECOND, 10)
        assert not ours.checked(connection, first, None, NOON + 70 * SECOND)
        assert theirs.checked(connection, late, None, NOON + 71 * SECOND)
    assert stored(store)["a"].missing == 1


def test_what_is_too_late_expires_and_lets_its_lane_go_on(store: Store) -> None:
    put(store, draft("a", expires=NOON + SECOND), draft("b"), claim=False)
    with store.write() as connection:
        assert ours.expire(connection, NOON + SECOND) == 1
    assert names(claim(store, NOON + SECOND)) == ["b"]
    assert states(store)["a"] is State.EXPIRED


def test_cancelling_a_subject_takes_what_waits_and_what_is_in_hand_is_not_tried_again(store: Store) -> None:
    put(store, draft("waits", due=NOON + SECOND), draft("other", subject="x", due=NOON + SECOND), claim=False)
    (held,) = put(store, draft("held"))
    with store.write() as connection:
        assert ours.cancel(connection, "T1", NOON, "moved away", subject="conference-1") == 1
    assert states(store) == {"waits": State.CANCELLED, "other": State.SCHEDULED, "held": State.SENDING}
    settle(store, held, Later(1, "limit"))
    assert (states(store)["held"], stored(store)["held"].reason) == (State.CANCELLED, "moved away")


def test_cancelling_by_a_prefix_leaves_what_does_not_begin_with_it(store: Store) -> None:
    put(store, draft("nudge:1:a"), draft("nudge:1:ö"), draft("nudge:10:a"), draft("nudge:1"), claim=False)
    with store.write() as connection:
        assert ours.cancel(connection, "T1", NOON, "paused", prefix="nudge:1:") == 2
    assert [key for key, state in states(store).items() if state is State.SCHEDULED] == ["nudge:10:a", "nudge:1"]


def test_cancelling_what_goes_to_one_recipient_leaves_what_goes_to_others(store: Store) -> None:
    put(store, draft("hers", "D1"), draft("his", "D2"), draft("hers too", "D1"), claim=False)
    with store.write() as connection:
        assert ours.cancel(connection, "T1", NOON, "gone", recipient="D1") == 2
    assert states(store) == {"hers": State.CANCELLED, "his": State.SCHEDULED, "hers too": State.CANCELLED}


def test_an_unknown_one_that_was_cancelled_is_not_sent_again(store: Store) -> None:
    unknown(store)
    with store.write() as connection:
        ours.cancel(connection, "T1", NOON, "paused", subject="conference-1")
    look(store, NOON + 10 * SECOND, None)
    look(store, NOON + 20 * SECOND, None)
    assert states(store)["a"] is State.CANCELLED


def test_forgetting_leaves_no_row_of_a_subject(store: Store) -> None:
    (sent,) = put(store, draft("sent"))
    settle(store, sent, Sent("D", "1"))
    put(store, draft("waits", due=NOON + SECOND), claim=False)
    put(store, draft("other", subject="x"))
    with store.write() as connection:
        assert ours.forget(connection, "T1", "conference-1") == 2
    assert list(states(store)) == ["other"]


def test_purging_takes_only_what_was_settled_long_ago(store: Store) -> None:
    old, new = put(store, draft("old"), draft("new", "Theo"))
    settle(store, old, Sent("D", "1"), NOON)
    settle(store, new, Sent("D", "1"), NOON + 2 * SECOND)
    put(store, draft("waits", due=NOON), claim=False)
    with store.write() as connection:
        assert ours.purge(connection, NOON + SECOND) == 1
    assert set(states(store)) == {"new", "waits"}


def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="naive"):
        put(store, draft("a", due=NOON.replace(tzinfo=None)), claim=False)
