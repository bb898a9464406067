"""`conference-coach export`: what is kept about one person, or how far the school is, as files to hand over."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from bot.cli.cadence import school_of
from bot.cli.tokens import token
from bot.cli.wording import words_of
from bot.cli.writing import write
from bot.errors import CoachError
from bot.school.spreadsheet import spreadsheet
from bot.services.audit import trail
from bot.services.leaving import standing, who
from bot.services.leaving.page import page
from bot.services.leaving.record import Record, Work, record
from bot.settings import Name, Settings
from bot.slack.client import SlackApi
from bot.slack.downloading import Downloads
from bot.slack.retelling import retold
from bot.store.existing import workable
from bot.store.session import AnyRow, Store
from bot.words import Words

PROGRESS = "progress.csv"
WORKS = "-files"
_UNFIT = re.compile(r"[^\w.-]+|^\.+")
_TITLE = 60
"""Characters of a piece of work's name in its file's."""


@click.command()
@click.option("--student", metavar="ID", help="All that is kept about a student, by their id in roster.csv.")
@click.option("--person", metavar="ID", help="The same about an adult: their notes, answers, commitments.")
@click.option("--school", is_flag=True, help="How far every student is, as a table without anybody's words.")
@click.option("--out", metavar="DIR|FILE", type=click.Path(path_type=Path), help="Where to; here, unless given.")
@click.option("--with-alerts", is_flag=True, help="With what was flagged, and the alerts: for the counselor's eyes.")
@click.option("--files", is_flag=True, help="Fetch the pieces of work from Slack too; needs SLACK_BOT_TOKEN.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def export(
    student: str | None, person: str | None, school: bool, out: Path | None, with_alerts: bool, files: bool,
    force: bool, workspace: str | None,
) -> None:  # fmt: skip
    """Write down what is kept about one person: ID.json, which has everything, and ID.html, to read and print.

    What the safety screen flagged is with the counselors and left out: an export may come to those it is about. Only
    the audit trail is told that there was an export. The files can be read by this user alone.
    """
    if [student is not None, person is not None, school].count(True) != 1:
        raise CoachError("Say what: --student ID, --person ID or --school.")
    if school and (with_alerts or files):
        raise CoachError("--with-alerts and --files go with --student or --person.")
    settings = Settings.read(os.environ, needs=(Name.BOT_TOKEN,) if files else ())
    store = workable(settings.database_url, settings.keyring)
    try:
        clerk = _Clerk(store, settings, datetime.now(UTC), force, workspace)
        if school:
            clerk.school(out)
        else:
            clerk.person(student or person or "", out, is_student=student is not None, alerts=with_alerts, files=files)
    finally:
        store.close()


class _Clerk:
    """Writes exports of one school."""

    def __init__(self, store: Store, settings: Settings, now: datetime, force: bool, workspace: str | None) -> None:
        with store.read() as connection:
            self._workspace = school_of(connection, workspace)
        self._store = store
        self._settings = settings
        self._now = now
        self._force = force

    def school(self, out: Path | None) -> None:
        """The table of how far everybody is."""
        path = out or Path()
        path = path / PROGRESS if path.is_dir() or not path.suffix else path
        with self._store.read() as connection:
            rows = standing.standing(connection, self._workspace, self._now)
        self._write({path: spreadsheet(standing.TITLES, rows)}, "progress")
        click.echo(f"{path}: {len(rows)} students")

    def person(self, key: str, out: Path | None, *, is_student: bool, alerts: bool, files: bool) -> None:
        """Everything about one person."""
        words = words_of(self._settings, hears=False)(self._workspace)
        with self._store.read() as connection:
            about = self._found(connection, key, is_student=is_student)
            found = record(connection, self._workspace, about.id, self._now, alerts=alerts)
        stem = _named(key)
        paths = {(out or Path()) / f"{stem}{ending}": ending for ending in (".json", ".html")}
        works = found.works()
        fetched = dict(self._fetch((out or Path()) / f"{stem}{WORKS}", works)) if files else {}
        contents = {".json": lambda: _json(found, works), ".html": lambda: _html(found, words, about.language)}
        self._write({**{path: contents[ending]() for path, ending in paths.items()}, **fetched}, "person", about)
        _tell(found, list(paths), works, len(fetched), files=files)

    def _found(self, connection: Connection, key: str, *, is_student: bool) -> AnyRow:
        find: Callable[[Connection, str, str], AnyRow] = who.student if is_student else who.somebody
        return find(connection, self._workspace, key)

    def _write(self, files: Mapping[Path, bytes], kind: str, about: AnyRow | None = None) -> None:
        """The files, with a word in the audit trail: there is none without the other."""

        def noted() -> None:
            with self._store.write() as connection:
                thing = "" if about is None else trail.person(about.id)
                student = about.id if about is not None and about.role == who.STUDENT else None
                act = trail.Act.EXPORTED
                trail.note(connection, self._workspace, self._now, trail.CLI, act, kind, thing, student)

        write(files, force=self._force, first=noted, folders=[path.parent for path in files if _of_works(path)])

    def _fetch(self, folder: Path, works: list[Work]) -> Iterator[tuple[Path, bytes]]:
        """The files that Slack still has."""
        api = SlackApi(token(self._settings, self._store, self._workspace), self._settings.api_url)
        downloads = Downloads(api)
        try:
            for one in works:
                known = downloads.known(one.file) if one.file else None
                content = downloads.content(known.data["file"]) if known is not None and known.ok else None
                if known is not None and isinstance(content, bytes):
                    yield folder / _named(one.file, str(known.data["file"].get("name") or one.title)), content
        finally:
            api.close()


def _named(*parts: str) -> str:
    """A name for a file, whatever somebody may have called a thing."""
    return "-".join(_UNFIT.sub("-", part)[-_TITLE:].lstrip("-.") or "export" for part in parts)


def _json(found: Record, works: list[Work]) -> bytes:
    listed = [{"title": one.title, "file": one.file, "link": one.link} for one in works]
    return json.dumps({**found.plain(), "files": listed}, ensure_ascii=False, indent=1).encode()


def _html(found: Record, words: Words, language: str) -> bytes:
    rows = found.tables["deliveries"] if found.person["role"] == who.STUDENT else ()
    said = {row["seq"]: retold(words, row["kind"], row["payload"]) for row in rows}
    return page(found, words, language, said).encode(errors="replace")


def _of_works(path: Path) -> bool:
    """Whether it lies in the folder that an export makes for the works."""
    return path.parent.name.endswith(WORKS) and path.parent.parent.exists()


def _tell(found: Record, paths: list[Path], works: list[Work], fetched: int, *, files: bool) -> None:
    """What was written, and what is not in it. That something is with the counselors is told here and in no file."""
    rows = sum(map(len, found.tables.values()))
    click.echo(f"{', '.join(map(str, paths))}: {found.person['name']}, {rows} {'entry' if rows == 1 else 'entries'}")
    if found.left_out:
        entries = "1 entry is" if found.left_out == 1 else f"{found.left_out} entries are"
        click.echo(f"  {entries} with the counselor; they are not in this export, and it does not tell of them."
                   " For the counselor: --with-alerts", err=True)  # fmt: skip
    wanted = sum(bool(one.file) for one in works)
    if files:
        click.echo(f"  Files: {fetched} of {wanted} fetched from Slack.")
    elif wanted:
        click.echo(f"  Files: {wanted} are in Slack; their names are in the export. Fetch them: --files")
