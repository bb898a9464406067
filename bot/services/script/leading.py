"""Lead mode: at the meeting itself the cards one by one, with the time that is left. One message, said anew."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.conference import timing
from bot.conference.script import card_context
from bot.services.afterwards import committing
from bot.services.script import rehearsing, runs
from bot.services.script.runs import Act, Kind
from bot.services.script.visit import Visit
from bot.services.speech import Button, Saying
from bot.store.session import AnyRow
from bot.taps import Step
from scheduler.outbox import Draft
from scheduler.walltime import resolve

OPENS, CLOSES = timedelta(minutes=30), timedelta(hours=2)
"""Before and after the conference's beginning."""


def begins(conference: AnyRow, zone: ZoneInfo) -> datetime:
    """When a conference begins."""
    return resolve(conference.date, time.fromisoformat(conference.time), zone)


def is_time(conference: AnyRow, zone: ZoneInfo, now: datetime) -> bool:
    """Whether lead mode is open."""
    start = begins(conference, zone)
    return start - OPENS <= now <= start + CLOSES


def is_over(conference: AnyRow, zone: ZoneInfo, now: datetime) -> bool:
    """Whether there is nothing left to practise for, nor to lead."""
    return now > begins(conference, zone) + CLOSES


def ready(visit: Visit) -> Saying:
    """The way into lead mode; before its time, when that is, and practice instead."""
    held = visit.script.conference
    start = begins(held, visit.zone)
    context: dict[str, Any] = {
        "student": visit.scene.student, "date": held.date.isoformat(), "time": held.time,
        "cards": len(visit.script.cards), "minutes": visit.script.minutes,
    }  # fmt: skip
    if not is_time(held, visit.zone, visit.now):
        more = {"opens": visit.local(start - OPENS), "over": visit.now > start}
        practice = [] if more["over"] else [runs.button(visit.scene.conversation, "primary")]
        return Saying("lead_not_now", context | more, {"actions": [practice]})
    going = runs.unfinished(visit.connection, visit.scene.workspace, visit.conference, Kind.LEAD)
    return Saying("lead_ready", context, {"actions": [_ways_in(visit, going)]})


def _ways_in(visit: Visit, going: AnyRow | None) -> list[Button]:
    if going is None:
        return [runs.step("begin", visit.conference, Act.OPEN, style="primary")]
    on = visit.script.label("practice.go_on", number=visit.number(going))
    return [
        runs.step(f"={on}", going.id, Act.GO, going.position, "primary"),
        runs.step(f"={visit.script.label('practice.again')}", visit.conference, Act.REOPEN),
    ]


def begin(visit: Visit, *, anew: bool) -> list[Draft]:
    """The meeting begins: the first card, in a message of its own. One that was begun goes on, unless `anew`."""
    if not is_time(visit.script.conference, visit.zone, visit.now):
        return [visit.say(ready(visit))]
    before = runs.unfinished(visit.connection, visit.scene.workspace, visit.conference, Kind.LEAD)
    if before is not None and not before.position and visit.now - before.started_at < rehearsing.TWO_TAPS:
        return []
    if before is not None and not anew:
        return _gone_on(visit, before)
    run = runs.begin(visit.connection, visit.scene.workspace, visit.conference, Kind.LEAD, visit.now)
    return [visit.say(shown(visit, run))]


def take(visit: Visit, run: AnyRow, step: Step) -> list[Draft]:
    """A tap at the meeting. One on a card that is no longer up changes nothing: it shows the one that is."""
    if step.act == Act.GO and run.ended_at is None:
        return _gone_on(visit, run)
    if visit.elsewhere(run):
        return [visit.say(visit.elsewhere_is(run))]
    run = visit.adopt(run)
    if step.act == Act.STOP and run.ended_at is None:
        return [visit.anew(run, _stopped(visit, run))]
    if step.number == run.position:
        run = _moved(visit, run, step) if run.ended_at is None else _taken_up(visit, run, step)
    return [visit.anew(run, shown(visit, run))]


def _gone_on(visit: Visit, run: AnyRow) -> list[Draft]:
    """The card that is up, in a new message: its time has gone on."""
    run = runs.change(visit.connection, run, channel="", ts="")
    return [visit.say(shown(visit, run))]


def _stopped(visit: Visit, run: AnyRow) -> Saying:
    """The way back to the card: the meeting's clock goes on."""
    context = {"run": 0, "n": visit.number(run), "total": len(visit.script.cards)}
    return Saying(
        "rehearsal_stopped", context, {"actions": [[runs.step("go_on", run.id, Act.GO, run.position, "primary")]]}
    )


def _moved(visit: Visit, run: AnyRow, step: Step) -> AnyRow:
    last = len(visit.script.cards) - 1
    cards = runs.spent(run, visit.card(run).topic, runs.seconds(run.card_at, visit.now))
    values: dict[str, Any] = {"cards": cards, "card_at": visit.now}
    match step.act:
        case Act.NEXT if run.position < last:
            return runs.change(visit.connection, run, position=run.position + 1, **values)
        case Act.BACK if run.position > 0:
            return runs.change(visit.connection, run, position=run.position - 1, **values)
        case Act.FINISH:
            return runs.change(visit.connection, run, ended_at=visit.now, **values)
        case _:
            return run


def _taken_up(visit: Visit, run: AnyRow, step: Step) -> AnyRow:
    """A meeting that was not finished after all: its clock has gone on."""
    if step.act != Act.UNDO or not is_time(visit.script.conference, visit.zone, visit.now):
        return run
    return runs.change(visit.connection, run, ended_at=None)


def shown(visit: Visit, run: AnyRow) -> Saying:
    """The meeting as it stands: a card with the time that is left, or that it is over."""
    if run.ended_at is not None:
        return _done(visit, run)
    script, position = visit.script, visit.number(run) - 1
    left = timing.left(script.cards, position, run.started_at, run.card_at, visit.now)
    context = {
        **card_context(script.cards[position], script.cards, script.label),
        "until": visit.local(left.until), "ends": visit.local(left.ends), "left": left.minutes, "rest": left.rest,
        "given": left.given,
        "over": left.over, "shorter": script.title(left.shorter) if left.shorter else "", "to": left.to,
    }  # fmt: skip
    return Saying("lead_card", context, {"actions": [_buttons(run, position, len(script.cards) - 1)]})


def _buttons(run: AnyRow, position: int, last: int) -> list[Button]:
    onward = [runs.step("next", run.id, Act.NEXT, run.position, "primary")] if position < last else []
    back = [runs.step("back", run.id, Act.BACK, run.position)] if position else []
    return [*onward, *back, runs.step("finished", run.id, Act.FINISH, run.position, "" if onward else "primary")]


def _done(visit: Visit, run: AnyRow) -> Saying:
    context = {
        "student": visit.scene.student,
        "minutes": max(1, round((run.ended_at - run.started_at).total_seconds() / 60)),
        "cards": len(run.cards),
    }
    buttons = [committing.button(visit.conference)]
    if run.position < len(visit.script.cards) - 1:  # perhaps a slip of the thumb
        back = visit.script.label("practice.back_to", number=visit.number(run))
        buttons.append(runs.step(f"={back}", run.id, Act.UNDO, run.position))
    return Saying("lead_done", context, {"actions": [buttons]})
