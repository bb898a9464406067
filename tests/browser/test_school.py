"""The sample school of the browser: whatever the hour, it is open, and her conference is near."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from bot.practice.browser.school import loaded_at, school_near
from bot.practice.sample import STUDENT
from bot.school import School
from bot.services.nudges.days import calendar_of
from bot.services.nudges.quarter import quarter_of
from bot.services.roster.load import load_school
from bot.services.roster.members import Member, match_members
from scheduler.calendar import Audience
from tests.databases import sqlite_store

TEAM = "T1"
SUNDAY_NIGHT = datetime(2026, 11, 23, 4, 59, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 24, 17, 0, 30, tzinfo=UTC)
CLOCKS_CHANGE = datetime(2027, 3, 14, 7, 30, tzinfo=UTC)
SUMMER = datetime(2027, 7, 17, 16, 0, tzinfo=UTC)
MOMENTS = [SUNDAY_NIGHT, MIDNIGHT, NOON, CLOCKS_CHANGE, SUMMER]


def loaded(connection: Connection, now: datetime) -> School:
    school = school_near(now, ("en", "es"))
    load_school(connection, TEAM, school, loaded_at(school, now))
    people = [Member(f"U{one.key.upper()}", one.email, school.time_zone) for one in school.people if one.email]
    match_members(connection, TEAM, people)
    return school


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%m-%d %H%M}")
def test_whatever_the_hour_the_first_nudges_go_out_now(sqlite_template: Path, tmp_path: Path, now: datetime) -> None:
    store = sqlite_store(sqlite_template, tmp_path / "coach.db")
    with store.write() as connection:
        loaded(connection, now)
        calendar = calendar_of(connection, TEAM)
        quarter = quarter_of(connection, TEAM, now)
    store.close()
    assert calendar.from_now(now, calendar.zone, Audience.STUDENTS) == now
    due = [each for each in quarter.planned.due if each.due_at <= now]
    assert {each.step for each in due} == {
        "next_step", "ideas", "family_welcome", "advisor_digest", "coordinator_digest",
    }  # fmt: skip
    hers = {str(one.id) for one in quarter.people.values() if one.key == STUDENT}
    assert {each.subject for each in due if each.subject.isdecimal()} == hers


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%m-%d %H%M}")
def test_her_conference_is_a_week_or_two_ahead_on_its_own_weekday(now: datetime) -> None:
    school = school_near(now, ("en", "es"))
    today = now.astimezone(ZoneInfo(school.time_zone)).date()
    days = {one.student: one.date for one in school.conferences}
    assert timedelta(7) <= days[STUDENT] - today < timedelta(14)
    assert f"{days[STUDENT]:%a}" == "Thu"
    assert all(day - today > timedelta(28) for student, day in days.items() if student != STUDENT)
    assert all(school.terms[0].starts <= day <= school.terms[0].ends for day in days.values())
