"""Rows for whatever tables a database has, as it has them: what a migration may find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, UniqueConstraint

from bot.store.scope import every_workspace
from bot.store.session import Store

ROWS = 3
DAY, AT = date(2026, 12, 10), datetime(2026, 12, 10, 17, 30, tzinfo=UTC)
VERSION = "alembic_version"

Content = dict[str, list[dict[str, Any]]]
"""By table: its rows, in an order that only depends on what is in them."""


def reflected(connection: Connection) -> list[Table]:
    """The tables as they are now, those that are referred to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION]


def seed(store: Store, *, only: Iterable[str] | None = None) -> None:
    """Fill every table (or `only` these) with rows: all but the last have every column filled, and the last leaves
    empty what may be empty."""
    with store.write() as connection, every_workspace(connection):
        for table in reflected(connection):
            if only is None or table.name in only:
                for number in range(1, ROWS + 1):
                    connection.execute(table.insert().values(_row(table, number, bare=number == ROWS)))


@dataclass(frozen=True)
class Seen:
    """A database as it is. shape: by table, its columns with type, default and whether they may be empty; what they
    refer to; what is unique."""

    rows: Content
    shape: Mapping[str, Any]


def seen(store: Store) -> Seen:
    """Everything in the database, and how it is made."""
    with store.read() as connection, every_workspace(connection):
        tables = reflected(connection)
        rows = {
            table.name: sorted((dict(row) for row in connection.execute(table.select()).mappings()), key=repr)
            for table in tables
        }
    return Seen(rows, {table.name: _shape(table) for table in tables})


def _shape(table: Table) -> tuple[Any, ...]:
    columns = {column.name: (str(column.type), column.nullable, _default(column)) for column in table.columns}
    refers = sorted((key.column_keys, key.referred_table.name) for key in table.foreign_key_constraints)
    unique = sorted(
        [column.name for column in one.columns] for one in table.constraints if isinstance(one, UniqueConstraint)
    )
    return columns, refers, unique


def _default(column: Column[Any]) -> str | None:
    given: Any = column.server_default
    return str(given.arg) if given is not None else None


def _row(table: Table, number: int, *, bare: bool) -> dict[str, Any]:
    columns = [column for column in table.columns if not (bare and column.nullable)]
    return {column.name: _value(column, number) for column in columns}


def _value(column: Column[Any], number: int) -> Any:
    """What stands in a column of the nth row: what refers to another table refers to its nth row."""
    kind = column.type.python_type
    if kind is str:
        text = f"{column.name} {number}"
        length = getattr(column.type, "length", None)
        return text[-length:] if length else text
    some: dict[type, Any] = {
        int: number, float: number / 2, bool: bool(number % 2), bytes: bytes([number]), date: DAY + timedelta(number),
        datetime: AT + timedelta(number), dict: {"n": number}, object: {"n": number},
    }  # fmt: skip
    return some[kind]
