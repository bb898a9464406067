"""Bringing events to the bot: in order or not, once or twice, and again if it does not take them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.practice import payloads
from bot.practice.clock import microseconds
from bot.practice.message import Json
from bot.practice.targets import Ack, Delivery, Sort, Target

if TYPE_CHECKING:
    from bot.practice.workspace import PracticeWorkspace

RETRY_AFTER = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
"""When an event comes again that was not acknowledged: now, after a minute, after five."""


@dataclass(frozen=True)
class Delivered:
    """A delivery that was tried, and what came of it."""

    delivery: Delivery
    ack: Ack


class Events:
    """The way to the bot. `log` keeps every attempt; `duplicate` brings every event twice."""

    def __init__(self, workspace: PracticeWorkspace) -> None:
        self._workspace = workspace
        self.target: Target | None = None
        self.duplicate = False
        self.log: list[Delivered] = []
        self._held: list[Delivery] | None = None
        self._again: list[tuple[datetime, Delivery]] = []
        self._queue: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._queued = 0
        self._courier: threading.Thread | None = None

    def emit(self, name: str, event: Json, *, later: bool = False) -> None:
        """Bring an event, if the manifest subscribes to `name`. `later`: by the courier, not in this thread."""
        if not self._workspace.manifest.hears(name):
            return
        delivery = Delivery(Sort.EVENT, self._envelope(event))
        if later:
            self._hand_over(delivery)
        elif self._held is not None:
            self._held.append(delivery)
        else:
            self._bring_event(delivery)

    def bring(self, delivery: Delivery) -> Ack:
        """Bring anything, once, now; interactions and commands are never repeated."""
        target = self.target or self._workspace.sockets
        ack = target.deliver(delivery)
        with self._workspace.changing:
            self.log.append(Delivered(delivery, ack))
            self._workspace.changing.notify_all()
        return ack

    def hold(self) -> None:
        """Keep back the events people cause until `release`."""
        self._held = []

    def release(self, order: Sequence[int] | Callable[[int], Sequence[int]] | None = None) -> None:
        """Bring what was held, in this order of places: as held if None; a callable gets how many there are."""
        held, self._held = self._held or [], None
        places = range(len(held)) if order is None else order(len(held)) if callable(order) else order
        for place in places:
            self._bring_event(held[place])

    def retry(self, *, now: bool = False) -> int:
        """Bring again what is due by the workspace's clock, or everything with `now=True`; how many were."""
        with self._workspace.changing:
            time = self._workspace.now()
            due = [delivery for at, delivery in self._again if now or at <= time]
            self._again = [(at, delivery) for at, delivery in self._again if not (now or at <= time)]
        for delivery in due:
            self._attempt(delivery)
        return len(due)

    def settle(self, timeout: float = 10) -> bool:
        """Wait until the courier has brought all it was given."""
        return self._workspace.wait_until(lambda: self._queued == 0, timeout)

    def close(self) -> None:
        """Let the courier go, after what it still has in hand."""
        if self._courier is not None:
            self._queue.put(None)
            self._courier.join(timeout=5)

    def _bring_event(self, delivery: Delivery) -> None:
        self._attempt(delivery)
        if self.duplicate:
            self._attempt(replace(delivery, attempt=1, reason="http_timeout"))

    def _attempt(self, delivery: Delivery) -> None:
        ack = self.bring(delivery)
        if ack.ok or ack.no_retry or delivery.attempt >= len(RETRY_AFTER):
            return
        wait = RETRY_AFTER[delivery.attempt]
        again = replace(delivery, attempt=delivery.attempt + 1, reason=ack.reason)
        if not wait:
            self._attempt(again)
            return
        with self._workspace.changing:
            self._again.append((self._workspace.now() + wait, again))

    def _envelope(self, event: Json) -> Json:
        workspace = self._workspace
        moment = microseconds(workspace.now()) // 1_000_000
        return payloads.envelope(event, workspace.new_id("Ev"), moment, workspace.identity)

    def _hand_over(self, delivery: Delivery) -> None:
        with self._workspace.changing:
            self._queued += 1
            if self._courier is None:
                self._courier = threading.Thread(target=self._carry, name="practice-courier", daemon=True)
                self._courier.start()
        self._queue.put(delivery)

    def _carry(self) -> None:
        while (delivery := self._queue.get()) is not None:
            try:
                self._bring_event(delivery)
            finally:
                with self._workspace.changing:
                    self._queued -= 1
                    self._workspace.changing.notify_all()
