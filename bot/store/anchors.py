"""What ties each table of a statement to a workspace. Pure: it reads statements, it runs none.

A table is anchored if its rows can only be of one workspace: by `workspace = :parameter`, or by being joined, on the
workspace or on a foreign key, to a table that is. Only what must hold of every row counts: nothing under OR or NOT, and
of a left join's condition only what it says of its right side. What is in doubt counts as not anchored.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Column, Delete, Insert, Select, Table, TextClause, Update, Values
from sqlalchemy.dialects.postgresql.dml import OnConflictDoUpdate as OnConflictOfPostgreSQL
from sqlalchemy.dialects.sqlite.dml import OnConflictDoUpdate as OnConflictOfSQLite
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ColumnClause,
    ColumnElement,
    Grouping,
    Label,
)
from sqlalchemy.sql.selectable import (
    CTE,
    AliasedReturnsRows,
    CompoundSelect,
    FromGrouping,
    Join,
    ScalarSelect,
    SelectBase,
    SelectStatementGrouping,
    TableValuedAlias,
    TextualSelect,
)

WORKSPACE = "workspace"
TEXT = "(SQL as text)"
"""Stands for what cannot be read."""

_READS = re.compile(r"\b(select|from|join)\b", re.IGNORECASE)
_Froms: TypeAlias = frozenset[Any]
_NOWHERE: _Froms = frozenset()


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Of one compiled statement: tables that nothing ties to a workspace, and the parameters that name the workspace:
    by their place among the parameters where those have places, else by their name."""

    loose: tuple[str, ...]
    parameters: tuple[int | str, ...]


def anchoring(compiled: SQLCompiler) -> Anchoring:
    """Read a compiled statement."""
    reading = _Reading(compiled)
    reading.statement(compiled.statement, _Around())
    names = sorted(reading.parameters)
    if not compiled.positional:
        return Anchoring(tuple(reading.loose), tuple(names))
    places = compiled.positiontup or []
    return Anchoring(tuple(reading.loose), tuple(at for at, name in enumerate(places) if name in names))


class _Around(NamedTuple):
    """The tables of the statements that enclose one: of all of them, and of the next."""

    all: _Froms = _NOWHERE
    next: _Froms = _NOWHERE


class _Operand(NamedTuple):
    """One side of a comparison. `of`: the FROM element of a column; None: rows that are anchored themselves."""

    key: Hashable
    of: Any = None


@dataclass
class _Ties:
    """Of one statement: what is anchored, and what would anchor what."""

    anchored: set[Any]
    pairs: list[tuple[Any, Any]] = field(default_factory=list)

    def tie(self, known: Any, other: Any) -> None:
        """The other is anchored if the known is (None: it is)."""
        if known is None:
            self.anchored.add(other)
        else:
            self.pairs.append((known, other))

    def follow(self) -> None:
        """Anchor all that hangs on what is anchored."""
        before = -1
        while before != len(self.anchored):
            before = len(self.anchored)
            self.anchored |= {other for known, other in self.pairs if known in self.anchored}


class _Reading:
    """One walk through one statement."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self._compiled = compiled
        self._read: set[int] = set()  # of CTEs: each is read once, also one that names itself
        self.loose: list[str] = []
        self.parameters: set[str] = set()

    def statement(self, it: Any, around: _Around, *, source: bool = False) -> None:
        """`source`: it stands in a FROM."""
        for one in getattr(it, "_independent_ctes", ()):
            self._source(one, around)
        match it:
            case Select():
                self._select(it, around, source)
            case CompoundSelect():
                for one in it.selects:
                    self.statement(one, around, source=source)
                self._nested([*it._order_by_clauses], around)
            case SelectStatementGrouping():
                self.statement(it.element, around, source=source)
            case Insert():
                self._insert(it, around)
            case Update():
                self._update(it, around)
            case Delete():
                self._change(it, [], around)
            case Values():
                self._nested(it.get_children(), around)
            case TextClause() | TextualSelect():
                self.loose.append(TEXT)
            case _:
                self._nested([it], around)

    # --- the kinds of statements -----------------------------------------------------------------------------

    def _select(self, it: Any, around: _Around, source: bool) -> None:
        # As the compiler does it, which then knows what it leaves to an enclosing statement.
        state = it._compile_state_factory(it, self._compiled)
        explicit, implicit = (around.all - around.next, _NOWHERE) if source else (around.all, around.next)
        froms = state._get_display_froms(explicit_correlate_froms=explicit, implicit_correlate_froms=implicit)
        it = state.statement
        inside = self._tables(froms, it._where_criteria, around)
        parts = [*it._raw_columns, *it._where_criteria, *it._having_criteria]
        parts += [*it._order_by_clauses, *it._group_by_clauses]
        self._nested(parts, inside)

    def _update(self, it: Any, around: _Around) -> None:
        values = dict(it._values or {})
        if it.table.c.get(WORKSPACE) is not None:
            self._given(it, values, "")
        self._change(it, [*values.values()], around)

    def _change(self, it: Any, values: list[Any], around: _Around) -> None:
        criteria = it._where_criteria
        others = {one for part in [*criteria, *values] for one in _froms(part)} - {it.table} - around.all
        inside = self._tables([it.table, *others], criteria, around)
        self._nested([*criteria, *values, *it._returning], inside)

    def _insert(self, it: Any, around: _Around) -> None:
        if it.table.c.get(WORKSPACE) is None:
            scoped = True
        elif it.select is not None:
            scoped = self._selected(it)
        elif it._multi_values:
            rows = [row for rows in it._multi_values for row in rows]
            scoped = all(self._given(it, row, f"_m{at}") for at, row in enumerate(rows))
        else:
            scoped = self._given(it, it._values or {}, "")
        if not scoped or _takes_over(it._post_values_clause):
            self.loose.append(it.table.name)
        if it.select is not None:
            self.statement(it.select, around)
        self._nested([*(it._values or {}).values(), *it._returning], around)

    def _selected(self, it: Any) -> bool:
        """Whether an INSERT … SELECT takes the workspace from a parameter or from rows that are anchored."""
        names = [getattr(name, "key", name) for name in it._select_names or ()]
        if WORKSPACE not in names:
            return False
        column = it.select._all_selected_columns[names.index(WORKSPACE)]
        while isinstance(column, Label | Grouping):
            column = column.element
        if isinstance(column, BindParameter):
            return self._parameter(column)
        return _key(column) == WORKSPACE

    def _given(self, it: Any, values: Any, suffix: str) -> bool:
        """Whether a row's values name its workspace; what they name it by is noted."""
        value = next((value for column, value in values.items() if getattr(column, "key", column) == WORKSPACE), None)
        if value is None:
            keys = self._compiled.column_keys  # None: it was compiled without parameters, for all columns
            return (keys is None or WORKSPACE in keys) and self._named(WORKSPACE)
        if isinstance(value, BindParameter) and not value.unique:
            return self._parameter(value)
        if isinstance(value, BindParameter | str):
            return self._named(WORKSPACE + suffix)
        return _key(value) == WORKSPACE

    # --- tables and what ties them ---------------------------------------------------------------------------

    def _tables(self, froms: Sequence[Any], criteria: Iterable[Any], around: _Around) -> _Around:
        """Look at the tables of a statement; what encloses the statements within it."""
        own = frozenset(one for each in froms for one in each._from_objects)
        ties = _Ties({*(around.all - own)})  # a table that is here again is another one
        leaves: list[Any] = []
        conditions: list[Any] = []
        for one in froms:
            leaves += self._leaves(one, ties, around, conditions)
        for part in criteria:
            self._condition(part, ties, None)
        for leaf in leaves:
            if _table(leaf) is None or WORKSPACE not in leaf.c:
                ties.anchored.add(leaf)
        ties.follow()
        self.loose += [_table(leaf).name for leaf in leaves if leaf not in ties.anchored]
        inside = _Around(around.all | own, own)
        self._nested(conditions, inside)
        return inside

    def _leaves(self, it: Any, ties: _Ties, around: _Around, conditions: list[Any]) -> list[Any]:
        """The elements of a FROM, with what their joins say noted and their subqueries read."""
        if isinstance(it, FromGrouping):
            return self._leaves(it.element, ties, around, conditions)
        if isinstance(it, Join):
            left = self._leaves(it.left, ties, around, conditions)
            right = self._leaves(it.right, ties, around, conditions)
            conditions.append(it.onclause)
            if not it.full:
                self._condition(it.onclause, ties, {*right} if it.isouter else None)
            return [*left, *right]
        self._source(it, around)
        return [it]

    def _source(self, it: Any, around: _Around) -> None:
        if _table(it) is not None or isinstance(it, TableValuedAlias):
            return
        if isinstance(it, CTE):
            if self._read & {id(one.element) for one in (it, it._restates) if one is not None}:
                return
            self._read.add(id(it.element))
        if isinstance(it, AliasedReturnsRows):
            if isinstance(it.element, AliasedReturnsRows):
                self._source(it.element, around)
            else:
                self.statement(it.element, _Around() if isinstance(it, CTE) else around, source=True)
        elif isinstance(it, Values):
            self.statement(it, around)
        elif not hasattr(it, "clause_expr"):  # not a function, whose arguments are columns
            self.loose.append(TEXT)

    def _condition(self, it: Any, ties: _Ties, only: set[Any] | None) -> None:
        """Note what a condition ties. `only`: of these alone, for it need not hold of the rows of others."""
        for left, right in _equal(it):
            a, b = self._operand(left), self._operand(right)
            for one, other in ((a, b), (b, a)):
                if isinstance(one, _Operand) and one.of is not None and (only is None or one.of in only):
                    if isinstance(other, _Operand) and other.key == one.key:
                        ties.tie(other.of, one.of)
                    elif isinstance(other, BindParameter) and one.key == WORKSPACE and self._parameter(other):
                        ties.tie(None, one.of)

    def _operand(self, it: Any) -> _Operand | BindParameter[Any] | None:
        while isinstance(it, Grouping | SelectStatementGrouping):
            it = it.element
        if isinstance(it, BindParameter):
            return None if it.expanding else it
        if isinstance(it, ScalarSelect):
            it = it.element
        if isinstance(it, SelectBase):
            keys = {_key(column) for column in it._all_selected_columns}
            return _Operand(keys.pop()) if len(keys) == 1 and None not in keys else None
        if isinstance(it, ColumnClause) and it.table is not None and (key := _key(it)):
            return _Operand(key, it.table)
        return None

    def _parameter(self, bind: BindParameter[Any]) -> bool:
        name = self._compiled.bind_names.get(bind)
        if name is None and not bind.unique:  # it was compiled as a copy, which has the type of its column
            name = bind.key
        return name is not None and self._named(name)

    def _named(self, name: str) -> bool:
        if name not in self._compiled.binds:
            return False
        self.parameters.add(name)
        return True

    def _nested(self, parts: Iterable[Any], around: _Around) -> None:
        """Read the statements within expressions."""
        for part in parts:
            if isinstance(part, SelectBase):
                self.statement(part, around)
            elif isinstance(part, ScalarSelect):
                self.statement(part.element, around)
            elif isinstance(part, TextClause) or (isinstance(part, ColumnClause) and part.is_literal):
                if _READS.search(str(part)):
                    self.loose.append(TEXT)
            elif not _is_source(part):
                self._nested(part.get_children(), around)


def _equal(it: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs that are equal, or one in the other, wherever a condition holds."""
    while isinstance(it, Grouping):
        it = it.element
    if isinstance(it, BooleanClauseList) and it.operator is operators.and_:
        for clause in it.clauses:
            yield from _equal(clause)
    elif isinstance(it, BinaryExpression) and it.operator in (operators.eq, operators.in_op):
        yield it.left, it.right


def _key(column: Any) -> Hashable | None:
    """What a column's values are: the workspace, or the key of one row of one table; None if neither."""
    keys = {_own_key(one) for one in column.base_columns} if isinstance(column, ColumnElement) else {None}
    return keys.pop() if len(keys) == 1 else None


def _own_key(column: Any) -> Hashable | None:
    if not isinstance(column, Column) or not isinstance(column.table, Table):
        return None
    if column.name == WORKSPACE:
        return WORKSPACE
    for foreign in column.foreign_keys:
        return _own_key(foreign.column)
    alone = [*column.table.primary_key] == [column] if column.primary_key else bool(column.unique)
    return (column.table.name, column.name) if alone else None


def _table(source: Any) -> Any:
    """The table that a FROM element is, or is an alias of; None for what else there is."""
    while isinstance(source, AliasedReturnsRows) and not isinstance(source, CTE | TableValuedAlias):
        source = source.element
    return source if isinstance(source, Table) else None


def _froms(part: Any) -> list[Any]:
    return [one for one in getattr(part, "_from_objects", ()) if not isinstance(one, Join)]


def _is_source(part: Any) -> bool:
    return isinstance(part, Table | Join | AliasedReturnsRows | FromGrouping)


def _takes_over(clause: Any) -> bool:
    """Whether an INSERT may change a row that is there and need not be of its workspace."""
    if not isinstance(clause, OnConflictOfPostgreSQL | OnConflictOfSQLite):
        return False
    targets = clause.inferred_target_elements or ()
    return WORKSPACE not in {getattr(one, "key", one) for one in targets}
