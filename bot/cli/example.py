"""`conference-coach example`: a school's folder to begin with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from bot.errors import CoachError
from bot.practice.sample import moved

NEXT = """Put in your own people and days:
  {folder}/school.toml       name, time zone, counselors, terms
  {folder}/roster.csv        who is there; the e-mail addresses are those of their Slack accounts
  {folder}/conferences.csv   when each student's conference is
  {folder}/calendar.ics      days off; your school's calendar can most likely export it
See whether it is in order: conference-coach load --check {folder}"""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def example(folder: Path) -> None:
    """Write the invented sample school into DIR, a new folder, to be made your own.

    Its first conferences are a week or two from today.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CoachError(f"{folder}: There is something already. Name a folder that is not there yet.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in moved(datetime.now(UTC).date()).items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CoachError(f"{error.filename}: {error.strerror}. Let this user write there, or name another.") from None
    click.echo(NEXT.format(folder=folder))
