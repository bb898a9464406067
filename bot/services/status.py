"""What `/conference` and the App Home say: to each what concerns them, in a fixed number of queries however many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from bot.services import beside, digest, greeting, school, standing
from bot.services.house import House
from bot.services.progress import Progress, advisees, count, progress
from bot.services.scene import first_name, parked, scene_of
from bot.services.speech import Button, Saying
from bot.store.models import Conference, Participant, Person, School
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS


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
    goes_up = ""
    if scene is not None and approved:
        goes_up = standing.goes_up(connection, scene.workspace, conference.id, scene.time_zone, now)
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
        "goes_up": goes_up,
    }
    label, ref = "start", Ref(scene.conversation if scene else 0, "", 0, "cmd:start")
    if scene is not None and states:
        label, ref = ("go_on", ref) if following else ("review", ref._replace(flow=APPROVE, choice="open"))
    return Saying("home_student", context, {"actions": [[Button(Tap.ANSWER, label, ref.text(), "primary")]]})


def _advisor(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    found = progress(connection, person.workspace, advisees(connection, person), now)
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
    context, buttons = digest.sections(house, connection, person, found, now)
    sit = _sit(house, person.language, found, buttons)
    return Saying("home_advisor", {"advisor": person.name, "students": listed, **context}, {**buttons, **sit})


def _sit(
    house: House, language: str, found: Sequence[Progress], buttons: Mapping[str, Sequence[Sequence[Button]]]
) -> dict[str, list[list[Any]]]:
    """Every student without an account can be sat beside: those few who have no button yet by one, many by a menu."""
    offered = {button.value for row in buttons.get("beside", ()) for button in row}
    away = [(one.student, one.name) for one in found if not one.slack_id]
    if len(away) <= beside.BUTTONS:
        away = [(student, name) for student, name in away if str(student) not in offered]
    return {"sit": beside.choices(house, language, away)} if away else {}


def _coordinator(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    name = connection.scalar(select(School.name).where(School.workspace == person.workspace)) or ""
    rows = connection.scalars(
        select(Person.id).where(Person.workspace == person.workspace, Person.role == "student", Person.active.is_(True))
    )
    found = progress(connection, person.workspace, list(rows), now)
    advisors = sorted({one.advisor for one in found})
    groups = [{"advisor": one, **count([each for each in found if each.advisor == one])} for one in advisors]
    return Saying("home_coordinator", {"school": name, "groups": groups, "totals": count(found)})


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
