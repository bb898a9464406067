"""What happens when the safety screen matches: a person is told, without a quote, and asked again until one answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import aliased

from bot.services.house import House
from bot.services.speech import Button, Saying, Voice
from bot.services.talk.scene import Scene
from bot.store.models import Alert, Answer, Note, Person, School
from bot.store.session import AnyRow
from bot.taps import Tap
from scheduler.outbox import Delivery, Draft, State, deliveries

ESCALATE_AFTER = timedelta(minutes=30)


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


def raise_alert(connection: Connection, scene: Scene, answer: int, level: str, now: datetime) -> list[Draft]:
    """Tell the counselors about a stored answer.

    The first counselor is told now, each further one 30 minutes later unless somebody took it up by then.
    """
    about = _Concern(scene.workspace, scene.person, scene.name, scene.advisor, "", level)
    return _raise(connection, about, {"answer_id": answer}, now)


def raise_about_note(
    connection: Connection, workspace: str, student: int, note: int | None, author: str, level: str, now: datetime,
    *, sure: bool = True,
) -> list[Draft]:  # fmt: skip
    """Tell the counselors about a stored note about a student; `author` is who wrote it, "" the student.

    note: None where the words could not be kept. sure: whether it is this student that is meant.
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
    school = _school(connection, about.workspace)
    told = reachable(counselors(connection, about.workspace, school.counselors["keys"]))
    alert = connection.execute(
        insert(Alert)
        .values(workspace=about.workspace, student_id=about.student, level=about.level, raised_at=now, **words)
        .returning(Alert.id)
    ).scalar_one()
    here = now.astimezone(ZoneInfo(school.time_zone)).isoformat()
    return [
        _tell(counselor, told[0].name, alert, about, here, now + number * ESCALATE_AFTER, number)
        for number, counselor in enumerate(told)
    ]


def _school(connection: Connection, workspace: str) -> AnyRow:
    return connection.execute(
        select(School.helplines, School.counselors, School.time_zone).where(School.workspace == workspace)
    ).one()


def reachable(people: list[AnyRow]) -> list[AnyRow]:
    """Those who can be written to in Slack."""
    return [person for person in people if person.slack_id]


def _tell(counselor: AnyRow, first: str, alert: int, about: _Concern, at: str, due: datetime, number: int) -> Draft:
    context: dict[str, Any] = {
        "student": about.name,
        "author": about.author,
        "advisor": about.advisor,
        "level": about.level,
        "unsure": not about.sure,
        "at": at,
    }
    if number:
        context["first_counselor"] = first
    buttons = [
        Button(Tap.ALERT_OPEN, "open_alert", str(alert), "primary"),
        Button(Tap.ALERT_TAKE, "take_alert", str(alert)),
    ]
    saying = Saying("safety_escalated" if number else "safety_alert", context, {"actions": [buttons]})
    voice = Voice(about.workspace, counselor.slack_id, counselor.language, f"alert:{alert}", f"alert:{alert}", due)
    return voice.say(saying, number)


def counselors(connection: Connection, workspace: str, keys: list[str]) -> list[AnyRow]:
    rows = connection.execute(
        select(Person.key, Person.name, Person.slack_id, Person.language).where(
            Person.workspace == workspace, Person.key.in_(keys), Person.active.is_(True)
        )
    )
    return sorted(rows, key=lambda row: keys.index(row.key))


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert as its counselor reads it."""

    saying: Saying
    language: str


def tell_the_next_now(connection: Connection, refused: Delivery, now: datetime) -> list[Draft]:
    """An alert could not be delivered to one counselor: the others do not wait for their half hour."""
    waiting = connection.execute(
        select(deliveries.c.kind, deliveries.c.recipient, deliveries.c.payload, deliveries.c.dedupe_key).where(
            deliveries.c.workspace == refused.workspace,
            deliveries.c.subject == refused.subject,
            deliveries.c.state == State.SCHEDULED,
        )
    )
    return [
        Draft(refused.workspace, row.kind, row.recipient, refused.subject, row.payload, f"{row.dedupe_key}:now", now)
        for row in waiting
    ]


def open_alert(house: House, workspace: str, slack_id: str, alert: int) -> Opened | None:
    """What was said, for a counselor's eyes: every flagged message of the student since. None for anybody else."""
    now = house.clock()
    with house.store.write() as connection:
        found = _alert_for(connection, workspace, slack_id, alert)
        if found is None:
            return None
        connection.execute(update(Alert).where(Alert.id == alert, Alert.opened_at.is_(None)).values(opened_at=now))
        words = _flagged(connection, workspace, found)
        zone = ZoneInfo(_school(connection, workspace).time_zone)
        said = [{"at": row.at.astimezone(zone).isoformat(), "text": row.text} for row in words if row.text]
        return Opened(Saying("safety_opened", {"student": found.name, "said": said}), found.language)


def _flagged(connection: Connection, workspace: str, alert: AnyRow) -> Sequence[AnyRow]:
    """The words an alert is about: the note, or every flagged answer of the student since."""
    if alert.note_id is not None:
        note = select(Note.text, Note.at).where(Note.workspace == workspace, Note.id == alert.note_id)
        return connection.execute(note).all()
    conversation = select(Answer.conversation_id).where(Answer.id == alert.answer_id).scalar_subquery()
    return connection.execute(
        select(Answer.text, Answer.at)
        .where(Answer.workspace == workspace, Answer.conversation_id == conversation, Answer.alarm != "")
        .where(Answer.id >= alert.answer_id)
        .order_by(Answer.id)
    ).all()


def take_alert(house: House, workspace: str, slack_id: str, alert: int, key: str) -> list[Delivery]:
    """A counselor takes an alert up: nobody else is asked any more, and those who were asked are told who has it."""
    now = house.clock()
    with house.store.write() as connection:
        found = _alert_for(connection, workspace, slack_id, alert)
        if found is None:
            return []
        free = update(Alert).where(Alert.id == alert, Alert.taken_by.is_(None))  # of two at once one finds it free
        if connection.execute(free.values(taken_by=found.counselor, taken_at=now)).rowcount:
            house.outbox.cancel(connection, workspace, now, "taken up", subject=f"alert:{alert}")
        taker = connection.scalar(select(Person.name).join(Alert, Alert.taken_by == Person.id).where(Alert.id == alert))
        voice = Voice(workspace, slack_id, found.language, f"alert:{alert}", f"taken:{key}", now)
        others = _told(connection, workspace, alert, slack_id, now)
        saying = Saying("safety_taken", {"taken_by": taker, "student": found.name})
        drafts = [voice.say(saying)]
        drafts += [replace(voice, recipient=other).say(saying, number) for number, other in enumerate(others, 1)]
        return house.outbox.put(connection, drafts, now, claim=True)


def _told(connection: Connection, workspace: str, alert: int, but: str, now: datetime) -> list[str]:
    """The other counselors whose turn had come by now."""
    raised = connection.scalar(select(Alert.raised_at).where(Alert.id == alert)) or now
    keys = connection.scalar(select(School.counselors).where(School.workspace == workspace)) or {"keys": []}
    asked = int((now - raised) / ESCALATE_AFTER) + 1
    people = reachable(counselors(connection, workspace, keys["keys"]))[:asked]
    return [person.slack_id for person in people if person.slack_id != but]


def _alert_for(connection: Connection, workspace: str, slack_id: str, alert: int) -> AnyRow | None:
    """The alert, if this is a counselor of its school."""
    student, counselor = aliased(Person), aliased(Person)
    keys = connection.scalar(select(School.counselors).where(School.workspace == workspace)) or {"keys": []}
    return connection.execute(
        select(Alert.answer_id, Alert.note_id, student.name, counselor.id.label("counselor"), counselor.language)
        .join(student, student.id == Alert.student_id)
        .join(counselor, counselor.workspace == Alert.workspace)
        .where(
            Alert.workspace == workspace,
            Alert.id == alert,
            counselor.slack_id == slack_id,
            counselor.key.in_(keys["keys"]),
            counselor.active.is_(True),
        )
    ).one_or_none()
