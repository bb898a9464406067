"""What deleted rows leave behind in a database's files, and how it is taken out.

SQLite keeps deleted bytes in free pages, and in the log beside the file, until they are written over. PostgreSQL keeps
old versions of rows until a vacuum, and its own log for as long as that is set up to.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bot.store import whose
from bot.store.session import Store

log = logging.getLogger("bot.store")


def wipe_as_deleted(connection: Connection) -> None:
    """What this connection deletes from now on is written over. PostgreSQL has nothing like it."""
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA secure_delete=ON")


def scrub(store: Store) -> bool:
    """Write the database's file anew without what was deleted, and empty the log beside it; on PostgreSQL, let old
    versions of rows be written over. False where another process is in the way: then it is to be done again."""
    try:
        return _rewrite(store) if store.sqlite else _vacuum(store)
    except OperationalError as error:
        log.warning("scrub_failed error=%s", type(error.orig).__name__)
        return False


def empty_log(store: Store) -> bool:
    """On SQLite, carry the log beside the file into it and empty it; False where a reader is in the way."""
    if not store.sqlite:
        return True
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy


def _rewrite(store: Store) -> bool:
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        try:
            driver.execute("VACUUM")
        except driver_errors(store) as error:
            log.warning("scrub_failed error=%s", type(error).__name__)
            return False
    return empty_log(store)


def driver_errors(store: Store) -> type[Exception]:
    """What the driver raises where the file is locked."""
    error: type[Exception] = store.engine.dialect.loaded_dbapi.OperationalError
    return error


def _vacuum(store: Store) -> bool:
    tables = ", ".join(f'"{table.name}"' for table in whose.in_order())
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"VACUUM {tables}")
    return True
