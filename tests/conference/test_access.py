"""Who may do what with whose: the whole table, written out."""

from __future__ import annotations

from itertools import product

import pytest

from bot.conference.access import Action, Actor, Kind, Role, Thing, may, offered
from bot.dialogue.flow import Visibility

NOOR, THEO, ADULT = 1, 2, 9

# What each role may do, by kind: "own" is their own, "theirs" of the students they advise, teach or belong to, "all"
# of every student of the school. What is not here nobody may do.
WHO_MAY_WHAT = """
             student                     advisor                  teacher          family           coordinator  counselor
progress     see:own                     see:theirs               -                -                see:all      -
answer       see:own change:own          see:theirs hold:theirs   see:theirs       -                -            -
agenda       see:own change:own approve:own  see:theirs           see:theirs       see:theirs       -            -
preview      see:own                     see:theirs               -                -                -            -
alert        -                           -                        -                -                -            see:all take:all
conversation -                           join:theirs              -                -                -            -
ask          see:own                     see:theirs               see:theirs       see:theirs       -            -
note         see:own decide:own          see:theirs give:theirs hold:theirs  give:theirs  give:theirs  -         -
rsvp         see:own                     see:theirs give:theirs   give:theirs      give:theirs      -            -
commitment   see:own give:own            see:theirs give:theirs   see:theirs give:theirs  see:theirs give:theirs  -  -
script       see:own change:own          -                        -                -                -            -
packet       see:own                     see:theirs               -                see:theirs       -            -
"""  # fmt: skip  # noqa: E501


def written() -> dict[tuple[Role, Kind, Action], str]:
    """The table above, cell by cell; columns stand two blanks apart."""
    first, *lines = (line for line in WHO_MAY_WHAT.splitlines() if line.strip())
    roles = [Role(name) for name in first.split()]
    found = {}
    for line in lines:
        kind, rest = line.split(maxsplit=1)
        cells = [cell.split() for cell in rest.split("  ") if cell.strip()]
        assert len(cells) == len(roles), kind
        for role, cell in zip(roles, cells, strict=True):
            for action, scope in (entry.split(":") for entry in cell if entry != "-"):
                found[role, Kind(kind), Action(action)] = scope
    return found


ALLOWED = written()


def person(role: Role, *, students: frozenset[int] = frozenset({NOOR}), active: bool = True) -> Actor:
    """Noor herself, or an adult of hers."""
    return Actor(NOOR, role, active=active) if role is Role.STUDENT else Actor(ADULT, role, students, active)


def thing(role: Role, kind: Kind, student: int) -> Thing:
    """Of an answer one that this role sees, if it sees any."""
    return Thing(kind, student, Visibility.TEACHERS if role is Role.TEACHER else Visibility.ADVISOR)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_the_table_says_and_nothing_else(role: Role) -> None:
    for action, kind in product(Action, Kind):
        scope = ALLOWED.get((role, kind, action), "")
        about = f"{role} {action} {kind}"
        assert may(person(role), action, thing(role, kind, NOOR)) == bool(scope), f"{about}: own or theirs"
        assert may(person(role), action, thing(role, kind, THEO)) == (scope == "all"), f"{about}: of others"
        assert offered(role, action, kind) == bool(scope), f"{about}: named at all"


@pytest.mark.parametrize("role", list(Role))
def test_who_left_or_has_nobody_may_do_nothing(role: Role) -> None:
    for action, kind in product(Action, Kind):
        assert not may(person(role, active=False), action, thing(role, kind, NOOR))
        alone = may(person(role, students=frozenset()), action, thing(role, kind, THEO))
        assert alone == (ALLOWED.get((role, kind, action)) == "all")


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


def test_a_student_is_not_her_own_advisor() -> None:
    assert not may(person(Role.STUDENT), Action.HOLD, Thing(Kind.ANSWER, NOOR))
