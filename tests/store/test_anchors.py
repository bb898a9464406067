"""What ties each table of a statement to a workspace, and what only seems to."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import (
    Dialect,
    Executable,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from bot.store.anchors import TEXT, anchoring
from bot.store.models import Alert, Answer, Approval, Conference, Conversation, Item, Participant, Person, School, Term
from scheduler.deliveries import deliveries

HERE = "T0HERE"
OTHER = aliased(Person)
MINE = Person.workspace == HERE
ITS = Conference.workspace == HERE
STUDENT = Person.id == Conference.student_id
DIALECTS: list[Dialect] = [sqlite.dialect(), postgresql.dialect()]  # type: ignore[no-untyped-call]
both = pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgresql"])

newest = select(Approval.conference_id, func.max(Approval.number).label("n")).where(Approval.workspace == HERE)
latest = newest.group_by(Approval.conference_id).subquery()
anybodys = select(Approval.conference_id).subquery()
heads = select(deliveries.c.seq).where(deliveries.c.workspace == HERE).limit(1).cte("heads")
every_head = select(deliveries.c.seq).limit(1).cte("heads")
again = Conference.__table__.alias("again")

TIED: dict[str, Executable] = {
    "its workspace": select(Person.name).where(MINE, Person.slack_id == "U1"),
    "its workspace as a core column": select(Person.__table__).where(Person.__table__.c.workspace == HERE),
    "its workspace the other way round": select(Person.name).where(bindparam("w", HERE) == Person.workspace),
    "brackets": select(Person.name).where(and_(and_(MINE, true()), Person.active)),
    "a foreign key to what is tied": select(Person.name).join(Conference, STUDENT).where(ITS),
    "a foreign key from what is tied": select(Conference.id).join(Person, STUDENT).where(MINE),
    "two keys of the same row": select(Conference.id)
    .join(Participant, Participant.person_id == Conference.student_id)
    .where(ITS),
    "the workspace of what is tied": select(Term.name)
    .join(School, School.workspace == Term.workspace)
    .where(School.workspace == HERE),
    "a chain, told backwards": select(Answer.id)
    .join(Conversation, Conversation.id == Answer.conversation_id)
    .join(Person, Person.id == Conversation.person_id)
    .where(MINE),
    "a left join by its key": select(Person.name, OTHER.name)
    .outerjoin(OTHER, OTHER.id == Person.advisor_id)
    .where(MINE),
    "a left join by its workspace": select(Person.id)
    .outerjoin(Conversation, and_(Conversation.workspace == HERE, Conversation.beside == Person.slack_id))
    .where(MINE),
    "tables side by side": select(Person.id, Conference.id).where(MINE, ITS),
    "exists, by a key of the outer row": select(Person.id).where(
        MINE, exists().where(Conference.student_id == Person.id)
    ),
    "a statement within, tied by itself": select(Person.id).where(
        MINE, or_(Person.id.in_(select(Conference.student_id).where(ITS)), Person.quiet_since.is_(None))
    ),
    "in what is tied": select(Person.id).where(Person.id.in_(select(Conference.student_id).where(ITS))),
    "equal to what is tied": select(Person.name).where(
        Person.id == select(Conference.student_id).where(ITS, Conference.id == 1).scalar_subquery()
    ),
    "joined to a subquery that is tied": select(Conference.place).join(latest, latest.c.conference_id == Conference.id),
    "in a common table that is tied": update(deliveries)
    .where(deliveries.c.seq.in_(select(heads.c.seq)))
    .values(missing=0),
    "each part of a union": union_all(select(Person.id).where(MINE), select(Conference.id).where(ITS)),
    "a subquery among the columns": select(
        Person.id, select(func.count(Conference.id)).where(STUDENT).scalar_subquery()
    ).where(MINE),
    "no table at all": select(func.pg_notify("bell", "x")),
    "an update": update(Person).where(MINE, Person.id == 1).values(name="Noor"),
    "an update from another table": update(Person).where(STUDENT, ITS).values(name="Noor"),
    "a deletion": delete(Person).where(MINE, Person.id == 1),
    "a row": insert(Term).values(workspace=HERE, name="Q1"),
    "rows, given later": insert(Term),
    "rows at once": insert(Term).values([{"workspace": HERE, "name": "Q1"}, {"workspace": HERE, "name": "Q2"}]),
    "a row under a name of its own": insert(Term).values(workspace=bindparam("in_workspace"), name="Q1"),
    "a row from another": insert(Term).from_select(
        ["workspace", "name"], select(School.workspace, School.name).where(School.workspace == HERE)
    ),
    "a row from another, and a parameter": insert(Term).from_select(
        ["workspace", "name"], select(bindparam("w", HERE), School.name).where(School.workspace == HERE)
    ),
    "a row that is there already": sqlite.insert(Term).values(workspace=HERE, name="Q1").on_conflict_do_nothing(),
}

LOOSE: dict[str, tuple[Executable, set[str]]] = {
    "nothing": (select(Person.name), {"person"}),
    "only an id": (select(Person.name).where(Person.id == 1), {"person"}),
    "the workspace or something else": (select(Person.name).where(or_(MINE, Person.id == 1)), {"person"}),
    "the workspace in brackets, or something else": (
        select(Person.name).where(and_(Person.active, or_(and_(MINE, Person.active), Person.id == 1))),
        {"person"},
    ),
    "not the workspace": (select(Person.name).where(not_(MINE)), {"person"}),
    "another than the workspace": (select(Person.name).where(Person.workspace != HERE), {"person"}),
    "several workspaces": (select(Person.name).where(Person.workspace.in_([HERE])), {"person"}),
    "a workspace like this": (select(Person.name).where(Person.workspace.like(HERE)), {"person"}),
    "the workspace as text": (select(Person.name).where(Person.workspace == literal_column("'T0HERE'")), {"person"}),
    "the workspace of itself": (select(Person.name).where(Person.workspace == Person.workspace), {"person"}),
    "each other's workspace": (
        select(Person.name).join(School, School.workspace == Person.workspace),
        {"person", "school"},
    ),
    "the parameter in another column": (select(Person.name).where(Person.slack_id == HERE), {"person"}),
    "another column of what is tied": (
        select(Person.name).join(Conversation, Conversation.beside == Person.slack_id).where(MINE),
        {"conversation"},
    ),
    "keys of other rows": (
        select(Person.name).join(Term, Term.id == Person.id).where(MINE),
        {"term"},
    ),
    "an alias beside the table": (select(Person.name, OTHER.name).where(MINE, OTHER.slack_id == "U1"), {"person"}),
    "the left side of a left join": (
        select(Person.id).outerjoin(Conference, and_(STUDENT, MINE)).where(Person.active),
        {"person", "conference"},
    ),
    "the other side of a full join": (
        select(Person.id).join(Conference, STUDENT, full=True).where(MINE),
        {"conference"},
    ),
    "the key of what is not tied": (
        select(Answer.id).join(Conversation, Answer.conversation_id == Conversation.id),
        {"answer", "conversation"},
    ),
    "a statement within, on the same table": (
        select(Person.id).where(MINE, Person.id.in_(select(Person.advisor_id))),
        {"person"},
    ),
    "exists, by nothing": (select(Person.id).where(MINE, exists().where(Conference.place == "Hall")), {"conference"}),
    "exists for the outer row": (
        select(Person.id).where(exists().where(STUDENT, ITS)),
        {"person"},
    ),
    "in what is not tied": (
        select(Person.id).where(MINE, Person.id.in_(select(Conference.student_id))),
        {"conference"},
    ),
    "joined to a subquery that is not tied": (
        select(Conference.place).join(anybodys, anybodys.c.conference_id == Conference.id).where(ITS),
        {"approval"},
    ),
    "a number of a subquery that is no key": (
        select(Approval.items).join(latest, latest.c.n == Approval.number),
        {"approval"},
    ),
    "a common table that is not tied": (
        update(deliveries).where(deliveries.c.seq.in_(select(every_head.c.seq))),
        {"deliveries"},
    ),
    "one part of a union": (union_all(select(Person.id).where(MINE), select(Conference.id)), {"conference"}),
    "a subquery among the columns": (
        select(Person.id, select(func.count(Conference.id)).scalar_subquery()).where(MINE),
        {"conference"},
    ),
    "the order": (
        select(Person.id).where(MINE).order_by(select(Conference.date).where(Conference.id == 1).scalar_subquery()),
        {"conference"},
    ),
    "a statement in a join's condition": (
        select(Person.id).join(Conference, and_(STUDENT, exists().where(Alert.level == "look"))).where(MINE),
        {"alert"},
    ),
    "an update": (update(Person).where(Person.id == 1).values(name="Noor"), {"person"}),
    "an update from a table that is not tied": (
        update(Person).where(MINE, Conference.place == "Hall").values(name="Noor"),
        {"conference"},
    ),
    "what an update sets": (
        update(Person).where(MINE).values(name=select(School.name).limit(1).scalar_subquery()),
        {"school"},
    ),
    "a deletion": (delete(Item).where(Item.conference_id == 1), {"item"}),
    "a deletion by what is not tied": (
        delete(Item).where(Item.conference_id.in_(select(Conference.id))),
        {"conference"},
    ),
    "a row without it": (insert(Term).values(name="Q1"), {"term"}),
    "a row of its own making": (insert(Term).values(workspace=func.lower("T"), name="Q1"), {"term"}),
    "one of several rows": (
        insert(Term).values([{"workspace": HERE, "name": "Q1"}, {"workspace": func.lower("T"), "name": "Q2"}]),
        {"term"},
    ),
    "a row from one that is not tied": (
        insert(Term).from_select(["workspace", "name"], select(School.workspace, School.name)),
        {"school"},
    ),
    "a row from another, with another column": (
        insert(Term).from_select(
            ["workspace", "name"], select(School.name, School.name).where(School.workspace == HERE)
        ),
        {"term"},
    ),
    "a row taken over": (
        postgresql.insert(School)
        .values(workspace=HERE)
        .on_conflict_do_update(index_elements=["name"], set_={"name": "x"}),
        {"school"},
    ),
    "text": (text("SELECT 1"), {TEXT}),
    "text within": (select(Person.id).where(MINE, text("id IN (SELECT id FROM conference)")), {TEXT}),
    "a column as text": (select(Person.id, literal_column("(SELECT name FROM school)")).where(MINE), {TEXT}),
}


def read(statement: Any, dialect: Dialect) -> Any:
    return anchoring(statement.compile(dialect=dialect))


@both
@pytest.mark.parametrize("name", TIED)
def test_a_table_is_tied_to_a_workspace_by(name: str, dialect: Dialect) -> None:
    if name == "a row that is there already" and dialect.name != "sqlite":
        pytest.skip("a statement of SQLite's own")
    assert read(TIED[name], dialect).loose == ()


@both
@pytest.mark.parametrize("name", LOOSE)
def test_a_table_is_not_tied_to_a_workspace_by(name: str, dialect: Dialect) -> None:
    statement, loose = LOOSE[name]
    if name == "a row taken over" and dialect.name != "postgresql":
        pytest.skip("a statement of PostgreSQL's own")
    assert set(read(statement, dialect).loose) == loose


@both
def test_each_parameter_that_names_a_workspace_is_told(dialect: Dialect) -> None:
    statement = select(Person.id).where(
        Person.name == "Noor", MINE, exists().where(STUDENT, Conference.workspace == bindparam("there"))
    )
    compiled: Any = statement.compile(dialect=dialect)
    places = compiled.positiontup or list(compiled.binds)
    told = {place if isinstance(place, str) else places[place] for place in anchoring(compiled).parameters}
    assert told == {"workspace_1", "there"}


@both
def test_the_workspaces_of_all_rows_are_told(dialect: Dialect) -> None:
    told = read(insert(Term).values([{"workspace": HERE, "name": str(n)} for n in range(3)]), dialect).parameters
    assert len(told) == 3


def test_a_table_that_is_read_again_within_is_another_one() -> None:
    within = select(again.c.id).where(again.c.place == Conference.place)
    statement = select(Conference.id).where(ITS, Conference.id.in_(within))
    assert read(statement, DIALECTS[0]).loose == ("conference",)
