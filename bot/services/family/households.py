"""The homes of a student: which adults live together, and how each of them is reached.

Who is not to be contacted is in none of them: nothing is ever said to them, and nothing is made for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from bot.school import Contact
from bot.store.models import Conference, Guardian, Person
from bot.store.session import AnyRow

SILENT = "not to be written to"
"""Why something does not go to an adult, or not any more."""


class Reach(StrEnum):
    """How somebody is told of a conference."""

    SLACK = "slack"
    MAIL = "mail"
    PRINT = "print"  # on paper or by telephone, by way of the advisor


@dataclass(frozen=True, slots=True)
class Adult:
    """Somebody of a student's family; `slack_id` and `email` are "" where they have none. `asked`: paper only is what
    they wish for, and not for want of anything else."""

    id: int
    name: str
    language: str
    reach: Reach
    slack_id: str = ""
    email: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Household:
    """Adults who live together; `name` is the roster's, "" where it has none."""

    name: str
    adults: tuple[Adult, ...]


def of(connection: Connection, workspace: str, student: int, *, mails: bool = False) -> list[Household]:
    """A student's households, by their names. `mails`: whether e-mail can be sent (`House.mails`)."""
    found: dict[str, list[Adult]] = defaultdict(list)
    for row in _family(connection, workspace, [student]):
        found[row.household].append(_adult(row, mails=mails))
    return [Household(name, tuple(adults)) for name, adults in sorted(found.items())]


def mailed(connection: Connection, workspace: str, students: Collection[int]) -> dict[int, list[Adult]]:
    """By student: the adults of the family who are reached by mail, where mail can be sent."""
    found: dict[int, list[Adult]] = defaultdict(list)
    for row in _family(connection, workspace, students):
        adult = _adult(row, mails=True)
        if adult.reach is Reach.MAIL:
            found[row.student_id].append(adult)
    return found


def on_paper(connection: Connection, workspace: str, conference: int) -> set[int]:
    """Who of a conference wishes for paper only: not to be brought into its channel."""
    wished = (
        select(Guardian.adult_id)
        .join(Conference, (Conference.student_id == Guardian.student_id) & (Conference.id == conference))
        .where(Guardian.workspace == workspace, Conference.workspace == workspace, Guardian.contact == Contact.PRINT)
    )
    return set(connection.scalars(wished))


def silent(connection: Connection, workspace: str, student: int, adult: int) -> bool:
    """Whether an adult of a student's family is not to be written to about them, or on paper only."""
    contact = select(Guardian.contact).where(
        Guardian.workspace == workspace, Guardian.student_id == student, Guardian.adult_id == adult
    )
    return connection.scalar(contact) not in (None, Contact.ALL)


def _family(connection: Connection, workspace: str, students: Collection[int]) -> Sequence[AnyRow]:
    return connection.execute(
        select(
            Guardian.student_id, Guardian.household, Guardian.contact,
            Person.id, Person.name, Person.language, Person.slack_id, Person.email,
        )
        .join(Person, Person.id == Guardian.adult_id)
        .where(
            Guardian.workspace == workspace, Guardian.student_id.in_(students), Guardian.contact != Contact.NONE,
            Person.active.is_(True),
        )
        .order_by(Person.name, Person.id)
    ).all()  # fmt: skip


def _adult(row: AnyRow, *, mails: bool) -> Adult:
    asked = row.contact == Contact.PRINT
    if asked:
        reach = Reach.PRINT
    elif row.slack_id:
        reach = Reach.SLACK
    else:
        reach = Reach.MAIL if mails and row.email else Reach.PRINT
    return Adult(row.id, row.name, row.language, reach, row.slack_id or "", row.email or "", asked)
