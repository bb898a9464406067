"""The time in the practice workspace: the real one, or one set by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def real_time() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 of an aware datetime, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


class HandClock:
    """A clock that stands still until it is moved; call it for the time."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("The time needs a zone: give an aware datetime.")
        self._now = now

    def __call__(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Go to this (aware) moment."""
        if now.tzinfo is None:
            raise ValueError("The time needs a zone: give an aware datetime.")
        self._now = now

    def advance(self, seconds: float = 0, **parts: float) -> datetime:
        """Move on by seconds and any other parts of a timedelta (minutes=, hours=, days=); the new time."""
        self._now += timedelta(seconds=seconds, **parts)
        return self._now
