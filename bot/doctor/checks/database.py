"""The database: there, whole, to be written, of this version's shape, no copy, and readable with the keys there are."""

from __future__ import annotations

import os

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from bot.doctor.finding import Finding, doubtful, failed, fine, of_error
from bot.doctor.look import Look
from bot.errors import CoachError
from bot.services.leaving import ledger
from bot.settings import HOW_TO_GET, Name
from bot.store import copies, sealing, writable
from bot.store import kept as keeping
from bot.store import migrate as schema
from bot.store.existing import broken, place
from bot.store.existing import remedy as remedy_of

LOAD = "Load the school: conference-coach load"


def database(look: Look) -> Finding:
    """Whether it is there and answers."""
    if look.store.sqlite and look.database is None:
        return failed("This database is only in memory, and gone at the end.", Name.DATABASE_URL, _HOW)
    if look.database and not os.path.isfile(look.database):
        remedy = place(make_url(look.settings.database_url)) or f"{LOAD}. Is it elsewhere? {_HOW}"
        return failed(f"There is no database {look.database}.", Name.DATABASE_URL, remedy)
    try:
        schema.current(look.store)
    except DBAPIError as error:
        return _unusable(error, look.settings.database_url)
    return fine(f"It answers: {look.database or 'PostgreSQL'}.", Name.DATABASE_URL)


def kept(look: Look) -> Finding:
    """Whether its disk is there again after a restart."""
    if wrong := keeping.fault(look.settings.database_url, look.environ):
        said, _, remedy = wrong.partition(". ")
        return failed(f"{said}.", Name.DATABASE_URL, remedy)
    return fine("Its disk is kept." if look.database else "It keeps itself.", Name.DATABASE_URL)


def written(look: Look) -> Finding:
    """Whether the bot may write in it. Nothing is written by asking."""
    if wrong := writable.fault(look.settings.database_url):
        return failed(f"It cannot be written: {wrong}.", Name.DATABASE_URL, "Let this user write it, or name another.")
    return fine("It can be written.", Name.DATABASE_URL)


def migrations(look: Look) -> Finding:
    """Whether it has the shape this version works with."""
    try:
        found = schema.current(look.store)
        if found is None:
            return failed("Nothing has been loaded into it.", Name.DATABASE_URL, LOAD)
        schema.require_current(look.store)
    except CoachError as error:
        return of_error(error, Name.DATABASE_URL)
    return fine(f"It is at revision {found}, this version's.", Name.DATABASE_URL)


def copied(look: Look) -> Finding:
    """Whether it is a copy that was put back, and not yet looked over."""
    with look.store.read() as connection:
        at = copies.copied_at(connection)
    if at is not None:
        return failed(
            f"It is a copy of {at:%Y-%m-%d %H:%M} UTC that was put back: nothing is sent from it.",
            Name.DATABASE_URL,
            "Look it over: conference-coach restore-check",
        )
    return fine("It is no copy.", Name.DATABASE_URL)


def keys(look: Look) -> Finding:
    """Whether each key that something is sealed with is there, and is the right one."""
    with look.store.read() as connection:
        found = sealing.counts(connection)
        in_use = any(one.key for one in found)
        shut = sealing.shut(connection, look.store.keyring) if in_use else frozenset[str]()
    if shut:
        absent = sorted(shut - set(look.store.keyring.names))
        wrong = sorted(shut & set(look.store.keyring.names))
        told = [f"the key {name} is not there" for name in absent]
        told += [f"the key {name} is not the one values were sealed with" for name in wrong]
        remedy = "Put it back there, after the others; it is in the copy you keep apart from the backups."
        return failed(f"Not all can be read: {'; '.join(told)}.", Name.ENCRYPTION_KEYS, remedy)
    plain = sum(one.number for one in found if not one.key)
    if look.store.keyring.first and plain:
        remedy = "Seal them: conference-coach keys rotate"
        return doubtful(f"{plain:,} values stand there in plain text.", Name.ENCRYPTION_KEYS, remedy)
    said = "All that is sealed opens." if look.store.keyring.first else "Nothing is sealed."
    return fine(said, Name.ENCRYPTION_KEYS)


def erasures(look: Look) -> Finding:
    """Whether the ledger of erasures can be read."""
    path = ledger.place(look.settings).absolute()
    try:
        ledger.read(path)
    except CoachError as error:
        return of_error(error, Name.ERASURES)
    if not path.parent.is_dir():
        return failed(f"There is no folder {path.parent}.", Name.ERASURES, HOW_TO_GET[Name.ERASURES])
    return fine(f"Erasures are kept in {path}.", Name.ERASURES)


def _unusable(error: DBAPIError, url: str) -> Finding:
    if broken(error):
        remedy = "Restore it again, or another backup; see that it is the right file."
        return failed(f"It is not whole: {error.orig}.", Name.DATABASE_URL, remedy)
    said = next(iter(str(error.orig).strip().splitlines()), type(error.orig).__name__)
    return failed(f"It does not answer: {said.rstrip('.')}.", Name.DATABASE_URL, remedy_of(url, error))


_HOW = HOW_TO_GET[Name.DATABASE_URL]
