"""Whom a bot tells what it did, so that it can be counted."""

from __future__ import annotations

from typing import Protocol

from scheduler import watch


class Watch(watch.Watch, Protocol):
    """As the dispatcher's, and told of what Slack refuses for going too fast."""

    def limited(self, method: str) -> None:
        """Slack has answered 429 to this method."""


class Unwatched(watch.Unwatched):
    """Nobody counts."""

    def limited(self, method: str) -> None:
        """Nothing."""
