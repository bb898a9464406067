"""`conference-coach packet`: students' packets as PDFs, to be printed. Slack is not needed for it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Connection
from typst import TypstError

from bot.errors import CoachError, SettingsError
from bot.packet import Packet, Paper, render
from bot.quarter_cli import school_of
from bot.services import packets, printing
from bot.services.binder import binder
from bot.services.house import House
from bot.services.printing import Copy
from bot.settings import Name, Settings
from bot.slack.client import SlackApi
from bot.slack.gathering import channel_name
from bot.slack.packets import Photos
from bot.store.existing import existing
from bot.words import Words
from scheduler.outbox import Outbox

PLACE = click.Path(path_type=Path)


@click.command()
@click.argument("student", required=False)
@click.option("--household", metavar="NAME", help="Only that of one of the student's homes.")
@click.option("--paper", type=click.Choice([one.value for one in Paper]), help="The school's country's unless given.")
@click.option("--language", metavar="CODE", help="Of all but the student's words; each home's own unless given.")
@click.option("--term", default="", metavar="NAME", help="The next conference's, or the last one's, unless given.")
@click.option("--all", "every", is_flag=True, help="The packets of all conferences of --term, into the folder --out.")
@click.option("--out", type=PLACE, metavar="FILE|DIR", help="Where to write. A packet of several homes needs a folder.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def packet(
    student: str | None, household: str | None, paper: str | None, language: str | None, term: str, every: bool,
    out: Path | None, workspace: str | None,
) -> None:  # fmt: skip
    """Make the packet of a STUDENT (their id in roster.csv, or their name) as a PDF to print.

    It holds what the student approved; before that, the day, the plan and the questions. A student with several homes
    has a packet for each. Pictures come from Slack: without SLACK_BOT_TOKEN their titles stand in their place.
    """
    _check(student, household, term, every, out)
    settings = Settings.read(os.environ)
    store = existing(settings.database_url)
    try:
        house = House(store, Outbox("packet"), _words(settings), lambda: datetime.now(UTC))
        _check_language(house.words, language)
        with store.read() as connection:
            whose = school_of(connection, workspace)
            if every:
                copies = printing.of_term(connection, whose, term)
            else:
                copies = printing.of_student(connection, whose, student or "", household, term, house.clock())
            sheet = Paper(paper) if paper else packets.school_paper(connection, whose)
            _Press(house, settings, sheet, language or "").print(connection, copies, _paths(copies, out, every=every))
    finally:
        store.close()


def _check(student: str | None, household: str | None, term: str, every: bool, out: Path | None) -> None:
    if every and (student or household or not term or not out):
        raise CoachError("--all goes with --term NAME and --out DIR, and with no student: it makes every packet.")
    if not every and not student:
        raise CoachError("Whose packet? Give the student's id in roster.csv, or --all --term NAME --out DIR.")


def _words(settings: Settings) -> Words:
    from bot.cli import overlays  # which brings in this module

    return Words.load(*(overlays(settings.school_dir) if settings.school_dir else ()), hears=False)


def _check_language(words: Words, language: str | None) -> None:
    if language and language not in words.catalog.languages:
        raise SettingsError([f"There are no words in “{language}”. There are: {', '.join(words.catalog.languages)}."])


def _paths(copies: Sequence[Copy], out: Path | None, *, every: bool) -> list[Path]:
    """Where each packet goes: to `out` if that is to be a file, else into that folder, by the student's id."""
    if out is None or every or out.is_dir():
        return [(out or Path()) / _name(copy, several=len(copies) > 1) for copy in copies]
    if len(copies) > 1:
        homes = ", ".join(f"“{copy.household}”" for copy in copies)
        raise CoachError(f"There are {len(copies)} homes: {homes}. Say --household NAME, or give a folder as --out.")
    return [out]


def _name(copy: Copy, *, several: bool) -> str:
    home = f"-{channel_name(copy.household)}" if copy.household and several else ""
    return f"packet-{channel_name(copy.key)}{home}.pdf"


class _Press:
    """Makes packets, one after the other, and says what is missing in them."""

    def __init__(self, house: House, settings: Settings, paper: Paper, language: str) -> None:
        self._house = house
        self._paper = paper
        self._language = language
        self._photos = Photos(SlackApi(settings.bot_token, settings.api_url)) if settings.bot_token else None

    def print(self, connection: Connection, copies: Sequence[Copy], paths: Sequence[Path]) -> None:
        for copy, path in zip(copies, paths, strict=True):
            bound = binder(self._house, connection, copy.conference, copy.household, self._language)
            pictures = self._photos.of(bound) if self._photos else {}
            self._write(bound, pictures, path)
            click.echo(f"{path}: {copy.student}{f', {copy.household}' if copy.household else ''}")
            self._say_what_is_missing(bound, pictures)

    def _write(self, bound: Packet, pictures: Mapping[str, bytes], path: Path) -> None:
        try:
            data = render(bound, self._paper, pictures)
        except TypstError:
            # Its own message may have words of the student's in it.
            raise CoachError(f"{path}: The packet could not be set. Nothing was written.") from None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise CoachError(f"{path}: It cannot be written: {error.strerror}. Give another place: --out") from None

    def _say_what_is_missing(self, bound: Packet, pictures: Mapping[str, bytes]) -> None:
        if not bound.approved:
            click.echo("  Nothing is approved yet: it has the day, the plan and the questions.", err=True)
        if missing := len(set(bound.pictures) - pictures.keys()):
            why = "could not be fetched" if self._photos else f"are in Slack, and {Name.BOT_TOKEN} is not set"
            click.echo(f"  Pictures: {missing} {why}; their titles stand in their place.", err=True)
