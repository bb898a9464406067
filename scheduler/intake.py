"""A process that only takes in: what it puts is sent by workers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from scheduler.bell import Ring
from scheduler.deliveries import Delivery, Draft
from scheduler.outbox import Outbox


class Intake(Outbox):
    """The outbox without hands: nothing is ever born claimed."""

    def put(
        self, connection: Connection, drafts: Sequence[Draft], now: datetime, *, claim: bool = False
    ) -> list[Delivery]:
        """As the outbox does, only that all is born scheduled."""
        return super().put(connection, drafts, now, claim=False)


def hand_on(ring: Ring, deliveries: Sequence[Delivery], now: datetime) -> None:
    """After the commit of a put: have the workers claim what is due of it."""
    due = {delivery.lane for delivery in deliveries if delivery.due_at <= now}
    if due:
        ring(due)
