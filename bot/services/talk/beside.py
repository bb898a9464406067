"""Sit beside: an advisor runs any flow for a student, in a thread of the advisor's own DM with the bot.

What is typed and tapped in the thread is the student's, and everything else is as in a DM of theirs. There is one
conversation: a student with an account may go on in their own DM at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from bot.conference.access import Action, Actor, Role, Thing, may
from bot.conference.access import Kind as What
from bot.services.advising.digest import called
from bot.services.audit import trail
from bot.services.house import House
from bot.services.speech import Button, Kind, Saying, Voice
from bot.services.talk import greeting
from bot.services.talk.hearing import first_time, greet_anew, outdated
from bot.services.talk.scene import Scene, root_key, scene_by_id, scene_of
from bot.services.talk.turn import Turn
from bot.store.models import Conversation, Person
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from scheduler.outbox import Delivery, Draft, deliveries
from scheduler.outcomes import Sent

SAME_THREAD_FOR = timedelta(days=7)
"""Whoever sits down again within this time goes on in the thread that stands; later a new one is easier to find."""

ONE_THREAD_EVERY = 600
"""Seconds: however often the button is tapped before the thread is there, in this time one is opened."""

BUTTONS = 5
"""Students with a button each, in one row; more of them are a menu."""


def sit_down(house: House, workspace: str, slack_id: str, student: int, key: str, flow: str = "") -> list[Delivery]:
    """An advisor sits down beside a student of theirs; nothing for anybody else. `student`: the person's id; `flow`:
    the one to go into, "" for wherever the student is."""
    now = house.clock()
    with house.store.write() as connection:
        if not first_time(connection, workspace, (key,), now):
            return []
        advisor = greeting.person_in_slack(connection, workspace, slack_id)
        return seat(house, connection, advisor, student, key, now, flow) if advisor is not None else []


def seat(
    house: House, connection: Connection, advisor: AnyRow, student: int, key: str, now: datetime, flow: str = ""
) -> list[Delivery]:
    """The same inside a transaction: a thread is opened, or in one that stands the student goes on."""
    pupil = greeting.person_known_as(connection, advisor.workspace, student)
    if pupil is None or not _may_sit(advisor, pupil):
        return []
    who = trail.person(advisor.id)
    trail.note(connection, advisor.workspace, now, who, trail.Act.SAW, "conversation", "", pupil.id)
    greeting.lock(connection, pupil.workspace, pupil.id)
    conversation = greeting.begin(connection, pupil, now)
    scene = _seated(connection, advisor.workspace, conversation)
    if scene is None or scene.slack_id != advisor.slack_id or _opened(scene.thread) < now - SAME_THREAD_FOR:
        occasion = f"{scene.thread if scene is not None else 'first'}:{now.timestamp() // ONE_THREAD_EVERY:.0f}"
        root = _root(advisor, pupil, conversation, occasion, now, flow)
        return house.outbox.put(connection, [root], now, claim=True)
    return [*_here_we_are(house, connection, scene, key, now), *_go_on(house, connection, scene, key, now, flow)]


def seated(house: House, connection: Connection, root: Delivery, sent: Sent, now: datetime) -> None:
    """The message that opens a thread stands: from now on the student is at home in it, and goes on there."""
    conversation = root.payload["beside"]
    connection.execute(
        update(Conversation)
        .where(Conversation.workspace == root.workspace, Conversation.id == conversation)
        .values(beside=root.recipient, beside_channel=sent.channel, beside_ts=sent.ts)
    )
    scene = _seated(connection, root.workspace, conversation)
    if scene is not None:  # else the student has another advisor by now
        _go_on(house.unhurried(), connection, scene, root.id, now, root.payload.get("flow", ""))


def lost(connection: Connection, refused: Delivery, now: datetime) -> list[Draft]:
    """Slack takes nothing more in a thread: another is opened, once, and the student goes on there."""
    thread = refused.payload["thread"]
    found = connection.execute(
        select(Conversation.id, Conversation.person_id).where(
            Conversation.workspace == refused.workspace,
            Conversation.beside_channel == refused.payload.get("channel"),
            Conversation.beside_ts == thread,
        )
    ).one_or_none()
    advisor = greeting.person_in_slack(connection, refused.workspace, refused.recipient)
    pupil = greeting.person_known_as(connection, refused.workspace, found.person_id) if found is not None else None
    if found is None or advisor is None or pupil is None or not _may_sit(advisor, pupil):
        return []
    return [_root(advisor, pupil, found.id, f"{thread}:lost", now)]


def move_home(house: House, connection: Connection, person: AnyRow, channel: str, key: str) -> list[Delivery]:
    """A student beside whom an advisor sat is in their own DM for the first time: they go on there, not from zero.

    Nothing for a student to whom anything was said there before.
    """
    now = house.clock()
    scene = scene_of(connection, person.workspace, person.slack_id)
    if scene is None or (scene.seat is None and scene.conference) or _spoken_to(connection, person):
        return []
    if _nothing_begun(connection, scene, now):
        return greet_anew(house, connection, scene, channel, f"turn:{key}", now)
    turn = Turn(house, connection, scene, channel, key, now)
    turn.told.say(Saying("beside_moved", {"student": scene.student, "advisor": scene.advisor}))
    return turn.resume()


def choices(house: House, language: str, students: Sequence[tuple[int, str]]) -> list[list[Any]]:
    """What an advisor taps to sit beside one of these students (person's id, full name), as the rows of a slot."""
    if len(students) > BUTTONS:
        options = [[str(student), f"={name}"] for student, name in students]
        return [[{"select": Tap.BESIDE, "value": "0", "options": options, "chosen": "", "hint": "sit_beside_one"}]]
    names = called([name for _, name in students])
    return [[button(house, language, student, name) for (student, _), name in zip(students, names, strict=True)]]


def advisees(connection: Connection, advisor: AnyRow) -> Sequence[AnyRow]:
    """The students an advisor may sit beside: id, name, and the Slack id of those who have one, by name."""
    theirs = select(Person.id, Person.name, Person.slack_id).where(
        Person.workspace == advisor.workspace,
        Person.advisor_id == advisor.id,
        Person.role == Role.STUDENT,
        Person.active.is_(True),
    )
    return connection.execute(theirs.order_by(Person.name)).all()


def button(house: House, language: str, student: int, name: str, flow: str = "") -> Button:
    """The button by which an advisor sits down beside a student, in the advisor's language; `student`: their id;
    `flow`: the one it leads into, "" for wherever the student is."""
    label = house.words.catalog.label(house.words.language(language), "digest.beside", student=name)
    return Button(Tap.BESIDE, f"={label}", f"{student}:{flow}" if flow else str(student))


def _go_on(house: House, connection: Connection, scene: Scene, key: str, now: datetime, flow: str) -> list[Delivery]:
    """The hello where nothing was begun, else the flow that is wished for, or the open question."""
    channel = scene.seat.channel if scene.seat is not None else ""
    if _nothing_begun(connection, scene, now):
        return greet_anew(house, connection, scene, channel, f"turn:{key}", now)
    turn = Turn(house, connection, scene, channel, key, now)
    if flow and scene.status != "held":
        return turn.tap(Ref(scene.conversation, flow, 0, "open"), (), "")
    return turn.resume()


def _here_we_are(house: House, connection: Connection, scene: Scene, key: str, now: datetime) -> list[Delivery]:
    """In the thread, and for whoever looks for it also where the advisor is: outside."""
    voice = scene.voice(scene.seat.channel if scene.seat is not None else "", f"beside:{key}", now)
    saying = Saying("beside_again", {"student": scene.student})
    draft = voice.draft(Kind.SAY, {**saying.payload(voice.language), "broadcast": True})
    return house.outbox.put(connection, [draft], now, claim=True)


def _nothing_begun(connection: Connection, scene: Scene, now: datetime) -> bool:
    return scene.status == "new" or (scene.status != "held" and outdated(connection, scene, now))


def _seated(connection: Connection, workspace: str, conversation: int) -> Scene | None:
    """The conversation in the thread in which the student's advisor sits beside them; None where there is none yet."""
    scene = scene_by_id(connection, workspace, conversation)
    return scene.as_found_by(*scene.seat) if scene is not None and scene.seat is not None else None


def _may_sit(advisor: AnyRow, student: AnyRow) -> bool:
    theirs = frozenset({student.id} if student.advisor_id == advisor.id else ())
    actor = Actor(advisor.id, Role(advisor.role), theirs, advisor.active)
    return student.role == Role.STUDENT and may(actor, Action.JOIN, Thing(What.CONVERSATION, student.id))


def _root(advisor: AnyRow, student: AnyRow, conversation: int, occasion: str, now: datetime, flow: str = "") -> Draft:
    """The message under which the thread begins."""
    key = root_key(advisor.slack_id, conversation, occasion)
    voice = Voice(advisor.workspace, advisor.slack_id, advisor.language, f"person:{student.id}", key, now)
    saying = Saying("beside_root", {"student": student.name})
    return voice.draft(Kind.SAY, {**saying.payload(advisor.language), "beside": conversation, "flow": flow})


def _opened(thread: str) -> datetime:
    return datetime.fromtimestamp(float(thread), UTC)


def _spoken_to(connection: Connection, person: AnyRow) -> bool:
    """Whether anything was ever said to a student themselves, rather than to an advisor beside them."""
    said = select(deliveries.c.id).where(
        deliveries.c.workspace == person.workspace,
        deliveries.c.subject == f"person:{person.id}",
        deliveries.c.recipient == person.slack_id,
        deliveries.c.kind.in_([Kind.SAY, Kind.ASK]),
    )
    return connection.execute(said.limit(1)).first() is not None
