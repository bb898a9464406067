"""What else keeps jobs for later: each is given jobs, and runs those that are due. As they come, with their defaults.

Where a default would lose jobs (APScheduler drops what is a second late, and what comes all at once), it is set so that
none is.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from huey import SqliteHuey  # type: ignore[import-untyped]
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from sqlalchemy import make_url

PAYLOAD: Mapping[str, Any] = {
    "step": "evidence", "message": "nudge_evidence", "flow": "evidence", "receiver": "student", "person": 17,
    "student": 17, "conference": 17, "slot": "2026-W47",
}  # fmt: skip
_LATER = timedelta(days=30)
_ran = itertools.count()
_all_ran = threading.Event()
_wanted = 0


def nothing(**_payload: Any) -> None:
    """The job; the last one that is waited for says so."""
    if next(_ran) + 1 >= _wanted:
        _all_ran.set()


def _expect(jobs: int) -> None:
    global _ran, _wanted
    _ran, _wanted = itertools.count(), jobs
    _all_ran.clear()


@contextmanager
def apscheduler(folder: Path) -> Iterator[BackgroundScheduler]:
    """APScheduler with its job store in a SQLite file, paused."""
    stores = {"default": SQLAlchemyJobStore(f"sqlite:///{folder / 'apscheduler.db'}")}
    scheduler = BackgroundScheduler(jobstores=stores, timezone=UTC, job_defaults={"misfire_grace_time": None})
    scheduler.start(paused=True)
    try:
        yield scheduler
    finally:
        scheduler.shutdown()


def add_to_apscheduler(scheduler: BackgroundScheduler, jobs: int, due: datetime | None = None) -> float:
    """Seconds it takes to add them."""
    at = due or datetime.now(UTC) + _LATER
    begun = time.perf_counter()
    for _ in range(jobs):
        scheduler.add_job(nothing, "date", run_date=at, kwargs=dict(PAYLOAD))
    return time.perf_counter() - begun


def run_apscheduler(scheduler: BackgroundScheduler, jobs: int) -> float:
    """Seconds until so many jobs that are due have run and are out of the store."""
    scheduler.remove_all_jobs()
    add_to_apscheduler(scheduler, jobs, datetime.now(UTC) - timedelta(seconds=1))
    _expect(jobs)
    begun = time.perf_counter()
    scheduler.resume()
    assert _all_ran.wait(60)
    while scheduler.get_jobs():
        time.sleep(0.001)
    spent = time.perf_counter() - begun
    scheduler.pause()
    return spent


@contextmanager
def huey(folder: Path) -> Iterator[SqliteHuey]:
    """huey in a SQLite file."""
    queue = SqliteHuey(filename=str(folder / "huey.db"))
    queue.task(name="nothing")(nothing)
    try:
        yield queue
    finally:
        queue.storage.close()


def run_huey(queue: SqliteHuey, jobs: int) -> float:
    """Seconds to find so many jobs that are due, and run them one after the other, as its consumer does."""
    (task,) = (one for name, one in queue._registry._registry.items() if name.endswith("nothing"))
    now = datetime.now(UTC).replace(tzinfo=None)
    for _ in range(jobs):
        queue.add_schedule(task(kwargs=dict(PAYLOAD), eta=now))
    _expect(jobs)
    begun = time.perf_counter()
    for one in queue.read_schedule(now + timedelta(seconds=1)):
        queue.enqueue(one)
    while (one := queue.dequeue()) is not None:
        queue.execute(one)
    spent = time.perf_counter() - begun
    assert _all_ran.is_set()
    return spent


@dataclass(frozen=True)
class Procrastinate:
    """procrastinate, open to be given jobs; `conninfo`: where its worker finds them."""

    app: App
    conninfo: str


@contextmanager
def procrastinate(url: str) -> Iterator[Procrastinate]:
    """procrastinate with its tables in a PostgreSQL database."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=SyncPsycopgConnector(conninfo=plain))
    app.task(name="nothing")(nothing)
    with app.open():
        app.schema_manager.apply_schema()
        yield Procrastinate(app, plain)


def add_to_procrastinate(there: Procrastinate, jobs: int, due: datetime | None = None, batch: int = 1_000) -> float:
    """Seconds it takes to add them, in batches."""
    task = there.app.tasks["nothing"].configure(schedule_at=due or datetime.now(UTC) + _LATER)
    begun = time.perf_counter()
    for start in range(0, jobs, batch):
        task.batch_defer(*(dict(PAYLOAD) for _ in range(min(batch, jobs - start))))
    return time.perf_counter() - begun


def run_procrastinate(there: Procrastinate, jobs: int) -> float:
    """Seconds until so many jobs that are due have run, by a worker that ends when none is left."""
    add_to_procrastinate(there, jobs, datetime.now(UTC) - timedelta(seconds=1))
    _expect(jobs)
    begun = time.perf_counter()
    with there.app.replace_connector(PsycopgConnector(conninfo=there.conninfo)) as app:
        app.run_worker(wait=False, install_signal_handlers=False, listen_notify=False)
    spent = time.perf_counter() - begun
    assert _all_ran.is_set()
    return spent
