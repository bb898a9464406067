"""One engine a process, one transaction a verb."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Row, create_engine, event, make_url

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


class Store:
    """The database: `write()` and `read()` each give one connection in one transaction.

    On SQLite a write takes a lock inside the process first: writers standing in line cost a tenth of writers
    waiting in SQLite's busy handler. `BEGIN IMMEDIATE` keeps other processes apart.
    """

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._writer: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if self.sqlite else contextlib.nullcontext()
        )
        self._writing = self.engine.execution_options(begin="IMMEDIATE") if self.sqlite else self.engine

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back on any error."""
        with self._writer, self._writing.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine for SQLite (WAL, synchronous FULL, foreign keys on) or PostgreSQL (psycopg 3).

    Its errors never show the parameters of a statement: they would be students' words.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=40, hide_parameters=True
        )
    engine = create_engine(parsed, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")
