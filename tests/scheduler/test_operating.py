"""What an operator sees of the outbox, and what they may do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.store.session import Store
from scheduler import operating
from scheduler.deliveries import Delivery, State, deliveries
from scheduler.dispatcher import Dispatcher
from scheduler.operating import Done, Entry, Standing
from scheduler.outbox import Outbox
from scheduler.outcomes import Later, Refused, Unknown
from scheduler.pace import UNLIMITED, Pace
from tests.scheduler.fakes import NOON, FakeSender, Hands, draft, name, states, stored

HOUR = timedelta(hours=1)


class Desk:
    """An operator beside a dispatcher, whose clock is set by hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Hands()
        self.sender = FakeSender()
        self.outbox = Outbox("ours")
        self.dispatcher = Dispatcher(store.write, self.outbox, self.sender, Pace(UNLIMITED), self.clock)

    def put(self, *names: str, **fields: Any) -> None:
        with self.store.write() as connection:
            self.outbox.put(connection, [draft(each, **fields) for each in names], self.clock.now)

    def run(self) -> None:
        self.dispatcher.run_due()

    def wait(self, seconds: float) -> None:
        self.clock.forward(seconds)
        self.run()

    def look(self, *standings: Standing, **fields: Any) -> list[Entry]:
        with self.store.read() as connection:
            return operating.listed(connection, "T1", self.clock.now, standings or operating.WAITING, **fields)

    def standings(self) -> dict[str, Standing]:
        return {name(entry.delivery): entry.standing for entry in self.look()}

    def retry(self, key: str, seen: Delivery | None = None) -> Done:
        with self.store.write() as connection:
            return operating.retry(connection, seen or stored(self.store)[key], self.clock.now)

    def drop(self, key: str, seen: Delivery | None = None) -> Done:
        with self.store.write() as connection:
            return operating.drop(connection, seen or stored(self.store)[key], self.clock.now)

    def make(self, key: str, state: State) -> None:
        """Bring a new delivery into a state by the way that leads there."""
        match state:
            case State.SCHEDULED:
                self.put(key, due=NOON + HOUR)
            case State.SENDING:
                self.put(key)
                with self.store.write() as connection:
                    self.outbox.claim(connection, self.clock.now, 10)
            case State.EXPIRED:
                self.put(key, expires=NOON)
                self.run()
            case State.CANCELLED:
                self.sender.refusals[key] = "done"
                self.put(key)
                self.run()
                del self.sender.refusals[key]
            case _:
                self.sender.answers[key] = {State.DEAD: [Refused("no")], State.UNKNOWN: [Unknown("?")]}.get(state, [])
                self.put(key)
                self.run()
        assert states(self.store)[key] is state


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_each_that_waits_is_listed_with_how_it_stands(desk: Desk) -> None:
    desk.sender.answers |= {"dead": [Refused("no")], "unknown": [Unknown("?")], "limited": [Later(30, "ratelimited")]}
    desk.put("dead", "sent", recipient="A")
    desk.put("unknown", "behind", recipient="B")
    desk.put("limited", recipient="C")
    desk.run()
    desk.put("due", recipient="D")
    desk.put("not yet", recipient="E", due=NOON + HOUR)
    assert desk.standings() == {
        "dead": Standing.DEAD,
        "unknown": Standing.UNKNOWN,
        "behind": Standing.HELD,
        "limited": Standing.HELD,
        "due": Standing.DUE,
    }


def test_it_is_told_what_a_delivery_waits_behind(desk: Desk) -> None:
    desk.make("first", State.UNKNOWN)
    desk.put("second", "third")
    behind = {name(entry.delivery): entry.behind for entry in desk.look(Standing.HELD)}
    assert set(behind) == {"second", "third"}
    assert set(behind.values()) == {stored(desk.store)["first"].id}


def test_what_is_behind_something_of_another_lane_is_due(desk: Desk) -> None:
    desk.make("first", State.UNKNOWN)
    desk.put("second", recipient="Theo")
    assert desk.standings()["second"] is Standing.DUE


def test_kind_and_limit_narrow_the_list(desk: Desk) -> None:
    desk.put(*(str(number) for number in range(5)), recipient="A")
    assert len(desk.look(Standing.HELD, limit=2)) == 2
    assert desk.look(Standing.HELD, kind="other") == []


def test_everything_is_counted_by_kind_and_state(desk: Desk) -> None:
    desk.make("dead", State.DEAD)
    desk.put("a", "b", recipient="Theo")
    with desk.store.read() as connection:
        counts = {(one.kind, one.state): one.number for one in operating.counts(connection, "T1")}
    with desk.store.read() as connection:
        assert operating.counts(connection, "T2") == []
    assert counts == {("say", State.DEAD): 1, ("say", State.SCHEDULED): 2}


def test_an_id_is_found_whole_or_by_its_end_or_beginning(desk: Desk) -> None:
    desk.put("a", "b")
    identity = stored(desk.store)["a"].id
    with desk.store.read() as connection:
        for text in (identity, identity[-8:], identity.upper(), identity[:30]):
            assert [name(one.delivery) for one in operating.named(connection, "T1", text, NOON)] == ["a"]
        assert len(operating.named(connection, "T1", identity[:8], NOON)) == 2
        assert operating.named(connection, "T1", "%", NOON) == []
    with desk.store.read() as connection:
        assert operating.named(connection, "T2", identity, NOON) == []


@pytest.mark.parametrize("state", [State.DEAD, State.EXPIRED, State.CANCELLED])
def test_what_is_over_is_sent_once_more_with_fresh_attempts(desk: Desk, state: State) -> None:
    desk.make("a", state)
    desk.clock.forward(60)
    assert desk.retry("a") is Done.SCHEDULED
    row = stored(desk.store)["a"]
    assert (row.state, row.attempts, row.reason, row.settled_at, row.wanted) == (State.SCHEDULED, 0, None, None, True)
    desk.run()
    assert states(desk.store) == {"a": State.SENT}
    assert desk.sender.names == ["a"]


def test_what_was_dropped_before_its_time_goes_out_at_its_time(desk: Desk) -> None:
    desk.put("a", due=NOON + HOUR)
    desk.drop("a")
    assert desk.retry("a") is Done.PLANNED
    row = stored(desk.store)["a"]
    assert (row.state, row.due_at, row.next_at) == (State.SCHEDULED, NOON + HOUR, NOON + HOUR)
    desk.run()
    assert desk.sender.names == []
    desk.wait(HOUR.total_seconds())
    assert desk.sender.names == ["a"]


def test_an_expiry_to_come_is_kept(desk: Desk) -> None:
    desk.sender.answers["a"] = [Refused("no")]
    desk.put("a", expires=NOON + HOUR)
    desk.run()
    desk.retry("a")
    assert stored(desk.store)["a"].expires_at == NOON + HOUR


def test_what_is_retried_comes_after_what_was_due_before(desk: Desk) -> None:
    desk.make("old", State.DEAD)
    desk.put("new")
    desk.clock.forward(1)
    desk.retry("old")
    desk.run()
    assert desk.sender.names == ["new", "old"]


def test_what_is_unknown_is_looked_for_and_not_sent_if_it_is_there(desk: Desk) -> None:
    desk.sender.arrives_although.add("a")
    desk.make("a", State.UNKNOWN)
    assert desk.retry("a") is Done.LOOKED_FOR
    desk.run()
    assert (states(desk.store)["a"], desk.sender.names) == (State.SENT, ["a"])


def test_looking_early_again_and_again_does_not_shorten_the_time_slack_may_take(desk: Desk) -> None:
    desk.make("a", State.UNKNOWN)
    for _ in range(5):
        desk.retry("a")
        desk.wait(1)
    assert len(desk.sender.looked) == 5
    assert states(desk.store)["a"] is State.UNKNOWN
    desk.wait(10)
    assert (states(desk.store)["a"], desk.sender.names) == (State.SENT, ["a"])


@pytest.mark.parametrize(
    ("state", "done"), [(State.SCHEDULED, Done.WAITS), (State.SENDING, Done.IN_HAND), (State.SENT, Done.ARRIVED)]
)
def test_what_is_on_its_way_or_there_is_not_retried(desk: Desk, state: State, done: Done) -> None:
    desk.make("a", state)
    before = stored(desk.store)
    assert desk.retry("a") is done
    assert stored(desk.store) == before


@pytest.mark.parametrize("state", [State.SCHEDULED, State.UNKNOWN, State.DEAD])
def test_what_waits_or_is_dead_can_be_dropped(desk: Desk, state: State) -> None:
    desk.make("a", state)
    assert desk.drop("a") is Done.DROPPED
    desk.wait(7200)
    row = stored(desk.store)["a"]
    assert (row.state, row.reason) == (State.CANCELLED, operating.DROPPED)
    assert desk.sender.arrived == []


@pytest.mark.parametrize(
    ("state", "done"),
    [
        (State.SENDING, Done.IN_HAND),
        (State.SENT, Done.ARRIVED),
        (State.EXPIRED, Done.OVER),
        (State.CANCELLED, Done.OVER),
    ],
)
def test_what_is_being_sent_or_over_is_not_dropped(desk: Desk, state: State, done: Done) -> None:
    desk.make("a", state)
    before = stored(desk.store)
    assert desk.drop("a") is done
    assert stored(desk.store) == before


def test_dropping_what_holds_up_a_lane_lets_it_go_on(desk: Desk) -> None:
    desk.make("stuck", State.UNKNOWN)
    desk.put("next")
    desk.run()
    desk.drop("stuck")
    desk.run()
    assert desk.sender.names == ["next"]


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_what_changed_since_it_was_looked_at_stays_as_it_is(desk: Desk, verb: str) -> None:
    desk.make("a", State.UNKNOWN)
    seen = stored(desk.store)["a"]
    with desk.store.write() as connection:
        connection.execute(update(deliveries).values(fence=seen.fence + 1))
    before = stored(desk.store)
    assert getattr(desk, verb)("a", seen) is Done.CHANGED
    assert stored(desk.store) == before


def test_what_was_dropped_no_replan_brings_back(desk: Desk) -> None:
    wish = [draft("plan:a", due=NOON + HOUR)]
    with desk.store.write() as connection:
        desk.outbox.replan(connection, "T1", "plan:", wish, NOON)
    desk.drop("plan:a")
    with desk.store.write() as connection:
        desk.outbox.replan(connection, "T1", "plan:", wish, NOON)
    assert states(desk.store) == {"plan:a": State.CANCELLED}
