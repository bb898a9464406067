"""The family is welcomed: in the conference's channel, which is made and filled then; else by way of the advisor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from bot.services.channels import channel
from bot.services.family import invitation, inviting
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.speech import Saying
from bot.services.talk import greeting
from bot.services.talk.scene import first_name
from bot.store.session import AnyRow
from scheduler import sealed
from scheduler.calendar import Audience
from scheduler.deliveries import State, deliveries
from scheduler.outbox import Draft
from scheduler.walltime import zone_of

GATHER = timedelta(minutes=2)
"""So long after the first the advisor is asked, for all of their students at once."""


def welcomed(
    house: House, connection: Connection, workspace: str, conference: int, key: str, now: datetime
) -> list[Draft]:
    """The time of the welcome has come: those who are not on Slack are invited otherwise, the channel is made and
    filled, and where there is nobody of the family the advisor is asked for an adult.

    Nothing for a conference that is cancelled or has begun.
    """
    held = invitation.held(connection, workspace, conference)
    if held is None or held.cancelled or invitation.begins(connection, held) <= now:
        return []
    if not invitation.family(connection, workspace, conference):
        _ask_for_an_adult(house, connection, held, now)
    return [
        *inviting.off_slack(connection, workspace, conference, now, mails=house.mails),
        *channel.publish(connection, workspace, conference, key, now),
    ]


def _ask_for_an_adult(house: House, connection: Connection, held: AnyRow, now: datetime) -> None:
    """One message to the advisor a day: what comes while it waits is added to it.

    Stored here, not handed back to be put: the next welcome of the same batch must find it.
    """
    student = greeting.person_known_as(connection, held.workspace, held.student_id)
    advisor = greeting.person_known_as(connection, held.workspace, student.advisor_id or 0) if student else None
    if advisor is None or not advisor.slack_id:
        return
    calendar = calendar_of(connection, held.workspace)
    key = f"nobody:{advisor.id}:{calendar.today(now)}"
    one = {"name": first_name(held.student), "date": held.date.isoformat(), "time": held.time}
    if _added(connection, held.workspace, key, one):
        return
    at = now + GATHER
    due = calendar.from_now(at, zone_of(advisor.time_zone or "", calendar.zone), Audience.STAFF) or at
    voice = greeting.voice_for(advisor, advisor.im, key, due)
    drafts = [voice.say(Saying("nobody_comes", {"students": [one]}))]
    house.outbox.put(connection, drafts, now)


def _added(connection: Connection, workspace: str, key: str, one: dict[str, Any]) -> bool:
    """Add a student to the message that waits; False where none does."""
    waits = connection.execute(
        select(deliveries.c.seq, deliveries.c.id, deliveries.c.payload)
        .where(
            deliveries.c.workspace == workspace, deliveries.c.dedupe_key == f"{key}:0",
            deliveries.c.state == State.SCHEDULED,
        )
        .with_for_update()
    ).one_or_none()  # fmt: skip
    if waits is None:
        return False
    context = waits.payload["context"]
    payload = {**waits.payload, "context": {**context, "students": [*context["students"], one]}}
    kept = sealed.cell(deliveries.c.payload, payload, id=waits.id)
    this = deliveries.c.workspace == workspace, deliveries.c.seq == waits.seq
    connection.execute(update(deliveries).where(*this).values(payload=kept))
    return True
