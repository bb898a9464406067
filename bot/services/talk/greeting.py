"""The first words to someone, and what stands in the menu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from bot.dialogue.events import Command
from bot.dialogue.state import State
from bot.services import safeguarding
from bot.services.afterwards import looking_back
from bot.services.house import House
from bot.services.roster.school import today
from bot.services.script import runs
from bot.services.speech import Button, Saying, Voice
from bot.services.talk import gathered, recurring
from bot.services.talk.scene import Scene, first_name, park, parked, scene_by_id
from bot.store.models import Conference, Conversation, FlowState, Participant, Person, School
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS, QUARTER
from scheduler.outbox import Delivery, Draft


def first_hello(
    house: House, connection: Connection, workspace: str, slack_id: str, channel: str | None, key: str
) -> list[Delivery]:
    """The hello to a student who has no conversation yet; nothing for anybody else."""
    now = house.clock()
    person = person_in_slack(connection, workspace, slack_id)
    if person is None or person.role != "student":
        return []
    lock(connection, workspace, person.id)
    if conversation_of(connection, workspace, person.id) is not None:
        return []
    voice = voice_for(person, channel, key, now)
    return house.outbox.put(connection, hello(house, connection, voice, person, now), now, claim=True)


def lock(connection: Connection, workspace: str, person: int) -> None:
    """Be alone in greeting somebody: while they have no conversation, there is no conversation to lock."""
    one = select(Person.id).where(Person.workspace == workspace, Person.id == person)
    connection.execute(one.with_for_update(key_share=True))


def hello(house: House, connection: Connection, voice: Voice, person: Any, now: datetime) -> list[Draft]:
    """The first message to a student about their next conference; the conversation turns to it.

    What was prepared for an earlier conference stays stored: it is where the new one starts from, and is shown first.
    """
    conference = current_conference(connection, person.workspace, person.id, now)
    conversation, first_time = _turn_to(connection, person, conference.id if conference is not None else None, now)
    about = _about(connection, person)
    if conference is None:
        return [voice.say(Saying("hello_no_date", about, _evidence(house, person.language, conversation)))]
    was = None if first_time else looking_back.where_i_was(house, connection, person, now)
    context = {
        **about,
        "date": conference.date.isoformat(),
        "time": conference.time,
        "place": conference.place,
        "adults": _adults(house, connection, person, conference.id),
        "first_time": first_time,
    }
    said = [was] if was is not None else []
    said.append(Saying("hello", context, {"actions": [_hello_buttons(conversation)]}))
    return [voice.say(one, number) for number, one in enumerate(said)]


def begin(connection: Connection, person: Any, now: datetime) -> int:
    """The student's conversation; one in which nothing was said yet, where there is none."""
    known = conversation_of(connection, person.workspace, person.id)
    return known if known is not None else _turn_to(connection, person, None, now)[0]


def _turn_to(connection: Connection, person: Any, conference: int | None, now: datetime) -> tuple[int, bool]:
    """The student's conversation, begun anew for a conference, and whether it is the first they prepare."""
    known = connection.execute(
        select(Conversation.id, Conversation.conference_id, Conversation.flow)
        .where(Conversation.workspace == person.workspace, Conversation.person_id == person.id)
        .with_for_update()
    ).one_or_none()
    fresh = {
        "conference_id": conference, "flow": "", "state": "", "back_to": "", "came_from": "", "status": "new",
        "approved": 0, "prompt_delivery": None, "updated_at": now,
    }  # fmt: skip
    if known is None:
        new = insert(Conversation).values(workspace=person.workspace, person_id=person.id, **fresh)
        return connection.execute(new.returning(Conversation.id)).scalar_one(), True
    if known.flow in QUARTER and (scene := scene_by_id(connection, person.workspace, known.id)) is not None:
        park(connection, scene, scene.flow, scene.state)
    parked = and_(FlowState.workspace == person.workspace, FlowState.conversation_id == known.id)
    connection.execute(delete(FlowState).where(parked, FlowState.flow.not_in(QUARTER)))
    here = and_(Conversation.workspace == person.workspace, Conversation.id == known.id)
    connection.execute(update(Conversation).where(here).values(version=Conversation.version + 1, **fresh))
    return known.id, known.conference_id in (None, conference)


def no_date(house: House, connection: Connection, scene: Scene) -> Saying:
    """There is no conference to prepare yet; work can be gathered all the same."""
    evidence = _evidence(house, scene.language, scene.conversation)
    return Saying("hello_no_date", _about_in(connection, scene), evidence)


def _evidence(house: House, language: str, conversation: int) -> Mapping[str, Sequence[Sequence[Button]]]:
    title = house.words.flow(language, gathered.EVIDENCE).title
    return {"actions": [[Button(Tap.OPEN, f"={title}", Ref(conversation, gathered.EVIDENCE, 0, "open").text())]]}


def _about_in(connection: Connection, scene: Scene) -> dict[str, str]:
    counselor = first_counselor(connection, scene.workspace)
    hours = safeguarding.hours(connection, scene.workspace)
    return {"student": scene.student, "advisor": scene.advisor, "counselor": counselor, "hours": hours}


def _about(connection: Connection, person: Any) -> dict[str, str]:
    return {
        "student": first_name(person.name),
        "advisor": _advisor(connection, person),
        "counselor": first_counselor(connection, person.workspace),
        "hours": safeguarding.hours(connection, person.workspace),
    }


def what_is_this(connection: Connection, scene: Scene) -> Saying:
    """What the bot is, for a student who asks before starting."""
    ref = Ref(scene.conversation, "", 0, f"cmd:{Command.START}")
    return Saying(
        "what_is_this",
        _about_in(connection, scene),
        {"actions": [[Button(Tap.ANSWER, "start", ref.text(), "primary")]]},
    )


def menu(house: House, connection: Connection, scene: Scene) -> Saying:
    """All flows of the student's level, and those of the quarter, with how far each is, and a button into each."""
    if not scene.conference:
        return no_date(house, connection, scene)
    conference = connection.execute(
        select(Conference.date, Conference.time).where(
            Conference.workspace == scene.workspace, Conference.id == scene.conference
        )
    ).one()
    states = {**parked(connection, scene), **({scene.flow: scene.state} if scene.flow else {})}
    level, quarter = LEVELS[scene.level], _of_the_quarter(house, connection, scene)
    flows, buttons = [], []
    for name in (*level, *quarter):
        flow, state = house.words.flow(scene.language, name), states.get(name)
        if state is not None and name in quarter and state.period != recurring.period(scene, name, house.clock()):
            state = None
        status = status_of(state, agreed=name != APPROVE or scene.approved != 0)
        flows.append({"title": flow.title, "about": flow.about, "status": status})
        ref = Ref(scene.conversation, name, 0, "open")
        style = "" if states.get(name) or name in quarter else "primary"
        buttons.append(Button(Tap.OPEN, f"={flow.title}", ref.text(), style))
    context = {
        "student": scene.student,
        "flows": flows,
        "date": conference.date.isoformat(),
        "time": conference.time,
    }
    parts = buttons[: len(level)]
    rows = [parts[:4], parts[4:], buttons[len(level) :]]
    ahead = conference.date >= today(connection, scene.workspace, house.clock())
    if ahead and any(flow["status"] == "done" for flow in flows[: len(level) - 1]):  # something to practise
        flows.insert(len(level), _script(house, connection, scene))
        rows[1].append(runs.button(scene.conversation))
    return Saying("menu", context, {"actions": rows})


def _script(house: House, connection: Connection, scene: Scene) -> dict[str, str]:
    """Script and practice, as the menu has it: done after two rehearsals."""
    label = partial(house.words.catalog.label, house.words.language(scene.language))
    done = runs.finished(connection, scene.workspace, [scene.person]).get(scene.conference)
    status = ("new", "begun", "done")[min(done.times, 2) if done is not None else 0]
    return {"title": label("practice.title"), "about": label("practice.about"), "status": status}


def _of_the_quarter(house: House, connection: Connection, scene: Scene) -> list[str]:
    """The flows of the quarter that there is something to do in."""
    goals = gathered.goals(connection, scene.workspace, scene.conversation)
    there = {name: recurring.may_open(scene, name, house.clock()) for name in QUARTER}
    there[gathered.CHECK_IN] = bool(goals)
    return [name for name in QUARTER if there[name]]


def status_of(state: State | None, *, agreed: bool) -> str:
    """How far a flow is: new, begun or done; an approval that ended in "not yet" (not `agreed`) is only begun."""
    if state is None or not (state.done or state.replies):
        return "new"
    return "done" if state.done and agreed else "begun"


def person_in_slack(connection: Connection, workspace: str, slack_id: str) -> AnyRow | None:
    """The active person of the roster with this Slack id."""
    return connection.execute(
        select(*Person.__table__.c).where(
            Person.workspace == workspace, Person.slack_id == slack_id, Person.active.is_(True)
        )
    ).one_or_none()


def person_known_as(connection: Connection, workspace: str, person: int) -> AnyRow | None:
    """The active person of the roster with this id, whether they are in Slack or not."""
    return connection.execute(
        select(*Person.__table__.c).where(Person.workspace == workspace, Person.id == person, Person.active.is_(True))
    ).one_or_none()


def voice_for(person: Any, channel: str | None, key: str, now: datetime) -> Voice:
    """A voice for somebody's DM."""
    return Voice(person.workspace, person.slack_id, person.language, f"person:{person.id}", key, now, channel)


def current_conference(connection: Connection, workspace: str, student: int, now: datetime) -> AnyRow | None:
    """The student's next conference; the latest one where none is to come."""
    rows = connection.execute(
        select(*Conference.__table__.c)
        .where(Conference.workspace == workspace, Conference.student_id == student, Conference.cancelled.is_(False))
        .order_by(Conference.date)
    ).all()
    if not rows:
        return None
    day = today(connection, workspace, now)
    return next((row for row in rows if row.date >= day), rows[-1])


def first_counselor(connection: Connection, workspace: str) -> str:
    """The name of the counselor who is told first: the first who is on Slack."""
    keys = connection.scalar(select(School.counselors).where(School.workspace == workspace)) or {"keys": []}
    there = safeguarding.reachable(safeguarding.counselors(connection, workspace, keys["keys"]))
    return there[0].name if there else ""


def _advisor(connection: Connection, person: Any) -> str:
    named = select(Person.name).where(Person.workspace == person.workspace, Person.id == person.advisor_id)
    return connection.scalar(named) or ""


def conversation_of(connection: Connection, workspace: str, person: int) -> int | None:
    return connection.scalar(
        select(Conversation.id).where(Conversation.workspace == workspace, Conversation.person_id == person)
    )


def _adults(house: House, connection: Connection, student: Any, conference: int) -> list[str]:
    """Who comes, as a student would say it: the family first, as one."""
    rows = connection.execute(
        select(Person.name, Person.role)
        .join(Participant, Participant.person_id == Person.id)
        .where(
            Participant.workspace == student.workspace, Participant.conference_id == conference,
            Person.role != "student",
        )
        .order_by(Person.role, Person.name)
    ).all()  # fmt: skip
    family = any(row.role == "family" for row in rows)
    others = [row.name for row in rows if row.role != "family"]
    language = house.words.language(student.language)
    return [house.words.catalog.label(language, "hello.family"), *others] if family else others


def _hello_buttons(conversation: int) -> list[Button]:
    ref = Ref(conversation, "", 0, "")
    return [
        Button(Tap.ANSWER, "start", ref._replace(choice=f"cmd:{Command.START}").text(), "primary"),
        Button(Tap.ANSWER, "later", ref._replace(choice=f"cmd:{Command.PAUSE}").text()),
        Button(Tap.ANSWER, "what_is_this", ref._replace(choice="what_is_this").text()),
    ]
