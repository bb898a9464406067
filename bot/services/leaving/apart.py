"""A student who takes no part writes to the bot, or taps what still stands there: they are told so, and whom to ask.

Nothing of what they write is kept but what a person must read: that comes before everything.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from bot.services import overhearing, safeguarding
from bot.services.house import House
from bot.services.roster.school import coordinator
from bot.services.speech import Saying
from bot.services.talk import greeting
from bot.services.talk.scene import first_name
from bot.store.models import Note, Person
from bot.store.session import AnyRow
from scheduler import sealed
from scheduler.outbox import Delivery, Draft

TEMPLATE = "no_part"


def of(connection: Connection, workspace: str, slack_id: str) -> AnyRow | None:
    """The student with this Slack id, if they take no part."""
    return connection.execute(
        select(*Person.__table__.c).where(
            Person.workspace == workspace, Person.slack_id == slack_id, Person.consent.is_(False)
        )
    ).one_or_none()


def names(connection: Connection, advisor: AnyRow) -> list[str]:
    """An advisor's students who take no part."""
    theirs = select(Person.name).where(
        Person.workspace == advisor.workspace, Person.advisor_id == advisor.id, Person.consent.is_(False)
    )
    return list(connection.scalars(theirs.order_by(Person.name)))


def told(house: House, workspace: str, slack_id: str, channel: str | None, key: str) -> list[Delivery]:
    """Whoever taps or types a command is told; nothing for those who take part, nor for strangers."""
    now = house.clock()
    with house.store.read() as connection:
        if of(connection, workspace, slack_id) is None:
            return []
    with house.store.write() as connection:
        person = of(connection, workspace, slack_id)
        drafts = answer(house, connection, person, "", channel, key, now) if person is not None else []
        return house.outbox.put(connection, drafts, now, claim=True)


def answer(
    house: House, connection: Connection, person: AnyRow, text: str, channel: str | None, key: str, now: datetime
) -> list[Draft]:
    """What they are told, and the counselors' alerts where a person must read the text. `key` names what they did."""
    level = house.words.safety.screen(text) if text else None
    alerts: list[Draft] = []
    if level is not None:
        note = _kept(connection, person, text, level.value, key, now)
        alerts = safeguarding.raise_about_note(connection, person.workspace, person.id, note, "", level.value, now)
    voice = greeting.voice_for(person, channel, f"apart:{key}", now)
    return [voice.say(saying(connection, person, alarm=level is not None)), *alerts]


def saying(connection: Connection, person: AnyRow, *, alarm: bool = False) -> Saying:
    """That they take no part, whom to talk to, and how to reach help where it is wanted."""
    workspace = person.workspace
    advisor = select(Person.name).where(Person.workspace == workspace, Person.id == person.advisor_id)
    context = {
        "student": first_name(person.name),
        "ask": connection.scalar(advisor) or coordinator(connection, workspace),
        "alarm": alarm,
        "counselor": greeting.first_counselor(connection, workspace) if alarm else "",
        "lines": safeguarding.lines(connection, workspace) if alarm else [],
    }
    return Saying(TEMPLATE, context)


def _kept(connection: Connection, person: AnyRow, text: str, level: str, key: str, now: datetime) -> int:
    """The words, for the counselor who opens the alert: with nothing of the student's that is shown to anybody."""
    values = {
        "workspace": person.workspace, "student_id": person.id, "author_id": person.id, "kind": overhearing.KIND,
        "key": f"{overhearing.KIND}:{key}", "at": now, "text": text, "alarm": level,
    }  # fmt: skip
    return connection.execute(insert(Note).values(**sealed.row(Note, values)).returning(Note.id)).scalar_one()
