"""The command line: `conference-coach …`. Errors go to stderr, each with its remedy, and the exit code is 1."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from bot import logs
from bot.cli.audit import audit
from bot.cli.backup import backup, restore_check
from bot.cli.cadence import cadence
from bot.cli.consent import consent
from bot.cli.erase import erase
from bot.cli.export import export
from bot.cli.keys import keys
from bot.cli.outbox import outbox
from bot.cli.packet import packet
from bot.cli.purge import purge
from bot.cli.safety import safety
from bot.errors import CoachError, SchoolError, SettingsError
from bot.school import School, doubts, read_school, unsaid, unsayable
from bot.serve import serve, work
from bot.services.nudges import holding
from bot.services.nudges.foretelling import nobody_yet, told
from bot.services.nudges.nudging import NEXT
from bot.services.nudges.quarter import replan
from bot.services.roster.following import followed
from bot.services.roster.load import Change, Changes, load_school
from bot.services.roster.members import take_in
from bot.services.script.runs import SCRIPT
from bot.settings import HOW_TO_GET, Name, Settings
from bot.slack.directory import Directory, DirectoryError
from bot.store import migrate as schema
from bot.store import sealing
from bot.store.existing import broken
from bot.store.keyring import Keyring
from bot.store.session import Store
from bot.words import Words
from prompts import Catalog, PromptsError
from scheduler.cadence import CadenceError
from scheduler.calendar import CalendarError
from scheduler.outbox import Outbox

FOLDER = click.Path(path_type=Path)
CHECK = "conference-coach prompts check"
AGAIN = "Mend it in the school's folder, and load that again: conference-coach load DIR"


class _Group(click.Group):
    """A group whose commands may raise the project's errors."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (CoachError, PromptsError) as error:
            click.echo(str(error), err=True)
        except (CadenceError, CalendarError) as error:  # what was loaded does not fit this version
            click.echo(f"{error}\n{AGAIN}", err=True)
        except PermissionError as error:
            click.echo(f"{error.filename}: This cannot be opened. Make it readable for this user.", err=True)
        except DBAPIError as error:
            if broken(error):
                click.echo(f"The database is not whole: {error.orig}\nRestore it again, or another backup.", err=True)
                return ctx.exit(1)
            if error.statement is not None and not isinstance(error, OperationalError):
                raise  # not for want of a database: a fault of ours
            click.echo(f"The database cannot be used: {error.orig}", err=True)
            click.echo(f"{Name.DATABASE_URL}: {HOW_TO_GET[Name.DATABASE_URL]}", err=True)
        return ctx.exit(1)


@click.group(cls=_Group)
@click.version_option(package_name="conference-coach")
def main() -> None:
    """Coaches students through preparing and leading their own conference, in Slack."""
    logs.take_over()


@main.command()
@click.argument("folder", metavar="[DIR]", required=False, type=FOLDER)
@click.option("--check", is_flag=True, help="Only say what is wrong, or what would change.")
def load(folder: Path | None, check: bool) -> None:
    """Load a school's folder: school.toml, roster.csv, conferences.csv; calendar.ics and cadence.toml if there.

    DIR is SCHOOL_DIR unless given. Loading twice changes nothing; with any error nothing is loaded.
    """
    settings = Settings.read(os.environ, needs=() if folder else (Name.SCHOOL_DIR,))
    where = folder or settings.school_dir or Path()
    _check_own_words(where)
    catalog = Catalog.load(*overlays(where))
    school = read_school(where, catalog.languages)
    _check_own_cadence(school, catalog)
    for line in doubts(school):
        click.echo(line, err=True)
    now = datetime.now(UTC)
    if check:
        _check(settings, school, now)
        return
    workspace = _workspace(settings, school)
    store = Store(settings.database_url, settings.keyring)
    schema.migrate(store)
    sealing.require_keys(store)
    with store.write() as connection:
        changes = load_school(connection, workspace, school, now)
        ours, mails = Outbox("load"), settings.mail is not None
        ours.put(connection, followed(connection, ours, workspace, changes, now, mails=mails), now)
    _print_changes(changes)
    if not changes:
        click.echo("Nothing changed.")
    _match(settings, store, workspace, now)
    _plan(store, workspace, now, mails=mails)
    store.close()


@main.command()
def migrate() -> None:
    """Bring the database to the schema of this version."""
    store = Store(Settings.read(os.environ).database_url)
    done = schema.migrate(store)
    click.echo(f"Migrated: {', '.join(done)}." if done else "The database is up to date.")
    store.close()


@main.command()
def run() -> None:
    """Run the bot for one school on this machine: Socket Mode and the scheduler in one process.

    Needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN, and a school that was loaded. Ctrl-C or SIGTERM ends it in good order.
    """
    settings = Settings.read(os.environ, needs=(Name.BOT_TOKEN, Name.APP_TOKEN))
    serve(settings, _words(settings))


@main.command()
def worker() -> None:
    """Send what is due, beside `run` and any number of other workers. Takes nothing in; needs PostgreSQL.

    Needs SLACK_BOT_TOKEN, DATABASE_URL, and a school that was loaded. Ctrl-C or SIGTERM ends it in good order.
    """
    settings = Settings.read(os.environ, needs=(Name.BOT_TOKEN,))
    work(settings, _words(settings, hears=False))


main.add_command(outbox)
main.add_command(cadence)
main.add_command(packet)
main.add_command(keys)
main.add_command(erase)
main.add_command(purge)
main.add_command(export)
main.add_command(consent)
main.add_command(audit)
main.add_command(backup)
main.add_command(restore_check)


@main.command()
@click.option("--play", is_flag=True, help="Answer as the student yourself.")
@click.option("--script", type=FOLDER, metavar="FILE", help="Play this script (TOML) instead of the packaged one.")
def demo(play: bool, script: Path | None) -> None:
    """One student's quarter in fast time, from the first nudge to the day after the conference.

    No Slack is needed, and nothing is kept.
    """
    from bot.practice.demo import demo as perform  # they bring the practice workspace, which only they need
    from bot.practice.play import play as take_part

    if play:
        take_part()
    else:
        perform(script)


@main.group()
def prompts() -> None:
    """The words the bot says."""


prompts.add_command(safety)


@prompts.command(name="check")
@click.argument("folder", metavar="[DIR]", required=False, type=FOLDER)
def check_words(folder: Path | None) -> None:
    """Check all texts in every language, with those of a school's folder (DIR) laid over them."""
    from bot.prompts_check import check_prompts  # it brings a readability library, which no other command needs

    if folder and not overlays(folder):
        raise SettingsError([f"{folder}: There are no prompts here. Name a school's folder that has prompts/ in it."])
    if problems := check_prompts(overlays(folder) if folder else ()):
        raise PromptsError(problems)
    click.echo("All texts are in order.")


def overlays(folder: Path) -> tuple[Path, ...]:
    """The school's own words, if it has any: `prompts/` in its folder, or that folder itself."""
    own = folder if folder.name == "prompts" else folder / "prompts"
    return (own,) if own.is_dir() else ()


def _words(settings: Settings, *, hears: bool = True) -> Words:
    where = settings.school_dir
    if where:
        _check_own_words(where)
    return Words.load(*(overlays(where) if where else ()), hears=hears)


def _check_own_words(folder: Path) -> None:
    """Where something could not be said, it would be students who find out."""
    own = overlays(folder)
    if not own:
        return
    from bot.prompts_check import broken_prompts

    if problems := broken_prompts(own):
        raise PromptsError([*problems, f"The school's own words do not work. Mend them: {CHECK} {folder}"])


def _check_own_cadence(school: School, catalog: Catalog) -> None:
    """What the school's cadence says must be there to be said, whatever the language."""
    every = [(set(catalog.messages(language)), set(catalog.flow_names(language))) for language in catalog.languages]
    messages, flows = (set.intersection(*names) for names in zip(*every, strict=True))
    flows |= {NEXT, SCRIPT}
    problems = [*unsaid(school.cadence, messages, flows, holding.NAMES), *unsayable(school.cadence, catalog)]
    if problems:
        raise SchoolError(problems)


def _workspace(settings: Settings, school: School) -> str:
    if school.workspace:
        return school.workspace
    if settings.bot_token:
        return Directory(settings.bot_token, settings.api_url).workspace()
    problem = 'The workspace is not known. Write its id in school.toml (workspace = "T…"), or set'
    raise SettingsError([f"{problem} {Name.BOT_TOKEN}. {HOW_TO_GET[Name.BOT_TOKEN]}"])


def _check(settings: Settings, school: School, now: datetime) -> None:
    click.echo(f"{school.name} is in order: {len(school.people)} people, {len(school.conferences)} conferences.")
    if school.unread:
        click.echo(f"calendar.ics: these change no school day: {'; '.join(school.unread)}.")
    if not school.workspace and not settings.bot_token:
        return
    workspace = _workspace(settings, school)
    store = _store_to_look_at(settings.database_url, settings.keyring)
    with store.engine.connect() as connection:
        changes = load_school(connection, workspace, school, now)
        connection.rollback()
    store.close()
    click.echo("Loading it would do this:" if changes else "Loading it would change nothing.")
    _print_changes(changes)


def _plan(store: Store, workspace: str, now: datetime, *, mails: bool) -> None:
    """What waits to be sent follows the school as it is now."""
    done = replan(store, Outbox("load"), workspace, now, mails=mails)
    for line in told(done):
        click.echo(line)
    if nobody_yet(done.read):
        click.echo("Nobody is found in Slack yet, so nothing waits. The plan as if all were: conference-coach cadence")


def _store_to_look_at(url: str, keyring: Keyring) -> Store:
    """The database, never touched; one that is not there yet is as good as an empty one in memory."""
    parsed = make_url(url)
    there = parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()
    store = Store(url if there else "sqlite://", keyring)
    if there and schema.current(store) is not None:
        schema.require_current(store)
        sealing.require_keys(store)
        return store
    store.close()
    empty = Store("sqlite://")
    schema.migrate(empty)
    return empty


def _match(settings: Settings, store: Store, workspace: str, now: datetime) -> None:
    if not settings.bot_token:
        return
    try:
        members = tuple(Directory(settings.bot_token, settings.api_url).members())
    except DirectoryError as error:
        click.echo(f"{error} People will be matched when they first appear in Slack.", err=True)
        return
    with store.write() as connection:
        outbox = Outbox("load")
        taken = take_in(connection, outbox, workspace, members, now)
        outbox.put(connection, taken.drafts, now)
    if taken.found:
        click.echo(f"Found in Slack by their e-mail: {taken.found}.")


def _print_changes(changes: Changes) -> None:
    parts = (("Added", "+", changes.added), ("Changed", "~", changes.changed), ("Removed", "-", changes.removed))
    for title, sign, listed in parts:
        if listed:
            click.echo(f"{title}: {len(listed)}")
        for change in listed:
            click.echo(f"  {sign} {change.what} {change.name}{_fields(change)}")


def _fields(change: Change) -> str:
    told = [f"{field.name} {field.before or '(none)'} → {field.after or '(none)'}" for field in change.fields]
    return f": {'; '.join(told)}" if told else ""
