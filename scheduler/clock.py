"""What comes round: APScheduler only ticks, out of memory; what is to be done stands in the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.base import BaseExecutor, run_job  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from scheduler.bell import Bell
from scheduler.dispatcher import Dispatcher
from scheduler.once import once
from scheduler.outbox import Outbox
from scheduler.settler import Transaction

TICK = timedelta(seconds=2)
PURGE = timedelta(hours=1)
KEPT = timedelta(days=400)
"""Settled deliveries, and with them their dedupe_keys, are kept for more than a school year."""


class Clock:
    """Starts and stops the dispatcher and the recurring jobs.

    alone: no other process uses the database (SQLite), so what an earlier one had in hand is unknown from the start.
    kept: how long settled deliveries are kept.
    bell: what other processes ring; None where there are none.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        outbox: Outbox,
        transaction: Transaction,
        clock: Callable[[], datetime],
        *,
        alone: bool = False,
        kept: timedelta = KEPT,
        bell: Bell | None = None,
    ) -> None:
        self._bell = bell
        self._dispatcher = dispatcher
        self._outbox = outbox
        self._transaction = transaction
        self._clock = clock
        self._alone = alone
        self._kept = kept
        self._hands = Hands()
        self._jobs = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            executors={"default": self._hands},
        )

    def every(self, interval: timedelta, job: Callable[[], object], *, at_once: bool = False) -> None:
        """Add a job; however late, it runs once and not beside itself. `at_once`: for the first time at the start."""
        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._jobs.add_job(job, "interval", seconds=interval.total_seconds(), **first)

    def start(self) -> None:
        """Start the dispatcher's threads and the jobs."""
        if self._alone:
            with self._transaction() as connection:
                self._outbox.recover(connection, self._clock())
        self._dispatcher.start()
        if self._bell is not None:
            self._bell.start(self._dispatcher.heard)
        self.every(TICK, self._dispatcher.tick)
        self.every(PURGE, self.purge)
        self._jobs.start()

    def purge(self) -> int:
        """Erase what was settled long ago, unless another process is at it; returns how many."""
        with self._transaction() as connection:
            if not once(connection, "purge"):
                return 0
            return self._outbox.purge(connection, self._clock() - self._kept)

    def stop(self, timeout: float) -> bool:
        """Stop the jobs, then drain the dispatcher, in so many seconds; False if calls had not ended.

        A job that goes on for half of that is left to itself: it is a thread that ends with the process, and its
        transaction is rolled back.
        """
        until = time.monotonic() + timeout
        if self._jobs.running:
            self._jobs.shutdown(wait=False)
            self._hands.rest(timeout / 2)
        if self._bell is not None:
            self._bell.stop(self._dispatcher.heard)
        return self._dispatcher.drain(max(0.0, until - time.monotonic()))


class Hands(BaseExecutor):  # type: ignore[misc]
    """Runs each job in a thread that does not keep the process from ending, as those of a pool would."""

    def __init__(self) -> None:
        super().__init__()
        self._at_work = 0
        self._rested = threading.Condition()

    def rest(self, timeout: float) -> bool:
        """Wait until no job is at work, at most so many seconds; False if one still is."""
        with self._rested:
            return self._rested.wait_for(lambda: not self._at_work, timeout)

    def _do_submit_job(self, job: Any, run_times: Sequence[datetime]) -> None:
        with self._rested:
            self._at_work += 1
        threading.Thread(target=self._run, args=(job, run_times), name="job", daemon=True).start()

    def _run(self, job: Any, run_times: Sequence[datetime]) -> None:
        try:
            events = run_job(job, job._jobstore_alias, run_times, self._logger.name)
        except BaseException as error:
            self._run_job_error(job.id, error, error.__traceback__)
        else:
            self._run_job_success(job.id, events)
        finally:
            with self._rested:
                self._at_work -= 1
                self._rested.notify_all()
