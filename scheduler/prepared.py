"""Statements of the way a turn takes: compiled once, then run on the driver's cursor.

Executing a Core statement costs several times what the database takes for it, even from SQLAlchemy's cache. So the few
statements that every turn runs are compiled at their first use and executed directly, in the same connection and
transaction. Values and rows are converted by the same types, and errors come out as SQLAlchemy's, without parameters.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Executable, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from scheduler.deliveries import Instant
from scheduler.sealed import Sealer, sealer_of

Convert = Callable[[Any], Any]
Bound = Sequence[Any] | Mapping[str, Any]
"""The parameters of one run, as the driver takes them."""

WATCH = "watch"
"""Under this name in `Connection.info`: what is called before each statement is run, with the connection, the compiled
statement and the parameters of each run; what that raises keeps it from being run. SQLAlchemy's own events are not
sent: they would cost a turn more than the statement."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as one database takes it."""

    sql: str
    compiled: SQLCompiler
    fixed: Mapping[str, Any]  # parameters that stand in the statement itself
    names: Sequence[str]
    instants: Sequence[tuple[int, Convert]]  # of the values at these places
    others: Sequence[tuple[int, Convert]]
    positional: bool
    row: Callable[[Sequence[Any]], Any]


class Prepared:
    """A statement that is run often: one for all databases, or one for each dialect's name.

    A row is a named tuple if the statement is a select, else what the driver gives.
    """

    def __init__(self, statement: Executable | Mapping[str, Executable]) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, Sealer | None], _Form] = {}  # what is sealed is opened by the engine's own keys

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Every row."""
        form = self._form(connection.dialect)
        cursor = _execute(connection, form, [_bound(form, values)])
        rows = [form.row(row) for row in cursor.fetchall()]
        cursor.close()
        return rows

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any | None:
        """The first row, None where there is none."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it changed."""
        form = self._form(connection.dialect)
        cursor = _execute(connection, form, [_bound(form, values)])
        count: int = cursor.rowcount
        cursor.close()
        return count

    def many(self, connection: Connection, values: Sequence[Mapping[str, Any]]) -> int:
        """How many rows it changed, run once for each of the values."""
        form = self._form(connection.dialect)
        known: dict[int, Any] = {}
        cursor = _execute(connection, form, [_bound(form, each, known) for each in values], many=True)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get((dialect.name, sealer_of(dialect)))
        if form is None:
            chosen = self._statement[dialect.name] if isinstance(self._statement, Mapping) else self._statement
            form = self._forms[dialect.name, sealer_of(dialect)] = _form(chosen, dialect)
        return form


def _execute(connection: Connection, form: _Form, rows: list[Any], *, many: bool = False) -> Any:
    watch = connection.info.get(WATCH)
    if watch is not None:
        watch(connection, form.compiled, rows)
    return execute(connection, form.sql, rows if many else rows[0], many=many)


def execute(connection: Connection, sql: str, values: Any = (), *, many: bool = False) -> Any:
    """Run SQL of the driver's own on a new cursor of the connection, and give the cursor back."""
    cursor = connection.connection.cursor()
    errors = connection.dialect.loaded_dbapi.Error
    try:
        if many:
            cursor.executemany(sql, values)
        else:
            cursor.execute(sql, values)
    except errors as error:
        cursor.close()
        raise _named(connection, sql, error) from error
    return cursor


def _named(connection: Connection, sql: str, error: Exception) -> BaseException:
    """The error as SQLAlchemy would raise it; a connection that is gone is given up."""
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]
    if gone:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )


def _bound(form: _Form, values: Mapping[str, Any], known: dict[int, Any] | None = None) -> Any:
    """The parameters. `known`: instants converted before, by identity."""
    if form.fixed:
        values = {**form.fixed, **values}
    bound = [values[name] for name in form.names]
    known = {} if known is None else known
    for at, convert in form.instants:  # one and the same instant often stands in several columns, and rows
        instant = bound[at]
        if id(instant) not in known:
            known[id(instant)] = convert(instant)
        bound[at] = known[id(instant)]
    for at, convert in form.others:
        bound[at] = convert(bound[at])
    return bound if form.positional else dict(zip(form.names, bound, strict=True))


def _form(statement: Executable, dialect: Dialect) -> _Form:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)
    names = list(compiled.positiontup or ()) if compiled.positional else list(compiled.binds)
    types = [compiled.binds[name].type for name in names]
    made = ((at, type_.dialect_impl(dialect).bind_processor(dialect)) for at, type_ in enumerate(types))
    converts = [(at, convert) for at, convert in made if convert is not None]
    instants = [(at, convert) for at, convert in converts if isinstance(types[at], DateTime | Instant)]
    others = [one for one in converts if one not in instants]
    fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
    rows = _rows(statement, dialect)
    return _Form(compiled.string, compiled, fixed, names, instants, others, compiled.positional, rows)


def _rows(statement: Executable, dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    if not isinstance(statement, Select):
        return tuple
    columns = list(statement.selected_columns)
    named: Callable[[Sequence[Any]], Any] = namedtuple("Row", [column.key for column in columns])._make  # type: ignore
    converts = [(at, convert) for at, column in enumerate(columns) if (convert := _read(column.type, dialect))]
    if not converts:
        return named

    def converted(row: Sequence[Any]) -> Any:
        values = list(row)
        for at, convert in converts:
            values[at] = convert(values[at])
        return named(values)

    return converted


def _read(type_: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
