"""School years, from the terms a school has loaded. Pure.

A school year is a run of terms with less than 45 days between one and the next: the winter holidays do not end it, the
summer does. It ends with its last term's end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

SUMMER = timedelta(days=45)
"""So long a gap between two terms, or longer, lies between two school years."""


@dataclass(frozen=True, slots=True)
class Year:
    """A school year, from its first day to its last."""

    starts: date
    ends: date


def years(terms: Iterable[tuple[date, date]]) -> list[Year]:
    """The school years of these terms (first day, last day), oldest first."""
    found: list[Year] = []
    for starts, ends in sorted(terms):
        if found and starts - found[-1].ends < SUMMER:
            found[-1] = Year(found[-1].starts, max(found[-1].ends, ends))
        else:
            found.append(Year(starts, ends))
    return found


def over(terms: Iterable[tuple[date, date]], keep_days: int, today: date) -> date | None:
    """The last day of the newest school year that ended more than so many days ago; None where there is none yet."""
    past = [year.ends for year in years(terms) if year.ends + timedelta(days=keep_days) < today]
    return max(past, default=None)
