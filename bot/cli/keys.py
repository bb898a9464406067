"""`conference-coach keys`: the keys that people's words are sealed with in the database. It shows no word of them."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from bot.errors import SettingsError, StoreError
from bot.services.audit import trail
from bot.services.roster.school import workspaces
from bot.settings import HOW_TO_GET, Name, Settings
from bot.store import sealing
from bot.store.existing import existing
from bot.store.keyring import new_key
from bot.store.session import Store

PLAIN = "plain"
WIDE = 160
"""Columns where the output is no terminal."""
MISSING = "not in ENCRYPTION_KEYS"
WRONG = "does not open: it is not the key that values were sealed with, or they were changed. Put the right one there"
UNSEEN = "The database could not be looked at, so take care that no key of this id is in use there."
LEFT = (
    "What was there before may still stand in parts of the database's files that are no longer in use. On PostgreSQL "
    "clear them by VACUUM FULL; on SQLite end the bot, and run this again."
)
WHERE = """
Put it in front of the others in ENCRYPTION_KEYS, where the bot's other settings are:

  ENCRYPTION_KEYS={entry}{others}

The first key seals, every one opens. Start the bot again with it, and seal what is there already:
conference-coach keys rotate. (With several processes: add it at the end for all of them first, and move it to the front
only when each knows it.) Keep a copy apart from the database and its backups: without it nobody reads them again."""


@click.group()
def keys() -> None:
    """Encrypt what people write in the database: answers, notes, commitments, messages. Names stay as they are."""


@keys.command()
def new() -> None:
    """Make a fresh key, and say where to put it. Nothing is stored."""
    settings = Settings.read(os.environ)
    ring = settings.keyring
    taken = {*ring.names, *_in_use(settings)}
    numbers = [int(name[1:]) for name in taken if re.fullmatch(r"k\d{1,9}", name)]
    name = f"k{max(numbers, default=0) + 1}"  # not one that a backup may know another key by
    click.echo(f"{name}:{new_key()}")
    click.echo(WHERE.format(entry=f"{name}:…", others=",…" if ring.first else ""), err=True)


@keys.command()
def status() -> None:
    """Count what is sealed, by column and by key, and what is plain; and try whether each key opens a value of each
    column. The exit code is 1 where one does not."""
    with _store() as store, store.read() as connection:
        found, shut = sealing.counts(connection), sealing.shut(connection, store.keyring)
    if not found:
        click.echo("Nobody has written anything yet.")
        return
    names = sorted({one.key for one in found if one.key})
    numbers = Counter({(one.column, one.key): one.number for one in found})
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("Column", *names, PLAIN):
        table.add_column(title, justify="left" if title == "Column" else "right")
    for column in dict.fromkeys(one.column for one in found):
        table.add_row(column, *(f"{numbers[column, name]:,}" for name in (*names, "")))
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    for name in names:
        click.echo(f"{name}: {WRONG if name in shut and name in store.keyring.names else _role(store, name)}")
    if shut:
        click.get_current_context().exit(1)


@keys.command()
@click.option("--plain", is_flag=True, help="Take the sealing off everything instead.")
def rotate(plain: bool) -> None:
    """Seal everything with the first key of ENCRYPTION_KEYS, also what was written before there was one.

    It may be broken off at any moment, and run again. When it is done, keys after the first are of no more use to this
    database; a backup from before still needs them.
    """
    with _store(plain=plain) as store:
        if not plain and not store.keyring.first:
            raise SettingsError([f"{Name.ENCRYPTION_KEYS}: It is missing. {HOW_TO_GET[Name.ENCRYPTION_KEYS]}"])
        sealing.require_keys(store)
        _note(store, store.keyring.first or PLAIN)
        for done in sealing.reseal(store):
            click.echo(f"{done.column}: {done.number:,}")
        clear = plain or sealing.scour(store)
    click.echo("Nothing is sealed any more." if plain else f"All is sealed with {store.keyring.first}.")
    if not clear:
        click.echo(LEFT, err=True)


def _in_use(settings: Settings) -> set[str]:
    """The ids of the keys that the database's values are sealed with, where there is one."""
    try:
        store = existing(settings.database_url)
    except StoreError:  # none, or an empty one, or one from before anything was sealed
        return set()
    except DBAPIError:
        click.echo(UNSEEN, err=True)
        return set()
    try:
        with store.read() as connection:
            return {one.key for one in sealing.counts(connection)}
    finally:
        store.close()


def _role(store: Store, name: str) -> str:
    if name not in store.keyring.names:
        return MISSING
    return "seals and opens" if name == store.keyring.first else "opens"


@contextmanager
def _store(*, plain: bool = False) -> Iterator[Store]:
    settings = Settings.read(os.environ)
    store = existing(settings.database_url, settings.keyring.only_opening() if plain else settings.keyring)
    try:
        yield store
    finally:
        store.close()


def _note(store: Store, name: str) -> None:
    """In the trail of every school: which key."""
    with store.read() as connection:
        schools = workspaces(connection)
    for workspace in schools:
        with store.write() as connection:
            trail.note(connection, workspace, datetime.now(UTC), trail.CLI, trail.Act.CHANGED, "keys", name)
