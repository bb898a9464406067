"""Ten thousand due at once under a workspace's limits, in simulated time: how long they take, and every 429."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event

from bot.practice.clock import HandClock
from bot.practice.limits import Limits as Workspace
from bot.store.session import Store
from scheduler.deliveries import Delivery, Draft
from scheduler.dispatcher import PATIENCE, Dispatcher, _Keeper
from scheduler.outbox import Outbox
from scheduler.outcomes import Later, Outcome, Sent
from scheduler.pace import Limits, Pace
from tests.bench.due import Nothing
from tests.bench.peers import PAYLOAD
from tests.bench.pending import START
from tests.databases import create_tables

KNOWN = 300
"""Posts a minute, as the bot is told."""

POST = "chat.postMessage"


@dataclass
class Poster(Nothing):
    """Posts into the practice workspace; notes each refusal, and each call made although it was told to wait."""

    workspace: Workspace
    clock: HandClock
    refused: int = 0
    disobeyed: int = 0
    last: datetime = START
    _until: datetime = field(default=START)

    def send(self, delivery: Delivery) -> Outcome:
        now = self.clock()
        self.disobeyed += now < self._until
        wait = self.workspace.wait(POST, "special", delivery.recipient, now)
        if wait:
            self.refused += 1
            self._until = now + timedelta(seconds=wait)
            return Later(wait, "ratelimited", POST)
        self.sent, self.last = self.sent + 1, now
        return Sent(delivery.recipient, "1")


class Simulated(Dispatcher):
    """The dispatcher's threads as one, on a clock that goes on to the next moment at which there is something to do."""

    def run(self, clock: HandClock) -> None:
        """Until nothing is left."""
        keeper = _Keeper()
        self.tick()
        while True:
            while self._run_batch_of(keeper):
                pass
            if keeper.results:
                self._settle(keeper.results)
                keeper.results = []
                continue
            if not self._on_to_the_next(keeper, clock):
                return

    def _run_batch_of(self, keeper: _Keeper) -> bool:
        for item in self._waiting():
            keeper.add(item)
        if self._work.empty():
            return False
        job = self._work.get_nowait()
        if job is not None:
            self._do(job, PATIENCE)
        return True

    def _on_to_the_next(self, keeper: _Keeper, clock: HandClock) -> bool:
        wait = keeper.wait(clock())
        if wait is None:
            return bool(self.tick())
        clock.advance(wait)
        lanes, tick = keeper.due(clock())
        self._offer(lanes)
        if tick:
            self.tick()
        return True


@dataclass(frozen=True)
class Flood:
    """How it went: minutes until the last was posted, the least the limits allow, 429s, and those not obeyed."""

    minutes: float
    least: int
    refused: int
    disobeyed: int


def flood(folder: Path, count: int, allowed: int = KNOWN) -> Flood:
    """Post so many to as many people. `allowed`: what the workspace takes a minute, if it is less than is known."""
    store = Store(f"sqlite:///{folder / f'pacing-{allowed}.db'}")
    event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    create_tables(store)
    clock, outbox = HandClock(START), Outbox("bench")
    poster = Poster(Workspace(enabled=True, posts_per_minute=allowed), clock)
    pace = Pace(Limits(per_minute=KNOWN, share=1, burst=1))
    drafts = [Draft("T1", "nudge", f"D{n}", "all", PAYLOAD, f"due:{n}", START) for n in range(count)]
    with store.write() as connection:
        outbox.replan_many(connection, "T1", {"due:": drafts}, START)
    Simulated(store.write, outbox, poster, pace, clock).run(clock)
    store.close()
    assert poster.sent == count
    least = (count - 1) // allowed  # whole minutes: the last window may be used up as soon as it opens
    return Flood((poster.last - START) / timedelta(minutes=1), least, poster.refused, poster.disobeyed)
