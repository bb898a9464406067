"""`conference-coach purge`: let go of what was said in school years that are over for long enough."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from bot.cli.cadence import school_of
from bot.services.leaving import purging
from bot.settings import Settings
from bot.store import residue
from bot.store.existing import workable


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def purge(dry_run: bool, workspace: str | None) -> None:
    """Take out what was said in school years that ended more than keep_days (school.toml) ago.

    A running coach does the same every day. A school year is a run of terms with less than 45 days between them.
    Killed, it goes on where it was when it is run again.
    """
    settings = Settings.read(os.environ)
    store = workable(settings.database_url, settings.keyring)
    try:
        with store.read() as connection:
            whose = school_of(connection, workspace)
        done = purging.purge(store, whose, datetime.now(UTC), dry=dry_run)
        _tell(done, dry=dry_run)
        if done.rows and not dry_run and not residue.scrub(store):
            click.echo("The database's file could not be cleaned while others use it.", err=True)
    finally:
        store.close()


def _tell(done: purging.Purged, *, dry: bool) -> None:
    if done.day is None:
        click.echo("No school year is over for long enough. Nothing was changed.")
        return
    if done.rows:
        click.echo(f"School years up to {done.day}: {_counted(sum(done.rows.values()), 'row', 'rows')} of "
                   f"{_counted(done.people, 'person', 'people')} {'would go' if dry else 'are gone'}.")  # fmt: skip
    else:
        click.echo(f"School years up to {done.day}: Nothing was left to take out.")
    for table, count in sorted(done.rows.items()):
        click.echo(f"  {table}: {count}")
    if done.kept:
        click.echo(f"Kept, with their words, until a counselor takes them up: {done.kept} safeguarding alert(s).")
    if dry:
        click.echo("Nothing was changed.")


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
