"""Several processes send from one PostgreSQL database: each delivery goes once, also when the database falls over."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func
from sqlalchemy import select as choose

from bot.store.session import Store
from scheduler.outbox import Draft, Outbox, State, deliveries
from tests.crash.bots import _ROOT
from tests.crash.server import own_server
from tests.databases import create_tables, postgresql_url

NIGHTLY = bool(os.environ.get("NIGHTLY"))
DUE = 10_000 if NIGHTLY else 2_000
IN_LANE = 5
PATIENCE = 60.0
"""Real seconds after which workers that send nothing have failed the test."""


@dataclass(frozen=True)
class Sent:
    """What arrived in one worker's file: when (by the machine's clock), in which lane, which number."""

    at: int
    lane: str
    number: int


class Crew:
    """Worker processes on a database, and the folder they send to."""

    def __init__(self, store: Store, folder: Path, *, lease: float = 60, settle_after: float = 10) -> None:
        self.store = store
        self._folder = folder
        self._times = str(lease), str(settle_after)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._heard, self._said = os.pipe()

    def start(self, number: int) -> None:
        """So many of them."""
        url = self.store.engine.url.render_as_string(hide_password=False)
        for name in (f"worker-{n}" for n in range(number)):
            order = [sys.executable, "-m", "tests.crash.worker", url, name, str(self._folder), *self._times]
            self._workers.append(subprocess.Popen(order, cwd=_ROOT, stdout=self._said))
        os.close(self._said)

    def until_sent(self, number: int) -> None:
        """Wait until so many more have been sent."""
        while number > 0 and (dots := self._hear(number)):
            number -= len(dots)

    def finish(self) -> list[list[Sent]]:
        """Wait until the workers have ended, each well; what each of them sent."""
        while self._hear(65_536):
            pass
        os.close(self._heard)
        assert [worker.wait(PATIENCE) for worker in self._workers] == [0] * len(self._workers)
        return [[_read(line) for line in file.read_text().splitlines()] for file in sorted(self._folder.iterdir())]

    def _hear(self, most: int) -> bytes:
        assert select.select([self._heard], [], [], PATIENCE)[0], "the workers are stuck"
        return os.read(self._heard, most)

    def stop(self) -> None:
        """Kill those that are left."""
        for worker in self._workers:
            worker.kill()
            worker.wait()


def _read(line: str) -> Sent:
    at, lane, number = line.split()
    return Sent(int(at), lane, int(number))


def put(store: Store, number: int) -> None:
    """So many deliveries, all due, five in a lane."""
    now = datetime.now(UTC)
    drafts = [Draft("T1", "say", f"R{n // IN_LANE}", "s", {}, str(n), now) for n in range(number)]
    with store.write() as connection:
        Outbox("test").put(connection, drafts, now)


def states(store: Store) -> dict[str, int]:
    table = deliveries.c
    with store.read() as connection:
        rows = connection.execute(choose(table.state, func.count().label("number")).group_by(table.state))
        return {row.state: row.number for row in rows}


def in_order(sent: list[Sent]) -> bool:
    lanes: dict[str, list[int]] = {}
    for each in sorted(sent, key=lambda one: one.at):
        lanes.setdefault(each.lane, []).append(each.number)
    return all(numbers == sorted(numbers) for numbers in lanes.values())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sent"
    made.mkdir()
    return made


@pytest.fixture
def empty_store() -> Iterator[Store]:
    with postgresql_url() as url:
        store = Store(url)
        create_tables(store)
        yield store
        store.close()


@pytest.mark.parametrize("number", [2, 4])
def test_however_many_workers_send_each_delivery_goes_once_and_in_order(
    empty_store: Store, folder: Path, number: int
) -> None:
    put(empty_store, DUE)
    crew = Crew(empty_store, folder)
    try:
        crew.start(number)
        by_worker = crew.finish()
    finally:
        crew.stop()
    sent = [each for one in by_worker for each in one]
    assert sorted(each.number for each in sent) == list(range(DUE))
    assert in_order(sent)
    assert states(empty_store) == {State.SENT: DUE}
    assert len(by_worker) == number
    assert all(by_worker)


def test_a_database_knocked_over_while_two_workers_send_loses_nothing_and_doubles_nothing(folder: Path) -> None:
    with own_server() as server:
        store = Store(server.url)
        create_tables(store)
        put(store, DUE)
        crew = Crew(store, folder, lease=6, settle_after=0.5)
        try:
            crew.start(2)
            for _ in range(2):
                crew.until_sent(DUE // 4)
                server.knock_over()
            sent = [each for one in crew.finish() for each in one]
        finally:
            crew.stop()
        store.engine.dispose()
        twice = {number for number, count in Counter(each.number for each in sent).items() if count > 1}
        lost = set(range(DUE)) - {each.number for each in sent}
        assert (lost, twice) == (set(), set())
        assert states(store) == {State.SENT: DUE}
        assert in_order(sent)
        store.close()
