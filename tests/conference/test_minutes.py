from __future__ import annotations

import pytest

from bot.conference.minutes import Topic, allot


@pytest.mark.parametrize(
    ("minutes", "wanted"),
    [
        (10, (1, 0, 2, 2, 2, 1, 1, 0, 1)),
        (15, (1, 1, 3, 3, 2, 2, 1, 1, 1)),
        (20, (1, 1, 4, 3, 3, 4, 2, 1, 1)),
        (30, (2, 2, 6, 5, 5, 5, 2, 2, 1)),
    ],
)
def test_the_usual_lengths_have_the_minutes_of_the_plan(minutes: int, wanted: tuple[int, ...]) -> None:
    assert tuple(allot(minutes).values()) == wanted


@pytest.mark.parametrize("minutes", range(1, 121))
def test_the_minutes_add_up_to_the_length_of_the_meeting(minutes: int) -> None:
    plan = allot(minutes)
    assert sum(plan.values()) == minutes
    assert min(plan.values()) >= 0


@pytest.mark.parametrize("minutes", range(10, 120))
def test_a_longer_meeting_takes_time_from_nothing(minutes: int) -> None:
    shorter, longer = allot(minutes), allot(minutes + 1)
    assert all(longer[topic] >= shorter[topic] for topic in Topic)


def test_time_between_two_lengths_goes_to_asks_and_goals_before_the_welcome() -> None:
    plan, lower = allot(25), allot(20)
    assert plan[Topic.ASKS] > lower[Topic.ASKS]
    assert plan[Topic.GOALS] > lower[Topic.GOALS]
    assert plan[Topic.WELCOME] == lower[Topic.WELCOME]


@pytest.mark.parametrize("minutes", [0, -5])
def test_a_meeting_without_time_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="at least one minute"):
        allot(minutes)
