"""A digest, sorted: who wants something, who is silent, and nobody twice for the same silence."""

from __future__ import annotations

from typing import Any

import pytest

from bot.conference.digest import ASKS, LATE, NAMES, Student, Thin, counts, digest, digest_context
from bot.conference.readiness import Status

COMING = {"date": "2026-12-10", "time": "17:30"}


def student(number: int, status: Status = Status.ON_THE_WAY, **more: Any) -> Student:
    return Student(number, f"Student {number}", status, **{**COMING, **more})


def names(shown: Any) -> list[str]:
    return [one["name"] for one in shown]


def test_a_group_in_which_all_are_on_their_way_is_calm() -> None:
    found = digest([student(1), student(2, Status.READY), student(3, Status.NEW)])
    assert found.calm
    assert digest_context(found, before=False)["calm"]


@pytest.mark.parametrize(
    "needs",
    [
        {"asks": ("getting started",)},
        {"thin": (Thin("Goals", "do better"),)},
        {"status": Status.QUIET},
        {"status": Status.NEW, "near": True},
        {"on_slack": False},
        {"status": Status.QUIET, "stopped": True},
    ],
    ids=lambda needs: next(iter(needs)),
)
def test_one_need_of_one_student_is_not_calm(needs: dict[str, Any]) -> None:
    status = needs.pop("status", Status.ON_THE_WAY)
    assert not digest([student(1, status, **needs)]).calm


def test_whoever_comes_first_stands_first() -> None:
    last = student(1, Status.QUIET, date="2026-12-11")
    first = student(2, Status.QUIET, time="08:00")
    undated = student(3, Status.QUIET, date="", time="")
    assert digest([undated, last, student(4, Status.QUIET), first]).quiet == (
        first,
        student(4, Status.QUIET),
        last,
        undated,
    )


def test_a_student_whose_reminders_stopped_is_not_nudged_and_named_once() -> None:
    found = digest([student(1, Status.QUIET, stopped=True), student(2, Status.QUIET)])
    assert [one.id for one in found.stopped] == [1]
    assert [one.id for one in found.quiet] == [2]
    assert [one.id for one in found.silent] == [2]


def test_who_wants_no_reminders_is_named_and_not_nudged() -> None:
    found = digest([student(1, Status.QUIET, reminders=False)])
    assert [one.id for one in found.quiet] == [1]
    assert found.silent == ()


def test_who_has_no_account_is_never_nudged() -> None:
    found = digest([student(1, Status.QUIET, on_slack=False), student(2, Status.NEW, near=True, on_slack=False)])
    assert [one.id for one in found.beside] == [1, 2]
    assert found.silent == ()


def test_not_having_begun_matters_once_the_conference_is_near() -> None:
    found = digest([student(1, Status.NEW), student(2, Status.NEW, near=True)])
    assert [one.id for one in found.waiting] == [2]


def test_nothing_is_wanted_of_who_had_their_conference() -> None:
    over = student(1, Status.MET, asks=("x",), thin=(Thin("Goals"),), on_slack=False, stopped=True)
    assert digest([over]).calm
    assert counts([over]) == {"ready": 0, "on_the_way": 0, "quiet": 0, "new": 0, "met": 1, "total": 1}


def test_an_ask_of_a_ready_student_still_waits_for_ideas() -> None:
    assert names(digest_context(digest([student(1, Status.READY, asks=("x",))]), before=False)["asks"]) == ["Student 1"]


def test_the_first_ask_stands_for_the_others_and_a_goal_before_other_thin_answers() -> None:
    one = student(1, asks=("first", "second"), thin=(Thin("Strengths"), Thin("Goals", "do better")))
    context = digest_context(digest([one]), before=False)
    assert context["asks"] == [{"name": "Student 1", "words": "first", "more": 1}]
    assert context["thin"] == [{"name": "Student 1", "part": "Goals", "goal": "do better", "more": 1}]


def test_a_large_group_is_condensed_and_says_how_many_more_there_are() -> None:
    many = [student(n, Status.QUIET, asks=("x",), thin=(Thin("Goals"),)) for n in range(120)]
    context = digest_context(digest(many), before=False)
    assert (len(context["asks"]), context["asks_more"]) == (ASKS, 120 - ASKS)
    assert (len(context["quiet_ones"]["names"]), context["quiet_ones"]["more"]) == (NAMES, 120 - NAMES)
    late = digest_context(digest(many), before=True)
    assert (sum(len(day["students"]) for day in late["late"]), late["late_more"]) == (LATE, 120 - LATE)


def test_before_the_conferences_whoever_is_not_ready_stands_by_day_and_nowhere_else() -> None:
    group = [student(1, Status.QUIET), student(2, Status.READY), student(3, date="2026-12-11", time="08:00")]
    context = digest_context(digest(group), before=True)
    assert [(day["date"], names(day["students"])) for day in context["late"]] == [
        ("2026-12-10", ["Student 1"]),
        ("2026-12-11", ["Student 3"]),
    ]
    assert context["quiet_ones"]["names"] == []
    assert not context["calm"]
