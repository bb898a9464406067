"""Several processes on PostgreSQL: what one puts another claims as soon as it may, without a tick."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator

import pytest

from bot.store.session import Store
from scheduler import dispatcher as dispatching
from scheduler.bell import CHANNEL, Bell, LaneKey
from scheduler.deliveries import Delivery, State
from scheduler.dispatcher import Dispatcher
from scheduler.intake import Intake, hand_on
from scheduler.once import once
from scheduler.outbox import Outbox
from scheduler.pace import UNLIMITED, Pace
from tests.databases import empty
from tests.scheduler.fakes import FakeSender, draft, name, states, stored
from tests.scheduler.test_threads import PATIENCE, now


class Worker:
    """A dispatcher in its threads that hears the bell and has no clock that ticks."""

    def __init__(self, store: Store, sender: FakeSender, owner: str) -> None:
        self.store = store
        self.outbox = Outbox(owner)
        self.bell = Bell(store.engine)
        self.dispatcher = Dispatcher(
            store.write, self.outbox, sender, Pace(UNLIMITED), now, workers=4, ring=self.bell.ring
        )
        self.heard: list[LaneKey] = []
        self.listening, self.rung = threading.Event(), threading.Event()

    def start(self) -> Worker:
        self.dispatcher.start()
        self.bell.start(self._hear)
        assert self.listening.wait(PATIENCE)
        return self

    def _hear(self, lanes: Collection[LaneKey]) -> None:
        self.dispatcher.heard(lanes)
        self.heard += lanes
        (self.rung if lanes else self.listening).set()

    def say(self, *names: str, recipient: str = "Noor") -> None:
        with self.store.write() as connection:
            put = self.outbox.put(connection, [draft(each, recipient, due=now()) for each in names], now(), claim=True)
        self.dispatcher.hand_over(put)

    def stop(self) -> None:
        self.bell.stop(self._hear)
        self.dispatcher.drain(PATIENCE)


class Arrivals(FakeSender):
    """A sender that says when so many have arrived, and stops at a gate before some."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, threading.Event] = {}
        self.reached = threading.Event()
        self._more = threading.Condition()
        self.before_sending = self._wait_at_the_gate
        self.after_sending = self._tell

    def wait_for(self, number: int) -> list[str]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.names) >= number, PATIENCE)
        return self.names

    def _wait_at_the_gate(self, delivery: Delivery) -> None:
        if gate := self.gates.get(name(delivery)):
            self.reached.set()
            assert gate.wait(PATIENCE)

    def _tell(self, _delivery: Delivery) -> None:
        with self._more:
            self._more.notify_all()


@pytest.fixture
def postgresql(postgresql_store: Store) -> Store:
    empty(postgresql_store)
    return postgresql_store


@pytest.fixture
def sender() -> Arrivals:
    return Arrivals()


@pytest.fixture
def workers(postgresql: Store, sender: Arrivals, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Worker]]:
    """Two of them, for which only the bell counts: the wake that would come without it never does."""
    monkeypatch.setattr(dispatching, "SOON", dispatching.timedelta(days=1))
    running = [Worker(postgresql, sender, owner).start() for owner in ("one", "two")]
    yield running
    for each in running:
        each.stop()


def take_in(store: Store, *names: str, recipient: str = "Noor") -> None:
    """What a process does that has no dispatcher."""
    with store.write() as connection:
        put = Intake("web").put(connection, [draft(each, recipient, due=now()) for each in names], now(), claim=True)
    assert {each.state for each in put} == {State.SCHEDULED}
    hand_on(Bell(store.engine).ring, put, now())


def test_what_a_process_without_a_dispatcher_puts_is_sent_by_a_worker(
    workers: list[Worker], postgresql: Store, sender: Arrivals
) -> None:
    take_in(postgresql, "a", "b", "c")
    assert sender.wait_for(3) == ["a", "b", "c"]


def test_many_lanes_at_once_are_each_sent_once(workers: list[Worker], postgresql: Store, sender: Arrivals) -> None:
    for lane in range(20):
        take_in(postgresql, f"{lane}-a", f"{lane}-b", recipient=f"R{lane}")
    names = sender.wait_for(40)
    assert sorted(names) == sorted(f"{lane}-{part}" for lane in range(20) for part in "ab")
    assert all(names.index(f"{lane}-a") < names.index(f"{lane}-b") for lane in range(20))


def test_a_reply_behind_another_process_goes_out_when_that_one_is_done(workers: list[Worker], sender: Arrivals) -> None:
    first, second = workers
    sender.gates["a"] = threading.Event()
    first.say("a")
    assert sender.reached.wait(PATIENCE)
    second.say("b")
    assert states(first.store) == {"a": State.SENDING, "b": State.SCHEDULED}
    assert first.rung.wait(PATIENCE)
    sender.gates["a"].set()
    assert sender.wait_for(2) == ["a", "b"]


def test_what_is_put_while_nobody_listens_is_found_when_somebody_does(postgresql: Store, sender: Arrivals) -> None:
    take_in(postgresql, "a")
    worker = Worker(postgresql, sender, "late").start()
    assert sender.wait_for(1) == ["a"]
    worker.stop()


def test_a_reply_does_not_stand_in_line_behind_a_flood(postgresql: Store, sender: Arrivals) -> None:
    gate = threading.Event()
    with postgresql.write() as connection:
        flood = [draft(f"nudge {n}", f"R{n}", due=now()) for n in range(200)]
        Outbox("planner").put(connection, flood, now())
    sender.gates = {f"nudge {n}": gate for n in range(200)}
    worker = Worker(postgresql, sender, "one")
    worker.dispatcher = Dispatcher(postgresql.write, worker.outbox, sender, Pace(UNLIMITED), now, workers=60)
    worker.start()
    assert sender.reached.wait(PATIENCE)
    take_in(postgresql, "reply", recipient="somebody else")
    assert worker.rung.wait(PATIENCE)
    while "reply" not in stored(postgresql) or states(postgresql)["reply"] is State.SCHEDULED:
        assert states(postgresql)["nudge 199"] is State.SCHEDULED
    gate.set()
    worker.stop()


def test_a_turn_whose_reply_is_in_its_own_hands_rings_nothing(postgresql: Store, sender: Arrivals) -> None:
    rung: list[LaneKey] = []
    worker = Worker(postgresql, sender, "one")
    worker.dispatcher = Dispatcher(
        postgresql.write, worker.outbox, sender, Pace(UNLIMITED), now, workers=4, ring=rung.extend
    )
    worker.dispatcher.start()
    worker.say("a", "b")
    sender.wait_for(2)
    assert rung == []
    assert worker.dispatcher.drain(PATIENCE)


def test_the_bell_is_heard_again_after_its_connection_is_cut(workers: list[Worker], sender: Arrivals) -> None:
    for each in workers:
        each.listening.clear()
    cut(workers[0].store, f"query = 'LISTEN {CHANNEL}'")
    assert all(each.listening.wait(PATIENCE) for each in workers)
    take_in(workers[0].store, "a")
    assert sender.wait_for(1) == ["a"]


def cut(store: Store, where: str = "true") -> None:
    """End connections to the test's database, as a restart of PostgreSQL does; they have ended afterwards."""
    ending = (
        f"SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = current_database() AND {where}"
    )
    with store.read() as connection:
        connection.exec_driver_sql(f"{ending} AND pid <> pg_backend_pid()")


def test_one_process_at_a_time_is_at_what_goes_by_a_name(postgresql: Store) -> None:
    with postgresql.write() as one, postgresql.write() as other:
        assert once(one, "plan")
        assert not once(other, "plan")
        assert once(other, "purge")
    with postgresql.write() as connection:
        assert postgresql.once(connection, "plan")
