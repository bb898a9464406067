from __future__ import annotations

from itertools import product

import pytest

from bot.conference.access import Action, Actor, Kind, Role, Thing, may
from bot.dialogue.flow import Visibility

NOOR, THEO = 1, 2
NOBODYS: frozenset[int] = frozenset()
HERS = frozenset({NOOR})

ALLOWED = [
    (Role.STUDENT, Action.SEE, Kind.PROGRESS),
    (Role.STUDENT, Action.SEE, Kind.ANSWER),
    (Role.STUDENT, Action.CHANGE, Kind.ANSWER),
    (Role.STUDENT, Action.SEE, Kind.PREVIEW),
    (Role.STUDENT, Action.SEE, Kind.AGENDA),
    (Role.STUDENT, Action.CHANGE, Kind.AGENDA),
    (Role.STUDENT, Action.APPROVE, Kind.AGENDA),
    (Role.ADVISOR, Action.SEE, Kind.PROGRESS),
    (Role.ADVISOR, Action.SEE, Kind.ANSWER),
    (Role.ADVISOR, Action.HOLD, Kind.ANSWER),
    (Role.ADVISOR, Action.SEE, Kind.PREVIEW),
    (Role.ADVISOR, Action.SEE, Kind.AGENDA),
    (Role.ADVISOR, Action.JOIN, Kind.CONVERSATION),
    (Role.TEACHER, Action.SEE, Kind.AGENDA),
    (Role.FAMILY, Action.SEE, Kind.AGENDA),
    (Role.COORDINATOR, Action.SEE, Kind.PROGRESS),
    (Role.COUNSELOR, Action.SEE, Kind.ALERT),
    (Role.COUNSELOR, Action.TAKE, Kind.ALERT),
]


def person(role: Role, *, active: bool = True) -> Actor:
    """Noor herself, or an adult of hers."""
    return Actor(NOOR, role, active=active) if role is Role.STUDENT else Actor(9, role, HERS, active)


@pytest.mark.parametrize(("role", "action", "kind"), list(product(Role, Action, Kind)))
def test_each_role_may_do_what_the_table_says_and_nothing_else(role: Role, action: Action, kind: Kind) -> None:
    assert may(person(role), action, Thing(kind, NOOR)) == ((role, action, kind) in ALLOWED)


@pytest.mark.parametrize(("role", "action", "kind"), ALLOWED)
def test_another_student_is_only_for_those_who_look_after_the_whole_school(
    role: Role, action: Action, kind: Kind
) -> None:
    assert may(person(role), action, Thing(kind, THEO)) == (role in (Role.COORDINATOR, Role.COUNSELOR))


@pytest.mark.parametrize(("role", "action", "kind"), ALLOWED)
def test_who_left_may_do_nothing(role: Role, action: Action, kind: Kind) -> None:
    assert not may(person(role, active=False), action, Thing(kind, NOOR))


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.STUDENT, set(Visibility)),
        (Role.ADVISOR, set(Visibility)),
        (Role.TEACHER, {Visibility.TEACHERS}),
        (Role.FAMILY, set()),
        (Role.COORDINATOR, set()),
        (Role.COUNSELOR, set()),
    ],
)
def test_who_sees_an_answer_goes_by_its_visibility(role: Role, seen: set[Visibility]) -> None:
    assert {one for one in Visibility if may(person(role), Action.SEE, Thing(Kind.ANSWER, NOOR, one))} == seen


def test_a_student_is_not_her_own_advisor_and_an_advisor_of_others_sees_nothing_of_hers() -> None:
    assert not may(person(Role.STUDENT), Action.HOLD, Thing(Kind.ANSWER, NOOR))
    assert not may(Actor(9, Role.ADVISOR, NOBODYS), Action.SEE, Thing(Kind.ANSWER, NOOR))
