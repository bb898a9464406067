"""What `/conference` and the App Home say: to each what concerns them, in a fixed number of queries however many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from bot.conference import access
from bot.conference.answers import Given, Setting
from bot.conference.answers import Spot as Place
from bot.conference.readiness import Readiness, Status, readiness
from bot.dialogue.state import State
from bot.services import greeting, school
from bot.services.house import House
from bot.services.scene import first_name, parked, scene_of
from bot.services.speech import Button, Saying
from bot.store.models import Conference, Conversation, FlowState, Item, Participant, Person, School
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS


@dataclass(frozen=True, slots=True)
class Progress:
    """One student's way to their conference."""

    name: str
    advisor: str
    date: str
    time: str
    readiness: Readiness


def status(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """The short answer to `/conference`."""
    home = home_of(house, connection, person, now)
    short = {
        "home_student": "status_student",
        "home_advisor": "status_advisor",
        "home_coordinator": "status_coordinator",
    }
    return Saying(short.get(home.template, home.template), home.context, home.buttons)


def home_of(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """The App Home of somebody in the roster."""
    match person.role:
        case "student":
            return _student(house, connection, person, now)
        case "advisor":
            return _advisor(house, connection, person, now)
        case "coordinator":
            return _coordinator(house, connection, person, now)
        case _:
            return _adult(connection, person, now)


def home_of_stranger(connection: Connection, workspace: str) -> tuple[Saying, str]:
    """The App Home of somebody the roster does not know, and its language."""
    saying = Saying("home_stranger", {"coordinator": school.coordinator(connection, workspace)})
    return saying, school.language(connection, workspace)


def command_help(person: AnyRow) -> Saying:
    """What can be typed after `/conference`."""
    return Saying("command_help", {"role": person.role, "student": person.role == "student"})


def _student(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    advisor = connection.scalar(select(Person.name).where(Person.id == person.advisor_id)) or ""
    conference = greeting.current_conference(connection, person.id, now)
    if conference is None:
        return Saying("home_no_date", {"student": first_name(person.name), "advisor": advisor})
    scene = scene_of(connection, person.workspace, person.slack_id)
    if scene is not None and scene.conference != conference.id:
        scene = None
    level = school.level(connection, person.workspace)
    states = {**parked(connection, scene), **({scene.flow: scene.state} if scene.flow else {})} if scene else {}
    flows = {name: house.words.flow(person.language, name).title for name in LEVELS[level]}
    approved = scene is not None and scene.approved != 0
    steps = [
        {"title": title, "status": greeting.status_of(states.get(name), agreed=name != APPROVE or approved)}
        for name, title in flows.items()
    ]
    following = next((step["title"] for step in steps if step["status"] != "done"), "")
    context = {
        "student": first_name(person.name),
        "date": conference.date.isoformat(),
        "time": conference.time,
        "place": conference.place,
        "advisor": advisor,
        "steps": steps,
        "total": len(steps),
        "done": sum(step["status"] == "done" for step in steps),
        "next_title": following,
    }
    label, ref = "start", Ref(scene.conversation if scene else 0, "", 0, "cmd:start")
    if scene is not None and states:
        label, ref = ("go_on", ref) if following else ("review", ref._replace(flow=APPROVE, choice="open"))
    return Saying("home_student", context, {"actions": [[Button(Tap.ANSWER, label, ref.text(), "primary")]]})


def _advisor(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    actor = access.Actor(person.id, access.Role.ADVISOR, frozenset(_advisees(connection, person.id)))
    students = [
        student
        for student in _advisees(connection, person.id)
        if access.may(actor, access.Action.SEE, access.Thing(access.Kind.PROGRESS, student))
    ]
    found = progress(connection, person.workspace, students, now)
    listed = [
        {
            "name": one.name,
            "status": one.readiness.status.value,
            "done": one.readiness.done,
            "total": one.readiness.total,
            "date": one.date,
            "time": one.time,
            "flags": one.readiness.flags,
        }
        for one in found
    ]
    return Saying("home_advisor", {"advisor": person.name, "students": listed, **_count(found)})


def _coordinator(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    name = connection.scalar(select(School.name).where(School.workspace == person.workspace)) or ""
    rows = connection.scalars(
        select(Person.id).where(Person.workspace == person.workspace, Person.role == "student", Person.active.is_(True))
    )
    found = progress(connection, person.workspace, list(rows), now)
    advisors = sorted({one.advisor for one in found})
    groups = [{"advisor": one, **_count([each for each in found if each.advisor == one])} for one in advisors]
    return Saying("home_coordinator", {"school": name, "groups": groups, "totals": _count(found)})


def _adult(connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """Family, teachers and counselors see when and where, of the conferences they are part of."""
    student = aliased(Person)
    day = school.today(connection, person.workspace, now)
    rows = connection.execute(
        select(student.name, Conference.date, Conference.time, Conference.place)
        .join(Participant, Participant.conference_id == Conference.id)
        .join(student, student.id == Conference.student_id)
        .where(Participant.person_id == person.id, Conference.cancelled.is_(False), Conference.date >= day)
        .order_by(Conference.date, Conference.time)
    )
    conferences = [
        {"student": first_name(row.name), "date": row.date.isoformat(), "time": row.time, "place": row.place}
        for row in rows
    ]
    return Saying("home_adult", {"name": person.name, "conferences": conferences})


def progress(connection: Connection, workspace: str, students: Collection[int], now: datetime) -> list[Progress]:
    """How far these students are, by date and name. The number of queries does not depend on how many they are."""
    advisor = aliased(Person)
    level = school.level(connection, workspace)
    rows = connection.execute(
        select(Person.id, Person.name, advisor.name.label("advisor"), Conference.id.label("conference"),
               Conference.date, Conference.time, Conversation.id.label("conversation"), Conversation.version,
               Conversation.approved, Conversation.flow, Conversation.state, Conversation.updated_at)
        .outerjoin(advisor, advisor.id == Person.advisor_id)
        .outerjoin(Conference, (Conference.student_id == Person.id) & Conference.cancelled.is_(False))
        .outerjoin(Conversation, Conversation.conference_id == Conference.id)
        .where(Person.workspace == workspace, Person.id.in_(students))
        .order_by(Conference.date.desc())
    )  # fmt: skip
    day, latest = school.today(connection, workspace, now), dict[int, AnyRow]()
    for row in rows:  # the next one to come, as in greeting.current_conference; the last one where none is
        if row.id not in latest or row.date >= day:
            latest[row.id] = row
    conferences = [row.conference for row in latest.values() if row.conference]
    done = _done(connection, [row for row in latest.values() if row.conversation])
    develop = _develop(connection, conferences)
    found = [
        Progress(
            row.name, row.advisor or "", row.date.isoformat() if row.date else "", row.time or "",
            readiness(
                LEVELS[level], done.get(row.conversation, ()), *develop.get(row.conference, ({}, {})),
                approved=(row.approved or 0) > 0, last_heard=row.updated_at if row.version else None, now=now,
            ),
        )
        for row in latest.values()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.date, one.time, one.name))


def _done(connection: Connection, conversations: Collection[AnyRow]) -> dict[int, set[str]]:
    """The flows that are done: those put aside, and the one that is open."""
    rows = connection.execute(
        select(FlowState.conversation_id, FlowState.flow).where(
            FlowState.conversation_id.in_([row.conversation for row in conversations]), FlowState.done.is_(True)
        )
    )
    found = {row.conversation: {row.flow} for row in conversations if row.flow and State.from_json(row.state).done}
    for row in rows:
        found.setdefault(row.conversation_id, set()).add(row.flow)
    for row in conversations:
        if not row.approved:  # looked at, and "not yet"
            found.get(row.conversation, set()).discard(APPROVE)
    return found


def _develop(
    connection: Connection, conferences: Collection[int]
) -> Mapping[int, tuple[dict[Place, Given], dict[Place, Setting]]]:
    rows = connection.execute(
        select(Item.conference_id, Item.flow, Item.question, Item.round, Item.develop).where(
            Item.conference_id.in_(conferences), Item.develop != ""
        )
    )
    found: dict[int, tuple[dict[Place, Given], dict[Place, Setting]]] = {}
    for row in rows:
        place = Place(row.flow, row.question, row.round)
        answers, settings = found.setdefault(row.conference_id, ({}, {}))
        answers[place], settings[place] = Given(*place), Setting(develop=row.develop)
    return found


def _advisees(connection: Connection, advisor: int) -> list[int]:
    return list(
        connection.scalars(
            select(Person.id).where(Person.advisor_id == advisor, Person.role == "student", Person.active.is_(True))
        )
    )


def _count(found: Collection[Progress]) -> dict[str, int]:
    counts = {status.value: 0 for status in Status}
    for one in found:
        counts[one.readiness.status.value] += 1
    return {**counts, "total": len(found)}
