"""What a counselor does about an alert: read the words, take it up, hand it over. All is noted, with who and when.

Whoever taps is looked up anew each time: only counselors of the roster whom the school's alerts go to can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, literal, select, update
from sqlalchemy.orm import aliased

from bot.dialogue.state import Act as Revision
from bot.services.audit import trail
from bot.services.house import House
from bot.services.roster.school import time_zone, watchers
from bot.services.safeguarding import Done, Telling, mark, others_than
from bot.services.speech import Saying, Voice
from bot.services.talk.hearing import first_time
from bot.store.models import Alert, AlertEvent, Answer, Note, Person
from bot.store.session import AnyRow
from scheduler.outbox import Delivery

EVENTS_SHOWN = 20
"""So much of an alert's history is shown, the newest; what was read again by somebody is left out of it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert as its counselor reads it."""

    saying: Saying
    language: str


def open_alert(house: House, workspace: str, slack_id: str, alert: int) -> Opened | None:
    """What was said, for a counselor's eyes: every flagged message of the student since, with all that became of it by
    edits and deletions, and what was done about the alert. None for anybody else."""
    now = house.clock()
    with house.store.write() as connection:
        found = _alert_for(connection, workspace, slack_id, alert)
        if found is None:
            return None
        unopened = update(Alert).where(Alert.workspace == workspace, Alert.id == alert, Alert.opened_at.is_(None))
        connection.execute(unopened.values(opened_at=now))
        _note(connection, workspace, found, Done.OPENED, now)
        context = {
            "student": found.name,
            "said": _said(connection, workspace, found),
            "events": _events(connection, workspace, alert),
        }
        return Opened(Saying("safety_opened", context), found.language)


def take_alert(house: House, workspace: str, slack_id: str, alert: int, key: str) -> list[Delivery]:
    """A counselor takes an alert up: nobody else is asked any more, and those who were asked are told who has it."""
    now = house.clock()
    with house.store.write() as connection:
        found = _alert_for(connection, workspace, slack_id, alert)
        if found is None:
            return []
        here = Alert.workspace == workspace, Alert.id == alert
        free = update(Alert).where(*here, Alert.taken_by.is_(None))  # of two at once one finds it free
        if connection.execute(free.values(taken_by=found.counselor, taken_at=now)).rowcount:
            house.outbox.cancel(connection, workspace, now, "taken up", subject=f"alert:{alert}")
            _note(connection, workspace, found, Done.TAKEN, now)
        taker = connection.scalar(select(Person.name).join(Alert, Alert.taken_by == Person.id).where(*here))
        voice = Voice(workspace, slack_id, found.language, f"alert:{alert}", f"taken:{key}", now)
        others = _told(connection, workspace, found)
        saying = Saying("safety_taken", {"taken_by": taker, "student": found.name})
        drafts = [voice.say(saying)]
        drafts += [
            replace(voice, recipient=other.slack_id, language=other.language).say(saying, number)
            for number, other in enumerate(others, 1)
        ]
        return house.outbox.put(connection, drafts, now, claim=True)


def hand_over(house: House, workspace: str, slack_id: str, alert: int, to: int, key: str) -> list[Delivery]:
    """A counselor hands an alert to another one, who has to take it up: nobody has it until then, and the half hour
    begins anew. `to`: that person's id; nothing happens where they are no counselor who can be told."""
    now = house.clock()
    with house.store.write() as connection:
        found = _alert_for(connection, workspace, slack_id, alert)
        others = others_than(connection, workspace, found.counselor) if found is not None else []
        chosen = [other for other in others if other.id == to]
        if found is None or not chosen or not first_time(connection, workspace, (key,), now):
            return []
        here = Alert.workspace == workspace, Alert.id == alert
        connection.execute(update(Alert).where(*here).values(taken_by=None, taken_at=None))
        house.outbox.cancel(connection, workspace, now, "handed over", subject=f"alert:{alert}")
        _note(connection, workspace, found, Done.HANDED, now, to)
        drafts = _handed(connection, workspace, found, [*chosen, *(other for other in others if other.id != to)], now)
        voice = Voice(workspace, slack_id, found.language, f"alert:{alert}", f"handed:{key}", now)
        drafts.append(voice.say(Saying("safety_handed_on", {"to": chosen[0].name, "student": found.name})))
        return house.outbox.put(connection, drafts, now, claim=True)


def _handed(connection: Connection, workspace: str, found: AnyRow, asked: Sequence[AnyRow], now: datetime) -> list[Any]:
    """Whoever has it now is told at once, the others half an hour later each; whoever handed it over is the last."""
    zone = ZoneInfo(time_zone(connection, workspace))
    context = {
        "student": found.name, "author": _author(connection, workspace, found), "advisor": found.advisor or "",
        "level": found.level, "unsure": False, "at": found.raised_at.astimezone(zone).isoformat(),
    }  # fmt: skip
    own = connection.execute(
        select(Person.id, Person.key, Person.name, Person.slack_id, Person.language).where(
            Person.workspace == workspace, Person.id == found.counselor
        )
    ).one()
    telling = Telling(connection, workspace, found.id, context)
    events = select(AlertEvent.id).where(AlertEvent.workspace == workspace, AlertEvent.alert_id == found.id)
    number = connection.scalar(events.order_by(AlertEvent.id.desc()).limit(1))
    return telling.one_after_the_other([*asked, own], now, "safety_handed", f"handed:{number}", by=own.name)


def _author(connection: Connection, workspace: str, found: AnyRow) -> str:
    """The name of the adult who wrote the words; "" where the student did."""
    if found.note_id is None:
        return ""
    who = (
        select(Person.id, Person.name)
        .join(Note, Note.author_id == Person.id)
        .where(Note.workspace == workspace, Note.id == found.note_id)
    )
    row = connection.execute(who).one_or_none()
    return row.name if row is not None and row.id != found.student_id else ""


def _said(connection: Connection, workspace: str, alert: AnyRow) -> list[dict[str, str]]:
    zone = ZoneInfo(time_zone(connection, workspace))
    return [
        {"at": row.at.astimezone(zone).isoformat(), "text": row.text, "act": _become(row.act)}
        for row in _words(connection, workspace, alert)
    ]


def _become(act: str) -> str:
    return act if act in (Revision.EDITED, Revision.WITHDRAWN) else ""


def _words(connection: Connection, workspace: str, alert: AnyRow) -> Sequence[Any]:
    """The words an alert is about: the note; or every message of the student that was flagged since, in each revision
    it has, those that were not flagged too."""
    if alert.note_id is not None:
        note = select(Note.text, Note.at, literal(Revision.SAID.value).label("act"))
        return connection.execute(note.where(Note.workspace == workspace, Note.id == alert.note_id)).all()
    if alert.answer_id is None:
        return []
    first, flagged = aliased(Answer), aliased(Answer)
    conversation = (
        select(first.conversation_id).where(first.workspace == workspace, first.id == alert.answer_id).scalar_subquery()
    )
    messages = select(flagged.ts).where(
        flagged.workspace == workspace,
        flagged.conversation_id == conversation,
        flagged.alarm != "",
        flagged.id >= alert.answer_id,
    )
    return connection.execute(
        select(Answer.text, Answer.at, Answer.act)
        .where(Answer.workspace == workspace, Answer.conversation_id == conversation, Answer.ts.in_(messages))
        .order_by(Answer.id)
    ).all()


def _events(connection: Connection, workspace: str, alert: int) -> list[dict[str, str]]:
    """What was done about an alert, oldest first: {"at", "act", "by", "to"}; that somebody read it, the first time."""
    by, to = aliased(Person), aliased(Person)
    rows = connection.execute(
        select(AlertEvent.at, AlertEvent.act, by.name.label("by"), to.name.label("to"))
        .outerjoin(by, by.id == AlertEvent.by_id)
        .outerjoin(to, to.id == AlertEvent.to_id)
        .where(AlertEvent.workspace == workspace, AlertEvent.alert_id == alert)
        .order_by(AlertEvent.id)
    )
    zone = ZoneInfo(time_zone(connection, workspace))
    told: dict[Any, dict[str, str]] = {}
    for number, row in enumerate(rows):
        once = (row.act, row.by) if row.act == Done.OPENED else number
        at = row.at.astimezone(zone).isoformat()
        told.setdefault(once, {"at": at, "act": row.act, "by": row.by or "", "to": row.to or ""})
    return list(told.values())[-EVENTS_SHOWN:]


def _told(connection: Connection, workspace: str, found: AnyRow) -> Sequence[AnyRow]:
    """The other counselors who had the message, and can be written to."""
    had = select(AlertEvent.to_id).where(
        AlertEvent.workspace == workspace, AlertEvent.alert_id == found.id, AlertEvent.act == Done.TOLD
    )
    others = others_than(connection, workspace, found.counselor)
    asked = set(connection.scalars(had))
    return [other for other in others if other.id in asked]


def _note(
    connection: Connection, workspace: str, found: AnyRow, done: Done, now: datetime, to: int | None = None
) -> None:
    mark(connection, workspace, found.id, done, now, found.counselor, to)
    act = trail.Act.SAW if done is Done.OPENED else trail.Act.CHANGED
    who = trail.person(found.counselor)
    trail.note(connection, workspace, now, who, act, "alert", found.id, found.student_id)


def _alert_for(connection: Connection, workspace: str, slack_id: str, alert: int) -> AnyRow | None:
    """The alert, if this is a counselor of its school; locked, where that is to be had, until the transaction ends."""
    student, counselor, advisor = aliased(Person), aliased(Person), aliased(Person)
    return connection.execute(
        select(
            Alert.id, Alert.answer_id, Alert.note_id, Alert.student_id, Alert.level, Alert.raised_at,
            student.name, advisor.name.label("advisor"), counselor.id.label("counselor"), counselor.language,
        )
        .join(student, student.id == Alert.student_id)
        .join(counselor, counselor.workspace == Alert.workspace)
        .outerjoin(advisor, advisor.id == student.advisor_id)
        .where(
            Alert.workspace == workspace,
            Alert.id == alert,
            counselor.slack_id == slack_id,
            counselor.key.in_(watchers(connection, workspace) or []),
            counselor.active.is_(True),
        )
        .with_for_update(of=Alert.__table__)
    ).one_or_none()  # fmt: skip
