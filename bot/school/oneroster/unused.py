"""What of a bundle is not used: how much, in which rows, why, and what to do. Never whose names."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from bot.school.sheet import Row

SHOWN = 5
"""Rows that are named of each kind."""


class Why(StrEnum):
    """Why something is not used, as it is told, with what to do about it."""

    GONE = "users who are marked tobedeleted. They leave the roster, and keep what they wrote"
    CHOSEN = "users whom school.toml leaves out. Nothing is to be done"
    ELSEWHERE = "users of other schools. Where one belongs here all the same, give them a role in roster.csv"
    ROLE = "users with the role {}. Where one takes part, give them a role in roster.csv"
    NO_ADVISORY = (
        "students without an advisory. Look at how [oneroster] in school.toml knows one, or give them an advisor in "
        "roster.csv"
    )
    NO_STUDENTS = (
        "family without a student of this school. Where one is missing, look at agentSourcedIds, or give them students "
        "in roster.csv"
    )
    NO_TEACHER = "advisories without a teacher. Add the teacher there, or give its students an advisor in roster.csv"
    TEACHERS = (
        "advisories with several teachers. The first is the advisor; mark one as primary, or say so in roster.csv"
    )
    ADVISORIES = "students in several advisories. The latest counts; where it is the wrong one, say so in roster.csv"
    STAFF = (
        "staff who are also named as a student's family. One has one role here: name them among the adults of that "
        "student's conference"
    )
    OFF = "users who are not enabled. They are in the roster without an e-mail, so that nothing is sent to them"
    ADDRESS = "e-mail addresses that are none. Their people are in the roster without one"
    SHARED = (
        "e-mail addresses of several people, taken for none but staff or the first of a family. Mend them in roster.csv"
    )
    HANGING = "enrollments of users or classes that are not in the bundle. They are passed over"
    NOBODY = (
        "rows without role and name whose id is not in the bundle. Take them out, once they are not wanted any more"
    )


class Unused:
    """Gathers what is not used, by reason and table."""

    def __init__(self) -> None:
        self._found: dict[tuple[Why, str, str], list[int]] = {}

    def add(self, why: Why, row: Row, detail: str = "") -> None:
        """Note a row; `detail` fills the gap in the reason's words."""
        self._found.setdefault((why, detail, row.file), []).append(row.number)

    def lines(self) -> Iterator[str]:
        """A line for each reason: how many, what, where, what to do."""
        for (why, detail, file), rows in sorted(self._found.items(), key=lambda found: list(Why).index(found[0][0])):
            what, _, remedy = why.value.format(detail).partition(". ")
            where = f"row {rows[0]}" if len(rows) == 1 else f"rows {', '.join(map(str, rows[:SHOWN]))}"
            more = ", …" if len(rows) > SHOWN else ""
            yield f"{what[:1].upper()}{what[1:]}: {len(rows):,} ({file}, {where}{more}). {remedy}."
