"""Conditions that hold for one receiver of a nudge, where those of `holding` hold for the student it is about.

`commitments_kept@7`: nothing is open from conference 7 that this person would be asked about. `saw_given@7`: they have
written what they saw there, or said that they do not come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, select

from bot.services.afterwards import commitments
from bot.store.models import Conference, Note, Participant
from bot.taps import Form

KEPT = "commitments_kept"
SAW = "saw_given"
NAMES = frozenset({KEPT, SAW})
"""Every condition of this kind."""


class Personal:
    """What holds for each receiver, read in three queries, however many students there are. only: one student."""

    def __init__(self, connection: Connection, workspace: str, only: int | None = None) -> None:
        students = None if only is None else [only]
        self._owed = commitments.owed(commitments.of_students(connection, workspace, students))
        self._saw: dict[tuple[int, int], set[int]] = defaultdict(set)
        for student, person, conference in _saw(connection, workspace, only):
            self._saw[student, person].add(conference)
        self._common: dict[tuple[int, ...], frozenset[str]] = {}

    def holds(self, student: int, conferences: Iterable[int], person: int) -> frozenset[str]:
        """The names that hold for one person about a student's conferences."""
        held, who = tuple(conferences), (student, person)
        if who not in self._owed and who not in self._saw:
            if held not in self._common:
                self._common[held] = frozenset(f"{KEPT}@{one}" for one in held)
            return self._common[held]
        owed, saw = self._owed.get(who, set()), self._saw.get(who, set())
        return frozenset([f"{KEPT}@{one}" for one in held if one not in owed] + [f"{SAW}@{one}" for one in saw])


def _saw(connection: Connection, workspace: str, only: int | None) -> Iterable[tuple[int, int, int]]:
    """By student, person and conference: who wrote what they saw, and who does not come."""
    given = (
        select(Conference.student_id, Note.author_id, Conference.id)
        .join(Conference, Conference.id == Note.conference_id)
        .where(Note.workspace == workspace, Note.kind == Form.SAW)
    )
    away = (
        select(Conference.student_id, Participant.person_id, Participant.conference_id)
        .join(Conference, Conference.id == Participant.conference_id)
        .where(Participant.workspace == workspace, Participant.coming == "no")
    )
    for asked in (given, away):
        chosen = asked if only is None else asked.where(Conference.student_id == only)
        yield from ((row[0], row[1], row[2]) for row in connection.execute(chosen))
