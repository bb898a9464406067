"""A school as it was loaded, read whole: who is in the roster, who is found in Slack, which conferences are to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlalchemy import Connection, RowMapping

from bot.school import Contact, Role
from bot.services.nudges.days import calendar_of
from bot.services.roster import school
from bot.store import roster as rows
from scheduler.calendar import Calendar, Term

Row = RowMapping


@dataclass(frozen=True)
class Roll:
    """`people`: those in the roster now, by their row's id. `family`: by a student's id, the adults who may be reached
    and how. `held`: all conferences that are not cancelled. `counselors`: roster ids, first asked first."""

    people: Mapping[int, Row]
    family: Mapping[int, Sequence[tuple[Row, Contact]]]
    held: Sequence[Row]
    counselors: Sequence[str]
    calendar: Calendar
    today: date
    terms: Mapping[int, Term]

    @property
    def term(self) -> Term | None:
        """The term of today, or else the next; None after the last."""
        return self.calendar.term(self.today)

    @cached_property
    def coming(self) -> list[Row]:
        """The conferences of students who take part, from today on."""
        numbers = {row["id"] for row in self.students}
        return [one for one in self.held if one["date"] >= self.today and one["student_id"] in numbers]

    @cached_property
    def students(self) -> list[Row]:
        """Students who take part."""
        return [row for row in self.people.values() if row["role"] == Role.STUDENT and row["consent"]]

    @cached_property
    def by_key(self) -> Mapping[str, Row]:
        """People by their id in the roster."""
        return {row["key"]: row for row in self.people.values()}

    def of_role(self, role: Role) -> list[Row]:
        """Everyone of a role."""
        return [row for row in self.people.values() if row["role"] == role]


def read_roll(connection: Connection, workspace: str, now: datetime) -> Roll:
    """The workspace's school, as it is in the database now."""
    calendar = calendar_of(connection, workspace)
    today = calendar.today(now)
    everyone = sorted(rows.people(connection, workspace), key=lambda row: row["id"])
    people = {row["id"]: row for row in everyone if row["active"]}
    family: dict[int, list[tuple[Row, Contact]]] = {}
    for (adult, student), (_, contact) in rows.guardians(connection, workspace).items():
        if adult in people and contact != Contact.NONE:
            family.setdefault(student, []).append((people[adult], Contact(contact)))
    held = [one for one in rows.conferences(connection, workspace) if not one["cancelled"]]
    terms = {row["id"]: Term(row["name"], row["starts"], row["ends"]) for row in rows.terms(connection, workspace)}
    watchers = school.watchers(connection, workspace) or []
    return Roll(people, family, held, watchers, calendar, today, terms)
