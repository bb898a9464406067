"""Where a person's words stand in Slack by the bot's own doing: messages and files, as the database knows of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, delete, literal, or_, select, update

from bot.dialogue.state import Act
from bot.services.leaving.payloads import light
from bot.services.nudges import company
from bot.services.speech import Kind
from bot.store import whose
from bot.store.models import Answer, Conference, Person, SharedWork
from bot.store.session import AnyRow
from scheduler import sealed
from scheduler.deliveries import Delivery, State, deliveries, from_row

STUDENT = "student"
DIGESTS = frozenset({"digest_advisor", "digest_before", "frames_up"})
"""Messages to an advisor about all their students: they are made when they go, so that no payload names anybody."""

_TS = re.compile(r"\d+\.\d+")
_FILE = re.compile(r"/files/[^/]+/(F[A-Z0-9]+)(?:/|$)")
_d = deliveries.c


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the bot's. `thread`: the ts it stands under, "" for none. `theirs`: all of it is about them; else
    its delivery stays, without its words, so that the others it is about are not told again."""

    seq: int
    channel: str
    ts: str
    thread: str
    theirs: bool


def places(connection: Connection, workspace: str, person: int) -> list[str]:
    """The channels in which everything is to or about somebody: the DM with them, and a student's conferences'."""
    im = select(Person.im).where(Person.workspace == workspace, Person.id == person, Person.im.is_not(None))
    return [*map(str, connection.scalars(im)), *channels(connection, workspace, person)]


def channels(connection: Connection, workspace: str, person: int) -> list[str]:
    """The channels of a student's conferences."""
    asked = select(Conference.channel).where(
        Conference.workspace == workspace, Conference.student_id == person, Conference.channel.is_not(None)
    )
    return [str(one) for one in connection.scalars(asked)]


def own_messages(connection: Connection, workspace: str, person: int) -> list[str]:
    """The messages a student wrote to the coach, as far as answers know of them: `<channel>:<ts>`; "DM:<ts>" where the
    channel is not known. What was said by a tap is no message."""
    im = connection.scalar(select(Person.im).where(Person.workspace == workspace, Person.id == person))
    if not im:
        im = connection.scalar(
            select(_d.ref_channel)
            .where(whose.rows_of(deliveries, workspace, person), _d.ref_channel.like("D%"))
            .where(_d.recipient == account(connection, workspace, person))
            .limit(1)
        )
    mine = whose.rows_of(whose.TABLES["answer"], workspace, person)
    said = connection.scalars(select(Answer.ts).where(mine, Answer.act != Act.CHOSEN).distinct().order_by(Answer.ts))
    return [f"{im or 'DM'}:{ts}" for ts in said]


def account(connection: Connection, workspace: str, person: int) -> str:
    """Their Slack id; "" where they have none."""
    own = select(Person.slack_id).where(Person.workspace == workspace, Person.id == person)
    return connection.scalar(own) or ""


def messages(connection: Connection, workspace: str, person: int) -> list[Message]:
    """Every message that is known to stand in Slack, newest first: replies before what they stand under."""
    mine = whose.rows_of(deliveries, workspace, person)
    rows = list(connection.execute(_standing(workspace).where(mine)))
    others = _speaking_of(connection, workspace, person)
    rest = connection.execute(_standing(workspace).where(_d.seq.in_(others))) if others else ()
    found = [*(_message(row, True) for row in rows), *(_message(row, False) for row in rest)]
    return sorted((one for one in found if _TS.fullmatch(one.ts)), key=lambda one: one.ts, reverse=True)


def files(connection: Connection, workspace: str, person: int) -> list[str]:
    """Slack's ids of the files the bot put into a student's channels and into DMs."""
    shared = whose.rows_of(whose.TABLES["shared_work"], workspace, person)
    copies = connection.scalars(select(SharedWork.copy).where(shared))
    sent = connection.scalars(
        select(_d.ref_ts).where(whose.rows_of(deliveries, workspace, person), _d.kind.in_([Kind.FILE, Kind.WORK]))
    )
    named = (match[1] for one in sent if one and (match := _FILE.search(one)))
    return list(dict.fromkeys([*copies, *named]))


def letters(connection: Connection, workspace: str, person: int) -> list[str]:
    """The ids of the e-mails that went out to them or about them."""
    sent = select(_d.id).where(whose.rows_of(deliveries, workspace, person), _d.kind == Kind.MAIL)
    return list(connection.scalars(sent.where(_d.state == State.SENT).order_by(_d.seq)))


def in_hand(connection: Connection, workspace: str, person: int) -> list[Delivery]:
    """What is being sent to or about them at this moment, or may have arrived."""
    rows = connection.execute(
        select(*_d).where(whose.rows_of(deliveries, workspace, person), _d.state.in_([State.SENDING, State.UNKNOWN]))
    )
    return [from_row(row) for row in rows]


def cancel(connection: Connection, workspace: str, person: int, now: datetime) -> int:
    """Nothing more goes out to or about them; what is in hand is not tried again. Returns how many waited."""
    chosen = or_(whose.rows_of(deliveries, workspace, person), _d.seq.in_(_speaking_of(connection, workspace, person)))
    here = _d.workspace == workspace, chosen
    waiting = update(deliveries).where(*here, _d.state == State.SCHEDULED)
    gone = {"state": State.CANCELLED.value, "reason": "erased", "settled_at": now, "wanted": False}
    count = connection.execute(waiting.values(**gone)).rowcount
    connection.execute(update(deliveries).where(*here, _d.settled_at.is_(None)).values(wanted=False, reason="erased"))
    return count


def gone(connection: Connection, workspace: str, message: Message) -> None:
    """A message stands in Slack no more."""
    row = _d.workspace == workspace, _d.seq == message.seq
    if message.theirs:
        connection.execute(delete(deliveries).where(*row))
        return
    _lighten(connection, workspace, [message.seq])
    connection.execute(update(deliveries).where(*row).values(ref_channel=None, ref_ts=None))


def settle(connection: Connection, workspace: str, delivery: Delivery) -> None:
    """What was in hand is in nobody's any more."""
    row = _d.workspace == workspace, _d.seq == delivery.seq, _d.fence == delivery.fence
    connection.execute(delete(deliveries).where(*row))


def quieten(connection: Connection, workspace: str, person: int) -> int:
    """Take the words out of what others were told about them. Before their own rows are out; returns how many."""
    return _lighten(connection, workspace, _speaking_of(connection, workspace, person))


def _lighten(connection: Connection, workspace: str, chosen: Collection[int]) -> int:
    rows = connection.execute(
        select(_d.seq, _d.id, _d.payload).where(_d.workspace == workspace, _d.seq.in_(chosen))
    ).all()
    lighten(connection, workspace, rows)
    return len(rows)


def lighten(connection: Connection, workspace: str, rows: Iterable[AnyRow]) -> int:
    """Take the words out of deliveries (rows of seq, id, payload); of how many there were any."""
    heavy = [row for row in rows if light(row.payload) != row.payload]
    for row in heavy:
        payload = sealed.cell(_d.payload, light(row.payload), id=row.id)
        connection.execute(
            update(deliveries).where(_d.workspace == workspace, _d.seq == row.seq).values(payload=payload)
        )
    return len(heavy)


# --- what others were told -------------------------------------------------------------------------------------------


def _speaking_of(connection: Connection, workspace: str, student: int) -> list[int]:
    """The `seq` of what adults were told in which a student is named among others. Nothing of an adult's: they are
    named in the students' own records, which stay."""
    role = select(Person.role).where(Person.workspace == workspace, Person.id == student)
    if connection.scalar(role) != STUDENT:
        return []
    named = {*whose.naming(connection, workspace, student), *_digests(connection, workspace, student)}
    kept = connection.scalars(
        select(_d.seq).where(_d.workspace == workspace, _d.seq.in_(named), ~_of_another(workspace, student))
    )
    return [*kept, *_leaders(connection, workspace, student)]


def _of_another(workspace: str, student: int) -> ColumnElement[bool]:
    """What another student was told, or what is about another: two may have one first name."""
    others = Person.workspace == workspace, Person.role == STUDENT, Person.id != student
    held = Conference.workspace == workspace, Conference.student_id != student
    return or_(
        _d.recipient.in_(select(Person.slack_id).where(*others, Person.slack_id.is_not(None))),
        _d.subject.in_(select(literal("person:") + cast(Person.id, String)).where(*others)),
        _d.subject.in_(select(literal("conference:") + cast(Conference.id, String)).where(*held)),
    )


def _digests(connection: Connection, workspace: str, student: int) -> Iterator[int]:
    """What their advisor was told of the whole group."""
    advisor = select(Person.advisor_id).where(Person.workspace == workspace, Person.id == student).scalar_subquery()
    account = select(Person.slack_id).where(Person.workspace == workspace, Person.id == advisor)
    rows = connection.execute(
        select(_d.seq, _d.id, _d.payload).where(
            _d.workspace == workspace, _d.kind == Kind.NUDGE, _d.recipient == account.scalar_subquery()
        )
    )
    return (row.seq for row in rows if row.payload.get("message") in DIGESTS)


def _leaders(connection: Connection, workspace: str, student: int) -> list[int]:
    """The messages in which something about them was said together with something about others."""
    told = connection.execute(
        select(_d.recipient, _d.settled_at).where(
            whose.rows_of(deliveries, workspace, student), _d.reason == company.SAID
        )
    ).all()
    found: list[int] = []
    for row in told:
        leaders = connection.execute(
            select(_d.seq, _d.id, _d.payload).where(
                _d.workspace == workspace, _d.recipient == row.recipient, _d.settled_at == row.settled_at,
                _d.kind == Kind.NUDGE, _d.state == State.SENT,
                ~whose.rows_of(deliveries, workspace, student),
            )
        )  # fmt: skip
        found += [one.seq for one in leaders if one.payload.get("message") in company.MESSAGES]
    return found


def _standing(workspace: str) -> Any:
    return select(_d.seq, _d.id, _d.ref_channel, _d.ref_ts, _d.payload).where(
        _d.workspace == workspace, _d.ref_channel.is_not(None), _d.ref_ts.is_not(None)
    )


def _message(row: AnyRow, theirs: bool) -> Message:
    return Message(row.seq, row.ref_channel, row.ref_ts, str(row.payload.get("thread") or ""), theirs)
