"""The audit trail as a chain: each entry bears a link made of itself and of the link before it.

Entries are written without one, so that turns never wait for each other; a moment later they are numbered and tied, in
the order in which they are seen. Whoever can write to the database can also make the whole chain anew: only its head,
written down elsewhere, shows that nothing up to there was changed, taken out, or cut off.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Dialect, Select, bindparam, case, delete, func, select, type_coerce, update

from bot.services.audit.trail import BOT, Act, note
from bot.store.models import Audit
from bot.store.session import AnyRow, Store
from scheduler.deliveries import Instant

EVERY = timedelta(seconds=30)
"""How often what is new is tied."""

BATCH = 1000
"""Entries tied in one transaction, so that no turn waits long for it."""

KEPT = timedelta(days=3 * 365)
"""An entry may be let go after so long."""

START = "0" * 64
"""What the first entry is tied to."""

LET_GO = "audit"
"""The kind of the entry that says from which number on the trail was kept."""

_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: its number and its link."""

    number: int = 0
    link: str = START

    @classmethod
    def parse(cls, text: str) -> Head | None:
        """From "12:ab34…", as `text` has it; None where it is none."""
        found = _HEAD.fullmatch(text.strip())
        return cls(int(found[1]), found[2]) if found else None

    def text(self) -> str:
        """As it is written down elsewhere."""
        return f"{self.number}:{self.link}"


class Kind(StrEnum):
    """What is wrong with a chain."""

    CHANGED = "changed"  # an entry is not what it was when it was tied
    REMOVED = "removed"  # numbers are missing
    INSERTED = "inserted"  # an entry was put in between
    UNTIED = "untied"  # an entry was taken out of the chain, and left in the table
    CUT = "cut"  # the chain ends before the head that was written down
    REWRITTEN = "rewritten"  # another chain than the one that was written down


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: at this number, or at these, the last being `upto`."""

    kind: Kind
    number: int
    upto: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out: the head as far as the chain holds, how many entries that are, what is not tied yet."""

    head: Head
    entries: int
    fault: Fault | None = None
    untied: int = 0
    oldest: datetime | None = None
    """Of what is not tied."""


# --- tying -----------------------------------------------------------------------------------------------------


def tie(store: Store, workspace: str) -> int:
    """Number and tie what is not yet; returns how many entries that were. Of two processes at it, one does it."""
    done = 0
    while (some := _tie_some(store, workspace)) == BATCH:
        done += some
    return done + some


def _tie_some(store: Store, workspace: str) -> int:
    with store.read() as connection:  # mostly there is nothing, and nobody is made to wait
        if connection.scalar(_untied(workspace).limit(1)) is None:
            return 0
    with store.write() as connection:
        if not store.once(connection, f"audit:{workspace}"):
            return 0
        entries = connection.execute(_untied(workspace).limit(BATCH)).all()
        links = list(_links(_head(connection, workspace), entries))
        if links:
            connection.execute(_TIE, links)
        return len(links)


def _untied(workspace: str) -> Select[Any]:
    columns = Audit.__table__.c
    return (
        select(*columns)
        .where(columns.workspace == workspace, columns.number.is_(None), columns.link.is_(None))
        .order_by(columns.id)
    )


def _head(connection: Connection, workspace: str) -> Head:
    last = select(Audit.number, Audit.link).where(Audit.workspace == workspace, Audit.number.is_not(None))
    row = connection.execute(last.order_by(Audit.number.desc()).limit(1)).one_or_none()
    return Head(row.number, row.link) if row is not None else Head()


def _links(head: Head, entries: Sequence[AnyRow]) -> Iterator[dict[str, Any]]:
    number, link = head.number, head.link
    for entry in entries:
        number, link = number + 1, _link(link, number + 1, entry)
        yield {"entry": entry.id, "of": entry.workspace, "new_number": number, "new_link": link}


_TIE = (
    update(Audit)
    .where(Audit.id == bindparam("entry"), Audit.workspace == bindparam("of"), Audit.number.is_(None))
    .values(number=bindparam("new_number"), link=bindparam("new_link"))
)


def _link(before: str, number: int, entry: AnyRow) -> str:
    """SHA-256 over the link before it and all that the entry says, the time in UTC to the microsecond."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = (
        number, entry.id, entry.workspace, at, entry.actor, entry.act, entry.kind, entry.thing, entry.student_id
    )  # fmt: skip
    return hashlib.sha256(f"{before}\n{json.dumps(fields, separators=(',', ':'))}".encode()).hexdigest()


# --- verifying -------------------------------------------------------------------------------------------------


class _Readable(Instant):
    """An instant, or None where what stands there is none: SQLite lets anything be written there."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        process = super().result_processor(dialect, coltype) or _as_it_is

        def read(value: Any) -> datetime | None:
            try:
                found = process(value)
            except (ValueError, TypeError):
                return None
            return found if isinstance(found, datetime) else None

        return read


def _as_it_is(value: Any) -> Any:
    return value


_FROM, _TO = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_SOUND = case((Audit.at.between(_FROM, _TO), Audit.at))  # PostgreSQL has an infinity, and years that Python has not
_AT = type_coerce(_SOUND, _Readable()).label("at")


def verify(connection: Connection, workspace: str, noted: Head | None = None) -> Verdict:
    """Walk the chain from its first entry on. `noted`: a head that was written down, which it must have passed.

    It stops at the first thing that is wrong.
    """
    head, entries = Head(), 0
    untied, oldest = connection.execute(_still_untied(workspace)).one()
    for row in connection.execute(_tied(workspace).execution_options(yield_per=BATCH)):
        if not entries and _was_let_go(connection, workspace, row.number):
            head = Head(row.number - 1)
        elif fault := _fault(connection, head, row):
            return Verdict(head, entries, fault, untied, oldest)
        head, entries = Head(row.number, row.link), entries + 1
        if noted is not None and head.number == noted.number and head.link != noted.link:
            return Verdict(head, entries, Fault(Kind.REWRITTEN, 1, noted.number), untied, oldest)
    fault = _cut(head, noted) or _loose(connection, workspace)
    return Verdict(head, entries, fault, untied, oldest)


def _tied(workspace: str) -> Select[Any]:
    columns = Audit.__table__.c
    return (
        select(*(column for column in columns if column.name != "at"), _AT)
        .where(columns.workspace == workspace, columns.number.is_not(None))
        .order_by(columns.number)
    )  # fmt: skip


def _still_untied(workspace: str) -> Select[int, datetime]:
    return select(func.count(), type_coerce(func.min(_SOUND), _Readable())).where(
        Audit.workspace == workspace, Audit.number.is_(None), Audit.link.is_(None)
    )


def _fault(connection: Connection, head: Head, row: AnyRow) -> Fault | None:
    expected = head.number + 1
    if row.number > expected:
        return Fault(Kind.REMOVED, expected, row.number - 1)
    if row.number < expected:
        return Fault(Kind.INSERTED, row.number, row.number)
    if _fits(head, row.number, row):
        return None
    after = connection.execute(_tied(row.workspace).where(Audit.number == row.number + 1)).one_or_none()
    inserted = after is not None and _fits(head, row.number, after)
    return Fault(Kind.INSERTED if inserted else Kind.CHANGED, row.number, row.number)


def _fits(head: Head, number: int, entry: AnyRow) -> bool:
    """Whether the entry's link is made of that head and of what it says. One without a time it never had."""
    return entry.at is not None and entry.link == _link(head.link, number, entry)


def _cut(head: Head, noted: Head | None) -> Fault | None:
    if noted is None or noted.number <= head.number:
        return None
    return Fault(Kind.CUT, head.number + 1, noted.number)


def _loose(connection: Connection, workspace: str) -> Fault | None:
    """An entry with a link and no number: the job that ties leaves none."""
    loose = select(func.count()).where(
        Audit.workspace == workspace, Audit.number.is_(None), Audit.link.is_not(None)
    )  # fmt: skip
    return Fault(Kind.UNTIED, 0, 0) if connection.scalar(loose) else None


# --- letting go ------------------------------------------------------------------------------------------------


def let_go(store: Store, workspace: str, now: datetime) -> int:
    """Take out the entries older than `KEPT`; returns how many. An entry says from which number on it was kept: the
    oldest that stays is taken on trust, being what the rest is tied to."""
    with store.write() as connection:
        if not store.once(connection, f"audit:{workspace}"):
            return 0
        kept = select(func.min(Audit.number)).where(Audit.workspace == workspace, Audit.at >= now - KEPT)
        first = connection.scalar(kept)
        old = (Audit.workspace == workspace, Audit.number < (first or 0))
        if not connection.scalar(select(func.count()).where(*old)):
            return 0
        note(connection, workspace, now, BOT, Act.ERASED, LET_GO, first or 0)
        return connection.execute(delete(Audit).where(*old)).rowcount


def _was_let_go(connection: Connection, workspace: str, first: int) -> bool:
    """Whether an entry of the bot's says that the trail begins at this number."""
    if first <= 1:
        return False
    said = select(Audit.id).where(
        Audit.workspace == workspace, Audit.actor == BOT, Audit.act == Act.ERASED, Audit.kind == LET_GO,
        Audit.thing == str(first),
    )  # fmt: skip
    return connection.scalar(said.limit(1)) is not None
