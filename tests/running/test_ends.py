"""SIGTERM, to real processes at work: not ready first, nothing more taken in, nothing lost, nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from bot.app import build
from bot.practice import PracticeWorkspace
from bot.practice.stage import enrol
from bot.school import read_school
from bot.services.speech import Kind, Saying
from bot.settings import Settings
from bot.slack.manifest import manifest
from bot.store import migrate as schema
from bot.store.session import Store
from bot.words import Words
from scheduler.outbox import Draft, Outbox, State
from scheduler.pace import UNLIMITED
from tests.databases import postgresql_url
from tests.running.town import Town, town
from tests.scheduler.fakes import stored

DUE = 50
FIRST = 5
SLOW = 0.25
"""Real seconds that the workspace takes over every call."""
PUT = "put by the test"


def enrolled(there: Town) -> Store:
    """The school loaded, without a process for it; a database that is up to date."""
    store = Store(there.settings["DATABASE_URL"])
    schema.migrate(store)
    school = read_school(there.folder / "school", ("en", "es"))
    enrol(store, there.workspace, school, datetime.now(UTC))
    return store


@pytest.fixture(params=["run", "worker"])
def at_work(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    folder = tmp_path_factory.mktemp("ends")
    with (
        _database(request.param, str(folder)) as url,
        PracticeWorkspace(manifest(), latency=SLOW) as workspace,
        town(workspace, folder, url) as there,
    ):
        yield there, request.param


@contextmanager
def _database(verb: str, folder: str) -> Iterator[str]:
    if verb == "run":
        yield f"sqlite:///{folder}/coach.db"
        return
    with postgresql_url() as url:
        yield url


def put(store: Store, there: Town) -> None:
    """Something to say to many people, all of it due."""
    now = datetime.now(UTC)
    people = [there.workspace.person(f"Somebody {number}", f"U0DUE{number}") for number in range(DUE)]
    drafts = [
        Draft(there.workspace.team_id, Kind.SAY, one.id, PUT, Saying("paused", {"student": one.name}).payload("en"),
              one.id, now)
        for one in people
    ]  # fmt: skip
    with store.write() as connection:
        Outbox("test").put(connection, drafts, now)


def arrived(there: Town) -> Counter[str]:
    """How often each of the many was written to."""
    people = there.workspace.people.values()
    return Counter({one.id: len(one.sees()) for one in people if one.id.startswith("U0DUE")})


def test_a_process_that_is_ended_in_the_middle_of_many_deliveries_loses_none_and_doubles_none(
    at_work: tuple[Town, str], words: Words
) -> None:
    there, verb = at_work
    store = enrolled(there)
    with there.started(f"conference-coach {verb}") as process:
        process.until_ready()
        put(store, there)
        process.until(lambda: sum(arrived(there).values()) >= FIRST)
        assert process.end() == 0
        assert process.lines("calls_not_ended") == []
        ours = [line for line in process.lines("sent") if line["kind"] == Kind.SAY]
    sent = arrived(there)
    assert set(sent.values()) == {0, 1}
    left = {one.state for one in stored(store).values() if one.subject == PUT}
    assert left == {State.SENT, State.SCHEDULED}
    assert len({line["delivery"] for line in ours}) == sum(sent.values())
    _send_the_rest(there, words)
    assert set(arrived(there).values()) == {1}
    assert {one.state for one in stored(store).values() if one.subject == PUT} == {State.SENT}
    store.close()


def _send_the_rest(there: Town, words: Words) -> None:
    """As it is started again, on a better day."""
    there.workspace._latency = 0
    again = build(Settings.read(there.environ), words, limits=UNLIMITED)
    again.dispatcher.run_due()
    again.stop()
