"""How far a whole school is, as a table without anybody's words: for the coordinator's own spreadsheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from bot.services.advising.progress import Progress, progress
from bot.store.models import Commitment, Conference, Participant, Person
from bot.store.session import AnyRow
from bot.words import APPROVE, LEVELS

PARTS = LEVELS["full"]
TITLES = (
    "id", "student", "grade", "advisor", "takes part", "on Slack", "conference", "time", "place", "status",
    "parts done", "parts", *PARTS[:-1], "approved", "family invited", "family coming", "family not coming",
    "commitments", "commitments done",
)  # fmt: skip
DONE, OPEN, NOT_ASKED = "done", "open", ""
_FAMILY = "family"

Cell = str | int
_Answers = Mapping[int, Counter[str]]


def standing(connection: Connection, workspace: str, now: datetime) -> list[Sequence[Cell]]:
    """A row for every student in the roster, by the roster's id, with a cell for each of TITLES. A part is "" where
    the student's level does not ask for it."""
    students = _students(connection, workspace)
    found = progress(connection, workspace, list(students), now)
    held = [one.conference for one in found if one.conference]
    places, coming = _places(connection, workspace, held), _coming(connection, workspace, held)
    agreed = _agreed(connection, workspace, held)
    rows = [_row(students[one.student], one, places, coming, agreed) for one in found]
    return sorted(rows, key=lambda row: str(row[0]))


def _students(connection: Connection, workspace: str) -> dict[int, AnyRow]:
    asked = select(Person.id, Person.key, Person.grade, Person.consent, Person.slack_id).where(
        Person.workspace == workspace,
        Person.role == "student",
        or_(Person.active.is_(True), Person.consent.is_(False)),
    )
    return {row.id: row for row in connection.execute(asked)}


def _places(connection: Connection, workspace: str, held: Sequence[int]) -> dict[int, str]:
    asked = select(Conference.id, Conference.place).where(Conference.workspace == workspace, Conference.id.in_(held))
    return {row.id: row.place for row in connection.execute(asked)}


def _coming(connection: Connection, workspace: str, held: Sequence[int]) -> _Answers:
    """By conference: how many of the family said what; "" is those who have not said."""
    asked = (
        select(Participant.conference_id, Participant.coming, func.count().label("many"))
        .join(Person, Person.id == Participant.person_id)
        .where(Participant.workspace == workspace, Person.workspace == workspace)
        .where(Participant.conference_id.in_(held), Person.role == _FAMILY)
        .group_by(Participant.conference_id, Participant.coming)
    )
    return _counted([(row.conference_id, row.coming, row.many) for row in connection.execute(asked)])


def _agreed(connection: Connection, workspace: str, held: Sequence[int]) -> _Answers:
    asked = (
        select(Commitment.conference_id, Commitment.state, func.count().label("many"))
        .where(Commitment.workspace == workspace, Commitment.conference_id.in_(held), Commitment.state != "dropped")
        .group_by(Commitment.conference_id, Commitment.state)
    )
    return _counted([(row.conference_id, row.state, row.many) for row in connection.execute(asked)])


def _counted(rows: Sequence[tuple[int, str, int]]) -> _Answers:
    found: dict[int, Counter[str]] = {}
    for conference, what, many in rows:
        found.setdefault(conference, Counter())[what] += many
    return found


def _row(
    student: AnyRow, one: Progress, places: Mapping[int, str], coming: _Answers, agreed: _Answers
) -> Sequence[Cell]:
    family, done = coming.get(one.conference, Counter()), agreed.get(one.conference, Counter())
    parts = [_part(one, part) for part in PARTS[:-1]]
    approved = _yes(one.readiness.status == "ready" or APPROVE in one.readiness.finished)
    return (
        student.key, one.name, student.grade or "", one.advisor, _yes(student.consent), _yes(bool(student.slack_id)),
        one.date, one.time, places.get(one.conference, ""), one.readiness.status.value, one.readiness.done,
        one.readiness.total, *parts, approved, family.total(), family["yes"], family["no"], done.total(), done["done"],
    )  # fmt: skip


def _part(one: Progress, part: str) -> str:
    if part not in LEVELS[one.level]:
        return NOT_ASKED
    return DONE if part in one.readiness.finished else OPEN


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
