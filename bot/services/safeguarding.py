"""What happens when the safety screen matches: a person is told, without a quote, and asked again until one answers.

What a counselor does about it is in `watching`; what was done, by whom and when, in `alert_event`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.orm import aliased

from bot.conference.access import Role
from bot.services.house import House
from bot.services.speech import Button, Saying, Voice
from bot.services.talk.scene import Scene
from bot.store.models import Alert, AlertEvent, Note, Person, School
from bot.store.session import AnyRow
from bot.taps import Tap
from scheduler import sealed
from scheduler.outbox import Delivery, Draft, State, deliveries

log = logging.getLogger("bot.services")

ESCALATE_AFTER = timedelta(minutes=30)

ALERTS = frozenset({"safety_alert", "safety_escalated", "safety_handed"})
"""The messages by which a counselor hears of an alert, all with the subject `alert:` and its id."""


class Done(StrEnum):
    """What was done about an alert."""

    RAISED = "raised"
    TOLD = "told"
    OPENED = "opened"
    TAKEN = "taken"
    HANDED = "handed"


def mark(
    connection: Connection, workspace: str, alert: int, act: Done, now: datetime, by: int | None = None,
    to: int | None = None,
) -> None:  # fmt: skip
    """Add to the history of an alert. by: the person who did it, None the bot; to: who was told, or has it now."""
    values = {"workspace": workspace, "alert_id": alert, "act": act.value, "by_id": by, "to_id": to, "at": now}
    connection.execute(insert(AlertEvent).values(**values))


def fixed_words(connection: Connection, scene: Scene, level: str, *, first: bool, in_window: bool = False) -> Saying:
    """What the student is told: thanks, that a person reads it, how to reach help now. Shorter the second time.

    `in_window`: where there is no button to go on with.
    """
    school = _school(connection, scene.workspace)
    told = reachable(counselors(connection, scene.workspace, school.counselors["keys"]))
    context = {
        "level": level,
        "student": scene.student,
        "counselor": told[0].name if told else "",  # who is told first: the first who is on Slack
        "lines": school.helplines.get("lines", []),
        "hours": school.hours,
        "in_window": in_window,
    }
    return Saying("safety_reply" if first else "safety_held", context)


def help_now(house: House, connection: Connection, workspace: str, text: str) -> dict[str, Any]:
    """How to reach help, for somebody who is no student here and wrote what the screen matches: nobody is told."""
    alarm = house.words.safety.screen(text) is not None
    found = connection.scalar(select(School.helplines).where(School.workspace == workspace)) if alarm else None
    return {"alarm": alarm, "lines": (found or {}).get("lines", [])}


def lines(connection: Connection, workspace: str) -> list[dict[str, str]]:
    """Where help can be reached at once: name, number, hours."""
    found = connection.scalar(select(School.helplines).where(School.workspace == workspace))
    return list((found or {}).get("lines", []))


def hours(connection: Connection, workspace: str) -> str:
    """When the counselors are there, as the school says it; "" where it says nothing."""
    return connection.scalar(select(School.hours).where(School.workspace == workspace)) or ""


def raise_alert(connection: Connection, scene: Scene, answer: int, level: str, now: datetime) -> list[Draft]:
    """Tell the counselors about a stored answer.

    The first counselor is told now, each further one 30 minutes later unless somebody took it up by then.
    """
    about = _Concern(scene.workspace, scene.person, scene.name, scene.advisor, "", level)
    return _raise(connection, about, {"answer_id": answer}, now)


def raise_about_note(
    connection: Connection, workspace: str, student: int, note: int, author: str, level: str, now: datetime,
    *, sure: bool = True,
) -> list[Draft]:  # fmt: skip
    """Tell the counselors about a stored note about a student; `author` is who wrote it, "" the student.

    sure: whether it is this student that is meant.
    """
    advisor = aliased(Person)
    person = connection.execute(
        select(Person.name, advisor.name.label("advisor"))
        .outerjoin(advisor, advisor.id == Person.advisor_id)
        .where(Person.workspace == workspace, Person.id == student)
    ).one()
    about = _Concern(workspace, student, person.name, person.advisor or "", author, level, sure)
    return _raise(connection, about, {"note_id": note}, now)


@dataclass(frozen=True, slots=True)
class _Concern:
    """Whom an alert is about, for sure or perhaps, and who wrote the words: an adult's name, or "" for the student."""

    workspace: str
    student: int
    name: str
    advisor: str
    author: str
    level: str
    sure: bool = True


def _raise(connection: Connection, about: _Concern, words: Mapping[str, int | None], now: datetime) -> list[Draft]:
    new = {"workspace": about.workspace, "student_id": about.student, "level": about.level, "raised_at": now}
    alert = connection.execute(insert(Alert).values(**new, **words).returning(Alert.id)).scalar_one()
    mark(connection, about.workspace, alert, Done.RAISED, now, _author(connection, about, words.get("note_id")))
    keys = _school(connection, about.workspace).counselors["keys"]
    told = reachable(counselors(connection, about.workspace, keys))
    if not told:
        return reached_nobody(connection, about.workspace, alert, now)
    telling = Telling(connection, about.workspace, alert, context_of(connection, about, now))
    return telling.one_after_the_other(told, now)


def _author(connection: Connection, about: _Concern, note: int | None) -> int | None:
    """Who wrote the words of an alert."""
    if not about.author or note is None:
        return about.student if not about.author else None
    return connection.scalar(select(Note.author_id).where(Note.workspace == about.workspace, Note.id == note))


def context_of(connection: Connection, about: _Concern, at: datetime) -> dict[str, Any]:
    """What every message about an alert says of it."""
    zone = ZoneInfo(_school(connection, about.workspace).time_zone)
    return {
        "student": about.name,
        "author": about.author,
        "advisor": about.advisor,
        "level": about.level,
        "unsure": not about.sure,
        "at": at.astimezone(zone).isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Telling:
    """Telling the counselors of one alert. context: what each message says of it."""

    connection: Connection
    workspace: str
    alert: int
    context: Mapping[str, Any]

    def one_after_the_other(
        self, people: Sequence[AnyRow], now: datetime, first: str = "safety_alert", key: str = "", **more: Any
    ) -> list[Draft]:
        """The first is told now, each further one half an hour later, unless somebody takes it up.

        first: the message to the first, which says `more` too. key: tells one round from the others.
        """
        drafts = []
        for number, person in enumerate(people):
            named = {**self.context, "first_counselor": people[0].name} if number else {**self.context, **more}
            saying = Saying("safety_escalated" if number else first, named, {"actions": self._buttons(person)})
            due, subject = now + number * ESCALATE_AFTER, f"alert:{self.alert}"
            prefix = ":".join(filter(None, (subject, key)))
            voice = Voice(self.workspace, person.slack_id, person.language, subject, prefix, due)
            drafts.append(voice.say(saying, number))
        return drafts

    def _buttons(self, person: AnyRow) -> list[list[Any]]:
        buttons = [
            Button(Tap.ALERT_OPEN, "open_alert", str(self.alert), "primary"),
            Button(Tap.ALERT_TAKE, "take_alert", str(self.alert)),
        ]
        others = others_than(self.connection, self.workspace, person.id)
        return [[*buttons, *hand_menu(self.alert, others)]]


def hand_menu(alert: int, others: Sequence[AnyRow]) -> list[Any]:
    """The menu by which an alert is handed to another counselor; none where there is no other."""
    options = [[str(other.id), f"={other.name}"] for other in others]
    menu = {"select": Tap.ALERT_HAND, "value": str(alert), "options": options, "chosen": "", "hint": "hand_alert"}
    return [menu] if options else []


def others_than(connection: Connection, workspace: str, person: int) -> list[AnyRow]:
    """The counselors who can be written to, in the school's order, but for one of them."""
    keys = _school(connection, workspace).counselors["keys"]
    return [one for one in reachable(counselors(connection, workspace, keys)) if one.id != person]


def _school(connection: Connection, workspace: str) -> AnyRow:
    return connection.execute(
        select(School.helplines, School.counselors, School.time_zone, School.hours).where(School.workspace == workspace)
    ).one()


def reachable(people: list[AnyRow]) -> list[AnyRow]:
    """Those who can be written to in Slack."""
    return [person for person in people if person.slack_id]


def counselors(connection: Connection, workspace: str, keys: list[str]) -> list[AnyRow]:
    """Those whom the school's alerts go to, in its order: who is asked first comes first."""
    rows = connection.execute(
        select(Person.id, Person.key, Person.name, Person.slack_id, Person.language).where(
            Person.workspace == workspace, Person.key.in_(keys), Person.active.is_(True)
        )
    )
    return sorted(rows, key=lambda row: keys.index(row.key))


def told(connection: Connection, delivery: Delivery, now: datetime) -> None:
    """A message of an alert has arrived: that goes into its history."""
    if delivery.payload.get("template") in ALERTS:
        here = Person.workspace == delivery.workspace, Person.slack_id == delivery.recipient
        person = connection.scalar(select(Person.id).where(*here))
        mark(connection, delivery.workspace, _alert_of(delivery), Done.TOLD, now, to=person)


def tell_the_next_now(connection: Connection, refused: Delivery, now: datetime) -> list[Draft]:
    """An alert could not be delivered to one counselor: the next does not wait for their half hour.

    Those after them are told as much sooner. Where nobody is left, and nobody heard of it, the coordinators are told.
    """
    if refused.payload.get("template") not in ALERTS:
        log.error("alert_note_undeliverable workspace=%s delivery=%s", refused.workspace, refused.id)
        return []
    table = deliveries.c
    waiting = connection.execute(
        select(table.id, table.payload, table.due_at)
        .where(
            table.workspace == refused.workspace,
            table.subject == refused.subject,
            table.id != refused.id,
            table.state == State.SCHEDULED,
        )
        .order_by(table.due_at, table.seq)
    ).all()
    alerts = [row for row in waiting if row.payload.get("template") in ALERTS]
    for row in alerts:
        _sooner(connection, refused.workspace, row, row.due_at - max(alerts[0].due_at - now, timedelta()))
    if alerts:
        _unreached(connection, refused.workspace, alerts[0])
    elif _nobody_heard(connection, refused):
        return reached_nobody(connection, refused.workspace, _alert_of(refused), now)
    return []


def _sooner(connection: Connection, workspace: str, row: AnyRow, due: datetime) -> None:
    table = deliveries.c
    waits = table.workspace == workspace, table.id == row.id, table.state == State.SCHEDULED
    connection.execute(update(deliveries).where(*waits).values(due_at=due, next_at=due))


def _unreached(connection: Connection, workspace: str, row: AnyRow) -> None:
    """Who is told next is told that the one before could not be."""
    table = deliveries.c
    payload = {**row.payload, "context": {**row.payload["context"], "unreached": True}}
    waits = table.workspace == workspace, table.id == row.id, table.state == State.SCHEDULED
    cell = sealed.cell(table.payload, payload, id=row.id)
    connection.execute(update(deliveries).where(*waits).values(payload=cell))


def _nobody_heard(connection: Connection, refused: Delivery) -> bool:
    """Whether nobody has an alert or heard of it since it was raised or handed over, and no message is under way."""
    workspace, alert, table = refused.workspace, _alert_of(refused), deliveries.c
    here = Alert.workspace == workspace, Alert.id == alert, Alert.taken_by.is_(None)
    under_way = select(table.id).where(
        table.workspace == workspace,
        table.subject == refused.subject,
        table.id != refused.id,
        table.state.in_((State.SENDING, State.UNKNOWN)),
    )
    if connection.scalar(select(Alert.id).where(*here)) is None or connection.scalar(under_way.limit(1)):
        return False
    acts = select(AlertEvent.act).where(AlertEvent.workspace == workspace, AlertEvent.alert_id == alert)
    last = connection.scalars(acts.order_by(AlertEvent.id.desc()))
    return next((act for act in last if act in (Done.TOLD, Done.RAISED, Done.HANDED)), "") != Done.TOLD


def reached_nobody(connection: Connection, workspace: str, alert: int, now: datetime) -> list[Draft]:
    """No counselor can be told of an alert: the coordinators are, without the words and without a name."""
    log.error("alert_reached_nobody workspace=%s", workspace)
    events = AlertEvent.workspace == workspace, AlertEvent.alert_id == alert
    round_ = connection.scalar(select(func.count()).select_from(AlertEvent).where(*events)) or 0
    coordinators = connection.execute(
        select(Person.id, Person.slack_id, Person.language)
        .where(
            Person.workspace == workspace,
            Person.role == Role.COORDINATOR,
            Person.slack_id.is_not(None),
            Person.active.is_(True),
        )
        .order_by(Person.id)
    ).all()
    zone = ZoneInfo(_school(connection, workspace).time_zone)
    saying = Saying("safety_unreached", {"at": now.astimezone(zone).isoformat()})
    return [
        Voice(workspace, one.slack_id, one.language, f"alert:{alert}", f"unreached:{alert}:{round_}", now).say(
            saying, one.id
        )
        for one in coordinators
    ]


def _alert_of(delivery: Delivery) -> int:
    return int(delivery.subject.removeprefix("alert:"))
