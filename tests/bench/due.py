"""What is due, found and settled, through a sender that does nothing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from datetime import datetime
from statistics import median

from sqlalchemy import Connection

from bot.practice.clock import HandClock
from bot.store.session import Store
from scheduler.deliveries import Delivery, Draft
from scheduler.dispatcher import Dispatcher
from scheduler.outbox import Outbox
from scheduler.outcomes import Outcome, Postponed, Refused, Sent, Unknown, Unwanted
from scheduler.pace import UNLIMITED, Pace
from tests.bench.peers import PAYLOAD
from tests.bench.pending import START

DUE = 1_000
_number = itertools.count()


class Nothing:
    """A sender that takes everything and does nothing."""

    sent = 0

    def method(self, delivery: Delivery) -> str:
        return "chat.postMessage"

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        return None

    def send(self, delivery: Delivery) -> Outcome:
        self.sent += 1
        return Sent("D", "1")

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        return None

    def settled(
        self, connection: Connection, delivery: Delivery, outcome: Sent | Refused | Unwanted, now: datetime
    ) -> Sequence[Draft]:
        return ()


class Bench:
    """One database with its outbox and dispatcher."""

    def __init__(self, store: Store, workspace: str) -> None:
        self.store, self.workspace = store, workspace
        self.outbox, self.sender = Outbox("bench"), Nothing()
        self.dispatcher = Dispatcher(store.write, self.outbox, self.sender, Pace(UNLIMITED), HandClock(START))

    def idle_tick(self, count: int = 60) -> float:
        """Seconds a tick takes that finds nothing due; the median of so many."""
        spent = []
        for _ in range(count):
            begun = time.perf_counter()
            assert self.dispatcher.tick() == 0
            spent.append(time.perf_counter() - begun)
        return median(spent)

    def put(self) -> None:
        """A thousand that are due, to as many recipients."""
        batch = next(_number)
        drafts = [
            Draft(self.workspace, "nudge", f"D{n}", f"person:due{n}", PAYLOAD, f"due:{batch}:{n}", START)
            for n in range(DUE)
        ]
        with self.store.write() as connection:
            added = self.outbox.replan_many(connection, self.workspace, {f"due:{batch}:": drafts}, START).added
        assert added == DUE

    def work(self) -> float:
        """Seconds until a thousand that are due have been claimed, sent and settled."""
        self.put()
        before = self.sender.sent
        begun = time.perf_counter()
        self.dispatcher.run_due()
        spent = time.perf_counter() - begun
        assert self.sender.sent == before + DUE
        return spent
