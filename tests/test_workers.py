"""Workers as real processes on PostgreSQL: each delivery once, a lane in its order, an end in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.practice import PracticeWorkspace
from bot.practice.stage import enrol
from bot.school import read_school
from bot.services.speech import Kind, Saying
from bot.slack.manifest import manifest
from bot.store import migrate as schema
from bot.store.alone import only_scheduler
from bot.store.session import Store
from scheduler.bell import Bell
from scheduler.intake import Intake, hand_on
from scheduler.outbox import Draft, State
from tests.databases import postgresql_url
from tests.scheduler.fakes import stored
from tests.stages import school

EACH = 5
PUT = "put by the test"
"""The subject of what the test puts: the worker plans nudges of its own."""
WAIT = 60.0
"""Seconds after which a worker that has not come as far has failed the test."""


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Yard:
    """A school on PostgreSQL, its Slack, and workers."""

    store: Store
    workspace: PracticeWorkspace
    url: str
    log: Path

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """One more, working; ended by SIGTERM, and in good order."""
        environ = {**os.environ, **self.workspace.environment, "DATABASE_URL": self.url}
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", "from bot.cli.main import main; main()", "worker"]
            process = subprocess.Popen(command, env=environ, stderr=log)
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT) == 0, self.log.read_text()
        finally:
            process.kill()
            process.wait()

    def take_in(self, key: str, recipient: str) -> None:
        """As a process does that only takes in."""
        payload = Saying("paused", {"student": key}).payload("en")
        draft = Draft(self.workspace.team_id, Kind.SAY, recipient, PUT, payload, key, now())
        with self.store.write() as connection:
            put = Intake("web").put(connection, [draft], now(), claim=True)
        hand_on(Bell(self.store.engine).ring, put, now())

    def until(self, what: str) -> None:
        """Wait for a line in the workers' log."""
        self._wait(lambda: what in self.log.read_text())

    def until_all_sent(self) -> None:
        self._wait(lambda: {each.state for each in stored(self.store).values() if each.subject == PUT} == {State.SENT})

    def _wait(self, there: object) -> None:
        last = time.monotonic() + WAIT
        while not there():  # type: ignore[operator]
            assert time.monotonic() < last, self.log.read_text()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("yard")
    with postgresql_url() as url, PracticeWorkspace(manifest()) as workspace:
        described = read_school(school(folder / "school"), ("en", "es"))
        for person in described.people:
            if person.email:
                workspace.person(person.name, f"U{person.key.upper()}", person.email)
        store = Store(url)
        schema.migrate(store)
        enrol(store, workspace, described, now())
        log = folder / "log"
        log.touch()
        yield Yard(store, workspace, url, log)
        store.close()


def test_two_workers_send_each_delivery_once_and_keep_the_order_of_a_lane(yard: Yard) -> None:
    people = [one.id for one in yard.workspace.people.values()][:4]
    with yard.worker(), yard.worker():
        yard.until("working workspace=")
        for number in range(EACH):
            for person in people:
                yard.take_in(f"{person} {number}", person)
        yard.until_all_sent()
    for person in people:
        texts = [message.text for message in yard.workspace.people[person].sees() if f"{person} " in message.text]
        assert [text.partition(person)[2][:2] for text in texts] == [f" {number}" for number in range(EACH)]


def test_a_worker_beside_another_on_sqlite_is_refused_with_a_remedy(yard: Yard, tmp_path: Path) -> None:
    environ = {**yard.workspace.environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'coach.db'}"}
    result = CliRunner().invoke(main, ["worker"], env=environ)
    assert result.exit_code == 1
    assert "A worker needs PostgreSQL" in result.stderr
    assert "DATABASE_URL" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_beside_another_on_one_sqlite_file_is_refused_before_it_touches_it(yard: Yard, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'coach.db'}"
    with only_scheduler(url):
        result = CliRunner().invoke(main, ["run"], env={**yard.workspace.environment, "DATABASE_URL": url})
    assert result.exit_code == 1
    assert "Another process already sends from this database" in result.stderr
    assert not (tmp_path / "coach.db").exists()
