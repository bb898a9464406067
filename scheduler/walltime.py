"""What a clock on the wall shows, and the instant at which it shows it. Pure.

A date and a time of day are kept as people say them, with a zone, and become an instant as late as can be, since zones
change.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MIDNIGHT = time()
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The part of each day in which nobody is written to: from `start` on, and before `end`, on the receiver's clock.

    It may run over midnight (20:00 to 07:00). Equal times mean that no hour is quiet.
    """

    start: time = time(20)
    end: time = time(7)

    def covers(self, clock: time) -> bool:
        """True if a clock that shows this is within the quiet hours."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def leave(self, day: date, clock: time) -> tuple[date, time]:
        """The same date and time, or those at which the quiet hours they are in end."""
        if not self.covers(clock):
            return day, clock
        return (day + DAY if clock >= self.end else day), self.end


USUAL_QUIET = QuietHours()


def resolve(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the zone's clock shows this date and time, or has come past it.

    A time that comes twice is its first; one that does not exist is the first instant after the gap (a whole date can
    be missing: 30 December 2011 in Apia).
    """
    wall = datetime.combine(day, clock.replace(fold=0))
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return instant
    return _after_the_gap(wall, zone)


def week_number(day: date) -> int:
    """A number that the days of one week, Monday to Sunday, have in common (day 1 of the calendar was a Monday)."""
    return (day.toordinal() - 1) // 7


def zone_of(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    """The IANA zone of that name, or `otherwise`: Slack's `tz` may be empty, or newer than our data."""
    try:
        return ZoneInfo(name) if name else otherwise
    except (KeyError, ValueError, OSError):  # unknown; not a name at all; the name of a directory
        return otherwise


def _after_the_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    # PEP 495 reads a missing time with the offset after the gap (fold 1: too early) or before it (fold 0: too late).
    early = _seconds(wall.replace(tzinfo=zone, fold=1).astimezone(UTC))
    late = _seconds(wall.replace(tzinfo=zone, fold=0).astimezone(UTC))
    seconds = range(early, late + 1)
    return _instant(seconds[bisect_left(seconds, wall, key=lambda second: _shown(second, zone))])


def _shown(second: int, zone: ZoneInfo) -> datetime:
    return _instant(second).astimezone(zone).replace(tzinfo=None, fold=0)


def _seconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(seconds=1)


def _instant(second: int) -> datetime:
    return _EPOCH + timedelta(seconds=second)
