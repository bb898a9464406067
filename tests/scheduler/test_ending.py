"""The end of what comes round: a job that goes on does not keep the process from ending."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.session import Store
from scheduler.clock import Clock
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox
from scheduler.pace import UNLIMITED, Pace
from tests.scheduler.fakes import FakeSender

DAY = timedelta(days=1)
BRIEFLY, LONG = 0.2, 30.0


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def clock(store: Store) -> Clock:
    outbox = Outbox("test")
    return Clock(Dispatcher(store.write, outbox, FakeSender(), Pace(UNLIMITED), now, 2), outbox, store.write, now)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_job_that_goes_on_is_left_to_itself_in_a_thread_that_ends_with_the_process(clock: Clock) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def plan() -> None:
        begun.set()
        go_on.wait(LONG)

    clock.every(DAY, plan, at_once=True)
    clock.start()
    begun.wait(LONG)
    assert clock.stop(BRIEFLY)
    left = [thread for thread in threading.enumerate() if thread.name == "job"]
    assert [thread.daemon for thread in left] == [True]
    go_on.set()
    for thread in left:
        thread.join(LONG)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_job_that_is_nearly_done_is_waited_for(clock: Clock) -> None:
    begun, ended = threading.Event(), threading.Event()

    def plan() -> None:
        begun.set()
        stopping.wait(LONG)
        ended.set()

    stopping = threading.Event()
    clock.every(DAY, plan, at_once=True)
    clock.start()
    begun.wait(LONG)
    letting_go = threading.Timer(0.05, stopping.set)
    letting_go.start()
    assert clock.stop(LONG)
    assert ended.is_set()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_job_that_fails_is_logged_and_comes_round_again(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    twice = threading.Barrier(2)
    times: list[int] = []

    def fail() -> None:
        times.append(1)
        if len(times) == 2:
            twice.wait(LONG)
        raise ValueError

    clock.every(timedelta(seconds=0.1), fail, at_once=True)
    clock.start()
    twice.wait(LONG)
    clock.stop(LONG)
    assert [one for one in caplog.records if one.name.startswith("apscheduler") and one.levelname == "ERROR"]
