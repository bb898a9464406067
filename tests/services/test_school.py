"""What goes by the school's facts: its own day, who is told first; and what is let go of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.practice import HandClock
from bot.practice.stage import MONDAY
from bot.services.command import asking
from bot.services.house import House
from bot.services.talk import greeting
from bot.services.talk.hearing import forget_seen
from bot.store.models import Person, SeenEvent
from tests.services.test_together import HERE, house, say

__all__ = ["house"]


@pytest.mark.parametrize(
    ("now", "coming"),
    [
        (datetime(2026, 12, 11, 4, 59, tzinfo=UTC), True),  # still the tenth in New York
        (datetime(2026, 12, 11, 5, 1, tzinfo=UTC), False),
    ],
)
def test_a_conference_is_over_when_its_day_is_over_at_the_school(house: House, now: datetime, coming: bool) -> None:
    assert isinstance(house.clock, HandClock)
    house.clock.set(now)
    answer = asking.command(house, HERE, "UAMAL", "", "command:1")
    dates = [one["date"] for one in answer.saying.context["conferences"] if not one["over"]]
    assert ("2026-12-10" in dates) is coming


def test_the_counselor_a_student_is_told_of_is_the_first_who_can_be_reached(house: House) -> None:
    with house.store.write() as connection:
        names = {row.key: row.name for row in connection.execute(select(Person.key, Person.name))}
        assert greeting.first_counselor(connection, HERE) == names["bell"]
        connection.execute(update(Person).where(Person.key == "bell").values(slack_id=None))
        assert greeting.first_counselor(connection, HERE) == names["ortiz"]


def test_the_ids_of_events_are_let_go_of_after_a_month(house: House) -> None:
    assert isinstance(house.clock, HandClock)
    say(house, "hi", "1.0")
    house.clock.advance(days=20)
    say(house, "hi", "2.0")
    house.clock.set(MONDAY + timedelta(days=31))
    assert forget_seen(house) == 1
    with house.store.read() as connection:
        assert connection.scalars(select(SeenEvent.id)).all() == ["Ev2.0"]
