"""Whose rows go with somebody who is erased, and how they are taken out.

Of an adult their own words and data go; what they did for others (an alert they took up, a commitment they typed in)
stays as it is, with nobody's name to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Table, and_, delete, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from bot.services.leaving import traces
from bot.services.leaving.traces import STUDENT
from bot.store import whose
from bot.store.models import Alert, Commitment, Conference, Note, Person
from scheduler.deliveries import deliveries

OUTLIVES = frozenset({"audit", "erasure"})
"""Tables whose rows about somebody stay: there are numbers in them, and the digest."""

NAMELESS = "—"
"""The name of somebody who was erased, where a row of another's still points to theirs."""

_WROTE = ("note", "commitment", "commitment_check")


def take_out(connection: Connection, workspace: str, number: int) -> dict[str, int]:
    """Take out somebody's rows, children before what they point to; how many by table. Once more changes nothing."""
    held = Person.workspace == workspace, Person.id == number
    role = connection.scalar(select(Person.role).where(*held).with_for_update())
    if role is None:
        return {}
    conferences = Conference.workspace == workspace, Conference.student_id == number
    connection.execute(select(Conference.id).where(*conferences).with_for_update())
    traces.quieten(connection, workspace, number)
    for table in whose.in_order():
        for column in whose.pointers(table):
            mine = table.c.workspace == workspace, column == number
            connection.execute(update(table).where(*mine).values({column: None}))
    counts: dict[str, int] = {}
    for table, chosen in going(workspace, number, role):
        if count := connection.execute(delete(table).where(chosen)).rowcount:
            counts[table.name] = count
    if role != STUDENT:
        counts["person"] = _take_name(connection, workspace, number)
    return counts


def going(workspace: str, number: int, role: str | None) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Each table and which of its rows go with somebody, in the order in which they are taken out; their own row in the
    roster only if it is a student's."""
    for table in _out_of(role):
        yield table, _theirs(table, workspace, number, student=role == STUDENT)


def _out_of(role: str | None) -> list[Table]:
    """The tables in the order in which rows are taken out of them: deliveries first, for they are found by others. An
    adult's own row is `_take_name`'s."""
    stay = OUTLIVES if role == STUDENT else OUTLIVES | {"person"}
    tables = [table for table in reversed(whose.in_order()) if table is not deliveries and table.name not in stay]
    return [deliveries, *tables]


def _theirs(table: Table, workspace: str, number: int, *, student: bool) -> ColumnElement[bool]:
    """Which rows of a table go with somebody."""
    about = whose.rows_of(table, workspace, number)
    if table.name not in _WROTE:
        return about
    own = _wrote(table, workspace, number) if student else _own_words(table, workspace, number)
    return and_(table.c.workspace == workspace, or_(about, own))


def _wrote(table: Table, workspace: str, number: int) -> ColumnElement[bool]:
    """What a student added in a record that is not theirs, and what was said about it."""
    if table.name != "commitment_check":
        return whose.rows_by(table, workspace, number)
    added = whose.rows_by(whose.TABLES["commitment"], workspace, number)
    return or_(whose.rows_by(table, workspace, number), _about_commitments(table, workspace, added))


def _own_words(table: Table, workspace: str, number: int) -> ColumnElement[bool]:
    """An adult's own words in students' records: notes, but for those an alert is about, and what they promised."""
    promised = and_(Commitment.workspace == workspace, Commitment.owner_id == number)
    if table.name == "note":
        flagged = select(Alert.note_id).where(Alert.workspace == workspace, Alert.note_id.is_not(None))
        return and_(Note.workspace == workspace, Note.author_id == number, Note.id.not_in(flagged))
    return promised if table.name == "commitment" else _about_commitments(table, workspace, promised)


def _about_commitments(table: Table, workspace: str, chosen: ColumnElement[bool]) -> ColumnElement[bool]:
    commitments = select(Commitment.id).where(Commitment.workspace == workspace, chosen)
    return and_(table.c.workspace == workspace, table.c.commitment_id.in_(commitments))


def _take_name(connection: Connection, workspace: str, number: int) -> int:
    """Take an adult's row out; where others' rows point to it, all that tells who they were."""
    mine = Person.workspace == workspace, Person.id == number
    if not _pointed_to(connection, workspace, number):
        return connection.execute(delete(Person).where(*mine)).rowcount
    # No id of a roster has a blank in it.
    blank = {"key": f"erased {number}", "name": NAMELESS, "active": False}
    empty = ("email", "grade", "slack_id", "given_slack_id", "im", "time_zone", "heard_at", "chosen_language")
    connection.execute(update(Person).where(*mine).values(**blank, **dict.fromkeys(empty)))
    return 1


def _pointed_to(connection: Connection, workspace: str, number: int) -> bool:
    """Whether a row of any table has a foreign key to somebody's."""
    for table in whose.in_order():
        columns = [key.parent for key in table.foreign_keys if key.column.table.name == "person"]
        for column in columns:
            here = table.c.workspace == workspace, column == number
            if connection.execute(select(column).where(*here).limit(1)).first() is not None:
                return True
    return False
