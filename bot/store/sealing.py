"""What of a database is sealed, and with which keys; and sealing all of it with another.

Sealing anew goes row by row, a few hundred in a transaction, past a bot at work: a value that changes meanwhile is
left, and found by the next round. However it ends, what is there opens with the keys there were, and the next run goes
on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column as TableColumn
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy import update as change

from bot.store.keyring import Keyring, KeyringError, missing
from bot.store.models import ALL_METADATA
from bot.store.session import AnyRow, Store
from scheduler import sealed

BATCH = 200
"""Rows in one transaction."""

ROUNDS = 4
"""So often is everything gone through: what a bot changes in the middle of it is left for the next time."""

_HEAD = 24
"""Characters in which the id of a key ends."""

_EVERY = {"every_workspace": True}


@dataclass(frozen=True, slots=True)
class Count:
    """So many values of a column ("answer.text") under one key; "" for those that are plain."""

    column: str
    key: str
    number: int


@dataclass(frozen=True, slots=True)
class Done:
    """So many values of a column have been sealed anew."""

    column: str
    number: int


def counts(connection: Connection) -> list[Count]:
    """Every sealed column's values by key. What is empty is neither."""
    return [count for column in _columns() for count, _ in _counted(connection, column)]


def require_keys(store: Store) -> None:
    """Raise KeyringError, with all that is wrong, unless each value's key is there and one of each key's opens."""
    with store.read() as connection:
        found = [one for column in _columns() for one in _counted(connection, column)]
    faults = [fault for count, sample in found if count.key and (fault := _fault(store.keyring, count, sample))]
    if faults:
        raise KeyringError("\n".join(faults))


def shut(connection: Connection, keyring: Keyring) -> frozenset[str]:
    """The ids of the keys under which a value stands that does not open: one of each column's is tried."""
    found = (one for column in _columns() for one in _counted(connection, column))
    return frozenset(count.key for count, sample in found if count.key and _fault(keyring, count, sample))


def reseal(store: Store) -> Iterator[Done]:
    """Seal every value with the first key of the store's keyring, in batches; or take the sealing off all of them,
    where that writes plain text. Gives what was done, column by column.

    Raises KeyringError before anything is done where a key is not there; and at the end, where a process that is
    running still writes otherwise.
    """
    require_keys(store)
    for _ in range(ROUNDS):
        again = dict.fromkeys((f"{column.table.name}.{column.name}" for column in _columns()), 0)
        for table in dict.fromkeys(column.table for column in _columns()):
            for name, number in _reseal_table(store, table):
                again[name] += number
        if not any(again.values()):
            return
        yield from (Done(name, number) for name, number in again.items() if number)
    raise KeyringError(
        "Values are still being written with another key, by a process that is running. Start it again with the same "
        "ENCRYPTION_KEYS, and run this once more."
    )


def scour(store: Store) -> bool:
    """Have what stood there before no longer stand in parts of the file that are not in use. False where that is not
    ours to do (PostgreSQL), or cannot be done because other processes are at work on the file."""
    if not store.sqlite:
        return False
    with store.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection  # these two go outside of transactions
        try:
            driver.execute("VACUUM")
            busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        return not busy


# --- counting ----------------------------------------------------------------------------------------------------


def _columns() -> list[TableColumn[Any]]:
    return [column for metadata in ALL_METADATA for column in sealed.columns_of(metadata)]


def _counted(connection: Connection, column: TableColumn[Any]) -> list[tuple[Count, str]]:
    """By key: how many values, and one of them with the name of its row."""
    head = func.substr(_bare(column), 1, _HEAD)
    ends = (func.instr if connection.dialect.name == "sqlite" else func.strpos)(head, ":")
    key = case((_is_sealed(column), func.substr(head, 2, ends - 2)), else_="").label("key")
    asked = select(key, func.count(), func.min(sealed.with_row(column))).where(_filled(column)).group_by(key)
    name = f"{column.table.name}.{column.name}"
    rows = connection.execute(asked.order_by(key), execution_options=_EVERY)
    return [(Count(name, found, number), sample) for found, number, sample in rows]


def _fault(keyring: Keyring, count: Count, sample: str) -> str:
    if count.key not in keyring.names:
        return missing(count.column, count.key)
    try:
        sealed.opened(sample, keyring)
    except KeyringError as error:
        return str(error)
    return ""


def _bare(column: TableColumn[Any]) -> ColumnElement[str]:
    """As it stands in the database, without JSON's quotation mark before it."""
    raw = sealed.raw(column)
    return func.ltrim(raw, '"', type_=Text) if isinstance(column.type, sealed.SealedJSON) else raw


def _is_sealed(column: TableColumn[Any]) -> ColumnElement[bool]:
    return func.substr(_bare(column), 1, 1) == sealed.MARK


def _filled(column: TableColumn[Any]) -> ColumnElement[bool]:
    return sealed.raw(column).not_in(["", "[]", "{}"])


# --- sealing anew ------------------------------------------------------------------------------------------------


def _reseal_table(store: Store, table: Table) -> Iterator[tuple[str, int]]:
    """Each column of the table that was sealed anew in some row, with how often."""
    columns = [column for column in _columns() if column.table is table]
    asked = _stale(store, table, columns)
    rows: Sequence[AnyRow] = ()
    while True:
        with store.write() as connection:
            rows = connection.execute(_after(asked, table, rows[-1:]), execution_options=_EVERY).all()
            done = [(f"{table.name}.{column.name}", _resealed(connection, table, column, rows)) for column in columns]
        yield from done
        if len(rows) < BATCH:
            return


def _stale(store: Store, table: Table, columns: Sequence[TableColumn[Any]]) -> Select[Any]:
    """Rows in which something is not as it would be written now."""
    wanted = [_to_do(store, column).label(f"{column.name}_todo") for column in columns]
    raws = [sealed.raw(column).label(f"{column.name}_raw") for column in columns]
    named = [sealed.with_row(column).label(f"{column.name}_named") for column in columns]
    return select(*table.primary_key, *wanted, *raws, *named).where(or_(*wanted)).order_by(*table.primary_key)


def _to_do(store: Store, column: TableColumn[Any]) -> ColumnElement[bool]:
    if not store.keyring.first:
        return _is_sealed(column)
    begins = f"{sealed.MARK}{store.keyring.first}:"
    return and_(_filled(column), func.substr(_bare(column), 1, len(begins)) != begins)


def _after(asked: Select[Any], table: Table, last: Sequence[AnyRow]) -> Select[Any]:
    keys = [*table.primary_key]
    for row in last:
        values = [literal(row._mapping[key.name], key.type) for key in keys]
        asked = asked.where(tuple_(*keys) > tuple_(*values) if len(keys) > 1 else keys[0] > values[0])
    return asked.limit(BATCH)


def _resealed(connection: Connection, table: Table, column: TableColumn[Any], rows: Sequence[AnyRow]) -> int:
    """Write values anew that still stand as they were read; how many did."""
    changed = [_changed(connection, table, column, row) for row in rows if row._mapping[f"{column.name}_todo"]]
    if not changed:
        return 0
    mine = [key == bindparam(f"held_{key.name}") for key in table.primary_key]
    unchanged = sealed.raw(column) == bindparam("was", type_=Text)
    statement = change(table).where(*mine, unchanged).values({column.name: bindparam("becomes")})
    return connection.execute(statement, changed, execution_options=_EVERY).rowcount


def _changed(connection: Connection, table: Table, column: TableColumn[Any], row: AnyRow) -> dict[str, Any]:
    values = row._mapping
    return {
        **{f"held_{key.name}": values[key.name] for key in table.primary_key},
        "was": values[f"{column.name}_raw"],
        "becomes": sealed.again(column, values[f"{column.name}_named"], connection.dialect),
    }
