"""The sample school as it would be today: one student's conference is near, and the school is open just now.

In a browser time is real. So the packaged school's dates move to around today, every day is a school day, and its quiet
hours are those farthest from the present: what is said, and the first nudges, go out whatever the hour.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.practice.sample import STUDENT, near, packaged
from bot.school import QuietHours, School, Term, read_school
from scheduler.tables import Weekday

OTHERS = timedelta(days=28)
"""The others' conferences are so much later than hers: no nudge of theirs goes out now, and the page stays easy to look
through."""

BEGUN, LASTS, HOLIDAYS = timedelta(weeks=4), timedelta(weeks=12), timedelta(weeks=1)
"""Of the term: how long ago it began, how long it is, and how long it is until the next."""

_EVERY_DAY = frozenset(range(7))
_QUIET_FOR = timedelta(minutes=1)
_HALF_A_DAY = timedelta(hours=12)


def school_near(now: datetime, languages: Collection[str]) -> School:
    """The packaged sample school, with a week or two to go before the student's conference."""
    with packaged() as folder:
        school = read_school(folder, languages)
    here = now.astimezone(ZoneInfo(school.time_zone))
    terms = _terms(school, here.date())
    was = next(one.date for one in school.conferences if one.student == STUDENT)
    day = near(was, here.date())
    conferences = tuple(
        replace(one, term=terms[0].name, date=day + (one.date - was) + _later(one.student))
        for one in school.conferences
    )
    return replace(
        school, terms=terms, conferences=conferences, days=(), week=_EVERY_DAY, quiet=_quiet(here),
        cadence=_cadence(here.date(), day),
    )  # fmt: skip


def _later(student: str) -> timedelta:
    return timedelta(0) if student == STUDENT else OTHERS


def _terms(school: School, today: date) -> tuple[Term, ...]:
    """Those of the school, one after the other, the first of them running."""
    begin, terms = today - BEGUN, list[Term]()
    for term in school.terms:
        terms.append(replace(term, starts=begin, ends=begin + LASTS))
        begin += LASTS + HOLIDAYS
    return tuple(terms)


def _quiet(here: datetime) -> QuietHours:
    """Half a day from now, as short as it can be said."""
    begin = here.replace(tzinfo=None) + _HALF_A_DAY
    return QuietHours(_clock(begin), _clock(begin + _QUIET_FOR))


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _cadence(today: date, day: date) -> str:
    """What differs from the packaged cadence: some of it comes as today begins, and what is weekly for students not."""
    days = list(Weekday)
    weekday, tomorrow = days[today.weekday()], days[(today.weekday() + 1) % len(days)]
    ahead = f"days = -{(day - today).days}"
    today_at_once = {
        "advisor_digest": f'weekday = "{weekday}"',
        "coordinator_digest": f'weekday = "{weekday}"',
        "family_welcome": ahead,
        "next_step": ahead,
        "ideas": ahead,
    }
    return "\n".join(
        [
            *(f'[nudge.{name}]\n{day}\nat = "00:00"' for name, day in today_at_once.items()),
            *(f'[nudge.{name}]\nweekday = "{tomorrow}"' for name in ("evidence", "check_in")),
        ]
    )


def loaded_at(school: School, now: datetime) -> datetime:
    """When the school came to be known: as today began there. What was due before that is not made up for."""
    here = now.astimezone(ZoneInfo(school.time_zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
