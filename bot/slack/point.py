"""A point in a conference's lane: nothing is called there, and what follows from it is known once its turn has come."""

from __future__ import annotations

from scheduler.outbox import Delivery
from scheduler.outcomes import Outcome, Sent

PASSED = Sent("", "")


class Point:
    """The half of a carrier that calls nothing; `settled` is its subclasses'."""

    method = "chat.postMessage"

    def send(self, delivery: Delivery) -> Outcome:
        """Nothing is sent here."""
        return PASSED

    def find(self, delivery: Delivery) -> Sent | None:
        """Nothing can have been lost."""
        return PASSED
