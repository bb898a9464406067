"""`conference-coach consent`: a student takes no part any more, or does again."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from bot.cli.cadence import school_of
from bot.services.leaving import consent as consents
from bot.services.leaving import who
from bot.services.nudges.quarter import replan
from bot.settings import Settings
from bot.store.existing import workable
from scheduler.outbox import Outbox

OUTBOX = "consent"


@click.command()
@click.argument("given", metavar="yes|no", type=click.Choice(["yes", "no"]))
@click.option("--student", metavar="ID", required=True, help="Whose, by their id in roster.csv.")
@click.option("--workspace", metavar="T…", help="Of which school, if the database holds several.")
def consent(given: str, student: str, workspace: str | None) -> None:
    """Note that a student takes no part (no), or does again (yes). It holds at once, and for a bot that is running.

    Nothing more is sent to them or about their words; in the conference's channel the agenda comes down to date, place
    and the plan. What they said is kept, and can be taken out with erase. The next load of the roster changes it only
    where its column consent says yes or no for them.
    """
    settings = Settings.read(os.environ)
    store = workable(settings.database_url, settings.keyring)
    try:
        now, ours = datetime.now(UTC), Outbox(OUTBOX)
        with store.read() as connection:
            school = school_of(connection, workspace)
            found = who.student(connection, school, student)
        with store.write() as connection:
            drafts = consents.change(connection, school, found.id, now, given=given == "yes")
            ours.put(connection, drafts or [], now)
        if drafts is None:
            click.echo(f"{found.name}: It was noted so before. Nothing changed.")
            return
        replan(store, ours, school, now, mails=settings.mail is not None)
        click.echo(f"{found.name} {_NOW[given]}")
    finally:
        store.close()


_NOW = {
    "yes": "takes part again. What was due meanwhile is not made up for.",
    "no": "takes no part from now on: what waited is cancelled, and the agenda comes down to the plan.\n"
    "What they said is kept. To take it out: conference-coach erase",
}
