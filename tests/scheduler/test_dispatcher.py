from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.store.models import SeenEvent
from bot.store.session import Store
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Draft, Outbox, State
from scheduler.outcomes import Later, Outcome, Postponed, Refused, Sent, Unknown
from scheduler.pace import UNLIMITED, Limits, Pace
from tests.scheduler.fakes import NOON, FakeSender, Hands, draft, states, stored


class House:
    """An outbox, a dispatcher, a sender and a clock, all set by hand."""

    def __init__(self, store: Store, limits: Limits = UNLIMITED, owner: str = "ours") -> None:
        self.store = store
        self.clock = Hands()
        self.sender = FakeSender()
        self.outbox = Outbox(owner)
        self.dispatcher = Dispatcher(store.write, self.outbox, self.sender, Pace(limits), self.clock, workers=4)

    def plan(self, *drafts: Draft) -> None:
        with self.store.write() as connection:
            self.outbox.put(connection, drafts, self.clock())

    def say(self, *drafts: Draft) -> None:
        with self.store.write() as connection:
            put = self.outbox.put(connection, drafts, self.clock(), claim=True)
        self.dispatcher.hand_over(put)

    def run(self, seconds: float = 0) -> list[str]:
        """Move the clock on and do what is due; the names that arrived."""
        before = len(self.sender.arrived)
        self.clock.forward(seconds)
        self.dispatcher.run_due()
        return self.sender.names[before:]


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def test_a_reply_goes_out_and_is_settled(house: House) -> None:
    house.say(draft("a"))
    assert house.run() == ["a"]
    assert stored(house.store)["a"].ref_ts == "1.0"
    assert house.run(3600) == []


def test_what_is_due_goes_out_when_it_is_due(house: House) -> None:
    house.plan(draft("a", due=NOON + timedelta(hours=1)))
    assert house.run(3599) == []
    assert house.run(1) == ["a"]


def test_a_lane_keeps_its_order_whether_put_claimed_or_planned(house: House) -> None:
    house.plan(draft("1"), draft("2"))
    house.say(draft("3"), draft("4"))
    house.plan(draft("5"))
    assert house.run() == ["1", "2", "3", "4", "5"]


def test_a_rate_limit_is_obeyed_exactly_and_keeps_the_order(house: House) -> None:
    house.sender.answers["a"] = [Later(30, "ratelimited", "post")]
    house.say(draft("a"), draft("b"))
    assert house.run() == []
    house.say(draft("c"))
    assert house.run(29.9) == []
    assert house.run(0.1) == ["a", "b", "c"]


def test_a_rate_limit_stops_the_method_in_its_workspace_and_no_other(house: House) -> None:
    house.sender.answers["a"] = [Later(30, "ratelimited", "post")]
    house.say(draft("a"))
    house.run()
    house.say(draft("b", "Theo"))
    house.say(draft("elsewhere", workspace="T2"))
    assert house.run() == ["elsewhere"]
    assert sorted(house.run(30)) == ["a", "b"]


@pytest.mark.parametrize("failure", [Unknown("timeout"), RuntimeError("a bug")])
def test_what_arrived_without_an_answer_is_found_and_not_sent_again(house: House, failure: Outcome | Exception) -> None:
    house.sender.answers["a"] = [failure]
    house.sender.arrives_although.add("a")
    house.say(draft("a"), draft("b"))
    assert house.run() == ["a"]
    assert house.run(9.9) == []
    assert house.run(0.1) == ["b"]
    assert house.sender.tried == ["a", "b"]
    assert stored(house.store)["a"].ref_ts == "9.9"


def test_what_is_not_found_twice_is_sent_again_before_what_is_behind_it(house: House) -> None:
    house.sender.answers["a"] = [Unknown("timeout")]
    house.say(draft("a"), draft("b"))
    assert house.run() == []
    assert house.run(10) == []
    assert house.run(9.9) == []
    assert house.run(0.1) == ["a", "b"]
    assert house.sender.looked == ["a", "a"]


def test_without_an_answer_to_the_look_nothing_is_sent_again(house: House) -> None:
    house.sender.answers["a"] = [Unknown("timeout")]
    house.sender.cannot_look = True
    house.say(draft("a"))
    house.run()
    for _ in range(20):
        assert house.run(10) == []
    assert states(house.store) == {"a": State.UNKNOWN}


def test_what_is_refused_for_good_is_dead_with_its_reason_and_the_lane_goes_on(house: House) -> None:
    house.sender.answers["a"] = [Refused("channel_not_found")]
    house.say(draft("a"), draft("b"))
    assert house.run() == ["b"]
    assert (states(house.store)["a"], stored(house.store)["a"].reason) == (State.DEAD, "channel_not_found")


def test_what_is_no_longer_wanted_is_not_sent_and_says_why(house: House) -> None:
    house.sender.refusals["a"] = "already done"
    house.say(draft("a"), draft("b"))
    assert house.run() == ["b"]
    assert (states(house.store)["a"], stored(house.store)["a"].reason) == (State.CANCELLED, "already done")


def test_what_is_postponed_lets_the_lane_go_on_and_comes_later(house: House) -> None:
    house.sender.refusals["a"] = Postponed(NOON + timedelta(hours=8), "quiet hours")
    house.say(draft("a"), draft("b"))
    assert house.run() == ["b"]
    house.sender.refusals.clear()
    assert house.run(8 * 3600) == ["a"]


def test_what_cannot_be_checked_is_not_sent_and_keeps_its_place(house: House) -> None:
    house.sender.refusals["a"] = RuntimeError("a bug")
    house.say(draft("a"), draft("b"))
    assert house.run() == []
    house.sender.refusals.clear()
    assert house.run(30) == ["a", "b"]


def test_what_is_too_late_is_never_sent(house: House) -> None:
    house.plan(draft("a", expires=NOON + timedelta(seconds=5)), draft("b"))
    house.say(draft("c", "Theo", expires=NOON + timedelta(seconds=5)))
    assert house.run(5) == ["b"]
    assert states(house.store) == {"a": State.EXPIRED, "b": State.SENT, "c": State.EXPIRED}


def test_what_a_killed_process_had_in_hand_is_looked_for_and_then_sent(store: Store) -> None:
    dead, alive = House(store, owner="dead"), House(store)
    dead.say(draft("a"))
    assert alive.run(59) == []
    assert alive.run(1) == []
    assert alive.run(10) == []
    assert alive.run(10) == ["a"]


def test_a_process_that_was_asleep_sends_nothing_it_no_longer_holds(house: House) -> None:
    house.say(draft("a"))
    house.clock.forward(31)
    house.dispatcher.run_due()
    assert house.sender.tried == ["a"]
    row = stored(house.store)["a"]
    assert (row.state, row.fence) == (State.SENT, 2)


def test_what_follows_is_put_in_the_transaction_that_settles_and_sent(house: House) -> None:
    house.sender.follow["a"] = [draft("then", "Theo")]
    house.say(draft("a"))
    assert house.run() == ["a", "then"]


def test_a_follow_up_that_fails_does_not_undo_that_it_was_sent(house: House) -> None:
    house.sender.follow["a"] = [draft("bad", due=NOON.replace(tzinfo=None))]
    house.sender.follow["b"] = [draft("good")]
    house.say(draft("a"), draft("b"))
    assert house.run() == ["a", "b", "good"]
    assert states(house.store) == {"a": State.SENT, "b": State.SENT, "good": State.SENT}


def test_what_was_found_is_followed_up_once(house: House) -> None:
    house.sender.answers["a"] = [Unknown("timeout")]
    house.sender.arrives_although.add("a")
    house.say(draft("a"))
    house.run()
    house.run(10)
    with house.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(SeenEvent)) == 1


def test_the_order_holds_when_a_later_turn_hands_over_first(house: House) -> None:
    with house.store.write() as connection:
        first = house.outbox.put(connection, [draft("a")], house.clock(), claim=True)
    with house.store.write() as connection:
        second = house.outbox.put(connection, [draft("b")], house.clock(), claim=True)
    house.dispatcher.hand_over(second)
    assert house.run() == []
    house.dispatcher.hand_over(first)
    assert house.run() == ["a", "b"]


def test_a_turn_that_hands_over_after_the_one_before_it_failed_waits_for_it(house: House) -> None:
    house.sender.answers["a"] = [Later(5, "limit")]
    with house.store.write() as connection:
        first = house.outbox.put(connection, [draft("a")], house.clock(), claim=True)
    with house.store.write() as connection:
        second = house.outbox.put(connection, [draft("b")], house.clock(), claim=True)
    house.dispatcher.hand_over(first)
    house.run()
    house.dispatcher.hand_over(second)
    assert house.run() == []
    assert house.run(5) == ["a", "b"]


def test_one_whose_turn_never_handed_over_holds_its_lane_only_for_a_lease(house: House) -> None:
    with house.store.write() as connection:
        house.outbox.put(connection, [draft("a")], house.clock(), claim=True)
    house.say(draft("b"))
    arrived = [each for _ in range(30) for each in house.run(5)]
    assert arrived == ["a", "b"]


def test_the_pace_of_a_channel_is_kept_in_order(store: Store) -> None:
    house = House(store, Limits(channel_burst=2))
    house.say(*(draft(str(n)) for n in range(4)))
    assert house.run() == ["0", "1"]
    assert house.run(0.9) == []
    assert house.run(0.1) == ["2"]
    assert house.run(1) == ["3"]


def test_a_reply_does_not_wait_behind_a_flood(store: Store) -> None:
    house = House(store, Limits())
    house.plan(*(draft(f"flood{n}", f"R{n}") for n in range(50)))
    house.run()
    house.say(draft("reply"))
    assert house.run() == ["reply"]


def test_a_flood_leaves_at_the_rate_that_is_allowed(store: Store) -> None:
    house = House(store, Limits(per_minute=60, share=1, burst=1))
    house.plan(*(draft(f"flood{n}", f"R{n}") for n in range(20)))
    seconds = 0
    while State.SCHEDULED in states(store).values():
        house.run(1)
        seconds += 1
    assert seconds == 20


def test_more_than_fits_in_hand_all_goes_out_once(house: House) -> None:
    house.plan(*(draft(f"{n}", f"R{n % 7}") for n in range(60)))
    arrived = house.run()
    assert sorted(arrived, key=int) == [str(n) for n in range(60)]
    for lane in range(7):
        assert [n for n in map(int, arrived) if n % 7 == lane] == list(range(lane, 60, 7))


def test_draining_without_threads_gives_back_what_is_in_hand(house: House) -> None:
    house.say(draft("a"))
    assert house.dispatcher.drain(0)
    assert states(house.store) == {"a": State.SCHEDULED}


def test_two_processes_send_each_delivery_once_and_keep_the_order(store: Store) -> None:
    one, two = House(store), House(store, owner="theirs")
    two.sender = one.sender
    two.dispatcher = Dispatcher(store.write, two.outbox, one.sender, Pace(UNLIMITED), two.clock, workers=4)
    one.plan(*(draft(f"{n}", f"R{n % 5}") for n in range(40)))
    while min(states(store).values()) != State.SENT or len(set(states(store).values())) > 1:
        one.dispatcher.tick()
        two.dispatcher.tick()
        two.run()
        one.run()
    assert sorted(one.sender.names, key=int) == [str(n) for n in range(40)]
    for lane in range(5):
        assert [n for n in map(int, one.sender.names) if n % 5 == lane] == list(range(lane, 40, 5))


def test_the_answer_decides_and_sent_is_only_what_was_accepted(house: House) -> None:
    house.sender.answers["a"] = [Unknown("500"), Later(2, "limit"), Sent("D", "5")]
    house.say(draft("a"))
    house.run()
    house.run(10)
    house.run(10)
    house.run(2)
    assert (states(house.store)["a"], stored(house.store)["a"].attempts) == (State.SENT, 3)
