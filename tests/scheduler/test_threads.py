"""The dispatcher in its threads: nothing here waits for a clock, only for what is to happen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bot.store.session import Store
from scheduler.clock import Clock
from scheduler.deliveries import Delivery
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox, State
from scheduler.outcomes import Later, Unknown
from scheduler.pace import UNLIMITED, Limits, Pace
from tests.scheduler.fakes import FakeSender, draft, name, states, stored

PATIENCE = 20.0


def now() -> datetime:
    return datetime.now(UTC)


class Threads:
    """A dispatcher in its threads, in real time."""

    def __init__(self, store: Store, sender: FakeSender, owner: str = "ours", workers: int = 4) -> None:
        self.store = store
        self.sender = sender
        self.outbox = Outbox(owner)
        self.dispatcher = Dispatcher(store.write, self.outbox, sender, Pace(UNLIMITED), now, workers)

    def say(self, *names: str, recipient: str = "Noor", workspace: str = "T1") -> list[Delivery]:
        drafts = [draft(each, recipient, workspace=workspace, due=now()) for each in names]
        with self.store.write() as connection:
            put = self.outbox.put(connection, drafts, now(), claim=True)
        self.dispatcher.hand_over(put)
        return put

    def done(self) -> None:
        assert self.dispatcher.idle(PATIENCE)


@pytest.fixture
def threads(store: Store) -> Iterator[Threads]:
    running = Threads(store, FakeSender())
    running.dispatcher.start()
    yield running
    running.dispatcher.drain(PATIENCE)


def test_what_is_handed_over_goes_out_and_is_settled(threads: Threads) -> None:
    threads.say("a", "b", "c")
    threads.done()
    assert threads.sender.names == ["a", "b", "c"]
    assert set(states(threads.store).values()) == {State.SENT}


def test_every_lane_keeps_its_order_under_load(threads: Threads) -> None:
    def student(lane: int) -> None:
        for n in range(10):
            threads.say(f"{lane}-{n}", recipient=f"R{lane}")

    students = [threading.Thread(target=student, args=(lane,)) for lane in range(8)]
    for each in students:
        each.start()
    for each in students:
        each.join(PATIENCE)
    threads.done()
    for lane in range(8):
        assert [x for x in threads.sender.names if x.startswith(f"{lane}-")] == [f"{lane}-{n}" for n in range(10)]


def test_two_turns_in_one_lane_at_once_are_sent_in_the_order_they_were_put(threads: Threads) -> None:
    def turn(n: int) -> None:
        threads.say(str(n))

    turns = [threading.Thread(target=turn, args=(n,)) for n in range(30)]
    for each in turns:
        each.start()
    for each in turns:
        each.join(PATIENCE)
    while set(states(threads.store).values()) != {State.SENT}:
        threads.dispatcher.tick()
        threads.done()
    if threads.store.sqlite:
        assert threads.sender.names == list(stored(threads.store))
    assert len(threads.sender.names) == 30


def test_a_slow_workspace_does_not_hold_up_another(threads: Threads) -> None:
    stuck = threading.Event()
    threads.sender.before_sending = lambda each: each.workspace == "slow" and stuck.wait(PATIENCE)
    for n in range(20):
        threads.say(f"slow{n}", recipient=f"R{n}", workspace="slow")
    arrived = threading.Event()
    threads.sender.after_sending = lambda each: arrived.set() if each.workspace == "T1" else None
    threads.say("quick")
    assert arrived.wait(PATIENCE)
    assert threads.sender.names == ["quick"]
    stuck.set()
    threads.done()
    assert len(threads.sender.names) == 21


def test_what_is_behind_a_failure_is_given_back(threads: Threads) -> None:
    held, failed = threading.Event(), threading.Event()

    def hold(each: Delivery) -> None:
        if name(each) == "a":
            failed.set()
            held.wait(PATIENCE)

    threads.sender.before_sending = hold
    threads.sender.answers["a"] = [Unknown("timeout")]
    threads.say("a")
    assert failed.wait(PATIENCE)
    threads.say("b")
    held.set()
    threads.done()
    assert states(threads.store) == {"a": State.UNKNOWN, "b": State.SCHEDULED}
    assert threads.sender.tried == ["a"]


def test_a_retry_and_what_waits_behind_it_go_out_without_another_tick(threads: Threads) -> None:
    last = threading.Event()
    threads.sender.before_sending = lambda each: last.set() if name(each) == "b" else None
    threads.sender.answers["a"] = [Later(0.01, "limit")]
    threads.say("a", "b")
    assert last.wait(PATIENCE)
    threads.done()
    assert threads.sender.names == ["a", "b"]


def test_the_pace_is_waited_for_in_hand(store: Store) -> None:
    running = Threads(store, FakeSender())
    quick = Limits(per_minute=60_000, share=1, burst=1, urgent=0, channel_every=None)
    running.dispatcher = Dispatcher(store.write, running.outbox, running.sender, Pace(quick), now, 4)
    running.dispatcher.start()
    for n in range(20):
        running.say(str(n), recipient=f"R{n}")
    running.done()
    assert sorted(running.sender.names, key=int) == [str(n) for n in range(20)]
    assert running.dispatcher.drain(PATIENCE)


def test_draining_sends_what_is_in_hand_and_takes_nothing_new(threads: Threads) -> None:
    held = threading.Event()
    threads.sender.before_sending = lambda each: held.wait(PATIENCE)
    threads.say("a", "b")
    threading.Timer(0, held.set).start()
    assert threads.dispatcher.drain(PATIENCE)
    assert threads.sender.names == ["a", "b"]
    with threads.store.write() as connection:
        threads.outbox.put(connection, [draft("c", due=now())], now())
    assert threads.dispatcher.tick() == 0


def test_draining_leaves_a_call_that_does_not_end_to_be_looked_for(store: Store) -> None:
    running = Threads(store, FakeSender())
    held, called = threading.Event(), threading.Event()

    def hang(_each: Delivery) -> None:
        called.set()
        held.wait(PATIENCE)

    running.sender.before_sending = hang
    running.dispatcher.start()
    running.say("a", "b")
    assert called.wait(PATIENCE)
    assert not running.dispatcher.drain(0.2)
    assert states(store) == {"a": State.SENDING, "b": State.SCHEDULED}
    held.set()


def test_a_database_that_is_away_for_a_while_loses_no_result(store: Store) -> None:
    running = Threads(store, FakeSender())
    failing = iter([True, True])

    def transaction() -> AbstractContextManager[Connection]:
        if threading.current_thread().name == "settler" and next(failing, False):
            raise OperationalError("settle", {}, Exception("away"))
        return store.write()

    running.dispatcher = Dispatcher(transaction, running.outbox, running.sender, Pace(UNLIMITED), now, 4)
    running.dispatcher.start()
    running.say("a")
    running.done()
    assert states(store) == {"a": State.SENT}
    assert running.dispatcher.drain(PATIENCE)


def test_two_processes_with_threads_send_each_once_in_order(store: Store) -> None:
    sender = FakeSender()
    both = [Threads(store, sender, owner) for owner in ("one", "two")]
    with store.write() as connection:
        both[0].outbox.put(connection, [draft(str(n), f"R{n % 6}", due=now()) for n in range(90)], now())
    for each in both:
        each.dispatcher.start()
    while set(states(store).values()) != {State.SENT}:
        for each in both:
            each.dispatcher.tick()
            each.done()
    for each in both:
        assert each.dispatcher.drain(PATIENCE)
    assert sorted(sender.names, key=int) == [str(n) for n in range(90)]
    for lane in range(6):
        assert [n for n in map(int, sender.names) if n % 6 == lane] == list(range(lane, 90, 6))


def test_the_clock_ticks_recovers_and_drains(store: Store) -> None:
    dead = Threads(store, FakeSender(), "dead")
    with store.write() as connection:
        dead.outbox.put(connection, [draft("old", due=now())], now(), claim=True)
    running = Threads(store, FakeSender())
    clock = Clock(running.dispatcher, running.outbox, store.write, now, alone=True)
    ticked = threading.Event()
    clock.start()
    clock.every(timedelta(seconds=0.05), ticked.set)
    assert ticked.wait(PATIENCE)
    assert clock.stop(PATIENCE)
    assert states(store)["old"] is State.UNKNOWN
