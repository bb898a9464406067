"""What this process has in hand, in lanes: one at a time in each, in order. No I/O, no SQL.

A lane is a workspace and a recipient. It is *offered* when a caller may work on it: its first delivery is here with all
that goes before it, and no other caller is at it. When one fails, all behind it are given back, and so are those that
were put behind it and arrive afterwards: they say so in `behind`.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from scheduler.deliveries import Delivery
from scheduler.pace import NO_WAIT, Pace

Claim = tuple[int, int]
LaneKey = tuple[str, str]


class _Fate(Enum):
    HERE = auto()
    PASSED = auto()
    SETTLED = auto()
    FAILED = auto()


@dataclass(slots=True, eq=False)
class Lane:
    """One lane's deliveries in hand. `offered`: a caller has it or will. `calling`: its first is being sent."""

    workspace: str
    recipient: str
    queue: deque[Delivery] = field(default_factory=deque)
    urgent: bool = False
    offered: bool = False
    calling: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """What a caller does with a lane that was offered: send, come back, or nothing.

    `released` is to be given back, not to be claimed before `again_at` if there is one; `offered` are other lanes.
    """

    delivery: Delivery | None = None
    again_at: datetime | None = None
    released: tuple[Delivery, ...] = ()
    offered: tuple[Lane, ...] = ()


@dataclass(frozen=True, slots=True)
class Freed:
    """What a commit has freed.

    offered: lanes that waited for it here. awaited: lanes now out of hand of which something waits to be claimed.
    more: there may be room to claim more of what nobody waits for.
    """

    offered: tuple[Lane, ...] = ()
    awaited: tuple[LaneKey, ...] = ()
    more: bool = False


class Lanes:
    """All lanes of this process. Safe to use from any thread.

    at_once: calls at once for one workspace, so that a slow one leaves callers to the others.
    lease: of the outbox. A call begins in the first half of it or not at all.
    method: the name of the call a delivery is sent by, for the pace.
    in_steps: whether a delivery may only begin when all before it in its lane is settled, not merely sent.
    """

    def __init__(
        self,
        pace: Pace,
        method: Callable[[Delivery], str],
        lease: timedelta,
        at_once: int,
        in_steps: Callable[[Delivery], bool],
    ) -> None:
        self._pace = pace
        self._in_steps = in_steps
        self._method = method
        self._lease = lease
        self._at_once = at_once
        self._lock = threading.Lock()
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._fates: dict[Claim, _Fate] = {}
        self._finished: deque[tuple[datetime, Claim]] = deque()
        self._calls: Counter[str] = Counter()
        self._queueing: dict[str, deque[Lane]] = {}
        self._held: Counter[LaneKey] = Counter()
        self._rung: dict[LaneKey, datetime] = {}
        self._bulk: Counter[str] = Counter()
        self._bulk_claims: set[Claim] = set()

    def add(self, deliveries: Iterable[Delivery], *, urgent: bool) -> tuple[list[Lane], list[Delivery]]:
        """Take deliveries in hand; returns the lanes to offer, and what must be given back at once."""
        offered: list[Lane] = []
        released: list[Delivery] = []
        with self._lock:
            for delivery in deliveries:
                self._held[delivery.lane] += 1
                lane = self._place(delivery, urgent)
                if lane is None:
                    released.append(delivery)
                elif not lane.offered and self._complete(lane):
                    lane.offered = True
                    offered.append(lane)
        return offered, released

    def _place(self, delivery: Delivery, urgent: bool) -> Lane | None:
        if any(self._fates.get(claim) is _Fate.FAILED for claim in delivery.behind):
            self._fates[delivery.claim] = _Fate.FAILED
            return None
        self._fates[delivery.claim] = _Fate.HERE
        lane = self._lanes.get(delivery.lane)
        if lane is None:
            lane = self._lanes[delivery.lane] = Lane(*delivery.lane)
        _insert(lane.queue, delivery)
        lane.urgent = lane.urgent or urgent
        if not urgent:
            self._bulk[delivery.workspace] += 1
            self._bulk_claims.add(delivery.claim)
        return lane

    def _complete(self, lane: Lane) -> bool:
        """Whether the first can be tried: all that goes before it was here, and is settled if it needs that."""
        if not lane.queue:
            return False
        fates = [self._fates.get(claim) for claim in lane.queue[0].behind]
        if None in fates:
            return False
        return _Fate.PASSED not in fates or not self._in_steps(lane.queue[0])

    def begin(self, lane: Lane, now: datetime, patience: timedelta) -> Turn:
        """A caller comes to a lane. Waiting longer than `patience` for the pace is not done with it in hand."""
        with self._lock:
            if not lane.queue:
                return Turn(offered=self._next(lane.workspace))
            if self._calls[lane.workspace] >= self._at_once:
                self._queueing.setdefault(lane.workspace, deque()).append(lane)
                return Turn()
            delivery = lane.queue[0]
            if self._too_old(delivery, now):
                return Turn(released=self._fail(lane), offered=self._next(lane.workspace))
            wait = self._pace.ask(lane.workspace, self._method(delivery), lane.recipient, now, urgent=lane.urgent)
            if wait > NO_WAIT:
                released = self._fail(lane) if wait > patience else ()
                return Turn(again_at=now + wait, released=released, offered=self._next(lane.workspace))
            self._calls[lane.workspace] += 1
            lane.calling = True
            return Turn(delivery=delivery)

    def end(self, lane: Lane, *, passed: bool) -> tuple[tuple[Lane, ...], tuple[Delivery, ...]]:
        """The call for the lane's first delivery is over; returns the lanes to offer and what must be given back.

        passed: the lane may go on. If not, all that is behind it is given back.
        """
        with self._lock:
            delivery = lane.queue.popleft()
            lane.calling = False
            self._fates[delivery.claim] = _Fate.PASSED if passed else _Fate.FAILED
            self._calls[lane.workspace] -= 1
            offered = self._next(lane.workspace)
            released = () if passed else self._fail(lane)
            if self._complete(lane):
                return (*offered, lane), released
            self._rest(lane)
            return offered, released

    def _next(self, workspace: str) -> tuple[Lane, ...]:
        waiting = self._queueing.get(workspace)
        return (waiting.popleft(),) if waiting and self._calls[workspace] < self._at_once else ()

    def settled(self, deliveries: Iterable[Delivery], now: datetime) -> Freed:
        """What became of these is committed: they are out of hand, and their fate is remembered for a lease."""
        offered: list[Lane] = []
        awaited: list[LaneKey] = []
        more = False
        with self._lock:
            for delivery in deliveries:
                self._finished.append((now, delivery.claim))
                if self._fates.get(delivery.claim) is _Fate.PASSED:
                    self._fates[delivery.claim] = _Fate.SETTLED
                lane = self._lanes.get(delivery.lane)
                if lane is not None and not lane.offered and self._complete(lane):
                    lane.offered = True
                    offered.append(lane)
                if self._let_go(delivery.lane) and self._rung.pop(delivery.lane, None) is not None:
                    awaited.append(delivery.lane)
                if delivery.claim in self._bulk_claims:
                    self._bulk_claims.discard(delivery.claim)
                    self._bulk[delivery.workspace] -= 1
                    more = True
        return Freed(tuple(offered), tuple(awaited), more)

    def _let_go(self, lane: LaneKey) -> bool:
        """One of the lane is out of hand; True if it was the last."""
        self._held[lane] -= 1
        if self._held[lane] > 0:
            return False
        del self._held[lane]
        return True

    def remember(self, lanes: Iterable[LaneKey], now: datetime) -> None:
        """Something of these lanes waits to be claimed: `settled` says when they are out of hand, within a lease."""
        with self._lock:
            self._rung.update(dict.fromkeys(lanes, now))

    def free(self, lanes: Iterable[LaneKey]) -> list[LaneKey]:
        """Those of which nothing is in hand here."""
        with self._lock:
            return [lane for lane in lanes if lane not in self._held]

    def stale(self, now: datetime) -> list[Delivery]:
        """Give back what has waited half a lease for one before it that never came; forget fates after a lease."""
        with self._lock:
            while self._finished and self._finished[0][0] + self._lease < now:
                self._fates.pop(self._finished.popleft()[1], None)
            self._rung = {lane: at for lane, at in self._rung.items() if at + self._lease >= now}
            waiting = [lane for lane in self._lanes.values() if not lane.offered]
            old = [lane for lane in waiting if lane.queue and self._too_old(lane.queue[0], now)]
            return [delivery for lane in old for delivery in self._fail(lane)]

    def clear(self) -> list[Delivery]:
        """Give back all for which no call has begun."""
        with self._lock:
            return [each for lane in list(self._lanes.values()) for each in self._fail(lane)]

    def room(self, workspace: str, most: int) -> int:
        """How many more that nobody waits for may be claimed, to have at most `most` in hand."""
        with self._lock:
            return max(0, most - self._bulk[workspace])

    def block(self, delivery: Delivery, method: str, until: datetime) -> None:
        """A rate limit stopped this method in the delivery's workspace."""
        with self._lock:
            self._pace.block(delivery.workspace, method, until)

    def wait(self, workspace: str, method: str, now: datetime) -> timedelta:
        """Zero if a call that is no delivery may be made now (it is counted), or how long to wait."""
        with self._lock:
            return self._pace.ask(workspace, method, f"({method})", now)

    def _too_old(self, delivery: Delivery, now: datetime) -> bool:
        return delivery.lease_until is None or delivery.lease_until - now < self._lease / 2

    def _fail(self, lane: Lane) -> tuple[Delivery, ...]:
        """Take all out of a lane but what is being sent."""
        first = lane.queue.popleft() if lane.calling else None
        released = tuple(lane.queue)
        lane.queue.clear()
        for delivery in released:
            self._fates[delivery.claim] = _Fate.FAILED
        if first is None:
            self._rest(lane)
        else:
            lane.queue.append(first)
        return released

    def _rest(self, lane: Lane) -> None:
        lane.offered = False
        key = (lane.workspace, lane.recipient)
        if not lane.queue and self._lanes.get(key) is lane:
            del self._lanes[key]


def _insert(queue: deque[Delivery], delivery: Delivery) -> None:
    """At the end, or before the first that was put behind it and came sooner."""
    for place, other in enumerate(queue):
        if delivery.claim in other.behind:
            queue.insert(place, delivery)
            return
    queue.append(delivery)
