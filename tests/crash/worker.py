"""A process that sends what is due to a folder instead of Slack, until nothing is left. Beside others, on PostgreSQL.

Run as `python -m tests.crash.worker URL NAME FOLDER LEASE SETTLE_AFTER`. It writes a dot for each delivery it sends.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot.store.session import Store
from scheduler import clock
from scheduler.clock import Clock
from scheduler.deliveries import Delivery, Draft, deliveries
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox
from scheduler.outcomes import Sent
from scheduler.pace import UNLIMITED, Pace

CALLERS = 6
TICK = timedelta(seconds=0.2)
LOOK = 0.05
"""Seconds between two looks whether all is done."""
PATIENCE = 20.0


class Folder:
    """Takes every delivery: a line for each in a file of this process's own; all files of the folder are looked in."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def method(self, _delivery: Delivery) -> str:
        return "post"

    def refuse(self, _delivery: Delivery, _now: datetime) -> None:
        return None

    def send(self, delivery: Delivery) -> Sent:
        line = f"{time.monotonic_ns()} {delivery.recipient} {delivery.dedupe_key}\n"
        os.write(self._file, line.encode())
        os.write(sys.stdout.fileno(), b".")
        return Sent(delivery.recipient, delivery.dedupe_key)

    def find(self, delivery: Delivery) -> Sent | None:
        there = any(f" {delivery.dedupe_key}\n" in file.read_text() for file in self._folder.iterdir())
        return Sent(delivery.recipient, delivery.dedupe_key) if there else None

    def settled(self, *_: object) -> Sequence[Draft]:
        return ()


def main(url: str, name: str, folder: str, lease: str, settle_after: str) -> None:
    """Work until there is nothing left to be done."""
    logging.basicConfig(level=logging.ERROR)
    clock.TICK = TICK
    store, sender = Store(url), Folder(Path(folder), name)
    outbox = Outbox(name, timedelta(seconds=float(lease)), timedelta(seconds=float(settle_after)))
    dispatcher = Dispatcher(store.write, outbox, sender, Pace(UNLIMITED), _now, CALLERS)
    ticker = Clock(dispatcher, outbox, store.write, _now)
    ticker.start()
    while _left(store):
        threading.Event().wait(LOOK)
    sys.exit(0 if ticker.stop(PATIENCE) else 1)


def _left(store: Store) -> bool:
    unsettled = select(func.count()).where(deliveries.c.settled_at.is_(None))
    try:
        with store.read() as connection:
            return bool(connection.scalar(unsettled))
    except DBAPIError:  # the database is away
        return True


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main(*sys.argv[1:])
