"""Script and practice: what is offered to a student, in their DM, their home, or beside their advisor."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.conference.script import something_to_say
from bot.conference.timing import clock
from bot.dialogue.events import Command
from bot.services.house import House
from bot.services.script import cues, leading, rehearsing, runs
from bot.services.script.runs import Act, Done, Kind
from bot.services.script.visit import Visit
from bot.services.speech import Button, Saying
from bot.services.talk import greeting
from bot.services.talk.scene import Scene, scene_of
from bot.store.session import AnyRow
from bot.taps import Ref, Tap


def offer(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying | None:
    """What practice is, how often it was done, and the way into it; None for anybody but a student who has begun to
    prepare a conference."""
    scene = _scene(connection, person)
    return offered(house, connection, scene, now) if scene is not None else None


def lead(house: House, connection: Connection, person: AnyRow, now: datetime) -> Saying | None:
    """The way into lead mode, or when it opens; None as for `offer`."""
    scene = _scene(connection, person)
    return led(house, connection, scene, now) if scene is not None else None


def led(house: House, connection: Connection, scene: Scene, now: datetime) -> Saying | None:
    """The same as `lead` for a conversation."""
    visit = at(house, connection, scene, now)
    return leading.ready(visit) if visit is not None else None


def offered(house: House, connection: Connection, scene: Scene, now: datetime) -> Saying | None:
    """The same as `offer` for a conversation; fixed words while a person is to read what was written in it."""
    visit = at(house, connection, scene, now)
    if visit is None:
        return None
    return visit.waits() or _offered(visit)


def at(house: House, connection: Connection, scene: Scene, now: datetime) -> Visit | None:
    """A student, or whoever sits beside them, at the cards of their conference; None where there is none."""
    held = greeting.current_conference(connection, scene.workspace, scene.person, now)
    script = cues.script_of(house, connection, scene.workspace, held.id) if held is not None else None
    return Visit(house, connection, scene, script, "", "", "", now) if script is not None else None


def runs_of(connection: Connection, workspace: str, conference: int) -> list[Done]:
    """The rehearsals of a conference that were finished: with how sure the student was before and after."""
    return runs.done(connection, workspace, conference)


def _scene(connection: Connection, person: AnyRow) -> Scene | None:
    return scene_of(connection, person.workspace, person.slack_id) if person.role == "student" else None


def _offered(visit: Visit) -> Saying:
    script, held = visit.script, visit.script.conference
    context: dict[str, Any] = {
        "student": visit.scene.student, "date": held.date.isoformat(), "time": held.time,
        "cards": len(script.cards), "minutes": script.minutes,
    }  # fmt: skip
    over = leading.is_over(held, visit.zone, visit.now)
    if over or not something_to_say(script.cards):
        return Saying("practice_nothing", {**context, "over": over}, {"actions": [[] if over else [_go_on(visit)]]})
    done = runs_of(visit.connection, visit.scene.workspace, visit.conference)
    context |= {
        "runs": [{**asdict(one), "time": clock(one.seconds)} for one in done],
        "thin": rehearsing.thin_context(script),
        "leads": leading.is_time(held, visit.zone, visit.now),
    }
    return Saying("practice_offer", context, {"actions": [_ways_in(visit, len(done)), rehearsing.thin_buttons(script)]})


def _go_on(visit: Visit) -> Button:
    """To the parts that are still to be written."""
    return Button(Tap.ANSWER, "go_on", Ref(visit.scene.conversation, "", 0, f"cmd:{Command.START}").text(), "primary")


def _ways_in(visit: Visit, done: int) -> list[Button]:
    """Lead mode, when it is time; the run that was left half way, or the next one."""
    leads = leading.is_time(visit.script.conference, visit.zone, visit.now)
    lead_mode = [runs.lead_button(visit.conference)] if leads else []
    going = runs.unfinished(visit.connection, visit.scene.workspace, visit.conference, Kind.REHEARSAL)
    style = "" if leads else "primary"
    if going is None or going.before is None:
        return [*lead_mode, rehearsing.run_button(visit.script, done + 1, style)]
    on = visit.script.label("practice.go_on", number=visit.number(going))
    again = visit.script.label("practice.again")
    return [
        *lead_mode,
        runs.step(f"={on}", going.id, Act.GO, going.position, style),
        runs.step(f"={again}", visit.conference, Act.AGAIN),
    ]
