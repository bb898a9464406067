"""Erasing a person: from the wish to the last row. What stands in Slack is bot.slack.erasing's.

    begin       one transaction: from here on they take no part, and nothing more goes out to them or about them
    (Slack)     message by message, file by file; what is done is noted, so that it goes on where it was killed
    take_out    one transaction: their rows
    finish      the ledger, then the mark that it is done

Each may be done twice. Who was erased is known by a digest only. Of an adult their own words and data go; what they did
for others (an alert they took up, a commitment they typed in) stays as it is, with nobody's name to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import CoachError
from bot.services.audit import trail
from bot.services.audit.trail import Act
from bot.services.leaving import ledger, traces
from bot.services.leaving.ledger import Entry
from bot.services.leaving.traces import STUDENT
from bot.store import residue, whose
from bot.store.models import Alert, Commitment, Conference, Erasure, Note, Person, School
from bot.store.session import AnyRow, Store
from scheduler.deliveries import deliveries

OUTLIVES = frozenset({"audit", "erasure"})
"""Tables whose rows about somebody stay: there are numbers in them, and the digest."""

NAMELESS = "—"
"""The name of somebody who was erased, where a row of another's still points to theirs."""

NOT_OURS, NOT_ARCHIVED, NOT_TRIED, POSTED = "not_ours", "not_archived", "not_tried", "posted"
"""Why something stays in Slack, or elsewhere, where it is not Slack that says so."""

_WROTE = ("note", "commitment", "commitment_check")


@dataclass(frozen=True, slots=True)
class Erasing:
    """An erasure that was begun. `person`: the row's id; it may be gone already."""

    id: int
    workspace: str
    digest: str
    person: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would go: rows by table, the bot's messages and files that are known of, and alerts about them (`open`:
    those nobody has taken up)."""

    rows: Mapping[str, int]
    messages: int
    files: int
    alerts: int
    open: int


@dataclass(frozen=True, slots=True)
class Left:
    """Something that could not be taken out of Slack: what it is, its id, and why."""

    what: str
    id: str
    why: str


# --- before ----------------------------------------------------------------------------------------------------------


def person(connection: Connection, workspace: str, key: str, *, student: bool) -> AnyRow:
    """Whom a key of the roster means. Raises CoachError where there is nobody, or somebody of the other sort."""
    found = connection.execute(
        select(Person.id, Person.role, Person.key, Person.name, Person.active).where(
            Person.workspace == workspace, Person.key == key
        )
    ).one_or_none()
    if found is None:
        raise CoachError(f"There is nobody with the id “{key}” here. Look for it in roster.csv; capitals count.")
    if (found.role == STUDENT) is not student:
        option = "--student" if found.role == STUDENT else "--person"
        raise CoachError(f"“{key}” is {article(found.role)} {found.role}. Write: conference-coach erase {option} {key}")
    return found


def article(word: str) -> str:
    """What stands before an English word."""
    return "an" if word[:1] in "aeiou" else "a"


def foresee(connection: Connection, workspace: str, number: int) -> Foreseen:
    """What erasing somebody would take out."""
    role = connection.scalar(select(Person.role).where(Person.workspace == workspace, Person.id == number))
    chosen = {table: _theirs(table, workspace, number, student=role == STUDENT) for table in _out_of(role)}
    rows = {table.name: count for table, which in chosen.items() if (count := _count(connection, table, which))}
    rows |= {"person": 1} if role is not None else {}
    alerts = Alert.workspace == workspace, Alert.student_id == number
    return Foreseen(
        rows,
        len(traces.messages(connection, workspace, number)),
        len(traces.files(connection, workspace, number)),
        connection.scalar(select(func.count()).select_from(Alert).where(*alerts)) or 0,
        connection.scalar(select(func.count()).select_from(Alert).where(*alerts, Alert.taken_by.is_(None))) or 0,
    )


def refuse(connection: Connection, workspace: str, who: AnyRow, *, with_alerts: bool) -> None:
    """Raise CoachError, with the remedy, where somebody cannot be erased now.

    An alert that nobody has taken up was read by nobody; no command takes it out. Others are a record the school may
    have to keep, and go only where it says so.
    """
    found = foresee(connection, workspace, who.id)
    if found.open:
        raise CoachError(
            f"{found.open} safeguarding alert(s) about “{who.key}” wait for a counselor. Nothing was erased: "
            "have them taken up in Slack first. --with-alerts does not cover alerts nobody has taken."
        )
    if found.alerts and not with_alerts:
        raise CoachError(
            f"There are {found.alerts} safeguarding alert(s) about “{who.key}”, which your school may have to keep. "
            f"Nothing was erased. Keep a copy (conference-coach export --student {who.key}), then say --with-alerts."
        )
    if who.role != STUDENT:
        _refuse_needed(connection, workspace, who)


def _refuse_needed(connection: Connection, workspace: str, who: AnyRow) -> None:
    keys = connection.scalar(select(School.counselors).where(School.workspace == workspace)) or {}
    if who.key in keys.get("keys", ()):
        raise CoachError(
            f"“{who.key}” gets the safeguarding alerts. Take them out of school.toml, load it, and try again."
        )
    students = select(func.count()).select_from(Person)
    theirs = Person.workspace == workspace, Person.advisor_id == who.id, Person.active.is_(True)
    if count := connection.scalar(students.where(*theirs)):
        raise CoachError(
            f"“{who.key}” is the advisor of {count} student(s). Give these another in roster.csv, load, and try again."
        )


# --- begin -----------------------------------------------------------------------------------------------------------


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


def leave(connection: Connection, erasing: Erasing, found: Iterable[Left]) -> None:
    """Note what could not be taken out of Slack, each once."""
    mine = Erasure.workspace == erasing.workspace, Erasure.id == erasing.id
    known = connection.scalar(select(Erasure.left).where(*mine).with_for_update()) or []
    noted = {(one["what"], one["id"]) for one in known}
    new = [one for one in dict.fromkeys(found) if (one.what, one.id) not in noted]
    if new:
        rows = [{"what": one.what, "id": one.id, "why": one.why} for one in new]
        connection.execute(update(Erasure).where(*mine).values(left=[*known, *rows]))


def letters(connection: Connection, erasing: Erasing) -> list[Left]:
    """The e-mails that went out to them or about them: nobody takes those back."""
    found = traces.letters(connection, erasing.workspace, erasing.person)
    return [Left("letter", one, POSTED) for one in found]


def leave_slack(connection: Connection, erasing: Erasing) -> None:
    """Note all that is known to stand in Slack as left there: for a school whose workspace has the app no longer."""
    there = traces.messages(connection, erasing.workspace, erasing.person)
    found = [Left("message", f"{one.channel}:{one.ts}", NOT_TRIED) for one in there]
    found += [
        Left("message", one, NOT_OURS) for one in traces.own_messages(connection, erasing.workspace, erasing.person)
    ]
    channels = traces.channels(connection, erasing.workspace, erasing.person)
    found += [Left("channel", one, NOT_ARCHIVED) for one in channels]
    found += [Left("file", one, NOT_TRIED) for one in traces.files(connection, erasing.workspace, erasing.person)]
    leave(connection, erasing, [*found, *letters(connection, erasing)])


def left(connection: Connection, workspace: str, digest: str) -> list[Left]:
    """What could not be taken out of Slack."""
    mine = Erasure.workspace == workspace, Erasure.digest == digest
    return [Left(**one) for one in connection.scalar(select(Erasure.left).where(*mine)) or ()]


# --- the rows --------------------------------------------------------------------------------------------------------


def take_out(connection: Connection, workspace: str, number: int) -> dict[str, int]:
    """Take out somebody's rows, children before what they point to; how many by table. Once more changes nothing."""
    held = Person.workspace == workspace, Person.id == number
    role = connection.scalar(select(Person.role).where(*held).with_for_update())
    if role is None:
        return {}
    conferences = Conference.workspace == workspace, Conference.student_id == number
    connection.execute(select(Conference.id).where(*conferences).with_for_update())
    traces.quieten(connection, workspace, number)
    for table in whose.in_order():
        for column in whose.pointers(table):
            mine = table.c.workspace == workspace, column == number
            connection.execute(update(table).where(*mine).values({column: None}))
    counts: dict[str, int] = {}
    for table in _out_of(role):
        chosen = _theirs(table, workspace, number, student=role == STUDENT)
        if count := connection.execute(delete(table).where(chosen)).rowcount:
            counts[table.name] = count
    if role != STUDENT:
        counts["person"] = _take_name(connection, workspace, number)
    return counts


def _out_of(role: str | None) -> list[Table]:
    """The tables in the order in which rows are taken out of them: deliveries first, for they are found by others. An
    adult's own row is `_take_name`'s."""
    stay = OUTLIVES if role == STUDENT else OUTLIVES | {"person"}
    tables = [table for table in reversed(whose.in_order()) if table is not deliveries and table.name not in stay]
    return [deliveries, *tables]


def _theirs(table: Table, workspace: str, number: int, *, student: bool) -> ColumnElement[bool]:
    """Which rows of a table go with somebody."""
    about = whose.rows_of(table, workspace, number)
    if table.name not in _WROTE:
        return about
    own = _wrote(table, workspace, number) if student else _own_words(table, workspace, number)
    return and_(table.c.workspace == workspace, or_(about, own))


def _wrote(table: Table, workspace: str, number: int) -> ColumnElement[bool]:
    """What a student added in a record that is not theirs, and what was said about it."""
    if table.name != "commitment_check":
        return whose.rows_by(table, workspace, number)
    added = whose.rows_by(whose.TABLES["commitment"], workspace, number)
    return or_(whose.rows_by(table, workspace, number), _about_commitments(table, workspace, added))


def _own_words(table: Table, workspace: str, number: int) -> ColumnElement[bool]:
    """An adult's own words in students' records: notes, but for those an alert is about, and what they promised."""
    promised = and_(Commitment.workspace == workspace, Commitment.owner_id == number)
    if table.name == "note":
        flagged = select(Alert.note_id).where(Alert.workspace == workspace, Alert.note_id.is_not(None))
        return and_(Note.workspace == workspace, Note.author_id == number, Note.id.not_in(flagged))
    return promised if table.name == "commitment" else _about_commitments(table, workspace, promised)


def _about_commitments(table: Table, workspace: str, chosen: ColumnElement[bool]) -> ColumnElement[bool]:
    commitments = select(Commitment.id).where(Commitment.workspace == workspace, chosen)
    return and_(table.c.workspace == workspace, table.c.commitment_id.in_(commitments))


def _take_name(connection: Connection, workspace: str, number: int) -> int:
    """Take an adult's row out; where others' rows point to it, all that tells who they were."""
    mine = Person.workspace == workspace, Person.id == number
    if not _pointed_to(connection, workspace, number):
        return connection.execute(delete(Person).where(*mine)).rowcount
    # No id of a roster has a blank in it.
    blank = {"key": f"erased {number}", "name": NAMELESS, "active": False}
    empty = ("email", "grade", "slack_id", "given_slack_id", "im", "time_zone", "heard_at", "chosen_language")
    connection.execute(update(Person).where(*mine).values(**blank, **dict.fromkeys(empty)))
    return 1


def _pointed_to(connection: Connection, workspace: str, number: int) -> bool:
    """Whether a row of any table has a foreign key to somebody's."""
    for table in whose.in_order():
        columns = [key.parent for key in table.foreign_keys if key.column.table.name == "person"]
        for column in columns:
            here = table.c.workspace == workspace, column == number
            if connection.execute(select(column).where(*here).limit(1)).first() is not None:
                return True
    return False


def _count(connection: Connection, table: Table, chosen: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(chosen)) or 0


# --- the end ---------------------------------------------------------------------------------------------------------


def out_and_done(store: Store, erasing: Erasing, path: Path, now: datetime) -> bool:
    """Take the rows out, and what is left of them in the database's files, and mark it as done. False, and not marked,
    where another process keeps a SQLite file from being cleaned: then it is to be gone on with."""
    with store.write() as connection:
        residue.wipe_as_deleted(connection)
        take_out(connection, erasing.workspace, erasing.person)
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
            take_out(connection, workspace, erasing.person)
            finish(connection, erasing, None, now)
            if entry.allowed:
                connection.execute(delete(Erasure).where(Erasure.workspace == workspace, Erasure.id == erasing.id))
    return len(chosen.keys() & there.keys())
