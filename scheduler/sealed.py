"""Columns whose values may be sealed: encrypted, each bound to its table, its column and its row.

A column of type `Sealed` or `SealedJSON` names the columns that its row goes by and that never change. What is written
must know that row (`row`, `cell`), whether anything is sealed or not: so a place that forgets fails in every test.
What is read comes with the name of its row put before it, in SQL, and is opened by that: readers know nothing of it. So
a value moved to another row, column or table does not open.

How a value is sealed, and with which key, is a `Sealer`'s to know, which an engine is given (`use`); without one values
stand as they are. A sealed value begins with `MARK`, which no plain one does: it is taken off whatever is written.
Empty values ("", [], {}) are never sealed. Names of people are not sealed anywhere: the roster is looked up by them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import JSON, ColumnElement, Dialect, Engine, FromClause, String, Text, TypeDecorator, literal_column
from sqlalchemy.sql.elements import Label

MARK = "\ufdd0"
"""A noncharacter of Unicode: begins what is sealed."""

_APART = "\x1f"
"""Stands between the parts of a row's name."""

_Kind = TypeVar("_Kind")
_Read = Callable[[Any], Any]


class SealedError(Exception):
    """A value cannot be sealed or opened; names its table and column, and never holds any of it."""


class Sealer(Protocol):
    """Seals and opens text. `context` names table, column and row: what was sealed with one opens with no other."""

    def seal(self, text: str, context: str) -> str:
        """The text sealed, with `MARK` at its beginning; or the text as it is, if nothing is to be sealed."""

    def open(self, text: str, context: str) -> str:
        """What was sealed. Raises SealedError if it is another row's, was changed, or its key is not there."""


def use(engine: Engine, sealer: Sealer) -> None:
    """Seal and open by this, on every connection of the engine."""
    cast(Any, engine.dialect).sealer = sealer


def sealer_of(dialect: Dialect) -> Sealer | None:
    """What the dialect's engine was given, if anything."""
    return getattr(dialect, "sealer", None)


# --- writing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that knows where it will stand. Its `repr` does not show it."""

    value: Any
    context: str

    def __repr__(self) -> str:
        return "Cell(…)"


def row(table: Any, values: Mapping[str, Any], of: Mapping[Any, Any] | None = None) -> dict[str, Any]:
    """The values of a row, with those of sealed columns made to know it. `table`: a table or a mapped class.

    `of`: the row that they change; left out, they are a new one's. Raises SealedError where a column is missing that
    the row goes by.
    """
    written, named = dict(values), values if of is None else of
    for name, label, by in _sealed_columns(getattr(table, "__table__", table)):
        if written.get(name):
            written[name] = Cell(written[name], _context(label, by, named))
    return written


def cell(column: Any, value: Any, **by: Any) -> Cell:
    """One value for a row that is there: `by` are the columns it goes by, and what they hold in it."""
    found = _column(column)
    kind = cast("_OfARow[Any]", found.type)
    if set(by) != set(kind.by):
        raise SealedError(f"{_label(found)}: its row goes by {', '.join(kind.by)}")
    return Cell(value, _context(_label(found), kind.by, by))


def again(column: Any, named: str, dialect: Dialect) -> Cell:
    """What `with_row` gave, to be written where it stands: opened, and sealed as things are sealed now."""
    text, kind = opened(named, sealer_of(dialect)) or "", _column(column).type
    return Cell(json.loads(text) if isinstance(kind, SealedJSON) else text, named.partition(MARK)[0])


def _context(label: str, by: tuple[str, ...], values: Mapping[Any, Any]) -> str:
    try:
        return _APART.join((label, *(str(values[name]) for name in by)))
    except KeyError as error:
        raise SealedError(f"{label}: its row goes by {', '.join(by)}; {error} is missing") from None


@cache
def _sealed_columns(table: sa.Table) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Of each sealed column: its name, its label, and the columns its rows go by."""
    found = [(column, column.type) for column in table.columns]
    return tuple((column.name, _label(column), type_.by) for column, type_ in found if isinstance(type_, _OfARow))


def is_sealed(type_: object) -> bool:
    """Whether a column of this type is sealed."""
    return isinstance(type_, _OfARow)


def columns_of(metadata: sa.MetaData) -> Iterator[sa.Column[Any]]:
    """Every sealed column of some tables."""
    tables = metadata.sorted_tables
    return (column for table in tables for column in table.columns if is_sealed(column.type))


# --- reading -----------------------------------------------------------------------------------------------------


def text_of(column: Any) -> ColumnElement[str]:
    """A sealed column as the text it holds (JSON as JSON text), fit for a subquery; what is selected is opened."""
    return sa.type_coerce(with_row(column), _Opened())


def raw(column: Any) -> ColumnElement[str]:
    """A sealed column as it stands in the database, opened by nobody."""
    found = _column(column)
    return sa.cast(found, Text) if isinstance(found.type, SealedJSON) else sa.type_coerce(found, Text)


def with_row(column: Any) -> ColumnElement[str]:
    """In SQL: the name of the row, MARK, and the value as it stands in the database. NULL where there is no row."""
    found = _column(column)
    kind, source = cast("_OfARow[Any]", found.type), getattr(found, "table", None)
    if not isinstance(source, FromClause) or not set(kind.by) <= set(source.c.keys()):
        raise SealedError(f"{found}: only a column is opened, where its row goes by {', '.join(kind.by)} beside it")
    between = literal_column(f"'{_APART}'", Text)
    text: ColumnElement[str] = literal_column(f"'{_label(found)}{_APART}'", Text)
    for number, name in enumerate(kind.by):
        text = (text + between if number else text) + _as_text(source.c[name])
    return text + literal_column(f"'{MARK}'", Text) + raw(found)


def _as_text(column: ColumnElement[Any]) -> ColumnElement[str]:
    return sa.type_coerce(column, Text) if isinstance(column.type, String) else sa.cast(column, Text)


def opened(text: str | None, sealer: Sealer | None) -> str | None:
    """What `with_row` gave, opened if it is sealed."""
    if text is None:
        return None
    context, _, value = text.partition(MARK)
    if value.startswith(MARK):
        return _opener(sealer, context).open(value, context)
    if value.startswith(f'"{MARK}'):
        return _opener(sealer, context).open(value[1:-1], context)
    return value


def label_of(context: str) -> str:
    """Table and column, of what names table, column and row."""
    return context.partition(_APART)[0]


def _opener(sealer: Sealer | None, context: str) -> Sealer:
    if sealer is None:
        raise SealedError(f"{label_of(context)} is sealed, and there is nothing to open it with")
    return sealer


def _column(column: Any) -> ColumnElement[Any]:
    found: ColumnElement[Any] = sa.inspect(column).expression if hasattr(column, "property") else column
    return found.element if isinstance(found, Label) else found


def _label(column: ColumnElement[Any]) -> str:
    """Table and column, by their own names, whatever alias they are read by."""
    own = next(iter(column.base_columns))
    return f"{own.table.name}.{own.name}" if isinstance(own, sa.Column) else str(column)


# --- the types ---------------------------------------------------------------------------------------------------


def _stored(value: Any, sealer: Sealer | None, encode: Callable[[Any], str]) -> str:
    """As it is to stand in the database, JSON's quotation marks left out."""
    if isinstance(value, Cell):
        text = encode(value.value)
        return sealer.seal(text, value.context) if sealer is not None and value.value else text
    if value:
        raise SealedError("what goes into a sealed column must know its row: scheduler.sealed.row or .cell")
    return encode(value)


class _OfARow(TypeDecorator[_Kind]):
    """What knows its row. `by`: the columns the row goes by."""

    impl: type[sa.types.TypeEngine[Any]] = Text
    cache_ok = True

    def __init__(self, by: tuple[str, ...]) -> None:
        super().__init__()
        self.by = by

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any] | None:
        return sa.type_coerce(with_row(column), self)


class Sealed(_OfARow[str]):
    """Text."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _stored(value, sealer_of(dialect), _unmarked)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return opened(value, sealer_of(dialect))


class SealedJSON(_OfARow[Any]):
    """JSON; sealed it is a string of JSON's."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> _Read:
        return lambda value: as_json(value, sealer_of(dialect))

    def result_processor(self, dialect: Dialect, coltype: object) -> _Read:
        def read(value: str | None) -> Any:
            text = opened(value, sealer_of(dialect))
            return None if text is None else json.loads(text)

        return read


class _Opened(TypeDecorator[str]):
    """What `with_row` makes in SQL, opened."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return opened(value, sealer_of(dialect))


def as_json(value: Any, sealer: Sealer | None) -> str:
    """A Cell, or an empty value, as the JSON text that stands in the database."""
    text = _stored(value, sealer, json.dumps)
    return f'"{text}"' if text.startswith(MARK) else text


def _unmarked(text: str) -> str:
    return text.replace(MARK, "")
