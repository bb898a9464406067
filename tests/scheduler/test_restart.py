"""PostgreSQL is restarted under load: dispatcher, clock and bell go on, and each delivery goes out once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from bot.store.session import Store
from scheduler import clock as ticking
from scheduler.bell import Bell
from scheduler.clock import Clock
from scheduler.deliveries import Delivery, State
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox
from scheduler.pace import UNLIMITED, Pace
from tests.databases import empty
from tests.scheduler.fakes import FakeSender, draft, stored
from tests.scheduler.test_bell import cut
from tests.scheduler.test_threads import PATIENCE, now

LEASE, SETTLE = timedelta(seconds=2), timedelta(seconds=0.2)
"""Short, so that what was committed without anybody hearing of it is swept soon."""
DUE = 300
CUTS = (20, 80, 150, 220)
"""All connections are cut when so many have arrived."""


@pytest.fixture
def postgresql(postgresql_store: Store) -> Store:
    empty(postgresql_store)
    return postgresql_store


@pytest.fixture
def clocks(postgresql: Store, sender: FakeSender, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Clock]]:
    """Two processes' worth."""
    monkeypatch.setattr(ticking, "TICK", timedelta(seconds=0.2))
    running = []
    for owner in ("one", "two"):
        outbox, bell = Outbox(owner, LEASE, SETTLE), Bell(postgresql.engine)
        dispatcher = Dispatcher(postgresql.write, outbox, sender, Pace(UNLIMITED), now, 4, ring=bell.ring)
        running.append(Clock(dispatcher, outbox, postgresql.write, now, bell=bell))
    for each in running:
        each.start()
    yield running
    for each in running:
        assert each.stop(PATIENCE)


@pytest.fixture
def sender() -> FakeSender:
    return FakeSender()


def test_every_delivery_is_sent_exactly_once(postgresql: Store, sender: FakeSender, clocks: list[Clock]) -> None:
    cutting = threading.Lock()
    ahead = iter(CUTS)
    at = [next(ahead)]

    def cut_now(_delivery: Delivery) -> None:
        with cutting:
            due = len(sender.arrived) >= at[0]
            at[0] = next(ahead, DUE + 1) if due else at[0]
            if due:
                cut(postgresql)

    sender.after_sending = cut_now
    with postgresql.write() as connection:
        drafts = [draft(str(n), f"R{n % 40}", due=now()) for n in range(DUE)]
        Outbox("planner").put(connection, drafts, now())
    pause = threading.Event()
    while not all_settled(postgresql):
        pause.wait(0.05)
    assert at[0] > DUE
    assert Counter(sender.names) == Counter({str(n): 1 for n in range(DUE)})
    assert {row.state for row in stored(postgresql).values()} == {State.SENT}


def all_settled(store: Store) -> bool:
    """Whether nothing is left to do; who looks may be cut off as well."""
    try:
        return all(row.settled_at is not None for row in stored(store).values())
    except DBAPIError:
        return False


def test_a_pooled_connection_that_was_cut_is_replaced_before_it_is_used(postgresql: Store) -> None:
    with postgresql.read() as one, postgresql.read() as two:  # two in the pool
        one.exec_driver_sql("SELECT 1")
        two.exec_driver_sql("SELECT 1")
    other = Store(postgresql.engine.url.render_as_string(hide_password=False))
    cut(other)
    other.close()
    for _ in range(3):
        with postgresql.write() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_connection_cut_in_a_transaction_fails_that_one_and_no_other(postgresql: Store) -> None:
    other = Store(postgresql.engine.url.render_as_string(hide_password=False))

    def interrupted() -> None:
        with postgresql.write() as connection:
            connection.exec_driver_sql("SELECT 1")
            cut(other)
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(DBAPIError):
        interrupted()
    with postgresql.write() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    other.close()
