"""What is said to one adult about several conferences of a day stands in one message, not in one for each.

Each conference has its delivery, as planned. The first that is wanted when its time has come speaks for all that still
wait and are wanted. Once it is sent they are settled with it: what was said is never said again, and what came too late
to be said with it goes by itself. Where it is refused, or does not arrive, the next speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, and_, select, update
from sqlalchemy.orm import aliased

from bot.services.adults import contributing
from bot.services.afterwards import checking, saw
from bot.services.nudges import reminders
from bot.services.speech import Kind
from bot.store.models import Conference, Guardian, Participant
from scheduler.cadence import Receiver
from scheduler.deliveries import Delivery, State, deliveries, from_row

SAID = "said with another"
"""Why those do not go that were said in the message of another."""

MESSAGES = frozenset({contributing.CARD, saw.ASKS, checking.MESSAGE})
RECEIVERS = frozenset({Receiver.ADULTS, Receiver.FAMILY})


def of(connection: Connection, delivery: Delivery, wanted: Callable[[Delivery], bool]) -> list[Delivery]:
    """A delivery whose time has come, and after it those that are said with it; wanted: by what each is itself."""
    if not _has_company(delivery):
        return [delivery]
    return [delivery, *filter(wanted, joining(delivery, _siblings(connection, delivery)))]


def joining(leader: Delivery, siblings: Iterable[Delivery]) -> list[Delivery]:
    """Those that may be said with a leader, in their order: all that wait for the same reader, but for what came to be
    when the leader was due already, for that may have been sent by then."""
    known = max(leader.due_at, leader.created_at)
    same = (one for one in siblings if one.state is State.SCHEDULED and one.created_at <= known)
    return sorted(
        (one for one in same if (one.kind, one.recipient) == (leader.kind, leader.recipient)),
        key=lambda one: (one.due_at, one.seq),
    )


def fitting(found: Sequence[Delivery], sizes: Sequence[int], room: int) -> list[Delivery]:
    """The leader, and of the others as many, from the first, as there is room for."""
    kept, used = [found[0]], sizes[0]
    for one, size in zip(found[1:], sizes[1:], strict=True):
        if used + size > room:
            break
        kept.append(one)
        used += size
    return kept


def settle(connection: Connection, workspace: str, told: Collection[int], now: datetime) -> None:
    """In the transaction that settles their leader as sent: those that were said with it, by seq, go no more."""
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.workspace == workspace, deliveries.c.seq.in_(told), deliveries.c.state == State.SCHEDULED.value
        )
        .values(state=State.CANCELLED.value, reason=SAID, settled_at=now)
    )  # fmt: skip


def _has_company(delivery: Delivery) -> bool:
    payload = delivery.payload
    of_the_plan = delivery.kind == Kind.NUDGE and reminders.planned(delivery.dedupe_key)
    return of_the_plan and payload["message"] in MESSAGES and payload["receiver"] in RECEIVERS


def _siblings(connection: Connection, delivery: Delivery) -> list[Delivery]:
    """The planned deliveries of the same step to the same person about other conferences of the date."""
    payload = delivery.payload
    this = aliased(Conference)
    here = and_(this.workspace == delivery.workspace, this.id == payload["conference"])
    held = select(this.date).where(here).scalar_subquery()
    others = connection.execute(
        select(Conference.id, Conference.student_id).where(
            Conference.workspace == delivery.workspace, Conference.date == held,
            Conference.id != payload["conference"], Conference.cancelled.is_(False),
            Conference.student_id.in_(_students(delivery)),
        )
    )  # fmt: skip
    about = f"{payload['receiver']}:{payload['person']}"
    keys = [reminders.dedupe_key(f"{payload['step']}:{row.student_id}:{about}:{row.id}") for row in others]
    if not keys:
        return []
    rows = connection.execute(
        select(*deliveries.c).where(
            deliveries.c.workspace == delivery.workspace, deliveries.c.dedupe_key.in_(keys)
        )
    )  # fmt: skip
    return [from_row(row) for row in rows]


def _students(delivery: Delivery) -> Select[int]:
    """Those somebody may be written to about, as this kind of receiver."""
    person = delivery.payload["person"]
    if delivery.payload["receiver"] == Receiver.FAMILY:
        return select(Guardian.student_id).where(
            Guardian.workspace == delivery.workspace, Guardian.adult_id == person
        )  # fmt: skip
    return (
        select(Conference.student_id)
        .join(Participant, Participant.conference_id == Conference.id)
        .where(Participant.workspace == delivery.workspace, Participant.person_id == person)
    )
