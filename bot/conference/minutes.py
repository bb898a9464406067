"""How long each part of a meeting may take."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Topic(StrEnum):
    """A part of the meeting, in the usual order. The student's own parts have the names of `Section`."""

    WELCOME = "welcome"
    LETTER = "letter"
    STRENGTHS = "strengths"
    STRUGGLES = "struggles"
    GOALS = "goals"
    ASKS = "asks"
    COMMITMENTS = "commitments"
    QUESTIONS = "questions"
    THANKS = "thanks"


TABLE: Mapping[int, tuple[int, ...]] = {
    10: (1, 0, 2, 2, 2, 1, 1, 0, 1),
    15: (1, 1, 3, 3, 2, 2, 1, 1, 1),
    20: (1, 1, 4, 3, 3, 4, 2, 1, 1),
    30: (2, 2, 6, 5, 5, 5, 2, 2, 1),
}

# Where minutes beyond a length of the table go first, and which parts a very short meeting keeps longest.
_FIRST = (Topic.ASKS, Topic.GOALS, Topic.STRENGTHS, Topic.STRUGGLES)
_REST = (Topic.LETTER, Topic.QUESTIONS, Topic.COMMITMENTS, Topic.WELCOME, Topic.THANKS)


def allot(minutes: int) -> dict[Topic, int]:
    """Whole minutes for each topic; the sum is `minutes`. A topic with 0 is not held.

    A length between two of the table starts from the lower one, and the rest goes to the asks and the goals first, none
    beyond the next length; below the shortest, minutes are taken from the longest part. ValueError under 1 minute.
    """
    if minutes < 1:
        raise ValueError("a meeting lasts at least one minute")
    lower = max((length for length in TABLE if length <= minutes), default=min(TABLE))
    plan = dict(zip(Topic, TABLE[lower], strict=True))
    for _ in range(lower, minutes):
        plan[_shortest(plan, _limit(lower))] += 1
    for _ in range(minutes, lower):
        plan[_longest(plan)] -= 1
    return plan


def _limit(lower: int) -> Mapping[Topic, int]:
    """The next length of the table; beyond the longest one nothing is limited but what is no work of the student's."""
    above = [length for length in TABLE if length > lower]
    if above:
        return dict(zip(Topic, TABLE[min(above)], strict=True))
    return dict.fromkeys(_FIRST, 10_000)


def _shortest(plan: Mapping[Topic, int], limit: Mapping[Topic, int]) -> Topic:
    """The first in line, among those that have had least on top of the table."""
    open_ = [topic for topic in (*_FIRST, *_REST) if plan[topic] < limit.get(topic, 0)]
    return min(open_, key=lambda topic: (topic in _REST, plan[topic]))


def _longest(plan: Mapping[Topic, int]) -> Topic:
    keep = (*_FIRST[::-1], *_REST)
    return max(keep, key=lambda topic: (plan[topic], keep.index(topic)))
