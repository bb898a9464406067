"""A restored copy is being looked over and the process is killed (SIGKILL), at any of its steps: the next one ends it.

Until the very last the copy bears its mark, so that no bot starts on what is half done.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, make_url, select, text

from bot.services.leaving import ledger
from bot.services.leaving.ledger import Entry
from bot.store.models import Alert, Conversation, Copied, Person
from bot.store.session import Store
from bot.words import Words
from scheduler.deliveries import State
from tests.databases import create_tables, postgresql_url, sqlite_store
from tests.scheduler.fakes import stored
from tests.slack.afterwards import around
from tests.stages import Student
from tests.trust.copied import marks

PLACES = 12
"""Steps at which it dies, on each database, spread over them all; the last of all is among them."""
LATER = timedelta(days=4)


@dataclass(frozen=True)
class Copy:
    """A copy as a restore leaves it, and when it is looked over."""

    store: Store
    ledger: Path
    now: datetime


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    folder = tmp_path_factory.mktemp("copy")
    if request.param == "sqlite":
        store = sqlite_store(request.getfixturevalue("sqlite_template"), folder / "copy.db")
        yield played(store, folder)
        store.close()
        return
    with postgresql_url() as url:
        store = Store(url)
        create_tables(store)
        yield played(store, folder)
        store.close()


def played(store: Store, folder: Path) -> Copy:
    """A quarter that waits, a conversation, an open alert, and somebody who was erased after the copy was taken."""
    with around(store, Words.load(), folder / "school", ("noor", "theo", "mina")) as stage:
        stage.plan()
        noor = Student(stage)
        noor.arrive()
        noor.tap("Start")
        noor.say("I want to die")
        taken, workspace = stage.clock(), stage.workspace.team_id
    with store.write() as connection:
        connection.execute(insert(Copied).values(at=taken))
    ledger.append(folder / "erasures", Entry(workspace, ledger.digest(workspace, "theo"), taken + timedelta(hours=1)))
    return Copy(store, folder / "erasures", taken + LATER)


@contextmanager
def another(copy: Copy, path: Path) -> Iterator[Store]:
    """The same once more, in a database of its own."""
    url = copy.store.engine.url
    copy.store.close()
    if copy.store.sqlite:
        shutil.copy(url.database or "", path)
        store = Store(f"sqlite:///{path}")
        yield store
        store.close()
        path.unlink()
        return
    name = f"{url.database}_again"
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    try:
        store = Store(make_url(url).set(database=name).render_as_string(hide_password=False))
        yield store
        store.close()
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


class Restorer:
    """The process that does it, or dies."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.crash.restorer"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def restore(self, copy: Copy, store: Store, die_at: int | None = None) -> int | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        url = store.engine.url.render_as_string(hide_password=False)
        order = {"url": url, "ledger": str(copy.ledger), "now": copy.now.isoformat(), "die_at": die_at}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        steps: int | None = json.loads(self._process.stdout.readline())
        return steps

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def restorer() -> Iterator[Restorer]:
    restorer = Restorer()
    yield restorer
    restorer.close()


def outcome(store: Store) -> dict[str, object]:
    """What must be the same, however often it was begun."""
    with store.read() as connection:
        connection.execution_options(every_workspace=True)
        people = sorted(connection.scalars(select(Person.key)))
        talks = connection.execute(select(Conversation.flow, Conversation.status, Conversation.prompt_delivery)).all()
        alerts = len(connection.scalars(select(Alert.id)).all())
        connection.execution_options(every_workspace=False)
    found = {key: (one.state, one.reason, one.wanted, one.due_at) for key, one in stored(store).items()}
    return {"people": people, "talks": [*map(tuple, talks)], "alerts": alerts, "found": found, "marks": marks(store)}


def test_whatever_kills_it_the_next_one_ends_it(copy: Copy, restorer: Restorer, tmp_path: Path) -> None:
    with another(copy, tmp_path / "whole.db") as store:
        steps = restorer.restore(copy, store)
        assert steps is not None
        wanted = outcome(store)
    assert (wanted["marks"], "theo" in str(wanted["people"]), wanted["alerts"]) == ([], False, 1)
    assert State.CANCELLED in str(wanted["found"])
    places = sorted({*range(0, steps, max(1, steps // PLACES)), steps - 1})
    for place in places:
        with another(copy, tmp_path / f"{place}.db") as store:
            assert restorer.restore(copy, store, place) is None
            assert len(marks(store)) == 1, f"killed at step {place} of {steps}, it takes itself for no copy"
            assert restorer.restore(copy, store) is not None
            assert outcome(store) == wanted, f"killed at step {place} of {steps}"
