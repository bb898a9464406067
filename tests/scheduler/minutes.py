"""An oracle for time: it looks at a zone's clock minute by minute and knows nothing else.

It only ever turns instants into what a clock shows, never the other way, and counts quiet hours round the dial.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, count
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DIAL = 24 * 60


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive date and time on the zone's clock."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


@lru_cache(maxsize=512)
def latest_shown(first: datetime, length: int, zone: ZoneInfo) -> tuple[datetime, list[datetime]]:
    """For so many minutes from an instant, the latest the zone's clock has shown by each of them."""
    return first, list(accumulate((shown(first + n * MINUTE, zone) for n in range(length)), max))


def first_at(wall: datetime, first: datetime, latest: list[datetime]) -> datetime:
    """The first of these minutes by which the clock has got to that date and time."""
    return first + bisect_left(latest, wall) * MINUTE


def first_reached(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first minute at which the zone's clock shows that date and time, or has come past them."""
    start = datetime.combine(day, time(), UTC) - timedelta(hours=27)  # before that date begins anywhere
    return first_at(datetime.combine(day, clock), *latest_shown(start, 70 * 60, zone))


def is_quiet(clock: time, start: time, end: time) -> bool:
    return (_minute(clock) - _minute(start)) % DIAL < (_minute(end) - _minute(start)) % DIAL


def allowed(instant: datetime, zone: ZoneInfo, is_open: Callable[[date], bool], quiet: tuple[time, time]) -> bool:
    now = shown(instant, zone)
    return is_open(now.date()) and not is_quiet(now.time(), *quiet)


def first_allowed(
    instant: datetime, zone: ZoneInfo, is_open: Callable[[date], bool], quiet: tuple[time, time], days: int = 40
) -> datetime | None:
    """That minute or the first after it at which somebody may be written to."""
    minutes = (instant + n * MINUTE for n in range(days * DIAL))
    return next((minute for minute in minutes if allowed(minute, zone, is_open, quiet)), None)


def moment(
    day: date, clock: time, zone: ZoneInfo, is_open: Callable[[date], bool], quiet: tuple[time, time], last: date
) -> datetime | None:
    """When somebody may be written to who should be at that date and time, looking through the date `last`."""
    wanted = _first_label(day, clock, is_open, quiet, last)
    return None if wanted is None else first_allowed(first_reached(*wanted, zone), zone, is_open, quiet)


def _first_label(
    day: date, clock: time, is_open: Callable[[date], bool], quiet: tuple[time, time], last: date
) -> tuple[date, time] | None:
    """The first date and time, on an ideal clock, that is open, not quiet, and not earlier in the day than is meant."""
    earliest = quiet[1] if is_quiet(clock, *quiet) else clock
    for label in _labels(day, clock):
        if label.date() > last:
            return None
        if label.time() >= earliest and is_open(label.date()) and not is_quiet(label.time(), *quiet):
            return label.date(), label.time()
    return None


def _labels(day: date, clock: time) -> Iterator[datetime]:
    first = datetime.combine(day, clock)
    return (first + n * MINUTE for n in count())


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute
