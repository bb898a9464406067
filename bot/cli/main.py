"""The command line: `conference-coach …`. Errors go to stderr, each with its remedy, and the exit code is 1."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError, OperationalError

from bot import logs
from bot.cli.audit import audit
from bot.cli.backup import backup, restore_check
from bot.cli.cadence import cadence
from bot.cli.consent import consent
from bot.cli.doctor import doctor
from bot.cli.erase import erase
from bot.cli.example import example
from bot.cli.export import export
from bot.cli.keys import keys
from bot.cli.load import load
from bot.cli.manifest import manifest
from bot.cli.outbox import outbox
from bot.cli.packet import packet
from bot.cli.purge import purge
from bot.cli.safety import safety
from bot.cli.wording import words_of
from bot.errors import CoachError, SettingsError
from bot.serve import serve, work
from bot.serve import web as take_in_by_http
from bot.settings import DATABASE, Name, Settings
from bot.store import migrate as schema
from bot.store.existing import broken, remedy
from bot.store.session import Store
from bot.words import overlays
from prompts import PromptsError
from scheduler.cadence import CadenceError
from scheduler.calendar import CalendarError

FOLDER = click.Path(path_type=Path)
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
            url = os.environ.get(Name.DATABASE_URL, "").strip() or DATABASE
            click.echo(f"{Name.DATABASE_URL}: {remedy(url, error)}", err=True)
        return ctx.exit(1)


@click.group(cls=_Group)
@click.version_option(package_name="conference-coach")
def main() -> None:
    """Coaches students through preparing and leading their own conference, in Slack."""
    logs.take_over()


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
    serve(settings, words_of(settings))


@main.command()
def worker() -> None:
    """Send what is due, beside `run` and any number of other workers. Takes nothing in; needs PostgreSQL.

    Needs SLACK_BOT_TOKEN, DATABASE_URL, and a school that was loaded. Ctrl-C or SIGTERM ends it in good order.
    """
    settings = Settings.read(os.environ, needs=(Name.BOT_TOKEN,))
    work(settings, words_of(settings, hears=False))


@main.command()
def web() -> None:
    """Take in what Slack sends over HTTP, beside any number of others. Sends nothing: workers do. Needs PostgreSQL.

    Needs SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, DATABASE_URL, and a school that was loaded. Listens at HOST and PORT.
    """
    settings = Settings.read(os.environ, needs=(Name.BOT_TOKEN, Name.SIGNING_SECRET))
    take_in_by_http(settings, words_of(settings))


main.add_command(load)
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
main.add_command(manifest)
main.add_command(doctor)
main.add_command(example)


@main.command()
@click.option("--play", is_flag=True, help="Answer as the student yourself.")
@click.option("--script", type=FOLDER, metavar="FILE", help="Play this script (TOML) instead of the packaged one.")
@click.option(
    "--browser", is_flag=True, help="In a page that looks like Slack, in real time (needs npm the first time)."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="With --browser: of the page."
)
def demo(play: bool, script: Path | None, browser: bool, port: int) -> None:
    """One student's quarter in fast time, from the first nudge to the day after the conference.

    No Slack is needed, and nothing is kept.
    """
    from bot.practice.browser.show import show  # they bring the practice workspace, which only they need
    from bot.practice.demo import demo as perform
    from bot.practice.play import play as take_part

    if browser and (play or script):
        raise click.UsageError("--browser goes with neither --play nor --script.")
    if browser:
        show(port)
    elif play:
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
    if problems := check_prompts(overlays(folder)):
        raise PromptsError(problems)
    click.echo("All texts are in order.")
