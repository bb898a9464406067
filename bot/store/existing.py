"""A database that must be there: none is made by looking, and none is written without its keys."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.settings import HOW_TO_GET, Name
from bot.store import migrate as schema
from bot.store import sealing
from bot.store.keyring import NO_KEYS, Keyring
from bot.store.session import Store

_WRITABLE = "Let this user write it, and in its folder; or name another."
_LOAD = "Load a school: conference-coach load DIR"
_NAME_IT = HOW_TO_GET[Name.DATABASE_URL]
_FILE = "conference-coach.db"


def existing(url: str, keyring: Keyring = NO_KEYS) -> Store:
    """The database, at this version's schema; StoreError, with the remedy, where it is not there, empty or older."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StoreError(
            f"There is no database {parsed.database}. {_LOAD}\n{Name.DATABASE_URL}: {place(parsed) or _NAME_IT}"
        )
    store = Store(url, keyring)
    try:
        schema.require_current(store)
    except StoreError:
        if schema.current(store) is None:
            raise StoreError(f"Nothing has been loaded into this database. {_LOAD}") from None
        raise
    return store


def broken(error: DBAPIError) -> bool:
    """Whether it is SQLite saying that the file is damaged, or no database at all."""
    name = getattr(error.orig, "sqlite_errorname", "")
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def remedy(url: str, error: DBAPIError) -> str:
    """What to do about a database that cannot be used: about what is seen to be wrong, else how to name one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        missing = f'database "{parsed.database}" does not exist' in str(error.orig)
        return f"Make it: createdb {shlex.quote(parsed.database or '')}; or name another." if missing else _NAME_IT
    name = getattr(error.orig, "sqlite_errorname", "")
    if not name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return _NAME_IT
    return place(parsed) or _WRITABLE


def place(url: URL) -> str:
    """Why no SQLite file can be where this one is to be, and what to do; "" if one can."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return ""
    file = Path(url.database).absolute()
    if os.path.isdir(file):  # unlike Path's, it says no where this user may not look
        return f"{file} is a folder: name a file in it, sqlite:///{file / _FILE}"
    if not os.path.isdir(file.parent):
        return f"There is no folder {file.parent}. Make the folder, or name another."
    if not os.access(file.parent, os.X_OK):
        return f"This user may not open the folder {file.parent}. Let them, or name another."
    return ""


def workable(url: str, keyring: Keyring) -> Store:
    """The same, to be written: KeyringError, before anything is, where a key is missing or is not the right one."""
    store = existing(url, keyring)
    try:
        sealing.require_keys(store)
    except Exception:
        store.close()
        raise
    return store
