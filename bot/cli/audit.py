"""`conference-coach audit`: who saw, exported, posted or changed what, when; whether somebody tampered with that."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from bot.cli.cadence import school_of
from bot.errors import CoachError
from bot.services.audit import chain, reading
from bot.services.audit.chain import Fault, Head, Kind, Verdict
from bot.services.audit.reading import Entry
from bot.services.roster.school import workspaces
from bot.settings import Settings
from bot.store.existing import existing

COLUMNS = ("number", "at", "who", "act", "kind", "thing", "student")
NORMAL = 60
"""Seconds within which an entry is tied while the bot runs."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SAID = {
    Kind.CHANGED: "Entry {which} is not what it was when it was tied: it was changed, or another took its place.",
    Kind.REMOVED: "Taken out: {which}.",
    Kind.INSERTED: "Entry {which} does not belong there: it was put in afterwards.",
    Kind.UNTIED: "An entry was taken out of the chain, and still is in the table.",
    Kind.CUT: "The trail was cut off. It ends before the head that was noted; missing: {which}.",
    Kind.REWRITTEN: "The trail was made anew, or is another database's: {which} are not those of the noted head.",
}


class AuditError(CoachError):
    """The audit trail does not hold, or cannot be asked that."""


@click.group()
def audit() -> None:
    """Who saw, exported, posted or changed what, when. There are no words in it."""


@audit.command()
@click.option("--student", metavar="ID", help="Only what is about one student, by their id in roster.csv.")
@click.option("--since", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="From that day on.")
@click.option("--csv", "as_csv", is_flag=True, help="As a table for a spreadsheet.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def show(student: str | None, since: datetime | None, as_csv: bool, workspace: str | None) -> None:
    """The trail, oldest first, on the school's clock. Names are the roster's; what is no longer in it is a number."""
    with _looking(workspace) as (connection, school):
        zone = ZoneInfo(workspaces(connection)[school])
        whose = _student(connection, school, student) if student else None
        start = since.replace(tzinfo=zone) if since else None
        found = reading.entries(connection, school, whose, start)
        (_table if as_csv else _lines)(found, zone)


@audit.command()
@click.option("--head", metavar="NUMBER:LINK", help="One that was noted before: nothing up to there may have changed.")
@click.option("--workspace", metavar="T…", help="Whose, if the database holds several schools.")
def verify(head: str | None, workspace: str | None) -> None:
    """Walk the trail from its beginning, and say whether anything was changed, taken out or put in.

    It prints the head. Note it down where nobody who can change the database can: with --head it proves next time that
    the trail was neither cut off nor made anew.
    """
    noted = _noted(head) if head else None
    with _looking(workspace) as (connection, school):
        _tell(chain.verify(connection, school, noted), noted, datetime.now(UTC))


@contextmanager
def _looking(workspace: str | None) -> Iterator[tuple[Connection, str]]:
    store = existing(Settings.read(os.environ).database_url)
    try:
        with store.read() as connection:
            yield connection, school_of(connection, workspace)
    finally:
        store.close()


def _student(connection: Connection, workspace: str, key: str) -> int:
    found = reading.student_of(connection, workspace, key)
    if found is None:
        raise AuditError(f"There is no student “{key}”. Give the id that roster.csv has for them.")
    return found


def _noted(text: str) -> Head:
    head = Head.parse(text)
    if head is None:
        raise AuditError("This is no head. Give it as conference-coach audit verify printed it: --head 12:0f3c…")
    return head


# --- what is shown -----------------------------------------------------------------------------------------------


def _lines(found: Iterable[Entry], zone: ZoneInfo) -> None:
    number = 0
    for number, one in enumerate(found, 1):  # noqa: B007 - how many there were
        about = f", about {one.student}" if one.student else ""
        what = f"{one.kind} {one.thing}".strip()
        click.echo(f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}  {one.who} {one.act} {what}{about}")
    if not number:
        click.echo("There is no entry.")


def _table(found: Iterable[Entry], zone: ZoneInfo) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(COLUMNS)
    for one in found:
        at = one.at.astimezone(zone).isoformat(timespec="seconds")
        row = (str(one.number or ""), at, one.who, one.act, one.kind, one.thing, one.student)
        out.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])


def _tell(verdict: Verdict, noted: Head | None, now: datetime) -> None:
    if verdict.fault is not None:
        raise AuditError(f"{fault_text(verdict.fault)}\nUp to entry {verdict.head.number} the trail holds.")
    if verdict.entries or verdict.untied:
        click.echo(f"The trail holds: {verdict.entries} entries, none changed, taken out or put in.")
    else:
        click.echo("The trail is empty: there is no entry, though a school has been loaded.")
    if noted is not None:
        click.echo(f"The head that was noted, entry {noted.number}, is in it as it was.")
    if verdict.untied:
        click.echo(_untied(verdict, now))
    if verdict.entries:
        click.echo(f"Its head, to be noted elsewhere: {verdict.head.text()}")
    if noted is None:
        click.echo("Without a noted head (--head) a cut at the end cannot be seen.")


def fault_text(fault: Fault) -> str:
    """What is wrong with a trail, as a sentence."""
    which = f"{fault.number}" if fault.number == fault.upto else f"{fault.number} to {fault.upto}"
    return _SAID[fault.kind].format(which=which)


def _untied(verdict: Verdict, now: datetime) -> str:
    late = verdict.oldest is not None and (now - verdict.oldest).total_seconds() > NORMAL
    said = f"Not tied yet: {verdict.untied} entries"
    return f"{said}. The bot ties them while it runs: is it running?" if late else f"{said}, of the last minute."
