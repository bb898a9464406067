"""The agenda's time has come: a point in a conference's lane, from which the steps into its channel follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.services.channels import opening
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Sent


class Opener:
    """Carries `opening`. It calls nothing itself."""

    method = "chat.postMessage"

    def send(self, delivery: Delivery) -> Outcome:
        """Nothing is sent here."""
        return Sent("", "")

    def find(self, delivery: Delivery) -> Sent | None:
        """Nothing can have been lost."""
        return Sent("", "")

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """The channel, those who belong there, and the agenda or its frame."""
        if not isinstance(outcome, Sent):
            return ()
        return opening.opened(
            connection, delivery.workspace, delivery.payload["conference"], f"opening:{delivery.id}", now
        )
