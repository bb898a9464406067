"""A student's consent to take part: withdrawn, given again, and what follows from either.

Who takes no part is in the roster and inactive, like somebody who has left: nothing goes to them, nobody is shown or
told anything of theirs, nothing is planned about them. What they said stays, for their consent may be given again; to
have it taken out is what erasing is for. Their alerts stay the counselors'.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, update

from bot.services import arriving
from bot.services.audit import trail
from bot.services.channels import channel, filing, standing, works
from bot.services.channels.packets import PACKET
from bot.services.nudges import reminders
from bot.store.models import Conference, Person
from bot.store.whose import rows_of
from scheduler.outbox import Draft, State, deliveries
from scheduler.replan import REPLANNED

WITHDRAWN = "takes no part"
"""Why something that waited is not sent."""

KIND = "consent"
"""What the audit trail calls it."""


def change(connection: Connection, workspace: str, student: int, now: datetime, *, given: bool) -> list[Draft] | None:
    """Keep a student's consent as it is now, and what follows; None where it was so before."""
    mine = Person.workspace == workspace, Person.id == student
    before = connection.scalar(select(Person.consent).where(*mine).with_for_update())
    if before == given:
        return None
    values = {"consent": given, "active": given, **({"since": now} if given else {})}
    connection.execute(update(Person).where(*mine).values(**values))
    trail.note(connection, workspace, now, trail.CLI, trail.Act.CHANGED, KIND, trail.person(student), student)
    return followed(connection, workspace, student, now, given=given)


def followed(connection: Connection, workspace: str, student: int, now: datetime, *, given: bool) -> list[Draft]:
    """In the transaction in which it was withdrawn or given: what waits is cancelled, and what of theirs stands in
    their conference's channel comes down to the frame; or it is put up again. The plan is made anew after it."""
    if not given:
        _cancel(connection, workspace, student, now)
    account = connection.scalar(select(Person.slack_id).where(Person.workspace == workspace, Person.id == student))
    home = f"{KIND}:{student}:{now.isoformat()}"
    drafts = [arriving.publish(workspace, account, home, now)] if account else []
    for conference in _with_a_channel(connection, workspace, student):
        key = f"{KIND}:{given:d}:{now.isoformat()}"
        if not given:
            drafts += _taken_down(connection, workspace, conference, key, now)
        if standing.of(connection, workspace, conference).pages:
            drafts += channel.again(connection, workspace, conference, key, now)
    return drafts


def _cancel(connection: Connection, workspace: str, student: int, now: datetime) -> None:
    """Nothing that is to them or about them goes out, but for alerts. What the plan put there it may bring back."""
    d = deliveries.c
    mine = and_(rows_of(deliveries, workspace, student), ~d.subject.startswith("alert:"))
    planned = d.dedupe_key.startswith(reminders.PLANNED)
    for chosen, reason in ((planned, REPLANNED), (~planned, WITHDRAWN)):
        _off(connection, and_(mine, chosen), reason, now)


def _off(connection: Connection, chosen: ColumnElement[bool], reason: str, now: datetime) -> None:
    d = deliveries.c
    waiting = update(deliveries).where(chosen, d.state == State.SCHEDULED.value)
    off = {"state": State.CANCELLED.value, "settled_at": now, "wanted": False, "reason": reason}
    connection.execute(waiting.values(**off))
    in_hand = update(deliveries).where(chosen, d.settled_at.is_(None))
    connection.execute(in_hand.values(wanted=False, reason=reason))


def _with_a_channel(connection: Connection, workspace: str, student: int) -> list[int]:
    """Their conferences that have one: the past ones too, whose agendas can be read there still."""
    held = select(Conference.id).where(
        Conference.workspace == workspace, Conference.student_id == student, Conference.cancelled.is_(False),
        Conference.channel.is_not(None),
    )  # fmt: skip
    return list(connection.scalars(held.order_by(Conference.id)))


def _taken_down(connection: Connection, workspace: str, conference: int, key: str, now: datetime) -> list[Draft]:
    """The packet and the pieces of work leave the channel."""
    packets = filing.kept(connection, workspace, conference, PACKET)
    drafts = [filing.remove(workspace, conference, keep, key, now) for keep in packets]
    return drafts + [
        works.removed(workspace, conference, file, key, now) for file in works.shared(connection, workspace, conference)
    ]
