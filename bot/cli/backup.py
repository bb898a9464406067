"""`conference-coach backup` and `restore-check`: a copy of the database, and how one is put to use."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli.audit import fault_text
from bot.errors import CoachError
from bot.services import restoring
from bot.services.leaving import ledger
from bot.services.leaving.ledger import Entry
from bot.services.restoring import Health, Restored
from bot.settings import Name, Settings
from bot.store import copies, sealing
from bot.store.alone import only_scheduler
from bot.store.existing import existing
from bot.store.session import Store
from scheduler.deliveries import State
from scheduler.outbox import Outbox

MINUTES = "%Y-%m-%d %H:%M UTC"


class RestoreError(CoachError):
    """The database cannot be put to use as it is; nothing was changed."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there already.")
def backup(file: Path, force: bool) -> None:
    """Copy the database into FILE, while the bot runs. Only this user can read it.

    Of a SQLite database FILE is one too; of a PostgreSQL database it is what pg_dump makes, for pg_restore. The copy
    bears a mark: no bot starts on it before conference-coach restore-check has looked it over.
    """
    settings = Settings.read(os.environ)
    store = existing(settings.database_url, settings.keyring)
    try:
        copies.copy(store, file, datetime.now(UTC), force=force)
    finally:
        store.close()
    click.echo(f"{file}: the database, as it is now ({file.stat().st_size:,} bytes).")
    click.echo(f"Keep it as safe as the database; and beside it the ledger of erasures: {_place(settings)}")


@click.command(name="restore-check")
@click.option("--dry-run", is_flag=True, help="Only say what is wrong, and what would be done.")
@click.option("--anyway", is_flag=True, help="Go on though an audit trail does not hold, or schools are mixed.")
@click.option("--unmarked", is_flag=True, help="It is a copy, though it bears no mark: it was not made by backup.")
@click.option("--no-ledger", is_flag=True, help="Go on without a ledger of erasures: nobody is erased again.")
def restore_check(dry_run: bool, anyway: bool, unmarked: bool, no_ledger: bool) -> None:
    """Look over a restored copy of the database, and make it one that a bot may send from.

    Whoever was erased since the copy was made is erased again, what was due before now is not sent, and the quarter is
    planned anew. Conversations go on where the copy has them. It may be run again, whatever ended it.
    """
    settings = Settings.read(os.environ)
    with _alone(settings) as store:
        _tell_health(restoring.health(store), anyway=anyway)
        sealing.require_keys(store)
        with store.read() as connection:
            at = copies.copied_at(connection)
        if at is None and not unmarked:
            click.echo("It bears no mark of a copy, so nothing is to be done. If it is one all the same: --unmarked")
            return
        entries, now = _ledger(settings, without=no_ledger), datetime.now(UTC)
        if dry_run:
            _tell(restoring.foretold(store, entries, now), dry=True)
            return
        _tell(restoring.restored(store, Outbox("restore"), entries, now, mails=settings.mail is not None))


@contextmanager
def _alone(settings: Settings) -> Iterator[Store]:
    """The database, with no bot at it (of PostgreSQL's, the mark keeps them away)."""
    with only_scheduler(settings.database_url):
        store = existing(settings.database_url, settings.keyring)
        try:
            yield store
        finally:
            store.close()


def _tell_health(found: Health, *, anyway: bool) -> None:
    if found.broken:
        lines = [*found.damage, *(f"missing: {one}" for one in found.missing)]
        listed = "\n".join(f"  {line}" for line in lines)
        raise RestoreError(f"The database is not whole:\n{listed}\nRestore it again, or another backup.")
    doubts = [
        f"{one.rows} rows of {one.table} ({one.column}) belong to another workspace's {one.refers}"
        for one in found.strays
    ]
    doubts += [f"the audit trail of {workspace}: {fault_text(fault)}" for workspace, fault in found.trails]
    if not doubts:
        click.echo("The database is whole, its schema is this version's, and every audit trail holds.")
        return
    listed = "\n".join(f"  {doubt}" for doubt in doubts)
    if not anyway:
        raise RestoreError(f"Somebody has changed this database by hand:\n{listed}\nTo go on with it: --anyway")
    click.echo(f"Somebody has changed this database by hand:\n{listed}", err=True)


def _ledger(settings: Settings, *, without: bool) -> Sequence[Entry]:
    """Who is to be erased again."""
    where = _place(settings)
    if not where.exists():
        missing = f"There is no ledger of erasures ({where}): whoever was erased since the copy was made comes back."
        if not without:
            raise RestoreError(
                f"{missing} Put it there, or name it in {Name.ERASURES}. If nobody was erased: --no-ledger"
            )
        click.echo(missing, err=True)
        return ()
    entries = ledger.read(where, lambda said: click.echo(said, err=True))
    click.echo(f"The ledger of erasures: {len(entries)} entries ({where}).")
    return entries


def _place(settings: Settings) -> Path:
    return ledger.place(settings).absolute()


def _tell(done: Restored, *, dry: bool = False) -> None:
    if done.copied_at is not None:
        click.echo(f"The copy was taken at {done.copied_at:{MINUTES}}.")
    click.echo(f"{'To be erased' if dry else 'Erased'} again: {done.erased}")
    for state, said in _SAID.items():
        counted = [one for one in done.counts if one.state is state]
        click.echo(f"{said}: {sum(one.number for one in counted)}")
        kinds = sorted({one.kind for one in counted})
        for kind in kinds:
            click.echo(f"  {kind}: {sum(one.number for one in counted if one.kind == kind)}")
    if dry:
        click.echo("Nothing was changed.")
        return
    click.echo(f"Planned anew: {done.planned} added.")
    click.echo("A bot may be started on it. What lies is listed by: conference-coach outbox --state cancelled")


_SAID = {
    State.CANCELLED: "Due before now, and not sent again",
    State.UNKNOWN: "Looked for in Slack, and sent if it is not there",
}
