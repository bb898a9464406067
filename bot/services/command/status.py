"""What `/conference` and the App Home say: to each what concerns them, in a fixed number of queries however many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.dialogue.state import State
from bot.services.advising import digest
from bot.services.advising.progress import Progress, advisees, count, progress
from bot.services.channels import standing
from bot.services.command import alerts, deeds, languages, meetings, vocabulary
from bot.services.command.reader import Reader
from bot.services.house import House
from bot.services.roster import levels, school
from bot.services.roster.actors import actor
from bot.services.script import runs
from bot.services.speech import Button, Saying
from bot.services.talk import beside, greeting
from bot.services.talk.scene import Scene, first_name, parked, scene_of
from bot.store.models import Person, School
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS


def status(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """The short answer to `/conference`."""
    home = of(house, connection, person, now)
    short = {
        "home_student": "status_student",
        "home_advisor": "status_advisor",
        "home_coordinator": "status_coordinator",
        "home_counselor": "status_counselor",
    }
    return Saying(short.get(home.template, home.template), home.context, home.buttons)


def home_of(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """The App Home of somebody in the roster, with the languages they can have it in."""
    home = of(house, connection, person, now)
    return replace(home, buttons={**home.buttons, "languages": languages.buttons(house, person)})


def of(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    """Where things stand for somebody, and what they can do about it."""
    match person.role:
        case "student":
            return _student(house, connection, person, now)
        case "advisor":
            return _advisor(house, connection, person, now)
        case "coordinator":
            return _coordinator(house, connection, person, now)
        case "counselor":
            return _counselor(Reader(house, connection, person, actor(connection, person), now))
        case _:
            return _adult(Reader(house, connection, person, actor(connection, person), now))


def home_of_stranger(connection: Connection, workspace: str) -> tuple[Saying, str]:
    """The App Home of somebody the roster does not know, and its language."""
    saying = Saying("home_stranger", {"coordinator": school.coordinator(connection, workspace)})
    return saying, school.language(connection, workspace)


def command_help(house: House, person: AnyRow, typed: str = "", example: str = "") -> Saying:
    """What somebody can type after `/conference`; `typed`: what they did, if it was none of it; `example`: the name of
    one of their students, where it must be said which."""
    words = vocabulary.words_for(person.role)
    near = vocabulary.nearest(house, typed, words) if typed else ""
    spelled = house.words.catalog.label(house.words.language(person.language), f"command.{near}") if near else ""
    context = {"role": person.role, "words": list(words), "unknown": bool(typed), "near": spelled, "name": example}
    return Saying("command_help", context)


def _student(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying:
    named = select(Person.name).where(Person.workspace == person.workspace, Person.id == person.advisor_id)
    advisor = connection.scalar(named) or ""
    conference = greeting.current_conference(connection, person.workspace, person.id, now)
    if conference is None:
        return Saying("home_no_date", {"student": first_name(person.name), "advisor": advisor})
    scene = scene_of(connection, person.workspace, person.slack_id)
    if scene is not None and scene.conference != conference.id:
        scene = None
    states = {**parked(connection, scene), **({scene.flow: scene.state} if scene.flow else {})} if scene else {}
    approved = scene is not None and scene.approved != 0
    steps = _steps(house, connection, person, conference, states, approved=approved)
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
        "goes_up": _goes_up(connection, scene, now) if scene is not None and approved else "",
        "over": conference.date < school.today(connection, person.workspace, now),
    }
    label, ref = "start", Ref(scene.conversation if scene else 0, "", 0, "cmd:start")
    if scene is not None and states:
        label, ref = ("go_on", ref) if following else ("review", ref._replace(flow=APPROVE, choice="open"))
    taps = [
        [Button(Tap.ANSWER, label, ref.text(), "primary")],
        *_led(Reader(house, connection, person, actor(connection, person), now), scene, bool(states)),
    ]
    return Saying("home_student", context, {"actions": taps})


def _steps(
    house: House, connection: Connection, person: AnyRow, conference: AnyRow, states: Mapping[str, State], *,
    approved: bool,
) -> list[dict[str, str]]:  # fmt: skip
    """The parts of the student's level, each with how far it is."""
    level = levels.of(connection, person.workspace, person.id, conference.term_id)
    return [
        {
            "title": house.words.flow(person.language, name).title,
            "status": greeting.status_of(states.get(name), agreed=name != APPROVE or approved),
        }
        for name in LEVELS[level]
    ]


def _goes_up(connection: Connection, scene: Scene, now: datetime) -> str:
    return standing.goes_up(connection, scene.workspace, scene.conference, scene.time_zone, now)


def _led(reader: Reader, scene: Scene | None, begun: bool) -> Iterator[list[Button]]:
    """What a student does beside answering: practice and lead, read the agenda, look at what was agreed."""
    day, student = meetings.today(reader), reader.person.id
    coming = meetings.current(reader, [student])[student]
    practice = scene is not None and begun and coming.date >= day
    first = [runs.button(scene.conversation)] if scene is not None and practice else []
    first += [runs.lead_button(coming.id)] if practice and coming.date == day else []
    last = meetings.before(reader, student, min(day, coming.date))
    past = deeds.afterwards(reader, last) if last is not None else []
    yield from (row for row in (first, [*deeds.read(reader.who, coming, day), *past]) if row)


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


def _counselor(reader: Reader) -> Saying:
    """What waits for a counselor, and the conferences they are part of."""
    context, buttons = alerts.of_counselor(reader)
    day = meetings.today(reader)
    coming = [meetings.facts(row, day) for row in meetings.of_adult(reader) if row.date >= day]
    return Saying("home_counselor", {"name": reader.person.name, "conferences": coming, **context}, buttons)


def _adult(reader: Reader) -> Saying:
    """Family and teachers see when and where, of the conferences they are part of, and what they can do about each."""
    day, rows = meetings.today(reader), meetings.of_adult(reader)
    several = len(rows) > 1
    taps = meetings.menu(rows, "conference") if several else [taps for row in rows for taps in deeds.rows(reader, row)]
    context = {
        "name": reader.person.name,
        "conferences": [meetings.facts(row, day) for row in rows],
        "several": several,
        "answer": deeds.answer(reader, rows[0]) if rows and not several else {"coming": ""},
    }
    return Saying("home_adult", context, {"actions": taps})
