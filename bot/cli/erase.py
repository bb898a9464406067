"""`conference-coach erase`: everything of one person, from the database and from Slack. It shows no message."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from sqlalchemy import Connection

from bot.cli.cadence import school_of
from bot.cli.tokens import token
from bot.errors import CoachError
from bot.services.leaving import erasing as verbs
from bot.services.leaving import foreseeing, ledger, remains
from bot.services.leaving.erasing import Erasing
from bot.services.leaving.foreseeing import Foreseen
from bot.services.leaving.remains import Left
from bot.settings import Name, Settings
from bot.slack.client import SlackApi
from bot.slack.erasing import LIMITS, Eraser
from bot.store.existing import workable
from bot.store.session import AnyRow, Store

LISTED = 200
"""Things left in Slack that are listed; the others are counted."""

WHY = {
    remains.NOT_OURS: "not posted by the coach: whoever posted it, or a workspace owner, has to delete it in Slack",
    remains.NOT_ARCHIVED: "the channel stays, with its name: a workspace owner has to archive or delete it in Slack",
    remains.NOT_TRIED: "not tried (--leave-slack): a workspace owner has to delete it in Slack",
    remains.POSTED: "an e-mail that was sent cannot be taken back by anybody; whoever got it may delete it",
}

REFUSED = "Slack said {why}: a workspace owner has to take it out in Slack"


@click.command()
@click.option("--student", metavar="KEY", help="A student, by their id in roster.csv.")
@click.option("--person", metavar="KEY", help="An adult, by their id in roster.csv.")
@click.option("--resume", is_flag=True, help="Go on with all erasures that were begun and are not done.")
@click.option("--allow", metavar="KEY", help="Let somebody be loaded again who was erased.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask for the id to be typed again.")
@click.option("--with-alerts", is_flag=True, help="Also alerts about a student that were taken up.")
@click.option("--leave-slack", is_flag=True, help="Take nothing out of Slack; list what stands there.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def erase(
    student: str | None, person: str | None, resume: bool, allow: str | None, dry_run: bool, yes: bool,
    with_alerts: bool, leave_slack: bool, workspace: str | None,
) -> None:  # fmt: skip
    """Erase a person: all rows about them, the coach's messages and files to and about them in Slack.

    It cannot be undone. What could not be taken out of Slack is listed. Interrupted, or killed, it goes on with
    --resume; a running coach goes on with it as well. Of an adult, their own words and data go; what they did for
    others stays, without their name.
    """
    if sum(map(bool, (student, person, resume, allow))) != 1:
        raise CoachError("Whom? Say one of --student KEY, --person KEY, --resume, --allow KEY.")
    settings = Settings.read(os.environ)
    store = workable(settings.database_url, settings.keyring)
    try:
        with store.read() as connection:
            whose = school_of(connection, workspace)
        desk = _Desk(settings, store, whose, leave_slack)
        if allow:
            desk.allow(allow)
        elif resume:
            desk.resume()
        else:
            desk.erase(student or person or "", bool(student), dry_run, yes, with_alerts)
    finally:
        store.close()


@dataclass(frozen=True)
class _Desk:
    """What the command works with."""

    settings: Settings
    store: Store
    workspace: str
    leave_slack: bool

    @property
    def path(self) -> Path:
        return ledger.place(self.settings)

    def erase(self, key: str, student: bool, dry: bool, yes: bool, with_alerts: bool) -> None:
        """Ask, and do it."""
        with self.store.read() as connection:
            done = verbs.done_at(connection, self.workspace, key)
            if done is not None:
                click.echo(f"“{key}” was erased on {done:%Y-%m-%d}. There is nothing of theirs here.")
                return
            who = foreseeing.person(connection, self.workspace, key, student=student)
            foreseen = foreseeing.foresee(connection, self.workspace, who.id)
            refused = self._refused(connection, who, with_alerts)
        if refused is not None and not dry:
            raise refused
        _show(foreseen)
        if dry:
            if refused is not None:
                click.echo(f"It would be refused: {refused}")
            click.echo("Nothing was changed.")
            return
        ledger.require(self.path)
        if not yes and click.prompt(f"This cannot be undone. Type {key} to erase them", default="") != key:
            raise CoachError("That is not the id. Nothing was erased.")
        with self.store.write() as connection:
            foreseeing.refuse(connection, self.workspace, who, with_alerts=with_alerts)
            begun = verbs.begin(connection, self.workspace, who, datetime.now(UTC))
        self._go_on(begun)
        click.echo(
            f"Erased: {key}. Take them out of roster.csv and conferences.csv (of a OneRoster bundle: by leave_out in "
            "school.toml), and out of your exports and backups."
        )

    def _refused(self, connection: Connection, who: AnyRow, with_alerts: bool) -> CoachError | None:
        try:
            foreseeing.refuse(connection, self.workspace, who, with_alerts=with_alerts)
        except CoachError as error:
            return error
        return None

    def resume(self) -> None:
        """Go on with what was begun."""
        ledger.require(self.path)
        with self.store.read() as connection:
            found = verbs.begun(connection, self.workspace)
        for one in found:
            self._go_on(one)
        click.echo(f"Erasures that were finished: {len(found)}." if found else "No erasure is left unfinished.")

    def allow(self, key: str) -> None:
        """Let somebody come back."""
        with self.store.write() as connection:
            known = verbs.allow(connection, self.workspace, key, self.path, datetime.now(UTC))
        if not known:
            raise CoachError(
                f"Nobody with the id “{key}” was erased here, or their erasure is not done yet (--resume)."
            )
        click.echo(f"“{key}” may be loaded again. What was erased does not come back.")

    def _go_on(self, erasing: Erasing) -> None:
        if self.leave_slack:
            with self.store.write() as connection:
                remains.leave_slack(connection, erasing)
        else:
            self._eraser().erase(erasing)
        clean = verbs.out_and_done(self.store, erasing, self.path, datetime.now(UTC))
        with self.store.read() as connection:
            _tell(remains.left(connection, self.workspace, erasing.digest))
        if not clean:
            click.echo(
                "The database's file could not be cleaned while others use it: bytes of what was deleted may be in it "
                "until you stop the coach and run: conference-coach erase --resume",
                err=True,
            )

    def _eraser(self) -> Eraser:
        its_own = token(self.settings, self.store, self.workspace)
        if not its_own:
            raise CoachError(
                f"It is begun: nothing goes out to them any more. To go on, set {Name.BOT_TOKEN} and run "
                "conference-coach erase --resume, or start the coach, which goes on by itself; or add --leave-slack."
            )
        api = SlackApi(its_own, self.settings.api_url)
        who = api.ask("auth.test", {})
        if not who.ok or who.data.get("team_id") != self.workspace:
            raise CoachError(
                f"It is begun, but Slack does not let the coach into {self.workspace} with this {Name.BOT_TOKEN} "
                f"({who.error or who.fault or 'it is of another workspace'}). Mend it, and run: conference-coach erase "
                "--resume"
            )
        return Eraser(self.store, api, str(who.data["user_id"]), lambda: datetime.now(UTC), _wait, LIMITS)


def _wait(span: timedelta) -> bool:
    time.sleep(span.total_seconds())
    return True


def _show(found: Foreseen) -> None:
    click.echo(f"Rows: {sum(found.rows.values())}")
    for table, count in sorted(found.rows.items()):
        click.echo(f"  {table}: {count}")
    click.echo(f"Messages of the coach in Slack, as far as they are known: {found.messages}")
    click.echo(f"Files of the coach in Slack: {found.files}")
    if found.alerts:
        click.echo(f"Safeguarding alerts: {found.alerts}, {found.open} of them waiting for a counselor")


def _tell(left: Sequence[Left]) -> None:
    if not left:
        click.echo("Nothing is left in Slack that the coach knows of.")
        return
    click.echo(f"Left, and not to be taken out by the coach: {len(left)}")
    for (what, why), count in Counter((one.what, one.why) for one in left).items():
        click.echo(f"  {count} × {what}: {WHY.get(why) or REFUSED.format(why=why)}")
    for one in left[:LISTED]:
        click.echo(f"    {one.what} {one.id}")
    if more := len(left[LISTED:]):
        click.echo(f"    and {more} more")
