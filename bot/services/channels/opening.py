"""The moment the agenda goes into the channel: at its time, approved or not, or when the student says "now"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, or_, select

from bot.conference.readiness import Status
from bot.services.advising.digest import called
from bot.services.advising.progress import progress
from bot.services.channels import channel, standing
from bot.services.channels.channel import Meeting
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.speech import Button, Kind, Saying
from bot.services.talk import greeting
from bot.store.models import Approval, Conference, Conversation, Person
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE
from scheduler.cadence import Receiver
from scheduler.calendar import Audience
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Postponed
from scheduler.walltime import resolve

POST_NOW = "post_now"
"""What the button carries under which a student has the approved agenda posted before its time."""

FRAMES = "frames_up"
"""The message to an advisor about their students whose agendas are due and not approved: one a day."""

FRAMES_KEY = "frames:"
"""What its dedupe_key begins with; the advisor and the school's date follow."""

GATHER = timedelta(minutes=2)
"""So long after the first agenda that is due the advisor is told, of all of them at once."""

_BUTTONS, _ROW = 10, 5


def opened(connection: Connection, workspace: str, conference: int, key: str, now: datetime) -> list[Draft]:
    """The time of the agenda has come: to the channel with it; what is not approved yet is told to those it is up to.

    Nothing for a conference that is cancelled or over, nor where the agenda stands already.
    """
    standing.lock(connection, workspace, conference)
    about = _meeting(connection, workspace, conference)
    if about is None or about.stands.agenda or _over(connection, about, now):
        return []
    standing.no_longer_waits(connection, workspace, conference, now)
    drafts = channel.publish(connection, workspace, conference, key, now)
    if channel.latest_approval(connection, workspace, conference) is None:
        drafts += [*_tell_student(connection, about, now), *_tell_advisor(connection, about, now)]
    return drafts


def post_now(connection: Connection, workspace: str, conference: int, key: str, now: datetime) -> list[Draft]:
    """The student has what they approved posted before its time; nothing where it does not wait."""
    standing.lock(connection, workspace, conference)
    waits = standing.waits_until(connection, workspace, conference, now)
    if waits is None or _meeting(connection, workspace, conference) is None:
        return []
    if channel.latest_approval(connection, workspace, conference) is None:
        return []
    standing.no_longer_waits(connection, workspace, conference, now)
    return channel.publish(connection, workspace, conference, key, now)


def post_now_button(conversation: int, conference: int) -> list[list[Button]]:
    """The button for it. It names the conference, so that it does nothing once the conversation is about another."""
    return [[Button(Tap.OPEN, POST_NOW, Ref(conversation, APPROVE, conference, POST_NOW).text())]]


def not_now(connection: Connection, delivery: Delivery, now: datetime) -> Postponed | None:
    """Channels are not opened at night nor on days off, unless the conference would have begun before that is over."""
    about = _meeting(connection, delivery.workspace, delivery.payload["conference"])
    if about is None:
        return None
    calendar = calendar_of(connection, delivery.workspace)
    open_at = calendar.from_now(now, calendar.zone, Audience.STUDENTS)
    if open_at is None or open_at <= now or open_at >= _begins(connection, about):
        return None
    return Postponed(open_at, "quiet hours or a closed day")


def unapproved(connection: Connection, workspace: str, advisor: int, now: datetime) -> Sequence[AnyRow]:
    """An advisor's students whose agenda is due in the channel, or its frame stands there, and who have not approved
    it; by date. Those whose conference has begun are left out."""
    calendar = calendar_of(connection, workspace)
    approved = select(Approval.id).where(Approval.workspace == workspace, Approval.conference_id == Conference.id)
    rows = connection.execute(
        select(Person.id, Person.name, Person.slack_id, Conference.date, Conference.time)
        .join(Conference, Conference.student_id == Person.id)
        .where(
            Person.workspace == workspace, Person.advisor_id == advisor, Person.active.is_(True),
            Conference.workspace == workspace, Conference.cancelled.is_(False),
            Conference.date >= calendar.today(now),
            or_(Conference.agenda_at <= now, Conference.agenda_ts.is_not(None)), ~approved.exists(),
        )
        .order_by(Conference.date, Conference.time, Person.name)
    )  # fmt: skip
    return [row for row in rows if resolve(row.date, time.fromisoformat(row.time), calendar.zone) > now]


def frames_up(house: House, connection: Connection, advisor: AnyRow, now: datetime) -> Saying:
    """What an advisor is told of them: their names, and a tap to nudge each, or to sit beside who has no account."""
    rows = unapproved(connection, advisor.workspace, advisor.id, now)
    names = called([row.name for row in rows])
    students = [
        {"name": name, "date": row.date.isoformat(), "time": row.time} for row, name in zip(rows, names, strict=True)
    ]
    language = house.words.language(advisor.language)
    nudge, beside = list[Button](), list[Button]()
    for row, name in list(zip(rows, names, strict=True))[:_BUTTONS]:
        if row.slack_id:
            nudge.append(Button(Tap.REMIND, f"={name}", str(row.id)))
        else:
            label = house.words.catalog.label(language, "digest.beside", student=name)
            beside.append(Button(Tap.BESIDE, f"={label}", str(row.id)))
    slots = {"nudge": _rows(nudge), "beside": _rows(beside)}
    return Saying(
        FRAMES, {"students": students, "nudge": bool(nudge)}, {name: rows for name, rows in slots.items() if rows}
    )


def _meeting(connection: Connection, workspace: str, conference: int) -> Meeting | None:
    return channel.meeting(connection, workspace, conference)


def _rows(buttons: list[Button]) -> list[list[Button]]:
    return [buttons[start : start + _ROW] for start in range(0, len(buttons), _ROW)]


def _begins(connection: Connection, about: Meeting) -> datetime:
    zone = calendar_of(connection, about.workspace).zone
    return resolve(date.fromisoformat(about.date), time.fromisoformat(about.time), zone)


def _over(connection: Connection, about: Meeting, now: datetime) -> bool:
    return _begins(connection, about) + timedelta(minutes=about.minutes) <= now


def _tell_student(connection: Connection, about: Meeting, now: datetime) -> list[Draft]:
    """A word to the student, once; none while a person is awaited, nor to somebody who wants no reminders."""
    person = greeting.person_in_slack(connection, about.workspace, about.student_slack_id or "")
    if person is None or person.quiet_since is not None:
        return []
    found = connection.execute(
        select(Conversation.id, Conversation.conference_id, Conversation.status).where(
            Conversation.workspace == about.workspace, Conversation.person_id == about.student_id
        )
    ).one_or_none()
    if found is not None and found.status == "held":
        return []
    here = found is not None and found.conference_id == about.id
    (way,) = progress(connection, about.workspace, [about.student_id], now)
    ready = here and way.readiness.done + 1 >= way.readiness.total
    begun = here and way.readiness.status is not Status.NEW
    context = {
        "student": channel.student_name(about),
        "date": about.date,
        "time": about.time,
        "ready": ready,
    }
    saying = Saying("not_approved_yet", context, {"actions": [_ways_on(found.id if found else 0, ready, begun)]})
    return [greeting.voice_for(person, person.im, f"not_approved:{about.id}:student", now).say(saying)]


def _ways_on(conversation: int, ready: bool, begun: bool) -> list[Button]:
    look = Button(Tap.OPEN, "review", Ref(conversation, APPROVE, 0, "open").text(), "primary")
    start = Button(Tap.ANSWER, "go_on" if begun else "start", Ref(conversation, "", 0, "cmd:start").text(), "primary")
    return [look] if ready else [start]


def _tell_advisor(connection: Connection, about: Meeting, now: datetime) -> list[Draft]:
    """A word to the advisor, for all their students of this day; what it says is made when it goes."""
    of_student = select(Person.advisor_id).where(Person.workspace == about.workspace, Person.id == about.student_id)
    advisor = connection.execute(
        select(Person.id, Person.slack_id).where(
            Person.workspace == about.workspace, Person.id == of_student.scalar_subquery(), Person.active.is_(True)
        )
    ).one_or_none()
    if advisor is None or not advisor.slack_id:
        return []
    day = calendar_of(connection, about.workspace).today(now).isoformat()
    payload = {
        "step": "frames", "message": FRAMES, "flow": "", "receiver": Receiver.ADVISOR.value, "person": advisor.id,
        "student": 0, "conference": 0, "slot": day,
    }  # fmt: skip
    key = f"{FRAMES_KEY}{advisor.id}:{day}"
    subject = f"person:{advisor.id}"
    return [Draft(about.workspace, Kind.NUDGE, advisor.slack_id, subject, payload, key, now + GATHER)]
