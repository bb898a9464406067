"""`conference-coach load`: a school's folder, or those of a district's schools, read whole and then taken in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import make_url

from bot.cli.tokens import token
from bot.cli.wording import check_own_words
from bot.errors import CoachError, SchoolError, SettingsError
from bot.school import School, doubts, read_school, unsaid, unsayable
from bot.school.schools import by_workspace, folders
from bot.services.nudges import holding
from bot.services.nudges.buttons import NEXT
from bot.services.nudges.foretelling import nobody_yet, told
from bot.services.nudges.quarter import replan
from bot.services.roster.following import followed
from bot.services.roster.load import Change, Changes, load_school
from bot.services.roster.members import take_in
from bot.services.script.runs import SCRIPT
from bot.settings import HOW_TO_GET, Name, Settings
from bot.slack.directory import Directory, DirectoryError
from bot.store import migrate as schema
from bot.store import sealing
from bot.store.keyring import Keyring
from bot.store.session import Store
from bot.words import overlays
from prompts import Catalog, PromptsError
from scheduler.outbox import Outbox


@dataclass(frozen=True)
class _Read:
    """A school that can be loaded, and its folder."""

    folder: Path
    school: School


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Only say what is wrong, or what would change.")
@click.option("--fewer", is_flag=True, help="Go on though by a OneRoster bundle most students would leave.")
def load(folder: Path | None, check: bool, fewer: bool) -> None:
    """Load a school's folder: school.toml, roster.csv or a OneRoster bundle, conferences.csv; calendar.ics and
    cadence.toml if there.

    DIR is SCHOOL_DIR unless given. It may hold the folders of several schools, each with its workspace in school.toml.
    Loading twice changes nothing; with any error nothing is loaded.
    """
    if folder:  # SCHOOL_DIR does not matter then, not even where it is wrong
        settings = Settings.read({name: value for name, value in os.environ.items() if name != Name.SCHOOL_DIR})
    else:
        settings = Settings.read(os.environ, needs=(Name.SCHOOL_DIR,))
    now = datetime.now(UTC)
    schools = _read_all(folder or settings.school_dir or Path(), now)
    for one in schools:
        if len(schools) > 1:
            click.echo(f"{one.folder.name}: {one.school.name}")
        _tell(one.school)
        if check:
            _check(settings, one.school, now, fewer=fewer)
        else:
            _take_in(settings, one.school, now, fewer=fewer)


# --- reading -----------------------------------------------------------------------------------------------------


def _read_all(where: Path, now: datetime) -> list[_Read]:
    """All of them, or the errors of all of them at once."""
    found = folders(where)
    if len(found) > 1:
        by_workspace(where)
    read, problems = [], list[str]()
    for folder in found:
        try:
            read.append(_Read(folder, _read(folder, now)))
        except (SchoolError, PromptsError) as error:
            if len(found) == 1:
                raise
            problems += [f"{folder.name}: {line}" for line in str(error).splitlines()]
    if problems:
        raise SchoolError(problems)
    return read


def _read(folder: Path, now: datetime) -> School:
    check_own_words(folder)
    catalog = Catalog.load(*overlays(folder))
    school = read_school(folder, catalog.languages, now)
    _check_own_cadence(school, catalog)
    return school


def _check_own_cadence(school: School, catalog: Catalog) -> None:
    """What the school's cadence says must be there to be said, whatever the language."""
    every = [(set(catalog.messages(language)), set(catalog.flow_names(language))) for language in catalog.languages]
    messages, flows = (set.intersection(*names) for names in zip(*every, strict=True))
    flows |= {NEXT, SCRIPT}
    problems = [*unsaid(school.cadence, messages, flows, holding.NAMES), *unsayable(school.cadence, catalog)]
    if problems:
        raise SchoolError(problems)


def _tell(school: School) -> None:
    for line in school.imported:
        click.echo(line)
    for line in doubts(school):
        click.echo(line, err=True)


# --- taking in ---------------------------------------------------------------------------------------------------


def _take_in(settings: Settings, school: School, now: datetime, *, fewer: bool) -> None:
    workspace, mails = _workspace(settings, school), settings.mail is not None
    store = Store(settings.database_url, settings.keyring)
    try:
        schema.migrate(store)
        sealing.require_keys(store)
        with store.write() as connection:
            changes = load_school(connection, workspace, school, now, fewer=fewer)
            ours = Outbox("load")
            ours.put(connection, followed(connection, ours, workspace, changes, now, mails=mails), now)
        _print_changes(changes)
        if not changes:
            click.echo("Nothing changed.")
        _match(settings, store, workspace, now)
        _plan(store, workspace, now, mails=mails)
    finally:
        store.close()


def _workspace(settings: Settings, school: School) -> str:
    if school.workspace:
        return school.workspace
    if settings.bot_token:
        return Directory(settings.bot_token, settings.api_url).workspace()
    problem = 'The workspace is not known. Write its id in school.toml (workspace = "T…")'
    if settings.several:
        raise CoachError(f"{problem}.")
    raise SettingsError([f"{problem}, or set {Name.BOT_TOKEN}. {HOW_TO_GET[Name.BOT_TOKEN]}"])


def _match(settings: Settings, store: Store, workspace: str, now: datetime) -> None:
    its_own = token(settings, store, workspace)
    if not its_own:
        return
    try:
        members = tuple(Directory(its_own, settings.api_url).members())
    except DirectoryError as error:
        click.echo(f"{error} People will be matched when they first appear in Slack.", err=True)
        return
    with store.write() as connection:
        outbox = Outbox("load")
        taken = take_in(connection, outbox, workspace, members, now)
        outbox.put(connection, taken.drafts, now)
    if taken.found:
        click.echo(f"Found in Slack by their e-mail: {taken.found}.")


def _plan(store: Store, workspace: str, now: datetime, *, mails: bool) -> None:
    """What waits to be sent follows the school as it is now."""
    done = replan(store, Outbox("load"), workspace, now, mails=mails)
    for line in told(done):
        click.echo(line)
    if nobody_yet(done.read):
        click.echo("Nobody is found in Slack yet, so nothing waits. The plan as if all were: conference-coach cadence")


# --- only looking ------------------------------------------------------------------------------------------------


def _check(settings: Settings, school: School, now: datetime, *, fewer: bool) -> None:
    click.echo(f"{school.name} is in order: {len(school.people)} people, {len(school.conferences)} conferences.")
    if school.unread:
        click.echo(f"calendar.ics: these change no school day: {'; '.join(school.unread)}.")
    if not school.workspace and not settings.bot_token:
        return
    workspace = _workspace(settings, school)
    store = _store_to_look_at(settings.database_url, settings.keyring)
    with store.engine.connect() as connection:
        changes = load_school(connection, workspace, school, now, fewer=fewer)
        connection.rollback()
    store.close()
    click.echo("Loading it would do this:" if changes else "Loading it would change nothing.")
    _print_changes(changes)


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
