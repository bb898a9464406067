"""`conference-coach packet`: students' packets as PDFs, to be printed. Slack is not needed for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import click
from sqlalchemy import Connection
from typst import TypstError

from bot.cli.cadence import school_of
from bot.cli.tokens import token
from bot.cli.wording import words_of
from bot.errors import CoachError, SettingsError
from bot.packet import Packet, Paper, Printed, file_name, printed
from bot.services.agenda import printing
from bot.services.agenda.binder import binder
from bot.services.agenda.printing import Copy
from bot.services.audit import trail
from bot.services.channels import packets
from bot.services.house import House
from bot.settings import Name, Settings
from bot.slack.client import SlackApi
from bot.slack.packets import Photos
from bot.store.existing import workable
from bot.words import Words
from scheduler.outbox import Outbox


@click.command()
@click.argument("student", required=False)
@click.option("--household", metavar="NAME", help="Only that of one of the student's homes.")
@click.option("--paper", type=click.Choice([one.value for one in Paper]), help="The school's country's unless given.")
@click.option("--language", metavar="CODE", help="Of all but the student's words; each home's own unless given.")
@click.option("--term", default="", metavar="NAME", help="The next conference's, or the last one's, unless given.")
@click.option("--all", "every", is_flag=True, help="The packets of all conferences of --term, into the folder --out.")
@click.option("--out", metavar="FILE|DIR", help="Where to write; without an ending as in .pdf it is a folder.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def packet(
    student: str | None, household: str | None, paper: str | None, language: str | None, term: str, every: bool,
    out: str | None, workspace: str | None,
) -> None:  # fmt: skip
    """Make the packet of a STUDENT (their id in roster.csv, or their name) as a PDF to print.

    It holds what the student approved; before that, the day, the plan and the questions. A student with several homes
    has a packet for each. Pictures come from Slack: without SLACK_BOT_TOKEN their titles stand in their place.
    """
    _check(student, household, term, every, out)
    settings = Settings.read(os.environ)
    store = workable(settings.database_url, settings.keyring)
    try:
        with store.read() as connection:
            whose = school_of(connection, workspace)
        house = House(store, Outbox("packet"), words_of(settings, hears=False)(whose), lambda: datetime.now(UTC))
        _check_language(house.words, language)
        with store.read() as connection:
            if every:
                copies = printing.of_term(connection, whose, term)
            else:
                copies = printing.of_student(connection, whose, student or "", household, term, house.clock())
            paths, now = _paths(copies, out, every=every), house.clock()
        with store.write() as connection:
            for copy in copies:
                trail.note_conference(
                    connection, whose, now, trail.CLI, trail.Act.EXPORTED, packets.PACKET, copy.conference
                )
        its_own = token(settings, store, whose)
        api = SlackApi(its_own, settings.api_url) if its_own else None
        with store.read() as connection:
            sheet = Paper(paper) if paper else packets.school_paper(connection, whose)
            _Press(house, api, sheet, language or "").print(connection, whose, copies, paths)
    finally:
        store.close()


def _check(student: str | None, household: str | None, term: str, every: bool, out: str | None) -> None:
    if every and (student or household or not term or not out):
        raise CoachError("--all goes with --term NAME and --out DIR, and with no student: it makes every packet.")
    if not every and not student:
        raise CoachError("Whose packet? Give the student's id in roster.csv, or --all --term NAME --out DIR.")


def _check_language(words: Words, language: str | None) -> None:
    if language and language not in words.catalog.languages:
        raise SettingsError([f"There are no words in “{language}”. There are: {', '.join(words.catalog.languages)}."])


def _paths(copies: Sequence[Copy], out: str | None, *, every: bool) -> list[Path]:
    """Where each packet goes: to `out` if that is to be a file, else into that folder, by the student's id."""
    if every or _is_folder(out or ""):
        return [Path(out or "") / name for name in _names(copies)]
    if len(copies) > 1:
        homes = ", ".join(f"“{copy.household}”" for copy in copies)
        raise CoachError(f"There are {len(copies)} homes: {homes}. Say --household NAME, or give a folder as --out.")
    return [Path(out or "")]


def _is_folder(out: str) -> bool:
    """Whether packets go into it: it is a folder, or is to be one."""
    path = Path(out)
    return path.is_dir() or (not path.exists() and (out.endswith(("/", os.sep)) or not path.suffix))


def _names(copies: Sequence[Copy]) -> Iterator[str]:
    """What their files are called: no two the same, whether or not a disk tells capitals from small letters."""
    taken: set[str] = set()
    for copy in copies:
        home = copy.household if copy.household and len(copies) > 1 else ""
        names = (file_name(copy.key, home, number=number) for number in count(1))
        name = next(name for name in names if name.casefold() not in taken)
        taken.add(name.casefold())
        yield name


class _Press:
    """Makes packets, one after the other, and says what is missing in them."""

    def __init__(self, house: House, api: SlackApi | None, paper: Paper, language: str) -> None:
        self._house = house
        self._paper = paper
        self._language = language
        self._photos = Photos(api) if api else None

    def print(self, connection: Connection, whose: str, copies: Sequence[Copy], paths: Sequence[Path]) -> None:
        for copy, path in zip(copies, paths, strict=True):
            bound = binder(self._house, connection, whose, copy.conference, copy.household, self._language)
            pictures = self._photos.of(bound) if self._photos else {}
            made = self._write(bound, pictures, path)
            click.echo(f"{path}: {copy.student}{f', {copy.household}' if copy.household else ''}")
            self._say_what_is_missing(bound, pictures, made.boxes)

    def _write(self, bound: Packet, pictures: Mapping[str, bytes], path: Path) -> Printed:
        try:
            made = printed(bound, self._paper, pictures)
        except TypstError:
            # Its own message may have words of the student's in it.
            raise CoachError(f"{path}: The packet could not be set. Nothing was written.") from None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made.pdf)
        except OSError as error:
            raise CoachError(f"{path}: It cannot be written: {error.strerror}. Give another place: --out") from None
        return made

    def _say_what_is_missing(self, bound: Packet, pictures: Mapping[str, bytes], boxes: int) -> None:
        if not bound.approved:
            click.echo("  Nothing is approved yet: it has the day, the plan and the questions.", err=True)
        if missing := len(set(bound.pictures) - pictures.keys()):
            why = "could not be fetched" if self._photos else f"are in Slack, and {Name.BOT_TOKEN} is not set"
            click.echo(f"  Pictures: {missing} {why}; their titles stand in their place.", err=True)
        if boxes:
            click.echo(f"  Letters: {boxes} in no font on this machine; a box stands for each. Install a font with them"
                       " where this command runs.", err=True)  # fmt: skip
