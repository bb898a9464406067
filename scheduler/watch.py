"""Whom a dispatcher tells what it did, so that it can be counted."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from scheduler.deliveries import Delivery
from scheduler.outcomes import Verdict


class Watch(Protocol):
    """Told from the dispatcher's own threads: must neither raise nor take long."""

    def settled(self, delivery: Delivery, verdict: Verdict, now: datetime) -> None:
        """It is written down what became of a holding of a delivery."""


class Unwatched:
    """Nobody counts."""

    def settled(self, delivery: Delivery, verdict: Verdict, now: datetime) -> None:
        """Nothing."""


def waited(delivery: Delivery, now: datetime) -> float:
    """Seconds since a delivery could have gone out: since it was due, or was put if that was later."""
    return max(0.0, (now - max(delivery.due_at, delivery.created_at)).total_seconds())
