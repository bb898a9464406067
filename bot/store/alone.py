"""On SQLite one process sends. It holds a lock that vanishes with it, however it ends, on every system.

The lock is a transaction of SQLite's own, `BEGIN EXCLUSIVE`, on an empty file beside the database: the operating system
lets go of it when the process is no more. The file stays, for taking it away would let two in; nothing is ever in it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from bot.errors import StoreError

SUFFIX = "-scheduler"


@contextmanager
def only_scheduler(url: str) -> Iterator[None]:
    """Be the only process that sends from this database, if it is a SQLite file; StoreError if another one does."""
    beside = _lock_file(url)
    if beside is None:
        yield
        return
    try:
        lock = sqlite3.connect(beside, timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise StoreError(f"{beside}: {error}. Make the folder, and let this user write in it.") from None
    try:
        _take(lock, beside)
        yield
    finally:
        lock.close()


def taken(url: str) -> bool:
    """Whether a process sends from this database right now, if it is a SQLite file. Asking leaves nothing behind."""
    beside = _lock_file(url)
    if beside is None or not beside.is_file():
        return False
    with contextlib.closing(sqlite3.connect(f"{beside.as_uri()}?mode=ro", uri=True, timeout=0)) as lock:
        try:
            lock.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            return error.sqlite_errorname.startswith("SQLITE_BUSY")
    return False


def _take(lock: sqlite3.Connection, beside: Path) -> None:
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise StoreError(
                f"Another process already sends from this database ({beside.name} is locked): only one can, on SQLite. "
                "End that one first (conference-coach run, in another terminal or as a service). "
                "For several processes set DATABASE_URL to a PostgreSQL database."
            ) from None
        raise StoreError(f"{beside}: {error}. Let this user write in its folder.") from None


def _lock_file(url: str) -> Path | None:
    """Beside the database, whatever link leads there; None where it is not a file."""
    parsed = make_url(url)
    name = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return None
    database = Path(name).resolve()
    return database.with_name(database.name + SUFFIX)
