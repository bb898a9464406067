"""The sample school as it is copied: whatever the day, its conferences are near and it can be loaded."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.practice.sample import STUDENT, moved, packaged
from bot.school import School, parse_school, read_school

LANGUAGES = ("en", "es")
TODAYS = [date(2026, 9, 1), date(2026, 12, 3), date(2027, 7, 17), date(2028, 2, 29), date(2031, 1, 1)]


def copied(today: date) -> School:
    return parse_school({name: text.encode() for name, text in moved(today).items()}, LANGUAGES)


@pytest.mark.parametrize("today", TODAYS, ids=str)
def test_the_first_conferences_are_a_week_or_two_ahead_in_a_term_that_runs(today: date) -> None:
    school = copied(today)
    days = {one.student: one.date for one in school.conferences}
    assert timedelta(7) <= min(days.values()) - today < timedelta(14)
    assert days[STUDENT] == min(days.values())
    (term,) = [one for one in school.terms if one.starts <= today <= one.ends]
    assert {one.term for one in school.conferences} == {term.name}
    assert max(days.values()) <= term.ends


def test_all_else_is_as_it_was_by_whole_weeks() -> None:
    with packaged() as folder:
        was = read_school(folder, LANGUAGES)
    school = copied(date(2027, 7, 17))
    weeks = {now.date - then.date for then, now in zip(was.conferences, school.conferences, strict=True)}
    weeks |= {now.starts - then.starts for then, now in zip(was.terms, school.terms, strict=True)}
    weeks |= {now.ends - then.ends for then, now in zip(was.terms, school.terms, strict=True)}
    weeks |= {now.first - then.first for then, now in zip(was.days, school.days, strict=True)}
    assert weeks == {timedelta(weeks=33)}
    assert (school.people, school.helplines, school.quiet) == (was.people, was.helplines, was.quiet)
    assert [one.name for one in school.terms] == ["Term 1", "Term 2", "Term 3"]
