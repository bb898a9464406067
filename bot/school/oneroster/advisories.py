"""Who advises whom: the classes that are advisories, who teaches them, and who is enrolled in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.school import values
from bot.school.oneroster.choice import Advisory
from bot.school.oneroster.tables import Tables
from bot.school.oneroster.unused import Unused, Why
from bot.school.problems import Problems
from bot.school.sheet import Row

_YES = ("true", "1", "yes")
_ALWAYS = date.min, date.max


@dataclass(frozen=True)
class Advisories:
    """By sourcedId: the advisor of each student who has one, and everybody who teaches a class of the school."""

    advisors: Mapping[str, str]
    teachers: frozenset[str]


@dataclass(frozen=True)
class _Seat:
    """An enrollment in an advisory: whether it counts today, and its days."""

    row: Row
    today: bool
    ends: date
    begins: date

    @property
    def user(self) -> str:
        return self.row["userSourcedId"]

    @property
    def advisory(self) -> str:
        return self.row["classSourcedId"]

    @property
    def rank(self) -> tuple[bool, date, date]:
        return (self.today, self.ends, self.begins)


def advisories(
    tables: Tables, classes: Sequence[Row], known_by: Advisory, today: date | None, unused: Unused, problems: Problems
) -> Advisories:
    """Those of the school that has these classes. Who is not in the bundle, or has left, advises nobody.

    today: None takes every enrollment for one of today.
    """
    users = {row["sourcedId"] for row in tables["users"].rows}
    ours = _enrollments(tables, classes, unused)
    held = {row["sourcedId"]: row for row in _held(tables, classes, known_by)}
    by_role: dict[str, dict[str, list[_Seat]]] = {role: defaultdict(list) for role in ("student", "teacher")}
    for row in ours:
        role = row["role"].lower()
        if row["classSourcedId"] in held and role in by_role and row["userSourcedId"] in users:
            by = "userSourcedId" if role == "student" else "classSourcedId"
            by_role[role][row[by]].append(_seat(row, today, problems))
    filled = {seat.advisory for seats in by_role["student"].values() for seat in seats}
    leaders = {room: _leader(held[room], by_role["teacher"][room], unused) for room in held if room in filled}
    found = {student: _advisor(seats, leaders, unused) for student, seats in by_role["student"].items()}
    teaching = frozenset(row["userSourcedId"] for row in ours if row["role"].lower() == "teacher")
    return Advisories({student: advisor for student, advisor in found.items() if advisor}, teaching)


def _enrollments(tables: Tables, classes: Iterable[Row], unused: Unused) -> list[Row]:
    """Those in these classes; the ones of nobody, or of no class, are noted."""
    ours = {row["sourcedId"] for row in classes}
    users, known = (
        {row["sourcedId"] for row in (*tables[name].rows, *tables[name].gone)} for name in ("users", "classes")
    )
    for row in tables["enrollments"].rows:
        if row["userSourcedId"] not in users or row["classSourcedId"] not in known:
            unused.add(Why.HANGING, row)
    return [
        row for row in tables["enrollments"].rows if row["classSourcedId"] in ours and row["userSourcedId"] in users
    ]


def _held(tables: Tables, classes: Sequence[Row], known_by: Advisory) -> list[Row]:
    """The classes that are advisories."""
    if not known_by.of_course:
        return [row for row in classes if known_by.fits(row[known_by.column])]
    courses = {row["sourcedId"] for row in tables["courses"].rows if known_by.fits(row[known_by.column])}
    return [row for row in classes if row["courseSourcedId"] in courses]


def _seat(row: Row, today: date | None, problems: Problems) -> _Seat:
    begins = _day(row, "beginDate", problems) or _ALWAYS[0]
    ends = _day(row, "endDate", problems) or _ALWAYS[1]
    return _Seat(row, today is None or begins <= today <= ends, ends, begins)


def _day(row: Row, column: str, problems: Problems) -> date | None:
    """A day, whether or not with a time after it."""
    return problems.take(row.place(column), row[column][:10], values.day) if row[column] else None


def _leader(room: Row, seats: Sequence[_Seat], unused: Unused) -> str:
    """The teacher of an advisory: the primary one of today; "", noted, where there is none."""
    if not seats:
        unused.add(Why.NO_TEACHER, room)
        return ""
    best = max((seat.today, _primary(seat)) for seat in seats)
    first, *more = [seat.user for seat in seats if (seat.today, _primary(seat)) == best]
    if set(more) - {first}:
        unused.add(Why.TEACHERS, room)
    return first


def _primary(seat: _Seat) -> bool:
    return seat.row["primary"].lower() in _YES


def _advisor(seats: Sequence[_Seat], leaders: Mapping[str, str], unused: Unused) -> str:
    """The advisor of a student: of the advisory they are in today, or else were or will be in last."""
    led = [seat for seat in seats if leaders[seat.advisory]]
    if not led:
        return ""
    last = max(seat.rank for seat in led)
    best = next(seat for seat in led if seat.rank == last)
    others = [seat for seat in led if seat.today == best.today and leaders[seat.advisory] != leaders[best.advisory]]
    if others:
        unused.add(Why.ADVISORIES, others[0].row)
    return leaders[best.advisory]
