"""Whose every row is: a walk of the schema from a person along the foreign keys. No table is without a rule.

A foreign key makes the row belong to whom the row it points to belongs to. Those that point to a person, and the
columns that name one without a foreign key, are told apart in TIES: a row is about somebody, was made by somebody, or
only names them. A student's are the rows about them; what adults wrote or promised there is part of the student's
record, and `rows_by` finds it for the adult.

Deliveries have no foreign keys: they are found by whom they went to and what they are about (`rows_of`), and those that
went to others and speak of somebody by what they say (`naming`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, String, Table, and_, cast, false, literal, or_, select

from bot.store.models import ALL_METADATA, Conference, Person
from scheduler.deliveries import deliveries


class Tie(StrEnum):
    """How a column ties its row to a person."""

    ABOUT = "about"  # the row is theirs: it is exported with them and goes with them
    BY = "by"  # they wrote it, promised it or did it, in a record that may be another's
    NAMED = "named"  # the row is another's and only points to them: it can be emptied


TIES: dict[str, dict[str, Tie]] = {
    "person": {"id": Tie.ABOUT, "advisor_id": Tie.NAMED},
    "guardian": {"adult_id": Tie.ABOUT, "student_id": Tie.ABOUT},
    "conference": {"student_id": Tie.ABOUT},
    "participant": {"person_id": Tie.ABOUT},
    "conversation": {"person_id": Tie.ABOUT},
    "note": {"student_id": Tie.ABOUT, "author_id": Tie.BY},
    "commitment": {"owner_id": Tie.BY, "added_by": Tie.BY},
    "commitment_check": {"by_id": Tie.BY},
    "alert": {"student_id": Tie.ABOUT, "taken_by": Tie.BY},
    "alert_event": {"by_id": Tie.BY, "to_id": Tie.BY},
    "audit": {"student_id": Tie.ABOUT, "actor": Tie.BY},
    "erasure": {"person_id": Tie.ABOUT},
}
"""Every column that says a person's id, by table."""

NOBODYS = frozenset({"school", "term", "seen_event", "copied", "installation"})
"""Tables without a row about one person. A school's counselors and the hours they are there are the school's own."""

NAMES = 3
"""Letters from which a first name is looked for in what was said to others; "Jo" stands in too many words."""
HEAD = 32
"""So much of the beginning of somebody's words is looked for: what is quoted may be cut short behind it."""

TABLES: dict[str, Table] = {table.name: table for metadata in ALL_METADATA for table in metadata.sorted_tables}


def rows_of(table: Table, workspace: str, person: int) -> ColumnElement[bool]:
    """The condition under which a row of the table is about a person; never true in a table of nobody's.

    Of a student that is all of their record, whoever wrote it; of an adult what says something about them.
    Raises KeyError for a table without a rule.
    """
    if table is deliveries:
        return _delivered(workspace, person)
    if table.name in NOBODYS:
        return false()
    ties = TIES.get(table.name, {})
    found = [table.c[name] == person for name, tie in ties.items() if tie is Tie.ABOUT]
    found += [column.in_(_ids_of(target, workspace, person)) for column, target in _owners(table)]
    if not found:
        raise KeyError(f"{table.name} has no rule in bot.store.whose")
    return and_(table.c.workspace == workspace, or_(*found))


def rows_by(table: Table, workspace: str, person: int) -> ColumnElement[bool]:
    """The condition under which a row was made by a person: written, promised, answered for or done."""
    ties = TIES.get(table.name, {})
    columns = [table.c[name] for name, tie in ties.items() if tie is Tie.BY]
    made = [column == (f"person:{person}" if isinstance(column.type, String) else person) for column in columns]
    return and_(table.c.workspace == workspace, or_(*made)) if made else false()


def pointers(table: Table) -> list[Column[Any]]:
    """The columns by which another's row only points to somebody, and which can be emptied."""
    return [table.c[name] for name, tie in TIES.get(table.name, {}).items() if tie is Tie.NAMED]


def in_order() -> list[Table]:
    """All tables with a row about a person, so that none comes before one its foreign keys point to: rows are taken
    out from the end of it."""
    return [table for table in TABLES.values() if table.name not in NOBODYS]


def naming(connection: Connection, workspace: str, person: int) -> list[int]:
    """The `seq` of the deliveries that are not somebody's by `rows_of` and speak of them: by id, name or their words.

    An advisor's digest is one. Rather one too many than one too few: two students may have one first name.
    """
    traces = _traces(connection, workspace, person)
    others = select(deliveries.c.seq, deliveries.c.payload).where(
        deliveries.c.workspace == workspace, ~rows_of(deliveries, workspace, person)
    )
    rows = connection.execute(others, execution_options={"yield_per": 500})
    return [row.seq for row in rows if traces.in_payload(row.payload)]


# --- along the foreign keys ------------------------------------------------------------------------------------------


def _owners(table: Table) -> Iterator[tuple[Column[Any], Table]]:
    """The foreign keys that lead to rows with an owner, and where to; those to people are in TIES."""
    for column in table.columns:
        for key in column.foreign_keys:
            if key.column.table.name != "person" and key.column.table.name not in NOBODYS:
                yield column, key.column.table


def _ids_of(table: Table, workspace: str, person: int) -> Any:
    return select(table.c.id).where(rows_of(table, workspace, person))


# --- deliveries ------------------------------------------------------------------------------------------------------


def _delivered(workspace: str, person: int) -> ColumnElement[bool]:
    """By recipient, subject and the channel it stands in: bot.services gives them these forms."""
    conferences = _things("conference", workspace, person)
    alerts = _things("alert", workspace, person)
    account = _own(workspace, person, Person.slack_id)
    home = _own(workspace, person, literal("home:") + Person.slack_id)
    unmatched = _own(workspace, person, literal("slack:") + Person.slack_id)
    channels = select(Conference.channel).where(
        Conference.workspace == workspace, Conference.student_id == person, Conference.channel.is_not(None)
    )
    column = deliveries.c
    to = [column.recipient.in_(one) for one in (account, home, conferences)]
    about = [column.subject.in_(one) for one in (unmatched, conferences, alerts)]
    stands = [column.ref_channel.in_(one) for one in (_own(workspace, person, Person.im), channels)]
    plain = [column.recipient == f"mail:{person}", column.subject == f"person:{person}"]
    there = and_(column.ref_channel.is_not(None), or_(*stands))  # never NULL, so that it can be turned round
    return and_(column.workspace == workspace, or_(*plain, *to, *about, there))


def _own(workspace: str, person: int, value: Any) -> Any:
    """Something of somebody's own row, unless it is empty."""
    return select(value).where(Person.workspace == workspace, Person.id == person, value.is_not(None))


def _things(name: str, workspace: str, person: int) -> Any:
    """`<name>:<id>` of every row of that table that is about somebody."""
    table = TABLES[name]
    return select(literal(f"{name}:") + cast(table.c.id, String)).where(rows_of(table, workspace, person))


# --- what others were told ------------------------------------------------------------------------------------------


_NUMBERED = {"student": "person", "person": "person", "conference": "conference", "conversation": "conversation"}
"""What a payload calls an id, and whose it is."""

_WORDS = (
    ("answer", "text"), ("note", "text"), ("note", "title"), ("commitment", "what"), ("cue", "text"), ("run", "note"),
)  # fmt: skip
"""Where what people wrote stands."""


@dataclass(frozen=True)
class _Traces:
    """By what somebody is known again in a payload."""

    names: re.Pattern[str] | None
    heads: frozenset[str]
    ids: dict[str, frozenset[int]]

    def in_payload(self, value: Any, key: str = "") -> bool:
        match value:
            case str():
                return self._in_text(value)
            case bool() | None:
                return False
            case int():
                return value in self.ids.get(_NUMBERED.get(key, ""), ())
            case dict():
                return any(self.in_payload(one, str(name)) for name, one in value.items())
            case list():
                return any(self.in_payload(one, key) for one in value)
        return False

    def _in_text(self, text: str) -> bool:
        if self.names is not None and self.names.search(text):
            return True
        said = plain(text)
        return any(head in said for head in self.heads)


def _traces(connection: Connection, workspace: str, person: int) -> _Traces:
    own = TABLES["person"]
    name = connection.scalar(select(own.c.name).where(rows_of(own, workspace, person))) or ""
    called = {name, name.split(maxsplit=1)[0] if name.strip() else ""}
    known = sorted((re.escape(one) for one in called if len(one) >= NAMES), key=len, reverse=True)
    ids = {
        "person": frozenset({person}),
        "conference": _numbers(connection, TABLES["conference"], workspace, person),
        "conversation": _numbers(connection, TABLES["conversation"], workspace, person),
    }
    heads = {plain(text)[:HEAD] for text in _words(connection, workspace, person)}
    return _Traces(
        re.compile(rf"(?<!\w)(?:{'|'.join(known)})(?!\w)", re.IGNORECASE) if known else None,
        frozenset(head for head in heads if len(head) >= HEAD // 2),
        ids,
    )


def _numbers(connection: Connection, table: Table, workspace: str, person: int) -> frozenset[int]:
    return frozenset(connection.scalars(_ids_of(table, workspace, person)))


def _words(connection: Connection, workspace: str, person: int) -> Iterable[str]:
    """Everything that was written by a person or about them."""
    for name, words in _WORDS:
        table = TABLES[name]
        mine = or_(rows_of(table, workspace, person), rows_by(table, workspace, person))
        yield from connection.scalars(select(table.c[words]).where(table.c.workspace == workspace, mine))


def plain(text: str) -> str:
    """A text as it is compared: without line breaks and capitals."""
    return " ".join(text.split()).casefold()
