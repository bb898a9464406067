"""Taps on the buttons of practice and lead mode: each taken in once, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from bot.conference import access
from bot.conference.access import Action, Thing
from bot.services import cues, greeting, leading, rehearsing, runs
from bot.services.actors import actor
from bot.services.hearing import first_time
from bot.services.house import House
from bot.services.runs import Act, Kind
from bot.services.scene import Scene, scene_by_id, scene_in_thread
from bot.services.visit import Visit
from bot.store.session import AnyRow
from bot.taps import Step
from scheduler.outbox import Delivery, Draft

_OF_A_CONFERENCE = frozenset({Act.BEGIN, Act.LEAD, Act.OPEN})
"""What is about a conference; all else is about a run."""


def tap(
    house: House, workspace: str, key: str, slack_id: str, channel: str, thread: str, ts: str, step: Step
) -> list[Delivery]:
    """A button of a rehearsal or of the meeting. One of somebody else's changes nothing and says nothing.

    `ts`: the message it stands in, "" where it stands in none of the DM; `thread`: the message that one stands under.
    """
    with house.store.write() as connection:
        if not first_time(connection, workspace, (key,), house.clock()):
            return []
        visit, run = _visit(house, connection, workspace, slack_id, channel, thread, ts, key, step)
        if visit is None:
            return []
        return house.outbox.put(connection, _steps(visit, run, step), visit.now, claim=True)


def may_practise(connection: Connection, person: AnyRow, student: int) -> bool:
    """Whether somebody may go through a student's cards: it is their script, or they sit beside the student."""
    who = actor(connection, person)
    beside = access.may(who, Action.JOIN, Thing(access.Kind.CONVERSATION, student))
    return beside or access.may(who, Action.CHANGE, Thing(access.Kind.SCRIPT, student))


def _visit(
    house: House, connection: Connection, workspace: str, slack_id: str, channel: str, thread: str, ts: str, key: str,
    step: Step,
) -> tuple[Visit | None, AnyRow | None]:  # fmt: skip
    run = None if step.act in _OF_A_CONFERENCE else runs.one(connection, workspace, step.about)
    person = greeting.person_in_slack(connection, workspace, slack_id)
    scene = _scene(house, connection, person, channel, thread) if person is not None else None
    conference = run.conference_id if run is not None else step.about
    script = cues.script_of(house, connection, workspace, conference) if scene is not None else None
    if person is None or scene is None or script is None or script.conference.student_id != scene.person:
        return None, None
    if (run is None and step.act not in _OF_A_CONFERENCE) or not may_practise(connection, person, scene.person):
        return None, None
    run = runs.one(connection, workspace, step.about) if run is not None else None  # as it is, with the lock held
    return Visit(house, connection, scene, script, channel, ts, key, house.clock()), run


def _scene(house: House, connection: Connection, person: AnyRow, channel: str, thread: str) -> Scene | None:
    """Whose cards: a student's own, whom the coach may not have met yet; or those of whom somebody sits beside."""
    if person.role != access.Role.STUDENT:
        return scene_in_thread(connection, person.workspace, person.slack_id, channel, thread) if thread else None
    greeting.lock(connection, person.id)
    conversation = greeting.begin(connection, person, house.clock())
    return scene_by_id(connection, person.workspace, conversation)


def _steps(visit: Visit, run: AnyRow | None, step: Step) -> list[Draft]:
    if run is not None and run.kind == Kind.LEAD:
        return leading.take(visit, run, step)
    if step.act == Act.LEAD:
        return [visit.say(leading.ready(visit))]
    if step.act == Act.OPEN:
        return leading.begin(visit)
    waits = visit.waits()  # a person reads first; the meeting itself goes on
    if waits is not None:
        return [visit.say(waits)]
    return rehearsing.begin(visit) if run is None else rehearsing.take(visit, run, step)
