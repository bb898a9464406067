"""Claims what is due, hands it to a Sender in the order of its lane, settles by the outcome, looks for the unknown."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Protocol

from sqlalchemy import Connection

from scheduler.bell import LaneKey, Ring
from scheduler.deliveries import Delivery, State
from scheduler.failures import named
from scheduler.lane_claim import claim_heads
from scheduler.lanes import Lane, Lanes
from scheduler.outbox import SHORTEST_WAIT, Outbox
from scheduler.outcomes import (
    Later,
    Outcome,
    Postponed,
    Released,
    Sent,
    Settlement,
    TooLate,
    Unknown,
    Unwanted,
    Verdict,
)
from scheduler.pace import NO_WAIT, Pace
from scheduler.settler import FollowUp, Looked, Result, Settler, Transaction
from scheduler.watch import Unwatched, Watch, waited

log = logging.getLogger(__name__)

FIND = "find"
"""What the pace calls looking for a delivery."""

PATIENCE = timedelta(seconds=5)
"""A lane that must wait longer for the pace is given back meanwhile."""

GATHER = 0.02
"""Seconds for which results are gathered before they are settled in one transaction."""

SOON = timedelta(milliseconds=200)
"""After a delivery was put that could not be born claimed, what is due is claimed then."""

AGAIN = timedelta(milliseconds=200)
"""After a database error, settling is tried again then."""

REFUSE_AGAIN = 30.0
"""Seconds after which a delivery is checked again when checking it failed."""

CHECKS = 20
"""Unknown deliveries looked for at one tick, at most."""

BATCH = 200
"""Results settled in one transaction, at most."""


class Sender(FollowUp, Protocol):
    """The way out. Slow calls are made here, never in a transaction."""

    def method(self, delivery: Delivery) -> str:
        """The name of the call it would be sent by: what a rate limit goes by. Must not raise; no I/O."""

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        """Just before sending: a named reason not to send it ever, or not yet; None to send it."""

    def send(self, delivery: Delivery) -> Outcome:
        """One attempt. Must end within half a lease; what it raises counts as Unknown."""

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look whether it arrived; None if it is certain that it is not there."""


class Dispatcher:
    """Sends what the outbox holds: in threads (`start`, `drain`) or in the caller's (`run_due`).

    transaction: gives a connection in a transaction that may write.
    workers: calls at once for one workspace; half as many threads more stand by for the others.
    in_steps: whether a delivery may only begin when all before it in its lane is settled, because it goes by what
        settling that has written down. Others begin as soon as the one before is sent. Must not raise; no I/O.
    ring: tells all processes what was put that is due and in nobody's hands; what they ring comes in by `heard`.
    watch: told what became of each.
    ticked_at: when it last looked in the database for what is due.
    """

    def __init__(
        self,
        transaction: Transaction,
        outbox: Outbox,
        sender: Sender,
        pace: Pace,
        clock: Callable[[], datetime],
        workers: int = 40,
        in_steps: Callable[[Delivery], bool] = lambda _delivery: False,
        ring: Ring = lambda _lanes: None,
        watch: Watch | None = None,
    ) -> None:
        self.ticked_at: datetime | None = None
        self._ring = ring
        self._watch = watch or Unwatched()
        self._transaction = transaction
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._lanes = Lanes(pace, sender.method, outbox.lease, workers, in_steps)
        self._settler = Settler(transaction, outbox, sender, clock)
        self._most = 2 * workers
        self._work: SimpleQueue[Lane | Delivery | None] = SimpleQueue()
        self._inbox: SimpleQueue[_Item] = SimpleQueue()
        self._ticking = threading.Lock()
        self._open = 0
        self._settled = threading.Condition()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._callers = workers + workers // 2

    # --- what others call --------------------------------------------------------------------------------------

    def hand_over(self, deliveries: Sequence[Delivery]) -> None:
        """What a put with `claim` returned, right after its commit: what was born in our hands is sent at once."""
        mine = [delivery for delivery in deliveries if delivery.state is State.SENDING]
        self._take(mine, urgent=True)
        if len(mine) < len(deliveries):
            now = self._clock()
            if waiting := {each.lane for each in deliveries if each.state is not State.SENDING and each.due_at <= now}:
                self._ring(waiting)
            self._inbox.put(_Wake(now + SOON))

    def heard(self, lanes: Collection[LaneKey]) -> None:
        """Something of these lanes was put, here or elsewhere, and is due: claimed as soon as the lane is free. With
        none named, it may be any."""
        now, ours = self._clock(), tuple(lane for lane in lanes if self._outbox.takes(lane[0]))
        if ours:
            self._lanes.remember(ours, now)
            self._inbox.put(_Rung(ours))
        elif not lanes:
            self._inbox.put(_Wake(now))

    def tick(self) -> int:
        """Sweep, expire, claim what is due and queue it, queue looking for the unknown; returns how much was queued."""
        if self._stopping.is_set() or not self._ticking.acquire(blocking=False):
            return 0
        try:
            now = self._clock()
            with self._transaction() as connection:
                claimed, unknown = self._due(connection, now)
            self.ticked_at = now
        finally:
            self._ticking.release()
        self._release(self._lanes.stale(now))
        self._take(claimed, urgent=False)
        self._count(len(unknown))
        for delivery in unknown:
            self._work.put(delivery)
        return len(claimed) + len(unknown)

    def run_due(self) -> int:
        """Do all that is due at clock(), in this thread, until nothing is left; returns how much was done.

        What the pace or a refusal puts off is left for later: move the clock on and run again.
        """
        done = 0
        while True:
            queued = self.tick()
            worked = self._run_queue()
            done += worked
            if not queued and not worked:
                return done

    def start(self) -> None:
        """Start the threads. They are all the threads there will be."""
        targets = [("settler", self._keep), *((f"caller-{n}", self._call) for n in range(self._callers))]
        self._threads = [threading.Thread(target=target, name=name, daemon=True) for name, target in targets]
        for thread in self._threads:
            thread.start()

    def idle(self, timeout: float) -> bool:
        """Wait until all in hand is sent and settled, at most so many seconds; False if it is not."""
        with self._settled:
            return self._settled.wait_for(lambda: self._open == 0, timeout)

    def halt(self) -> None:
        """Claim nothing more and give back what is in hand and not begun; the threads are there until `drain`."""
        self._stopping.set()
        self._release(self._lanes.clear())

    def drain(self, timeout: float) -> bool:
        """Claim nothing more, send what is in hand, give the rest back, stop the threads; at most so many seconds.

        False if some calls had not ended: those will be swept and looked for.
        """
        self._stopping.set()
        if not self._threads:
            self._release(self._lanes.clear())
            self._run_queue()
        clean = self.idle(timeout / 2)
        if not clean:
            self._release(self._lanes.clear())
            clean = self.idle(timeout / 2)
        self._inbox.put(_Stop())
        for _ in self._threads[1:]:
            self._work.put(None)
        for thread in self._threads[: None if clean else 1]:
            thread.join(timeout)
        return clean

    # --- queueing ----------------------------------------------------------------------------------------------

    def _due(self, connection: Connection, now: datetime) -> tuple[list[Delivery], list[Delivery]]:
        self._outbox.sweep(connection, now)
        self._outbox.expire(connection, now)
        unknown = self._outbox.due_for_check(connection, now, CHECKS)
        claimed: list[Delivery] = []
        for workspace in self._outbox.claimable(connection, now):
            room = self._lanes.room(workspace, self._most)
            if room:
                claimed.extend(self._outbox.claim(connection, now, room, workspace))
        return claimed, unknown

    def _claim_rung(self, rung: Collection[LaneKey]) -> None:
        now, free = self._clock(), self._lanes.free(rung)
        if not free or self._stopping.is_set():
            return
        with self._transaction() as connection:
            claimed = claim_heads(connection, free, now, self._outbox.owner, self._outbox.lease)
        self._lanes.remember((delivery.lane for delivery in claimed), now)  # there may be more behind
        self._take(claimed, urgent=True)

    def _take(self, deliveries: Sequence[Delivery], *, urgent: bool) -> None:
        self._count(len(deliveries))
        offered, released = self._lanes.add(deliveries, urgent=urgent)
        self._release(released)
        self._offer(offered)

    def _offer(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            self._work.put(lane)

    def _release(self, deliveries: Iterable[Delivery], until: datetime | None = None) -> None:
        for delivery in deliveries:
            self._inbox.put(Settlement(delivery, Released(until)))

    def _count(self, change: int) -> None:
        with self._settled:
            self._open += change
            if not self._open:
                self._settled.notify_all()

    # --- calling -----------------------------------------------------------------------------------------------

    def _call(self) -> None:
        while (job := self._work.get()) is not None:
            try:
                self._do(job, PATIENCE)
            except Exception as error:  # one bad job must not silence the bot: the sweep finds what it held
                log.error("caller_failed error=%s", named(error))

    def _do(self, job: Lane | Delivery, patience: timedelta) -> None:
        if isinstance(job, Delivery):
            self._inbox.put(Looked(job, self._find(job)))
        else:
            self._turn(job, patience)

    def _turn(self, lane: Lane, patience: timedelta) -> None:
        turn = self._lanes.begin(lane, self._clock(), patience)
        self._offer(turn.offered)
        if turn.delivery is not None:
            self._send_first(lane, turn.delivery)
        elif turn.released:
            self._release(turn.released, turn.again_at)
        elif turn.again_at is not None:
            self._inbox.put(_Wake(turn.again_at, lane))

    def _send_first(self, lane: Lane, delivery: Delivery) -> None:
        verdict = self._attempt(delivery)
        if isinstance(verdict, Later) and verdict.method is not None:
            held = verdict.seconds if verdict.hold is None else min(verdict.hold, verdict.seconds)
            self._lanes.block(delivery, verdict.method, self._clock() + timedelta(seconds=held))
        offered, released = self._lanes.end(lane, passed=not isinstance(verdict, Later | Unknown))
        self._offer(offered)
        self._inbox.put(Settlement(delivery, verdict))
        self._release(released)

    def _attempt(self, delivery: Delivery) -> Verdict:
        now = self._clock()
        if delivery.expires_at is not None and delivery.expires_at <= now:
            return TooLate()
        try:
            refusal = self._sender.refuse(delivery, now)
        except Exception as error:  # nothing was sent yet: it keeps its place and is asked again
            log.error("refuse_failed delivery=%s kind=%s error=%s", delivery.id, delivery.kind, named(error))
            return Later(REFUSE_AGAIN, f"could not be checked: {type(error).__name__}")
        if refusal is not None:
            return Unwanted(refusal) if isinstance(refusal, str) else refusal
        try:
            return self._sender.send(delivery)
        except Exception as error:  # it may have been sent all the same
            log.error("send_failed delivery=%s kind=%s error=%s", delivery.id, delivery.kind, named(error))
            return Unknown(type(error).__name__)

    def _find(self, delivery: Delivery) -> Sent | Unknown | None:
        if self._lanes.wait(delivery.workspace, FIND, self._clock()) > NO_WAIT:
            return Unknown(delivery.reason or "not looked for yet")
        try:
            return self._sender.find(delivery)
        except Exception as error:  # no answer: it stays unknown
            log.error("find_failed delivery=%s kind=%s error=%s", delivery.id, delivery.kind, named(error))
            return Unknown(type(error).__name__)

    # --- settling ----------------------------------------------------------------------------------------------

    def _run_queue(self) -> int:
        done = 0
        while True:
            worked, waiting = self._run_batch(), list(self._waiting())
            done += worked
            if not worked and not waiting:
                return done
            for some in _by_workspace(item for item in waiting if isinstance(item, Settlement | Looked)):
                self._settle(some)

    def _run_batch(self) -> int:
        """As many jobs as are settled in one transaction; how many there were."""
        for done in range(BATCH):
            try:
                job = self._work.get_nowait()
            except Empty:
                return done
            if job is not None:
                self._do(job, NO_WAIT)
        return BATCH

    def _waiting(self) -> Iterator[_Item]:
        for _ in range(BATCH):
            try:
                yield self._inbox.get_nowait()
            except Empty:
                return

    def _settle(self, results: Sequence[Result]) -> None:
        if not results:
            return
        follow = self._settler.settle(results)
        settled = [result for result in results if isinstance(result, Settlement)]
        freed = self._lanes.settled([each.delivery for each in settled], self._clock())
        self._offer(freed.offered)
        self._tell(results)
        self.hand_over(follow)
        if freed.awaited:
            self._inbox.put(_Rung(freed.awaited))
        if freed.more:
            self._inbox.put(_Wake(self._clock()))
        for each in settled:
            if isinstance(each.verdict, Later):
                wait = max(timedelta(seconds=each.verdict.seconds), SHORTEST_WAIT)
                self._inbox.put(_Wake(self._clock() + wait))
        self._count(-len(results))

    def _tell(self, results: Sequence[Result]) -> None:
        now = self._clock()
        for each in results:
            delivery, verdict = each.delivery, each.verdict if isinstance(each, Settlement) else each.found
            if verdict is None:
                continue
            self._watch.settled(delivery, verdict, now)
            if isinstance(verdict, Sent):
                log.info("sent delivery=%s kind=%s attempts=%d waited=%s", delivery.id, delivery.kind,
                         delivery.attempts + 1, round(waited(delivery, now), 3))  # fmt: skip
            elif isinstance(verdict, Unknown):
                log.info("unclear delivery=%s kind=%s reason=%s", delivery.id, delivery.kind, verdict.reason)

    def _keep(self) -> None:
        """The settler's thread: settle what has come in meanwhile, offer lanes whose time has come, tick when asked."""
        keeper = _Keeper()
        while not keeper.stopped or keeper.results:
            try:
                item = self._inbox.get(timeout=keeper.wait(self._clock()))
            except Empty:
                pass
            else:
                keeper.add(item)
                if keeper.results and not self._stopping.is_set():
                    time.sleep(GATHER)
            for each in self._waiting():
                keeper.add(each)
            self._keep_once(keeper)

    def _keep_once(self, keeper: _Keeper) -> None:
        now = self._clock()
        lanes, tick = keeper.due(now)
        self._offer(lanes)
        try:
            for some in _by_workspace(keeper.results):
                self._settle(some)
                keeper.settled(some)
            self._claim_rung(keeper.take_rung())
            if tick:
                self.tick()
        except Exception as error:  # the results stay in hand; what is tried again is the database
            log.warning("settle_failed error=%s results=%d", named(error), len(keeper.results))
            keeper.add(_Wake(now + AGAIN))
            if keeper.stopped:
                keeper.results = []


def _by_workspace(results: Iterable[Result]) -> list[list[Result]]:
    """One transaction is in one workspace, also where it settles."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(result.delivery.workspace, []).append(result)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Wake:
    """To be offered at an instant: a lane, or a tick."""

    at: datetime
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class _Rung:
    """Lanes of which something is to be claimed."""

    lanes: tuple[LaneKey, ...]


class _Stop:
    """The last message to the settler's thread."""


_Item = Result | _Wake | _Rung | _Stop


class _Keeper:
    """What the settler's thread holds: results not yet settled, and who is to be woken when."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.stopped = False
        self._rung: set[LaneKey] = set()
        self._wakes: list[tuple[datetime, int, Lane | None]] = []
        self._number = itertools.count()

    def add(self, item: _Item) -> None:
        if isinstance(item, _Wake):
            heapq.heappush(self._wakes, (item.at, next(self._number), item.lane))
        elif isinstance(item, _Rung):
            self._rung.update(item.lanes)
        elif isinstance(item, _Stop):
            self.stopped = True
        else:
            self.results.append(item)

    def settled(self, some: Sequence[Result]) -> None:
        """Let go of results that are written down."""
        gone = {id(one) for one in some}
        self.results = [one for one in self.results if id(one) not in gone]

    def take_rung(self) -> set[LaneKey]:
        """The lanes that were rung for since the last time."""
        rung, self._rung = self._rung, set()
        return rung

    def wait(self, now: datetime) -> float | None:
        """Seconds until somebody is to be woken; None for as long as it takes."""
        return max(0.0, (self._wakes[0][0] - now).total_seconds()) if self._wakes else None

    def due(self, now: datetime) -> tuple[list[Lane], bool]:
        """The lanes whose time has come, and whether to tick."""
        woken: list[Lane | None] = []
        while self._wakes and self._wakes[0][0] <= now:
            woken.append(heapq.heappop(self._wakes)[2])
        return [lane for lane in woken if lane is not None], None in woken
