"""`conference-coach cadence`: the coming quarter as a page, before anything of it is sent."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click
from sqlalchemy import Connection

from bot.errors import CoachError, SchoolError
from bot.services.nudges.foretelling import page
from bot.services.nudges.quarter import quarter_of
from bot.services.roster import school
from bot.settings import Settings
from bot.store.existing import existing


@click.command()
@click.option("--student", metavar="ID", help="The quarter of one student, by their id in roster.csv.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def cadence(student: str | None, workspace: str | None) -> None:
    """Print the coming quarter: what will be sent to whom and when, and what will not, with the reason.

    Nothing is sent or changed by it. It shows the school as it was loaded last; change cadence.toml, calendar.ics or
    school.toml in the school's folder, load it again, and look again.
    """
    settings = Settings.read(os.environ)
    store = existing(settings.database_url, settings.keyring)
    try:
        now = datetime.now(UTC)
        with store.read() as connection:
            whose = school_of(connection, workspace)
            only = _student(connection, whose, student) if student else None
            click.echo(page(quarter_of(connection, whose, now, only, foretold=True), only, now), nl=False)
    finally:
        store.close()


def school_of(connection: Connection, wanted: str | None) -> str:
    """The workspace a command is about: the only school there is, or the one that is wanted; else CoachError."""
    known = school.names(connection)
    if not known:
        raise SchoolError(["No school has been loaded yet. Load one: conference-coach load DIR"])
    if wanted is None and len(known) > 1:
        listed = "; ".join(f"{one} ({name})" for one, name in known.items())
        raise CoachError(f"There are several schools: {listed}. Say which: --workspace {next(iter(known))}")
    if wanted is not None and wanted not in known:
        raise CoachError(
            f"There is no school of workspace {wanted} here. Leave --workspace out to see which there are."
        )
    return wanted or next(iter(known))


def _student(connection: Connection, workspace: str, key: str) -> int:
    found = school.student(connection, workspace, key)
    if found is None:
        raise CoachError(f"There is no student “{key}”. Give the id that roster.csv has for them.")
    return found
