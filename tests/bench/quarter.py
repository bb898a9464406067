"""The quarter: what a plan costs, what is due however much is pending, a flood under limits, a worker's memory.

Each is compared with others in the same run, in turns; figures are medians over rounds.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import insert, select

from bot.app import COLLECT_EVERY
from bot.services.nudges import quarter
from bot.store.models import Guardian, Person
from bot.store.session import Store
from scheduler.outbox import Outbox
from tests.bench import peers, pending, school
from tests.bench.due import DUE, Bench
from tests.bench.figures import Figure, at_most, missing, told
from tests.bench.pacing import KNOWN, flood
from tests.bench.stub import TEAM, stub
from tests.databases import create_tables, postgresql_url

STUDENTS = 3_000
FLOOD = 10_000
SIZES = (10_000, 100_000, 1_000_000)
NAMES = ("10 thousand", "100 thousand", "1 million")
ROUNDS = 5
AGO = timedelta(days=29)
"""Planned as on the second day of the term: nearly all of it is to come."""

ADDED = 200
"""Jobs a peer is given before and after ours are planned."""

LESS = 150
"""A limit lower than is known, and how many are posted under it."""

MOST_MEMORY = 100


def measure(folder: Path) -> Iterator[Figure]:
    """All figures of the quarter, as they come."""
    yield from _planning_on_sqlite(folder)
    yield from _paced(folder)
    with ExitStack() as stack:
        yield from _due(folder, _on_sqlite(folder, stack), "SQLite")
    yield from _on_postgresql(folder)


# --- planning ------------------------------------------------------------------------------------------------


def _planning_on_sqlite(folder: Path) -> Iterator[Figure]:
    store = Store(f"sqlite:///{folder / 'school.db'}")
    with peers.apscheduler(folder) as scheduler:
        ours, theirs, count = _planned(store, lambda: peers.add_to_apscheduler(scheduler, ADDED) / ADDED)
    store.close()
    yield told("quarter: deliveries planned", count, "deliveries")
    yield told("quarter: a delivery planned and stored, SQLite", ours * 1e6, "µs each")
    yield at_most("quarter: planned and stored, SQLite", ours / theirs, 1 / 20, "× APScheduler")


def _planning_on_postgresql(url: str) -> Iterator[Figure]:
    store = Store(url)
    with peers.procrastinate(url) as app:
        ours, theirs, _ = _planned(store, lambda: peers.add_to_procrastinate(app, 10 * ADDED) / (10 * ADDED))
    store.close()
    yield told("quarter: a delivery planned and stored, PostgreSQL", ours * 1e6, "µs each")
    yield at_most("quarter: planned and stored, PostgreSQL", ours / theirs, 1 / 2, "× procrastinate")


def _planned(store: Store, peer: Callable[[], float]) -> tuple[float, float, int]:
    """Seconds a delivery takes, from the stored school to its row; seconds a peer's job takes; how many deliveries."""
    create_tables(store)
    school.fill(store, STUDENTS)
    _add_families(store)
    with _collecting_as_the_bot_does():
        before, begun = peer(), time.perf_counter()
        added = quarter.replan(store, Outbox("bench"), TEAM, datetime.now(UTC) - AGO).changes.added
        ours = (time.perf_counter() - begun) / added
        return ours, (before + peer()) / 2, added


@contextmanager
def _collecting_as_the_bot_does() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _add_families(store: Store) -> None:
    """Two adults for each student."""
    with store.write() as connection:
        students = connection.scalars(select(Person.id).where(Person.role == "student")).all()
        adults = [_adult(number) for number in range(2 * len(students))]
        connection.execute(insert(Person), adults)
        ids = connection.scalars(select(Person.id).where(Person.role == "family")).all()
        pairs = zip(ids, [*students, *students], strict=True)
        rows = [{"adult_id": adult, "student_id": student, "workspace": TEAM} for adult, student in pairs]
        connection.execute(insert(Guardian), rows)


def _adult(number: int) -> dict[str, object]:
    return {
        "workspace": TEAM, "key": f"f{number}", "role": "family", "name": f"Amal Haddad-{number}", "language": "en",
        "slack_id": f"F{number:07}", "active": True,
    }  # fmt: skip


# --- what is due ---------------------------------------------------------------------------------------------


def _on_sqlite(folder: Path, stack: ExitStack) -> list[Bench]:
    stores = [Store(f"sqlite:///{folder / f'pending-{size}.db'}") for size in SIZES]
    for store, size in zip(stores, SIZES, strict=True):
        stack.callback(store.close)
        pending.fill(store, size)
    return [Bench(store, pending.WORKSPACE) for store in stores]


def _due(folder: Path, benches: Sequence[Bench], name: str) -> Iterator[Figure]:
    ticks, works = _rounds(lambda one: one.idle_tick(), benches), _rounds(lambda one: one.work(), benches)
    for size, tick, work in zip(NAMES, ticks, works, strict=True):
        yield told(f"quarter: nothing due, {size} pending, {name}", tick * 1e6, "µs a tick")
        yield told(f"quarter: 1,000 due, {size} pending, {name}", work * 1e3, "ms")
    yield at_most(f"quarter: nothing due, {name}", max(ticks) / min(ticks), 1.5, "× the least of three sizes")
    yield at_most(f"quarter: 1,000 due, {name}", max(works) / min(works), 1.5, "× the least of three sizes")
    if benches[0].store.sqlite:
        yield from _against_peers(folder, benches[0])


def _rounds(timed: Callable[[Bench], float], benches: Sequence[Bench]) -> list[float]:
    """The median of each, taken in turns."""
    for one in benches:
        timed(one)
    gc.collect()
    rounds = [[timed(one) for one in benches] for _ in range(ROUNDS)]
    return [median(column) for column in zip(*rounds, strict=True)]


def _against_peers(folder: Path, ours: Bench) -> Iterator[Figure]:
    with peers.apscheduler(folder) as scheduler, peers.huey(folder) as queue:
        rounds = [(ours.work(), peers.run_apscheduler(scheduler, DUE), peers.run_huey(queue, DUE)) for _ in range(3)]
    mine, apscheduler, huey = (median(column) for column in zip(*rounds, strict=True))
    yield at_most("quarter: 1,000 due, SQLite, beside APScheduler", mine / apscheduler, 1, "× APScheduler")
    yield at_most("quarter: 1,000 due, SQLite, beside huey", mine / huey, 1, "× huey")


# --- PostgreSQL, and the worker ------------------------------------------------------------------------------


def _on_postgresql(folder: Path) -> Iterator[Figure]:
    try:
        with ExitStack() as stack:
            yield from _planning_on_postgresql(stack.enter_context(postgresql_url()))
            urls = [stack.enter_context(postgresql_url()) for _ in SIZES]
            stores = [Store(url) for url in urls]
            for store, size in zip(stores, SIZES, strict=True):
                stack.callback(store.close)
                pending.fill(store, size)
            yield from _due(folder, [Bench(store, pending.WORKSPACE) for store in stores], "PostgreSQL")
            yield at_most("quarter: a worker, 1 million pending", _memory(folder, urls[-1]), MOST_MEMORY, "MB")
    except pytest.skip.Exception as reason:
        print(reason)
        yield missing("quarter: planned and stored, PostgreSQL", "× procrastinate")
        yield missing("quarter: 1,000 due, PostgreSQL", "× the least of three sizes")
        yield missing("quarter: a worker, 1 million pending", "MB")


def _memory(folder: Path, url: str) -> float:
    with stub(folder) as slack:
        command = [sys.executable, "-m", "tests.bench.worker", url, slack.url]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


# --- a flood under limits ------------------------------------------------------------------------------------


def _paced(folder: Path) -> Iterator[Figure]:
    went = flood(folder, FLOOD)
    yield told("quarter: 10,000 due at 300 a minute, until all is posted", went.minutes, "simulated minutes")
    yield at_most("quarter: 10,000 due at 300 a minute", went.minutes / went.least, 1.02, "× the least")
    yield at_most("quarter: 429s, the limit known", went.refused, 0, "429s")
    less = flood(folder, 6 * LESS, KNOWN - LESS)
    yield told("quarter: 429s, the limit lower than known", less.refused, "429s")
    yield at_most("quarter: calls while a 429 said to wait", went.disobeyed + less.disobeyed, 0, "calls")
