from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.conference.answers import Given, Setting, Spot
from bot.conference.readiness import Status, readiness

NOW = datetime(2026, 12, 1, 16, tzinfo=UTC)
FLOWS = ("letter", "strengths", "goals")


@pytest.mark.parametrize(
    ("approved", "days_since_heard", "status"),
    [
        (False, None, Status.NEW),
        (False, 0, Status.ON_THE_WAY),
        (False, 6, Status.ON_THE_WAY),
        (False, 7, Status.QUIET),
        (False, 30, Status.QUIET),
        (True, 30, Status.READY),
        (True, 0, Status.READY),
    ],
)
def test_where_a_student_stands(approved: bool, days_since_heard: int | None, status: Status) -> None:
    heard = None if days_since_heard is None else NOW - timedelta(days=days_since_heard)
    assert readiness(FLOWS, (), {}, {}, approved=approved, last_heard=heard, now=NOW).status is status


def test_only_the_flows_to_go_through_are_counted() -> None:
    found = readiness(FLOWS, {"letter", "gratitude"}, {}, {}, approved=False, last_heard=NOW, now=NOW)
    assert (found.done, found.total) == (1, 3)


def test_thin_answers_are_flagged_for_a_conversation_but_not_those_a_counselor_reads() -> None:
    thin, alarmed, fine = Spot("goals", "wish"), Spot("goals", "was"), Spot("goals", "am")
    answers = {spot: Given(*spot, text="do better") for spot in (thin, fine)} | {alarmed: Given(*alarmed, alarm="look")}
    settings = {
        thin: Setting(develop="vague_goal"),
        alarmed: Setting(develop="empty"),
        Spot("gone", "x"): Setting(develop="empty"),
    }
    found = readiness(FLOWS, (), answers, settings, approved=False, last_heard=NOW, now=NOW)
    assert found.develop == ((thin, "vague_goal"),)
    assert found.flags == 1
