"""Copies of a database: each bears a mark, so that nothing is sent from one before it was looked over.

A SQLite copy is made by SQLite's own online backup, while the bot runs; then it is marked, and vacuumed, so that what
was erased is in none of its pages. PostgreSQL's is made by pg_dump from a snapshot in which the mark stands; in the
database itself it stands for the moment between two commits.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, delete, func, insert, select, text

from bot.errors import CoachError
from bot.store.models import Copied
from bot.store.session import Store

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep each version's programs, which are not all on the PATH."""

_STORED = "%Y-%m-%d %H:%M:%S.%f"
"""As SQLAlchemy writes an instant into SQLite."""

_EVERY = {"every_workspace": True}


class CopyError(CoachError):
    """A copy cannot be made, or a database is one."""


# --- the mark ----------------------------------------------------------------------------------------------------


def copied_at(connection: Connection) -> datetime | None:
    """When this database was copied; None where it is no copy."""
    return connection.scalar(select(func.max(Copied.at)).execution_options(**_EVERY))


def unmark(connection: Connection) -> None:
    """From now on it is no copy any more."""
    connection.execute(delete(Copied).execution_options(**_EVERY))


def refuse_copy(connection: Connection) -> None:
    """Raise CopyError, with the remedy, where this database is a copy that has not been looked over."""
    at = copied_at(connection)
    if at is not None:
        raise CopyError(
            f"This database is a copy taken at {at:%Y-%m-%d %H:%M} UTC: what it takes for still to be sent has long "
            "been sent. Run: conference-coach restore-check"
        )


# --- making one --------------------------------------------------------------------------------------------------


def copy(store: Store, target: Path, now: datetime, *, force: bool = False) -> None:
    """Copy the database into a new file, which is there whole or not at all, and readable for this user only.

    CopyError, with the remedy, if that cannot be done; with `force` a file that is there already is replaced.
    """
    _refuse(store, target, force=force)
    with _beside(target) as part:
        if store.sqlite:
            _copy_sqlite(Path(store.engine.url.database or ""), part, now)
        else:
            _dump(store, part, now)
        _keep(part, target, force=force)


def _refuse(store: Store, target: Path, *, force: bool) -> None:
    if not target.parent.is_dir():
        raise CopyError(f"{target.parent}: There is no such folder. Make it, or name another.")
    if target.is_dir():
        raise CopyError(f"{target}: This is a folder. Name a file in it.")
    if store.sqlite and target.resolve() == Path(store.engine.url.database or "").resolve():
        raise CopyError(f"{target}: This is the database itself. Name another file.")
    if target.exists() and not force:
        raise CopyError(f"{target}: It is there already. Name another file, or say --force to have it replaced.")


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """An empty file of this user's beside the target, for as long as the copy is not whole."""
    begins, ends = f".{target.name}.", ".part"
    try:
        for left in target.parent.glob(f"{begins}*{ends}"):  # one that was killed has left it
            left.unlink(missing_ok=True)
        number, name = tempfile.mkstemp(dir=target.parent, prefix=begins, suffix=ends)
    except OSError as error:
        raise CopyError(f"{target.parent}: {error.strerror}. Let this user write there, or name another.") from None
    os.close(number)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _keep(part: Path, target: Path, *, force: bool) -> None:
    """On the disk, and then by its name."""
    _to_disk(part)
    _name(part, target, force=force)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _name(part: Path, target: Path, *, force: bool) -> None:
    if force:
        part.replace(target)
        return
    try:
        os.link(part, target)
    except FileExistsError:
        raise CopyError(f"{target}: It has just been made by somebody else. Name another file.") from None
    except OSError:  # a disk that knows no links
        part.replace(target)


# --- SQLite ------------------------------------------------------------------------------------------------------


def _copy_sqlite(source: Path, part: Path, now: datetime) -> None:
    try:
        with contextlib.closing(sqlite3.connect(source)) as live, contextlib.closing(sqlite3.connect(part)) as made:
            live.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")  # so that it is one file
            made.execute("INSERT INTO copied (workspace, at) VALUES ('', ?)", (now.astimezone(UTC).strftime(_STORED),))
            made.commit()
            made.execute("VACUUM")
            found = made.execute("PRAGMA integrity_check").fetchall()
    except sqlite3.Error as error:
        raise CopyError(f"The database could not be copied: {error}. Nothing was written.") from None
    if found != [("ok",)]:
        raise CopyError(
            "The database is damaged: SQLite's integrity check fails on a copy of it. Nothing was written. Keep the "
            "backups there are, and see https://www.sqlite.org/recovery.html."
        )


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def _dump(store: Store, part: Path, now: datetime) -> None:
    tool = pg_tool("pg_dump")
    with _marked_snapshot(store, now) as snapshot:
        command = [tool, "--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--snapshot={snapshot}"]
        run_pg([*command, f"--file={part}"], store.engine.url)


@contextlib.contextmanager
def _marked_snapshot(store: Store, now: datetime) -> Iterator[str]:
    """A snapshot of the database as a copy is to have it: with the mark, which is gone again before it is read."""
    holder = store.engine.connect().execution_options(isolation_level="REPEATABLE READ", **_EVERY)
    try:
        mark = insert(Copied).values(at=now).returning(Copied.id).execution_options(**_EVERY)
        with store.write() as connection:
            number = connection.execute(mark).scalar_one()
        try:
            snapshot = str(holder.scalar(text("SELECT pg_export_snapshot()")))
        finally:
            with store.write() as connection:
                connection.execute(delete(Copied).where(Copied.id == number).execution_options(**_EVERY))
        yield snapshot
    finally:
        holder.close()


def pg_tool(name: str) -> str:
    """Where one of PostgreSQL's programs is: on the PATH, or the newest of Debian's; CopyError where it is not."""
    found = shutil.which(name)
    if found is None:
        versions = {int(at.parts[-3]): at for at in DEBIAN.glob(f"*/bin/{name}") if at.parts[-3].isdecimal()}
        found = str(versions[max(versions)]) if versions else None
    if found is None:
        raise CopyError(f"{name} is not on this machine. Install PostgreSQL's client programs: postgresql-client")
    return found


def run_pg(command: list[str], url: URL) -> None:
    """Run one of PostgreSQL's programs on a database. Its password goes by the environment, for all can read what a
    process was called with. CopyError with what it said."""
    secrets, plain = _conninfo(url)
    environment = {**os.environ, **secrets}
    done = subprocess.run(  # noqa: S603
        [*command, f"--dbname={plain}"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CopyError(f"The database could not be copied. {done.stderr.strip() or 'It gave no reason.'}")


def _conninfo(url: URL) -> tuple[dict[str, str], str]:
    given = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, "password": url.password}
    asked: dict[str, Any] = {name: value for name, value in {**given, **url.query}.items() if value is not None}
    secrets = {"PGPASSWORD": str(asked.pop("password"))} if "password" in asked else {}
    try:
        return secrets, make_conninfo(**asked)
    except psycopg.ProgrammingError as error:
        raise CopyError(f"DATABASE_URL: {error}") from None
