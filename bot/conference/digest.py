"""What an advisor reads in twenty seconds: who wants something of them, who is silent, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conference.readiness import Status

ASKS = THIN = 5
STOPPED = BESIDE = HELPED = 5
NAMES = 12
LATE = 15
"""How many lines, names or buttons of each kind are shown; how many more there are is said."""


@dataclass(frozen=True, slots=True)
class Thin:
    """An answer worth a conversation: the part it stands in, and its words where it is a goal, else ""."""

    part: str
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """What is still to be done of what was agreed at a student's conferences: how many, how many of them past their
    day, and who needs help with theirs, by name. `conference`: the id of the first where somebody does, else 0."""

    open: int = 0
    overdue: int = 0
    help: tuple[str, ...] = ()
    conference: int = 0


@dataclass(frozen=True, slots=True)
class Student:
    """A student as a digest needs them. `name` is what the advisor calls them; `date` and `time` are "" without one.

    `near`: the conference is close enough that not having begun is something to look after. `reminders`: False where
    they asked for none, or where none was answered. `asks`: those that nobody has given an idea for yet; `ask` is where
    the first of them stands, as a button carries it.
    """

    id: int
    name: str
    status: Status
    done: int = 0
    total: int = 0
    date: str = ""
    time: str = ""
    near: bool = False
    on_slack: bool = True
    stopped: bool = False
    reminders: bool = True
    asks: tuple[str, ...] = ()
    ask: str = ""
    thin: tuple[Thin, ...] = ()
    owed: Owed = Owed()

    @property
    def coming(self) -> bool:
        """Whether there is still something to prepare or to answer."""
        return self.status is not Status.MET

    @property
    def late(self) -> bool:
        """Whether their agenda is still to be approved."""
        return self.coming and self.status is not Status.READY

    @property
    def silent(self) -> bool:
        """Whether a reminder now would say something: quiet, or not begun with the conference close."""
        return self.status is Status.QUIET or (self.status is Status.NEW and self.near)


@dataclass(frozen=True, slots=True)
class Digest:
    """The students of a digest, by what they need; within each, the conference that comes first stands first."""

    students: tuple[Student, ...]
    asking: tuple[Student, ...]
    stopped: tuple[Student, ...]
    thin: tuple[Student, ...]
    quiet: tuple[Student, ...]
    waiting: tuple[Student, ...]  # not begun, and the conference is close
    beside: tuple[Student, ...]  # without an account, and not ready
    late: tuple[Student, ...]
    helped: tuple[Student, ...] = ()  # with a commitment that somebody needs help with
    apart: tuple[str, ...] = ()  # names of those who take no part, and are in no other list

    @property
    def silent(self) -> tuple[Student, ...]:
        """Whom "nudge all" reaches."""
        return tuple(one for one in (*self.quiet, *self.waiting) if one.reminders)

    @property
    def calm(self) -> bool:
        """Whether nobody needs anything."""
        wants = (self.helped, self.asking, self.stopped, self.thin, self.quiet, self.waiting, self.beside)
        return not any(wants)


def digest(students: Sequence[Student]) -> Digest:
    """Sort students by what they need of their advisor. Nobody is named twice for the same silence."""
    ordered = tuple(sorted(students, key=lambda one: (not one.date, one.date, one.time, one.name)))
    reachable = [one for one in ordered if one.on_slack and not one.stopped]
    return Digest(
        ordered,
        asking=tuple(one for one in ordered if one.coming and one.asks),
        stopped=tuple(one for one in ordered if one.late and one.on_slack and one.stopped),
        thin=tuple(one for one in ordered if one.coming and one.thin),
        quiet=tuple(one for one in reachable if one.status is Status.QUIET),
        waiting=tuple(one for one in reachable if one.status is Status.NEW and one.near),
        beside=tuple(one for one in ordered if one.late and not one.on_slack),
        late=tuple(one for one in ordered if one.late),
        helped=tuple(one for one in ordered if one.owed.help),
    )


def counts(students: Sequence[Student]) -> dict[str, int]:
    """How many stand where, and `total`."""
    return {
        **{status.value: sum(one.status is status for one in students) for status in Status},
        "total": len(students),
    }


def digest_context(found: Digest, *, before: bool) -> dict[str, Any]:
    """Plain data for the messages digest_advisor and digest_before: never more than fits into one message.

    `before`: everyone who is not ready stands in `late`, by day, and so in no other list for being silent.
    """
    nobody = _names(())
    common = {
        **counts(found.students),
        "asks": [{"name": one.name, "words": one.asks[0], "more": len(one.asks) - 1} for one in found.asking[:ASKS]],
        "asks_more": len(found.asking[ASKS:]),
        "stopped": _names(found.stopped),
        "thin": [_thin(one) for one in found.thin[:THIN]],
        "thin_more": len(found.thin[THIN:]),
        "quiet_ones": nobody if before else _names(found.quiet),
        "not_begun": nobody if before else _names(found.waiting),
        "beside": _names(found.beside),
        "owed": _owed(found),
        "apart": {"names": list(found.apart[:NAMES]), "more": len(found.apart[NAMES:])},
        "calm": found.calm and not (before and found.late),
    }
    if not before:
        return common
    shown = found.late[:LATE]
    days = dict.fromkeys(one.date for one in shown)
    late = [{"date": day, "students": [_late(one) for one in shown if one.date == day]} for day in days]
    return {**common, "late": late, "late_more": len(found.late[LATE:])}


def _owed(found: Digest) -> Mapping[str, Any]:
    """What was agreed at conferences: how many are open, whose are past their day, who needs help."""
    return {
        "open": sum(one.owed.open for one in found.students),
        "overdue": _names([one for one in found.students if one.owed.overdue]),
        "help": [
            {"name": one.name, "who": one.owed.help[0], "more": len(one.owed.help) - 1} for one in found.helped[:HELPED]
        ],
        "help_more": len(found.helped[HELPED:]),
    }


def _names(students: Sequence[Student]) -> Mapping[str, Any]:
    """Names to stand in a sentence, and how many there are beside."""
    return {"names": [one.name for one in students[:NAMES]], "more": len(students[NAMES:])}


def _thin(student: Student) -> Mapping[str, Any]:
    first = min(student.thin, key=lambda one: not one.goal)
    return {"name": student.name, "part": first.part, "goal": first.goal, "more": len(student.thin) - 1}


def _late(student: Student) -> Mapping[str, Any]:
    return {
        "name": student.name,
        "time": student.time,
        "status": student.status.value,
        "done": student.done,
        "total": student.total,
    }
