"""A sender that keeps what it was given and answers as it is told, and a clock that is set by hand."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select

from bot.store.models import SeenEvent
from bot.store.session import Store
from scheduler.deliveries import Delivery, Draft, State, deliveries, from_row
from scheduler.outcomes import Later, Outcome, Postponed, Refused, Sent, Unknown, Unwanted

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


class Hands:
    """A clock that moves only by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class FakeSender:
    """Takes all, unless `answers` has other answers for a name; `channel` is where things have arrived."""

    def __init__(self) -> None:
        self.arrived: list[Delivery] = []
        self.tried: list[str] = []
        self.answers: dict[str, list[Outcome | Exception]] = {}
        self.refusals: dict[str, str | Postponed | Exception] = {}
        self.follow: dict[str, list[Draft]] = {}
        self.looked: list[str] = []
        self.cannot_look = False
        self.arrives_although: set[str] = set()
        self.before_sending: Callable[[Delivery], object] = lambda delivery: None
        self.after_sending: Callable[[Delivery], object] = lambda delivery: None
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        return [name(each) for each in self.arrived]

    def method(self, delivery: Delivery) -> str:
        return "post"

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        refusal = self.refusals.get(name(delivery))
        if isinstance(refusal, Exception):
            raise refusal
        return refusal

    def send(self, delivery: Delivery) -> Outcome:
        self.before_sending(delivery)
        outcome = self._take(delivery)
        self.after_sending(delivery)
        return outcome

    def _take(self, delivery: Delivery) -> Outcome:
        with self._lock:
            self.tried.append(name(delivery))
            answers = self.answers.get(name(delivery))
            answer = answers.pop(0) if answers else None
            if answer is None or name(delivery) in self.arrives_although:
                self.arrived.append(delivery)
            if isinstance(answer, Exception):
                raise answer
            return answer or Sent(delivery.recipient, f"{len(self.arrived)}.0")

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        self.looked.append(name(delivery))
        if self.cannot_look:
            return Unknown("no answer")
        there = any(each.id == delivery.id for each in self.arrived)
        return Sent(delivery.recipient, "9.9") if there else None

    def settled(
        self, connection: Connection, delivery: Delivery, outcome: Sent | Refused | Unwanted, now: datetime
    ) -> Sequence[Draft]:
        connection.execute(insert(SeenEvent).values(workspace="follow", id=delivery.id, at=now))
        return self.follow.get(name(delivery), [])


def draft(
    name: str,
    recipient: str = "Noor",
    *,
    workspace: str = "T1",
    due: datetime = NOON,
    subject: str = "conference-1",
    expires: datetime | None = None,
) -> Draft:
    """A draft told apart by its name, which is its dedupe_key."""
    return Draft(workspace, "say", recipient, subject, {"name": name}, name, due, expires)


def name(delivery: Delivery) -> str:
    return delivery.dedupe_key


def stored(store: Store) -> dict[str, Delivery]:
    """Every row, by name."""
    with store.read() as connection:
        rows = connection.execute(select(*deliveries.c).order_by(deliveries.c.seq))
        return {row.dedupe_key: from_row(row) for row in rows}


def states(store: Store) -> dict[str, State]:
    return {key: each.state for key, each in stored(store).items()}


__all__ = ["NOON", "FakeSender", "Hands", "Later", "draft", "name", "states", "stored"]
