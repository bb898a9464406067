"""The roster as it is stored: reading it whole and changing it row by row. Nothing here knows a school's files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, delete, insert, or_, select, update

from bot.store.models import Base, Conference, Guardian, Participant, Person, School, Term

Values = Mapping[str, Any]


def school(connection: Connection, workspace: str) -> RowMapping | None:
    """The workspace's school, if one was loaded."""
    return connection.execute(select(School.__table__).where(School.workspace == workspace)).mappings().first()


def terms(connection: Connection, workspace: str) -> list[RowMapping]:
    """All terms, also those that are no longer in the school's file but had conferences."""
    return list(connection.execute(select(Term.__table__).where(Term.workspace == workspace)).mappings())


def people(connection: Connection, workspace: str) -> list[RowMapping]:
    """Everyone who ever was in the roster."""
    return list(connection.execute(select(Person.__table__).where(Person.workspace == workspace)).mappings())


def conferences(connection: Connection, workspace: str) -> list[RowMapping]:
    """All conferences, cancelled ones too."""
    return list(connection.execute(select(Conference.__table__).where(Conference.workspace == workspace)).mappings())


def guardians(connection: Connection, workspace: str) -> dict[tuple[int, int], tuple[str, str]]:
    """By (adult's id, student's id): the household, and how the adult may be reached."""
    statement = select(Guardian.__table__).where(Guardian.workspace == workspace)
    return {(row.adult_id, row.student_id): (row.household, row.contact) for row in connection.execute(statement)}


def participants(connection: Connection, workspace: str) -> set[tuple[int, int]]:
    """(conference's id, person's id)."""
    statement = select(Participant.conference_id, Participant.person_id).where(Participant.workspace == workspace)
    return {(conference, person) for conference, person in connection.execute(statement)}


def add(connection: Connection, model: type[Base], rows: Sequence[Values]) -> None:
    """Insert rows, each with its workspace."""
    if rows:
        connection.execute(insert(model), list(rows))


def change(connection: Connection, workspace: str, model: type[Base], rows: Mapping[int, Values]) -> None:
    """Set columns of rows by id; each row may set others."""
    by_columns: dict[tuple[str, ...], list[Values]] = {}
    for row_id, values in rows.items():
        by_columns.setdefault(tuple(sorted(values)), []).append({"_id": row_id, **values})
    table = model.__table__
    for columns, batch in by_columns.items():
        if columns:
            statement = update(model).where(table.c.workspace == workspace, table.c.id == bindparam("_id"))
            connection.execute(statement.values({name: bindparam(name) for name in columns}), batch)


def change_school(connection: Connection, workspace: str, values: Values) -> None:
    """Set columns of the workspace's school."""
    connection.execute(update(School).where(School.workspace == workspace).values(**values))


def remove_terms(connection: Connection, workspace: str, ids: Collection[int]) -> None:
    """Take out terms that never had a conference."""
    connection.execute(delete(Term).where(Term.workspace == workspace, Term.id.in_(ids)))


def add_guardians(connection: Connection, workspace: str, pairs: Mapping[tuple[int, int], tuple[str, str]]) -> None:
    """What is added is as `guardians` has it."""
    rows = [
        {"workspace": workspace, "adult_id": adult, "student_id": student, "household": household, "contact": contact}
        for (adult, student), (household, contact) in sorted(pairs.items())
    ]
    add(connection, Guardian, rows)


def remove_guardians(connection: Connection, workspace: str, pairs: Collection[tuple[int, int]]) -> None:
    statement = delete(Guardian).where(
        Guardian.workspace == workspace, Guardian.adult_id == bindparam("a"), Guardian.student_id == bindparam("s")
    )
    if pairs:
        connection.execute(statement, [{"a": adult, "s": student} for adult, student in sorted(pairs)])


def add_participants(connection: Connection, workspace: str, pairs: Collection[tuple[int, int]]) -> None:
    """People of a conference who have not been invited into its channel yet."""
    rows = [{"workspace": workspace, "conference_id": c, "person_id": p, "invite": "waiting"} for c, p in sorted(pairs)]
    add(connection, Participant, rows)


def remove_participants(connection: Connection, workspace: str, pairs: Collection[tuple[int, int]]) -> None:
    statement = delete(Participant).where(
        Participant.workspace == workspace,
        Participant.conference_id == bindparam("c"),
        Participant.person_id == bindparam("p"),
    )
    if pairs:
        connection.execute(statement, [{"c": conference, "p": person} for conference, person in sorted(pairs)])


def still_in_channels(
    connection: Connection, workspace: str, pairs: Collection[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Those of some (conference's id, person's id) who were brought into the conference's channel."""
    people = {person for _, person in pairs}
    joined = select(Participant.conference_id, Participant.person_id).where(
        Participant.workspace == workspace, Participant.person_id.in_(people), Participant.invite == "joined"
    )
    found = {(row.conference_id, row.person_id) for row in connection.execute(joined)} if people else set()
    return sorted(found & set(pairs))


def invite_again(connection: Connection, workspace: str, person: int) -> None:
    """Whoever was in the channels of conferences is there no longer."""
    theirs = update(Participant).where(Participant.workspace == workspace, Participant.person_id == person)
    connection.execute(theirs.values(invite="waiting"))


def holder_or_unmatched(connection: Connection, workspace: str, slack_id: str, email: str) -> list[RowMapping]:
    """Who has this Slack id, and who has this e-mail, or was given this id, and has no Slack id yet."""
    meant = or_(Person.email == email, Person.given_slack_id == slack_id)
    waiting = and_(meant, Person.slack_id.is_(None), Person.active)
    statement = select(Person.__table__).where(Person.workspace == workspace, or_(Person.slack_id == slack_id, waiting))
    return list(connection.execute(statement).mappings())


def match(connection: Connection, workspace: str, person: int, slack_id: str) -> bool:
    """Give a person their Slack id; False if they have got one meanwhile."""
    one = update(Person).where(Person.workspace == workspace, Person.id == person, Person.slack_id.is_(None))
    return connection.execute(one.values(slack_id=slack_id)).rowcount == 1
