"""Writes down what became of deliveries, many in one transaction, with what follows from them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from scheduler.deliveries import Delivery, Draft
from scheduler.failures import named
from scheduler.outbox import Outbox
from scheduler.outcomes import Refused, Sent, Settlement, Unknown, Unwanted

log = logging.getLogger(__name__)

Transaction = Callable[[], AbstractContextManager[Connection]]


class FollowUp(Protocol):
    """What follows from a delivery that is settled for good."""

    def settled(
        self, connection: Connection, delivery: Delivery, outcome: Sent | Refused | Unwanted, now: datetime
    ) -> Sequence[Draft]:
        """Called in the transaction that settles it; returns what is to be said next."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking for an unknown delivery came to."""

    delivery: Delivery
    found: Sent | Unknown | None


Result = Settlement | Looked


class Settler:
    """Settles results in batches. A follow-up that fails does not undo that its delivery went out."""

    def __init__(
        self, transaction: Transaction, outbox: Outbox, follow_up: FollowUp, clock: Callable[[], datetime]
    ) -> None:
        self._transaction = transaction
        self._outbox = outbox
        self._follow_up = follow_up
        self._clock = clock

    def settle(self, results: Sequence[Result]) -> list[Delivery]:
        """Commit all results, which are of one workspace; returns the deliveries that follow. If the database cannot be
        reached, that is raised."""
        try:
            return self._settle(results, follow=True)
        except (OperationalError, InterfaceError, PoolTimeout):
            raise
        except Exception as error:
            log.error("follow_up_failed deliveries=%s error=%s", [one.delivery.id for one in results], named(error))
        if len(results) == 1:
            return self._settle(results, follow=False)
        return [delivery for result in results for delivery in self.settle([result])]

    def _settle(self, results: Sequence[Result], *, follow: bool) -> list[Delivery]:
        now = self._clock()
        with self._transaction() as connection:
            final = self._write(connection, results, now)
            if not follow:
                return []
            drafts = [
                draft
                for delivery, verdict in final
                for draft in self._follow_up.settled(connection, delivery, verdict, now)
            ]
            return self._outbox.put(connection, drafts, now, claim=True) if drafts else []

    def _write(
        self, connection: Connection, results: Sequence[Result], now: datetime
    ) -> list[tuple[Delivery, Sent | Refused | Unwanted]]:
        settlements = [result for result in results if isinstance(result, Settlement)]
        held = self._outbox.settle(connection, settlements, now) if settlements else []
        final = [(each.delivery, each.verdict) for each in held if isinstance(each.verdict, Sent | Refused | Unwanted)]
        for looked in (result for result in results if isinstance(result, Looked)):
            done = self._outbox.checked(connection, looked.delivery, looked.found, now)
            if done and isinstance(looked.found, Sent):
                final.append((looked.delivery, looked.found))
        return final
