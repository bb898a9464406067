"""Whether a database may be written, asked without writing anything."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from bot.store.models import ALL_METADATA
from bot.store.session import LOOKS_FOR

_VERBS = ("INSERT", "UPDATE", "DELETE")


def fault(url: str) -> str:
    """Why this database, which is there, cannot be written; "" if it can."""
    parsed = make_url(url)
    return _sqlite(Path(parsed.database or "")) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)


def _sqlite(file: Path) -> str:
    """A page is written anew as it is, and taken back."""
    beside = f"{file.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(sqlite3.connect(beside, uri=True, timeout=LOOKS_FOR, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            (kept,) = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version = {int(kept)}")
            database.execute("ROLLBACK")
    except sqlite3.Error as error:
        return str(error)
    return ""


def _postgresql(url: URL) -> str:
    tables = [table.name for metadata in ALL_METADATA for table in metadata.sorted_tables]
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(plain, connect_timeout=LOOKS_FOR) as database:
            (only_read,) = database.execute("SHOW transaction_read_only").fetchone() or ("off",)
            if only_read == "on":
                return "it is only to be read (a replica, or default_transaction_read_only)"
            lacking = [name for name in tables if not _may(database, name)]
    except psycopg.Error as error:
        return next(iter(str(error).strip().splitlines()), type(error).__name__)
    return f"this user may not write the tables {', '.join(lacking[:3])}" if lacking else ""


def _may(database: psycopg.Connection[tuple[object, ...]], table: str) -> bool:
    asked = database.execute(
        "SELECT bool_and(has_table_privilege(to_regclass(%s), verb)) FROM unnest(%s::text[]) AS verb",
        [f'"{table}"', list(_VERBS)],
    )
    (may,) = asked.fetchone() or (False,)
    return may is not False
