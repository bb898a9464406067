"""Erasing a person: from the wish to the last row. What stands in Slack is bot.slack.erasing's.

    begin       one transaction: from here on they take no part, and nothing more goes out to them or about them
    (Slack)     message by message, file by file; what is done is noted, so that it goes on where it was killed
    removal     one transaction: all that is theirs is taken out
    finish      the ledger, then the mark that it is done

Each may be done twice. Who was erased is known by a digest only. What would go is told before by `foreseeing`, what
goes is decided in `removal`, and what has to stay in Slack is noted by `remains`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select, update

from bot.services.audit import trail
from bot.services.audit.trail import Act
from bot.services.leaving import ledger, removal, traces
from bot.services.leaving.ledger import Entry
from bot.store import residue
from bot.store.models import Conference, Erasure, Person
from bot.store.session import AnyRow, Store


@dataclass(frozen=True, slots=True)
class Erasing:
    """An erasure that was begun. `person`: the row's id; it may be gone already."""

    id: int
    workspace: str
    digest: str
    person: int


def begin(connection: Connection, workspace: str, who: AnyRow, now: datetime) -> Erasing:
    """From here on they take no part, whatever becomes of this process: inactive, their conferences cancelled, nothing
    that waits goes out."""
    digest = ledger.digest(workspace, who.key)
    mine = Person.workspace == workspace, Person.id == who.id
    connection.execute(select(Person.id).where(*mine).with_for_update())
    erasing = _mark(connection, workspace, digest, who.id, now)
    connection.execute(update(Person).where(*mine).values(active=False))
    held = Conference.workspace == workspace, Conference.student_id == who.id
    connection.execute(update(Conference).where(*held).values(cancelled=True))
    traces.cancel(connection, workspace, who.id, now)
    return erasing


def _mark(connection: Connection, workspace: str, digest: str, number: int, now: datetime) -> Erasing:
    mine = Erasure.workspace == workspace, Erasure.digest == digest
    found = connection.execute(select(Erasure.id, Erasure.done_at).where(*mine).with_for_update()).one_or_none()
    if found is None:
        values = {"workspace": workspace, "digest": digest, "person_id": number, "begun_at": now, "left": []}
        identity = connection.execute(insert(Erasure).values(**values).returning(Erasure.id)).scalar_one()
        trail.note(connection, workspace, now, trail.CLI, Act.ERASED, "begun", identity, number or None)
        return Erasing(identity, workspace, digest, number)
    if found.done_at is not None:  # an older copy of the database, or of the roster, has brought them back
        anew = {"person_id": number, "begun_at": now, "done_at": None, "left": []}
        connection.execute(update(Erasure).where(*mine).values(**anew))
        trail.note(connection, workspace, now, trail.CLI, Act.ERASED, "begun", found.id, number or None)
    return Erasing(found.id, workspace, digest, number)


def begun(connection: Connection, workspace: str) -> list[Erasing]:
    """The erasures that are not done, oldest first."""
    rows = connection.execute(
        select(Erasure.id, Erasure.workspace, Erasure.digest, Erasure.person_id)
        .where(Erasure.workspace == workspace, Erasure.done_at.is_(None))
        .order_by(Erasure.id)
    )
    return [Erasing(row.id, row.workspace, row.digest, row.person_id or 0) for row in rows]


def out_and_done(store: Store, erasing: Erasing, path: Path, now: datetime) -> bool:
    """Take the rows out, and what is left of them in the database's files, and mark it as done. False, and not marked,
    where another process keeps a SQLite file from being cleaned: then it is to be gone on with."""
    with store.write() as connection:
        residue.wipe_as_deleted(connection)
        removal.take_out(connection, erasing.workspace, erasing.person)
    if not residue.scrub(store) and store.sqlite:
        return False
    with store.write() as connection:
        finish(connection, erasing, path, now)
    return True


def finish(connection: Connection, erasing: Erasing, path: Path | None, now: datetime) -> None:
    """Mark it as done; what tells that it was is on the disk, outside the database, before that is committed.

    path: the ledger; None for one that tells of it already.
    """
    mine = Erasure.workspace == erasing.workspace, Erasure.id == erasing.id
    done = update(Erasure).where(*mine, Erasure.done_at.is_(None)).values(done_at=now, person_id=None)
    if not connection.execute(done).rowcount:
        return
    trail.note(connection, erasing.workspace, now, trail.CLI, Act.ERASED, "person", erasing.id, erasing.person or None)
    if path is not None:
        ledger.append(path, Entry(erasing.workspace, erasing.digest, now))


def done_at(connection: Connection, workspace: str, key: str) -> datetime | None:
    """When somebody was erased; None where nobody was by this id, or somebody is here again."""
    mine = Erasure.workspace == workspace, Erasure.digest == ledger.digest(workspace, key)
    here = select(Person.id).where(Person.workspace == workspace, Person.key == key)
    if connection.execute(here).first() is not None:
        return None
    return connection.scalar(select(Erasure.done_at).where(*mine))


def erased(connection: Connection, workspace: str, keys: Collection[str]) -> dict[str, datetime]:
    """Which ids of a roster are of somebody who was erased, or is being, and since when."""
    rows = connection.execute(select(Erasure.digest, Erasure.begun_at).where(Erasure.workspace == workspace))
    since = {row.digest: row.begun_at for row in rows}
    return {key: since[digest] for key in keys if since and (digest := ledger.digest(workspace, key)) in since}


def allow(connection: Connection, workspace: str, key: str, path: Path, now: datetime) -> bool:
    """Let somebody be loaded again who was erased; False where nobody was erased by this id."""
    digest = ledger.digest(workspace, key)
    mine = Erasure.workspace == workspace, Erasure.digest == digest
    if not connection.execute(delete(Erasure).where(*mine, Erasure.done_at.is_not(None))).rowcount:
        return False
    trail.note(connection, workspace, now, trail.CLI, Act.CHANGED, "erasure")
    ledger.append(path, Entry(workspace, digest, now, allowed=True))
    return True


def again(store: Store, entries: Sequence[Entry], now: datetime, since: datetime | None = None) -> int:
    """After a restore: take out of the database whoever the ledger has erased since then, and is there again; how many.

    since: when the copy was made; None if nobody knows. Who was allowed to come back is known by the roster, which is
    loaded after that.
    """
    last = {(one.workspace, one.digest): one for one in entries if since is None or one.at > since}
    gone = {(one.workspace, one.digest) for one in entries if not one.allowed and (since is None or one.at > since)}
    done = 0
    for workspace in sorted({workspace for workspace, _ in last}):
        chosen = {digest: last[workspace, digest] for at, digest in gone if at == workspace}
        done += _again_in(store, workspace, chosen, now)
    return done


def _again_in(store: Store, workspace: str, chosen: Mapping[str, Entry], now: datetime) -> int:
    with store.read() as connection:
        rows = connection.execute(select(Person.id, Person.key).where(Person.workspace == workspace)).all()
        finished = {
            row.digest
            for row in connection.execute(
                select(Erasure.digest).where(Erasure.workspace == workspace, Erasure.done_at.is_not(None))
            )
        }
    there = {ledger.digest(workspace, row.key): row.id for row in rows}
    for digest, entry in chosen.items():
        if digest not in there and (digest in finished or entry.allowed):
            continue
        with store.write() as connection:
            erasing = _mark(connection, workspace, digest, there.get(digest, 0), now)
            removal.take_out(connection, workspace, erasing.person)
            finish(connection, erasing, None, now)
            if entry.allowed:
                connection.execute(delete(Erasure).where(Erasure.workspace == workspace, Erasure.id == erasing.id))
    return len(chosen.keys() & there.keys())
