"""One engine a process, one transaction a verb."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Row, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError

from bot.store.keyring import NO_KEYS, Keyring
from bot.store.scope import keep_apart
from scheduler import sealed
from scheduler.once import once
from scheduler.prepared import execute

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


ROOM = ("cache_size=-65536", "wal_autocheckpoint=4000")
"""A cache of 64 MB, a checkpoint every 16 MB of log: so that a turn costs no more in a school of thousands."""


_OWN = 0o600

LOOKS_FOR = 5
"""Seconds that somebody who only looks waits for a connection or a lock; and twice as long for an answer."""

_ONLY_LOOKING = ("default_transaction_read_only = on", f"statement_timeout = '{2 * LOOKS_FOR}s'")


class Store:
    """The database: `write()` and `read()` each give one connection in one transaction.

    On SQLite a write takes a lock inside the process first: writers standing in line cost a tenth of writers
    waiting in SQLite's busy handler. `BEGIN IMMEDIATE` keeps other processes apart.
    """

    def __init__(self, url: str, keyring: Keyring = NO_KEYS, *, looks: bool = False) -> None:
        """looks: nothing can be written, the database refuses it; and it does not take long to be given up."""
        self.keyring = keyring
        self.engine = make_engine(url, looks=looks)
        sealed.use(self.engine, keyring)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._writer = threading.Lock()
        self._kept: Connection | None = None

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back on any error."""
        if not self.sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writer:
            if self._kept is None:  # there is one writer at a time: it has a connection of its own
                self._kept = self.engine.connect().execution_options(begin="IMMEDIATE")
            with self._kept.begin():
                yield self._kept

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view."""
        with self.engine.begin() as connection:
            yield connection

    def once(self, connection: Connection, name: str) -> bool:
        """In a write: True if no other process is at what goes by this name, and none will be until it ends."""
        return once(connection, name)

    def close(self) -> None:
        """Close every connection."""
        with self._writer:
            if self._kept is not None:
                self._kept.close()
                self._kept = None
        self.engine.dispose()


def make_engine(url: str, *, looks: bool = False) -> Engine:
    """An engine for SQLite (WAL, synchronous FULL, foreign keys on) or PostgreSQL (psycopg 3). `looks`: as for Store.

    Its errors never show the parameters of a statement: they would be students' words.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=40, hide_parameters=True,
            connect_args={"connect_timeout": LOOKS_FOR} if looks else {},
        )  # fmt: skip
        if looks:
            event.listen(engine, "connect", _look_at_postgresql)
        _watch_for_ends(engine)
        keep_apart(engine)
        return engine
    wait = LOOKS_FOR if looks else 30
    engine = create_engine(parsed, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": wait})
    if looks:
        event.listen(engine, "connect", _look_at_sqlite)
    else:
        event.listen(engine, "do_connect", _make_own)
        event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    keep_apart(engine)
    return engine


def _watch_for_ends(engine: Engine) -> None:
    """A pooled connection that the server has closed is found by what is left in its socket: that costs two system
    calls, where asking the server would cost every turn a round trip. After a restart all of the pool are made anew."""
    gone = engine.dialect.loaded_dbapi.OperationalError

    def refuse(connection: Any, _record: Any, _proxy: Any) -> None:
        try:
            connection.pgconn.consume_input()  # the server's last words
            connection.pgconn.consume_input()  # and the end
        except gone as error:
            raise InvalidatePoolError("the server has closed the connection") from error

    event.listen(engine, "checkout", refuse)


def _make_own(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """A new file is there for this user alone before SQLite fills it; what SQLite puts beside it follows its mode."""
    name = str(arguments[0])
    if name == ":memory:" or name.startswith("file:"):
        return
    with contextlib.suppress(OSError):  # it is there; or it cannot be made, which SQLite says
        os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWN))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", *ROOM):
        connection.execute(f"PRAGMA {pragma}")


def _look_at_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only=ON")


def _look_at_postgresql(connection: Any, _record: Any) -> None:
    for setting in _ONLY_LOOKING:
        connection.execute(f"SET {setting}")
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    execute(connection, f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}").close()
