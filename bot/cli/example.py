"""`conference-coach example`: a school's folder to begin with."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import click

from bot.errors import CoachError

NEXT = """Put in your own people and days:
  {folder}/school.toml       name, time zone, counselors, terms
  {folder}/roster.csv        who is there; the e-mail addresses are those of their Slack accounts
  {folder}/conferences.csv   when each student's conference is
  {folder}/calendar.ics      days off; your school's calendar can most likely export it
See whether it is in order: conference-coach load --check {folder}"""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def example(folder: Path) -> None:
    """Write the invented sample school into DIR, a new folder, to be made your own."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CoachError(f"{folder}: There is something already. Name a folder that is not there yet.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with as_file(files("bot.practice") / "school") as sample:
            for file in sorted(sample.iterdir()):
                (folder / file.name).write_bytes(file.read_bytes())
    except OSError as error:
        raise CoachError(f"{error.filename}: {error.strerror}. Let this user write there, or name another.") from None
    click.echo(NEXT.format(folder=folder))
