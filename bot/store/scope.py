"""Workspaces apart, in one place: no statement runs that is not kept to one workspace, no transaction that is in two.

Every table of a statement must be anchored (bot.store.anchors). The parameters that anchor them name the workspace: the
first that a transaction comes with is its own until it ends. It costs a look into a dict, after the first time.

What is of every workspace by its nature says so, by the option `every_workspace` of the statement or the connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, ForeignKeyConstraint, Table, event, func, select
from sqlalchemy.sql.compiler import SQLCompiler

from bot.errors import ScopeError
from bot.store.anchors import TEXT, WORKSPACE, Anchoring, anchoring
from bot.store.models import ALL_METADATA
from scheduler.prepared import WATCH, Bound

EVERY = "every_workspace"

_UNDECIDED = object()
"""The workspace of a transaction that has not come to any yet: no parameter is this."""


class Watch:
    """Of one connection to the database: the workspace its transaction is in. `known`: what was read, by its SQL."""

    __slots__ = ("_known", "workspace")

    def __init__(self, known: dict[str, Anchoring]) -> None:
        self._known = known
        self.workspace: object = _UNDECIDED

    def __call__(self, connection: Connection, compiled: SQLCompiler, rows: Sequence[Bound]) -> None:
        """Before a statement of `Prepared` is run, once for each of the rows of parameters."""
        found = self._anchoring(compiled)
        if found.loose:
            self.refuse(connection.get_execution_options(), found.loose)
            return
        for row in rows:
            for at in found.parameters:
                workspace = row[at]  # type: ignore[index]
                if workspace != self.workspace:
                    self.enter(connection.get_execution_options(), workspace)

    def check(self, context: Any) -> None:
        """Before a statement of SQLAlchemy's is run."""
        compiled = context.compiled
        if compiled is None:
            if not context.statement.startswith("PRAGMA"):  # which touches no rows
                self.refuse(context.execution_options, (TEXT,))
            return
        found = self._anchoring(compiled)
        if found.loose:
            self.refuse(context.execution_options, found.loose)
            return
        places = compiled.positiontup
        for row in context.compiled_parameters:
            for at in found.parameters:
                workspace = row[at] if places is None else row[places[at]]
                if workspace != self.workspace:
                    self.enter(context.execution_options, workspace)

    def enter(self, options: Mapping[str, Any], workspace: Any) -> None:
        """The transaction's workspace is this, if it has none yet."""
        if options.get(EVERY):
            return
        if not isinstance(workspace, str) or not workspace:
            raise ScopeError("A statement names no workspace. Pass the workspace of the event or of the command.")
        if self.workspace is not _UNDECIDED:
            raise ScopeError(
                f"A transaction in workspace {self.workspace} came to {workspace}. One transaction is in one workspace."
            )
        self.workspace = workspace

    def refuse(self, options: Mapping[str, Any], loose: Sequence[str]) -> None:
        """A statement with tables that nothing ties to a workspace runs only where it is meant to."""
        if not options.get(EVERY):
            raise ScopeError(
                f"Nothing ties {', '.join(sorted({*loose}))} to a workspace in this statement. Add its workspace to "
                f"the condition; only what is of every workspace by nature bears the option {EVERY}."
            )

    def _anchoring(self, compiled: SQLCompiler) -> Anchoring:
        found = self._known.get(compiled.string)
        if found is None:
            found = self._known[compiled.string] = anchoring(compiled)
        return found


def keep_apart(engine: Engine) -> None:
    """From now on, whatever this engine runs is kept to one workspace."""
    known: dict[str, Anchoring] = {}

    def connected(_connection: Any, record: Any) -> None:
        record.info[WATCH] = Watch(known)

    def begun(connection: Connection) -> None:
        connection.info[WATCH].workspace = _UNDECIDED

    def before(
        connection: Connection, _cursor: Any, _sql: str, _parameters: Any, context: Any, _executemany: bool
    ) -> None:
        if not context.isddl:
            connection.info[WATCH].check(context)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    event.listen(engine, "before_cursor_execute", before)


@contextmanager
def every_workspace(connection: Connection) -> Iterator[Connection]:
    """For what is of every workspace by nature: until the end, this connection is kept to none."""
    connection.execution_options(every_workspace=True)
    try:
        yield connection
    finally:
        connection.execution_options(every_workspace=False)


@dataclass(frozen=True, slots=True)
class Stray:
    """So many rows of a table refer by a column to rows of another workspace."""

    table: str
    column: str
    refers: str
    rows: int


def strays(connection: Connection) -> list[Stray]:
    """Foreign keys that lead from one workspace into another; none, unless somebody else has written here."""
    found = [
        _stray(connection, table, constraint)
        for metadata in ALL_METADATA
        for table in metadata.sorted_tables
        for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
    ]
    return [one for one in found if one.rows]


def _stray(connection: Connection, table: Table, constraint: ForeignKeyConstraint) -> Stray:
    (key,) = constraint.elements
    other = constraint.referred_table.alias("other")
    statement = (
        select(func.count())
        .select_from(table)
        .join(other, other.c[key.column.name] == key.parent)
        .where(other.c[WORKSPACE] != table.c[WORKSPACE])
        .execution_options(every_workspace=True)
    )
    return Stray(table.name, key.parent.name, key.column.table.name, connection.scalar(statement) or 0)
