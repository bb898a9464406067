"""Who may do what with whose: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.dialogue.flow import Visibility


class Role(StrEnum):
    """What a person is at the school, as the roster says."""

    STUDENT = "student"
    ADVISOR = "advisor"
    TEACHER = "teacher"
    FAMILY = "family"
    COUNSELOR = "counselor"
    COORDINATOR = "coordinator"


class Kind(StrEnum):
    """What there is to see or change. An answer that was flagged is an alert and nothing else."""

    PROGRESS = "progress"  # which flows are done, ready or quiet: no words
    ANSWER = "answer"
    AGENDA = "agenda"  # as approved
    PREVIEW = "preview"  # as it would be
    ALERT = "alert"
    CONVERSATION = "conversation"  # the student's talk with the coach
    ASK = "ask"  # what the student asks of the adults, once they said "yes, ask them"
    NOTE = "note"  # an idea, a note of pride, a piece of work an adult chose, what they saw
    RSVP = "rsvp"  # who comes, and how
    COMMITMENT = "commitment"  # who does what by when
    SCRIPT = "script"  # the cards, rehearsals, the meeting led by them
    PACKET = "packet"  # the binder


class Action(StrEnum):
    """What can be done with it."""

    SEE = "see"
    CHANGE = "change"
    APPROVE = "approve"
    HOLD = "hold"  # keep an answer back from the agenda, with a reason
    TAKE = "take"  # say that one is on it
    JOIN = "join"  # sit beside the student in it
    GIVE = "give"  # add one
    DECIDE = "decide"  # say what becomes of it


class Scope(StrEnum):
    """Whose."""

    OWN = "own"
    THEIRS = "theirs"  # of the students one advises, teaches at a conference, or belongs to
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person of the roster: `id` the row's, `students` the ids of "their" students. Who left may do nothing."""

    id: int
    role: Role
    students: frozenset[int] = frozenset()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of one student's; `visible` matters for answers only."""

    kind: Kind
    student: int
    visible: Visibility = Visibility.ADVISOR


# What is not in the table is never allowed.
TABLE: Mapping[tuple[Role, Kind, Action], Scope] = {
    (Role.STUDENT, Kind.PROGRESS, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.ANSWER, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.ANSWER, Action.CHANGE): Scope.OWN,
    (Role.STUDENT, Kind.PREVIEW, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.AGENDA, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.AGENDA, Action.CHANGE): Scope.OWN,
    (Role.STUDENT, Kind.AGENDA, Action.APPROVE): Scope.OWN,
    (Role.STUDENT, Kind.ASK, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.NOTE, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.NOTE, Action.DECIDE): Scope.OWN,
    (Role.STUDENT, Kind.RSVP, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.COMMITMENT, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.COMMITMENT, Action.GIVE): Scope.OWN,
    (Role.STUDENT, Kind.SCRIPT, Action.SEE): Scope.OWN,
    (Role.STUDENT, Kind.SCRIPT, Action.CHANGE): Scope.OWN,
    (Role.STUDENT, Kind.PACKET, Action.SEE): Scope.OWN,
    (Role.ADVISOR, Kind.PROGRESS, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.ANSWER, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.ANSWER, Action.HOLD): Scope.THEIRS,
    (Role.ADVISOR, Kind.PREVIEW, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.AGENDA, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.CONVERSATION, Action.JOIN): Scope.THEIRS,
    (Role.ADVISOR, Kind.ASK, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.NOTE, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.NOTE, Action.GIVE): Scope.THEIRS,
    (Role.ADVISOR, Kind.NOTE, Action.HOLD): Scope.THEIRS,
    (Role.ADVISOR, Kind.RSVP, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.RSVP, Action.GIVE): Scope.THEIRS,
    (Role.ADVISOR, Kind.COMMITMENT, Action.SEE): Scope.THEIRS,
    (Role.ADVISOR, Kind.COMMITMENT, Action.GIVE): Scope.THEIRS,
    (Role.ADVISOR, Kind.PACKET, Action.SEE): Scope.THEIRS,
    (Role.TEACHER, Kind.ANSWER, Action.SEE): Scope.THEIRS,
    (Role.TEACHER, Kind.AGENDA, Action.SEE): Scope.THEIRS,
    (Role.TEACHER, Kind.ASK, Action.SEE): Scope.THEIRS,
    (Role.TEACHER, Kind.NOTE, Action.GIVE): Scope.THEIRS,
    (Role.TEACHER, Kind.RSVP, Action.GIVE): Scope.THEIRS,
    (Role.TEACHER, Kind.COMMITMENT, Action.SEE): Scope.THEIRS,
    (Role.TEACHER, Kind.COMMITMENT, Action.GIVE): Scope.THEIRS,
    (Role.FAMILY, Kind.AGENDA, Action.SEE): Scope.THEIRS,
    (Role.FAMILY, Kind.ASK, Action.SEE): Scope.THEIRS,
    (Role.FAMILY, Kind.NOTE, Action.GIVE): Scope.THEIRS,
    (Role.FAMILY, Kind.RSVP, Action.GIVE): Scope.THEIRS,
    (Role.FAMILY, Kind.COMMITMENT, Action.SEE): Scope.THEIRS,
    (Role.FAMILY, Kind.COMMITMENT, Action.GIVE): Scope.THEIRS,
    (Role.FAMILY, Kind.PACKET, Action.SEE): Scope.THEIRS,
    (Role.COORDINATOR, Kind.PROGRESS, Action.SEE): Scope.ALL,
    (Role.COUNSELOR, Kind.ALERT, Action.SEE): Scope.ALL,
    (Role.COUNSELOR, Kind.ALERT, Action.TAKE): Scope.ALL,
}

# Which answers a role sees where it sees any; what everyone at the conference sees, they see as the agenda.
_ANSWERS: Mapping[Role, frozenset[Visibility]] = {
    Role.STUDENT: frozenset(Visibility),
    Role.ADVISOR: frozenset(Visibility),
    Role.TEACHER: frozenset({Visibility.TEACHERS}),
}


def offered(role: Role, action: Action, kind: Kind) -> bool:
    """Whether there is anything of this kind that a role may do this with: what help and menus name."""
    return (role, kind, action) in TABLE


def may(actor: Actor, action: Action, thing: Thing) -> bool:
    """Whether this person may do this; both belong to the same school."""
    scope = TABLE.get((actor.role, thing.kind, action))
    if scope is None or not actor.active:
        return False
    if thing.kind is Kind.ANSWER and thing.visible not in _ANSWERS[actor.role]:
        return False
    match scope:
        case Scope.OWN:
            return thing.student == actor.id
        case Scope.THEIRS:
            return thing.student in actor.students
        case Scope.ALL:
            return True
