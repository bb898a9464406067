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
from bot.words import Words
from scheduler.outbox import Outbox
from tests.bench import peers, pending, school
from tests.bench.due import DUE, Bench
from tests.bench.figures import Figure, at_most, compared, missing, told
from tests.bench.pacing import KNOWN, flood
from tests.bench.stub import TEAM, stub
from tests.databases import create_tables, postgresql_url

SECTION = "quarter"
STUDENTS = 3_000
FLOOD = 10_000
SIZES = (10_000, 1_000_000)
LESS_PENDING = "10 thousand pending"
ROUNDS = 5
AGO = timedelta(days=29)
"""Planned as on the second day of the term: nearly all of it is to come."""

ADDED = 200
"""Jobs a peer is given in one round; each takes as long however many there are."""

LESS = 150
"""A limit lower than is known, and how many are posted under it."""

_FOUND_AND_RUN = "of 1,000 due, found, sent and settled, {}"


def measure(folder: Path, _words: Words) -> Iterator[Figure]:
    """All figures of the quarter, as they come."""
    yield from _planning_on_sqlite(folder)
    yield from _paced(folder)
    with ExitStack() as stack:
        benches = _on_sqlite(folder, stack)
        yield from _due(benches, "SQLite")
        yield from _beside_peers_on_sqlite(folder, benches[0])
    yield from _on_postgresql(folder)


# --- planning ------------------------------------------------------------------------------------------------


def _planning_on_sqlite(folder: Path) -> Iterator[Figure]:
    store = Store(f"sqlite:///{folder / 'school.db'}")
    with peers.apscheduler(folder) as scheduler:
        ours, theirs, count = _planned(store, lambda: peers.add_to_apscheduler(scheduler, ADDED) / ADDED)
    store.close()
    yield told(SECTION, f"nudges of {STUDENTS:,} students", count)
    what = "a nudge planned and stored, SQLite"
    yield compared(SECTION, what, ours * 1e6, "µs", "APScheduler, a job added", theirs * 1e6, most=1 / 20)


def _planning_on_postgresql(url: str) -> Iterator[Figure]:
    store = Store(url)
    with peers.procrastinate(url) as app:
        ours, theirs, _ = _planned(store, lambda: peers.add_to_procrastinate(app, 10 * ADDED) / (10 * ADDED))
    store.close()
    what = "a nudge planned and stored, PostgreSQL"
    yield compared(SECTION, what, ours * 1e6, "µs", "procrastinate, deferred in batches", theirs * 1e6, most=1 / 2)


def _planned(store: Store, peer: Callable[[], float]) -> tuple[float, float, int]:
    """Seconds a delivery takes, from the stored school to its row; seconds a peer's job takes; how many deliveries."""
    create_tables(store)
    school.fill(store, STUDENTS, nudges=True)
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


def _due(benches: Sequence[Bench], name: str) -> Iterator[Figure]:
    less, more = _rounds(lambda one: 1e6 * one.idle_tick(), benches)
    what = f"a tick, nothing due, 1 million pending, {name}"
    yield compared(SECTION, what, more, "µs", LESS_PENDING, less, most=1.5)
    less, more = _rounds(lambda one: 1e3 * one.work(), benches)
    what = f"1,000 due among 1 million pending, {name}"
    yield compared(SECTION, what, more, "ms", LESS_PENDING, less, most=1.5)


def _rounds(timed: Callable[[Bench], float], benches: Sequence[Bench]) -> list[float]:
    """The median of each, taken in turns."""
    for one in benches:
        timed(one)
    gc.collect()
    rounds = [[timed(one) for one in benches] for _ in range(ROUNDS)]
    return [median(column) for column in zip(*rounds, strict=True)]


def _beside_peers_on_sqlite(folder: Path, ours: Bench) -> Iterator[Figure]:
    with peers.apscheduler(folder) as scheduler, peers.huey(folder) as queue:
        rounds = [
            (ours.work() / DUE, peers.run_apscheduler(scheduler, ADDED) / ADDED, peers.run_huey(queue, ADDED) / ADDED)
            for _ in range(3)
        ]
    mine, apscheduler, huey = (1e6 * median(column) for column in zip(*rounds, strict=True))
    yield compared(SECTION, _FOUND_AND_RUN.format("SQLite"), mine, "µs each", "APScheduler", apscheduler, most=1)
    yield compared(SECTION, _FOUND_AND_RUN.format("SQLite"), mine, "µs each", "huey", huey, most=1)


def _beside_peers_on_postgresql(url: str, ours: Bench) -> Iterator[Figure]:
    with peers.procrastinate(url) as app:
        rounds = [(ours.work() / DUE, peers.run_procrastinate(app, ADDED) / ADDED) for _ in range(3)]
    mine, theirs = (1e6 * median(column) for column in zip(*rounds, strict=True))
    yield compared(SECTION, _FOUND_AND_RUN.format("PostgreSQL"), mine, "µs each", "procrastinate", theirs, most=1)


# --- PostgreSQL, and the worker ------------------------------------------------------------------------------


def _on_postgresql(folder: Path) -> Iterator[Figure]:
    try:
        with ExitStack() as stack:
            yield from _planning_on_postgresql(stack.enter_context(postgresql_url(lasting=True)))
            urls = [stack.enter_context(postgresql_url(lasting=True)) for _ in SIZES]
            stores = [Store(url) for url in urls]
            for store, size in zip(stores, SIZES, strict=True):
                stack.callback(store.close)
                pending.fill(store, size)
            benches = [Bench(store, pending.WORKSPACE) for store in stores]
            yield from _due(benches, "PostgreSQL")
            yield from _beside_peers_on_postgresql(stack.enter_context(postgresql_url(lasting=True)), benches[0])
            less, more = (_memory(folder, url) for url in urls)
            yield compared(SECTION, "memory of a worker, 1 million pending", more, "MB", LESS_PENDING, less, most=1.1)
    except pytest.skip.Exception as reason:
        print(reason)
        yield missing(SECTION, "what is planned and due on PostgreSQL")


def _memory(folder: Path, url: str) -> float:
    with stub(folder) as slack:
        command = [sys.executable, "-m", "tests.bench.worker", url, slack.url]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


# --- a flood under limits ------------------------------------------------------------------------------------


def _paced(folder: Path) -> Iterator[Figure]:
    went = flood(folder, FLOOD)
    what, beside = f"{FLOOD:,} due at once, until all are posted, simulated", f"Slack's {KNOWN} a minute allow"
    yield compared(SECTION, what, went.minutes, "min", beside, went.least, most=1.02)
    yield at_most(SECTION, "429s meanwhile", went.refused, 0)
    less = flood(folder, 6 * LESS, KNOWN - LESS)
    yield told(SECTION, "429s where the limit is lower than known", less.refused)
    yield at_most(SECTION, "calls while a 429 said to wait", went.disobeyed + less.disobeyed, 0)
