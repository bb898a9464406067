"""Taps on the buttons of practice and lead mode: each taken in once, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.conference import access
from bot.conference.access import Action, Thing
from bot.dialogue.events import Command, Said
from bot.services.command import vocabulary
from bot.services.house import House
from bot.services.roster.actors import actor
from bot.services.script import cues, leading, rehearsing, runs
from bot.services.script.runs import Act, Kind
from bot.services.script.visit import Visit
from bot.services.talk import greeting
from bot.services.talk.hearing import first_time
from bot.services.talk.scene import Scene, scene_by_id, scene_in_thread
from bot.store.session import AnyRow
from bot.taps import Step
from scheduler.outbox import Delivery, Draft

_OF_A_CONFERENCE = frozenset({Act.BEGIN, Act.AGAIN, Act.LEAD, Act.OPEN, Act.REOPEN})
"""What is about a conference; all else is about a run."""

STILL = timedelta(hours=1)
"""So long after something was done with the cards, what is typed may be about them."""


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


def typed(
    house: House, connection: Connection, scene: Scene, channel: str, key: str, said: Said, now: datetime
) -> list[Delivery] | None:
    """What a student types while they are at their cards, where it says what a button there does: "next", "stop", how
    sure they are, that they are done. None for anything else, which belongs to the conversation."""
    wanted = _wanted(house, scene.language, said.text)
    if not wanted or scene.status == "held":
        return None
    held = greeting.current_conference(connection, scene.workspace, scene.person, now)
    run = runs.latest(connection, scene.workspace, held.id) if held is not None else None
    step = _step_of(run, wanted) if run is not None and _at_it(scene, run, now) else None
    script = (
        cues.script_of(house, connection, scene.workspace, held.id) if step is not None and held is not None else None
    )
    if run is None or step is None or script is None:
        return None
    visit = Visit(house, connection, scene, script, channel, "", key, now)
    run = runs.change(connection, run, channel="", ts="")  # what follows stands below what was typed
    return house.outbox.put(connection, _steps(visit, run, step), now, claim=True)


def _wanted(house: House, language: str, text: str) -> dict[Act, int]:
    """What these words may ask of a run, each with the number it carries, if it carries one."""
    coach, catalog = house.words.coach(language), house.words.catalog
    done = catalog.label(house.words.language(language), "practice.done").split(", ")
    bare = vocabulary.bare(text).replace("'", "").replace("’", "").strip(" .!")
    control, number = coach.control(text), coach.number(text)
    acts: dict[Act, int] = dict.fromkeys((Act.FINISH,) if bare in done else (), 0)
    acts |= dict.fromkeys((Act.BEFORE, Act.AFTER) if number is not None else (), number or 0)
    act = (
        {Command.NEXT: Act.NEXT, Command.PAUSE: Act.STOP, Command.BACK: Act.BACK}.get(Command(control))
        if control
        else None
    )
    return acts | ({act: 0} if act is not None else {})


def _at_it(scene: Scene, run: AnyRow, now: datetime) -> bool:
    """Whether the student is at their cards: a short while ago they were, and no question was asked since."""
    last = runs.touched(run)
    return now - last < STILL and (scene.asked_at is None or float(scene.asked_at) <= last.timestamp())


def _step_of(run: AnyRow, wanted: Mapping[Act, int]) -> Step | None:
    """The tap that the words stand for in this run as it is; None where they ask nothing of it."""
    lead, over = run.kind == Kind.LEAD, run.ended_at is not None
    if over:
        acts = [] if lead or run.after is not None else [Act.AFTER]
    elif lead:
        acts = [Act.NEXT, Act.BACK, Act.STOP, Act.FINISH]
    else:
        acts = [Act.BEFORE] if run.before is None else [Act.NEXT, Act.STOP]
    act = next((one for one in acts if one in wanted), None)
    if act is Act.NEXT and runs.stopped(run):
        act = Act.GO
    return Step(run.id, act, wanted.get(act, 0) or run.position) if act is not None else None


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
    greeting.lock(connection, person.workspace, person.id)
    conversation = greeting.begin(connection, person, house.clock())
    return scene_by_id(connection, person.workspace, conversation)


def _steps(visit: Visit, run: AnyRow | None, step: Step) -> list[Draft]:
    if run is not None and run.kind == Kind.LEAD:
        return leading.take(visit, run, step)
    if step.act == Act.LEAD:
        return [visit.say(leading.ready(visit))]
    if step.act in (Act.OPEN, Act.REOPEN):
        return leading.begin(visit, anew=step.act == Act.REOPEN)
    waits = visit.waits()  # a person reads first; the meeting itself goes on
    if waits is not None:
        return [visit.say(waits)]
    if run is None:
        return rehearsing.begin(visit, anew=step.act == Act.AGAIN)
    return rehearsing.take(visit, run, step)
