"""The agenda's time has come: a point in a conference's lane, from which the steps into its channel follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.services.channels import opening
from bot.slack.point import Point
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Sent


class Opener(Point):
    """Carries `opening`."""

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """The channel, those who belong there, and the agenda or its frame."""
        if not isinstance(outcome, Sent):
            return ()
        return opening.opened(
            connection, delivery.workspace, delivery.payload["conference"], f"opening:{delivery.id}", now
        )
