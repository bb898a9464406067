"""Rows of one student in every table, made from the schema itself: a column that is new is filled the day it is there.

Every text in them is a word of its own that no other column and no other student has: a canary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Integer, String, insert

from bot.store.whose import TABLES, TIES, Tie, in_order
from scheduler import sealed
from scheduler.deliveries import Instant

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = date(2026, 9, 8)
_NUMBERS = {
    (table.name, column.name): number
    for number, (table, column) in enumerate((table, column) for table in TABLES.values() for column in table.columns)
}


@dataclass(frozen=True)
class Filled:
    """A student, an adult beside them, the row's id in each table that numbers its rows, and the canaries by table and
    column."""

    key: str
    person: int
    adult: int
    rows: Mapping[str, int]
    canaries: Mapping[tuple[str, str], str]


def canary(key: str, table: str, column: str, length: int | None = None) -> str:
    """The word that stands in a column: told apart by its first four letters, since some columns are short."""
    return f"{key[0]}{_NUMBERS[table, column]:03}.{table}.{column}"[:length]


def fill(connection: Connection, workspace: str, key: str) -> Filled:
    """One row of the student's in each table with somebody's rows. No two keys may begin with the same letter."""
    adult = {"key": f"{key}-adult", "role": "advisor", "name": f"Adult of {key}", "language": "en"}
    term = {"name": f"Term of {key}", "starts": DAY, "ends": DAY + timedelta(days=90)}
    rows = {name: _put(connection, workspace, name, row) for name, row in (("person", adult), ("term", term))}
    grown_up, canaries = rows.pop("person"), dict[tuple[str, str], str]()
    for table in sorted(in_order(), key=lambda table: table.name != "person"):  # whose number others need
        filler = _Filler(key, rows, grown_up, canaries)
        values = {column.name: filler.value(column) for column in table.columns if not _numbered(column)}
        rows[table.name] = _put(connection, workspace, table.name, values)
    return Filled(key, rows["person"], grown_up, rows, canaries)


def _numbered(column: Column[Any]) -> bool:
    """Whether the database gives it."""
    return column.primary_key and column.name in ("id", "seq") and isinstance(column.type, Integer)


def _put(connection: Connection, workspace: str, name: str, values: Mapping[str, Any]) -> int:
    table = TABLES[name]
    done = connection.execute(insert(table).values(sealed.row(table, {**values, "workspace": workspace})))
    keys = [column for column in table.primary_key if _numbered(column)]
    return int(done.inserted_primary_key[0]) if keys else 0


@dataclass(frozen=True)
class _Filler:
    key: str
    rows: Mapping[str, int]
    adult: int
    canaries: dict[tuple[str, str], str]

    def value(self, column: Column[Any]) -> Any:
        table = column.table.name
        if (table, column.name) in _EXACT:
            return _EXACT[table, column.name].format(self.rows.get("person"))
        for foreign in column.foreign_keys:
            return self._points(column, foreign.column.table.name)
        match column.type.impl if sealed.is_sealed(column.type) else column.type:
            case Instant():
                return NOW
            case Date():
                return DAY
            case Boolean():
                return True
            case String():
                return self._word(column, column.type.length)
            case Integer():
                return self.rows.get("person", 1)
        word = self._word(column)
        return {"canary": word} if column.name == "payload" else [{"canary": word}]

    def _points(self, column: Column[Any], target: str) -> int:
        tie = TIES.get(column.table.name, {}).get(column.name)
        return (
            self.adult
            if target == "person" and (tie is not Tie.ABOUT or column.name == "adult_id")
            else self.rows[target]
        )

    def _word(self, column: Column[Any], length: int | None = None) -> str:
        word = canary(self.key, column.table.name, column.name, length)
        self.canaries[column.table.name, column.name] = word
        return word


_EXACT = {
    ("deliveries", "recipient"): "mail:{}",
    ("deliveries", "subject"): "person:{}",
    ("deliveries", "state"): "sent",
    ("conference", "time"): "17:30",
}
"""What has a form that more than the schema goes by."""
