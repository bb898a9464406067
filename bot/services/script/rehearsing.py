"""A rehearsal: how sure, the cards one by one against the clock, how sure now. One message, said anew at each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.conference.script import card_context
from bot.conference.timing import clock
from bot.services import forms
from bot.services.script import runs
from bot.services.script.cues import Script
from bot.services.script.runs import Act, Kind
from bot.services.script.visit import Visit
from bot.services.speech import Button, Saying
from bot.store.session import AnyRow
from bot.taps import Form, Step, Tap
from scheduler.outbox import Draft

TWO_TAPS = timedelta(minutes=1)
"""Whoever taps "run" again so soon has the first question already."""

SCALE = range(1, 6)
OFFERED = 3
"""Thin cards that have a button of their own."""


def begin(visit: Visit, *, anew: bool) -> list[Draft]:
    """A run from the first card on, in a message of its own; one that was left half way goes on there, unless it is to
    be begun anew."""
    before = runs.unfinished(visit.connection, visit.scene.workspace, visit.conference, Kind.REHEARSAL)
    if before is not None and before.before is None and visit.now - before.started_at < TWO_TAPS:
        return []
    if before is not None and before.before is not None and not anew:
        return _gone_on(visit, before)
    run = runs.begin(visit.connection, visit.scene.workspace, visit.conference, Kind.REHEARSAL, visit.now)
    return [visit.say(shown(visit, run))]


def take(visit: Visit, run: AnyRow, step: Step) -> list[Draft]:
    """A tap in a run. One on a card that is no longer up changes nothing: it shows the one that is."""
    if step.act == Act.GO:
        return _gone_on(visit, run)
    if visit.elsewhere(run):
        return [visit.say(visit.elsewhere_is(run))]
    run = _moved(visit, visit.adopt(run), step)
    stops = step.act == Act.STOP and _is_up(run, step)
    return [visit.anew(run, _stopped(visit, run) if stops else shown(visit, run))]


def _gone_on(visit: Visit, run: AnyRow) -> list[Draft]:
    """The card that was up, with its minutes before it; in a new message, once, if it is gone on with from another."""
    if run.ended_at is not None:
        return [visit.say(visit.elsewhere_is(run))]
    stopped = runs.stopped(run)
    if not run.ts and not stopped and visit.now - run.card_at < TWO_TAPS:
        return []
    place = {"channel": "", "ts": ""} if visit.elsewhere(run) else {}
    cards = {"cards": runs.spent(run, visit.card(run).topic, 0)} if stopped else {}
    run = runs.change(visit.connection, run, card_at=visit.now, **place, **cards)
    return [visit.anew(run, shown(visit, run))]


def _is_up(run: AnyRow, step: Step) -> bool:
    """Whether a tap is about the card that is up."""
    return run.ended_at is None and run.before is not None and step.number == run.position


def _moved(visit: Visit, run: AnyRow, step: Step) -> AnyRow:
    """The run after a tap; unchanged by one that comes too late, or twice."""
    match step.act:
        case Act.BEFORE if run.before is None and step.number in SCALE:
            return runs.change(visit.connection, run, before=step.number, started_at=visit.now, card_at=visit.now)
        case Act.PAUSED if _is_up(run, step):
            cards = runs.spent(run, visit.card(run).topic, 0, paused=True)
            return runs.change(visit.connection, run, cards=cards)
        case Act.NEXT if _is_up(run, step):
            return _next(visit, run)
        case Act.STOP if _is_up(run, step):
            cards = runs.spent(run, visit.card(run).topic, 0)
            cards[run.position]["stopped"] = True
            return runs.change(visit.connection, run, cards=cards)
        case Act.AFTER if run.ended_at is not None and run.after is None and step.number in SCALE:
            return runs.change(visit.connection, run, after=step.number)
        case _:
            return run


def _next(visit: Visit, run: AnyRow) -> AnyRow:
    cards = runs.spent(run, visit.card(run).topic, runs.seconds(run.card_at, visit.now))
    over = visit.now if run.position + 1 >= len(visit.script.cards) else None
    return runs.change(visit.connection, run, cards=cards, position=run.position + 1, card_at=visit.now, ended_at=over)


# --- what a run shows ----------------------------------------------------------------------------------------


def shown(visit: Visit, run: AnyRow) -> Saying:
    """A run as it stands: the question before, a card, the question after, or how it went."""
    if run.before is None:
        context = {"run": run.number, "cards": len(visit.script.cards), "minutes": visit.script.minutes}
        return Saying("rehearsal_before", context, {"actions": [_scale(run, Act.BEFORE)]})
    if run.ended_at is None:
        return _card(visit, run)
    return _ended(visit, run) if run.after is None else _how_it_went(visit, run)


def _card(visit: Visit, run: AnyRow) -> Saying:
    script, card = visit.script, visit.card(run)
    here = run.cards[run.position] if len(run.cards) > run.position else None
    context = {
        **card_context(card, script.cards, script.label),
        "run": run.number,
        "took": _took(script, run),
        "paused": bool(here and here["paused"]),
    }
    buttons = [
        runs.step("next", run.id, Act.NEXT, run.position, "primary"),
        runs.step("paused_here", run.id, Act.PAUSED, run.position),
        change_button("change_card", visit.conference, card.topic, run.id),
        runs.step("stop", run.id, Act.STOP, run.position),
    ]
    return Saying("rehearsal_card", context, {"actions": [buttons]})


def _took(script: Script, run: AnyRow) -> dict[str, Any] | None:
    """How long the card before this one took, against its minutes."""
    if not 0 < run.position <= len(run.cards):
        return None
    last = run.cards[run.position - 1]
    minutes = next((card.minutes for card in script.cards if card.topic == last["topic"]), 0)
    return {"title": script.title(last["topic"]), "time": clock(last["seconds"]), "minutes": minutes}


def _stopped(visit: Visit, run: AnyRow) -> Saying:
    context = {"run": run.number, "n": visit.number(run), "total": len(visit.script.cards)}
    buttons = [
        runs.step("go_on", run.id, Act.GO, run.position, "primary"),
        runs.step(f"={visit.script.label('practice.again')}", visit.conference, Act.AGAIN),
    ]
    return Saying("rehearsal_stopped", context, {"actions": [buttons]})


def _ended(visit: Visit, run: AnyRow) -> Saying:
    buttons = {"scale": [_scale(run, Act.AFTER)], "actions": [[_where_paused(run)]]}
    return Saying("rehearsal_end", _figures(visit, run), buttons)


def _how_it_went(visit: Visit, run: AnyRow) -> Saying:
    done = runs.done(visit.connection, visit.scene.workspace, visit.conference)
    at = next(number for number, one in enumerate(done) if one.run == run.id)
    earlier = {"time": clock(done[at - 1].seconds), "paused": done[at - 1].paused} if at else None
    context = {
        **_figures(visit, run), "before": run.before, "after": run.after, "earlier": earlier,
        "thin": thin_context(visit.script), "again": at == 0,
    }  # fmt: skip
    first = [run_button(visit.script, len(done) + 1, "" if at else "primary"), _where_paused(run)]
    return Saying("rehearsal_done", context, {"actions": [first, thin_buttons(visit.script)]})


def _figures(visit: Visit, run: AnyRow) -> dict[str, Any]:
    return {
        "run": run.number,
        "time": clock(runs.seconds_of(run.cards)),
        "minutes": visit.script.minutes,
        "paused": [visit.script.title(card["topic"]) for card in run.cards if card["paused"]],
        "note": run.note,
    }


def thin_context(script: Script) -> list[dict[str, str]]:
    """The cards that may leave the student without words, and why: plain data for a message."""
    return [
        {"title": script.title(card.topic), "why": card.thin.value} for card in script.cards if card.thin is not None
    ]


def thin_buttons(script: Script) -> list[Button]:
    """A button to change each of the first few of them."""
    thin = [card for card in script.cards if card.thin is not None][:OFFERED]
    return [
        change_button(f"={script.label('practice.change', title=script.title(card.topic))}", script.conference.id,
                      card.topic)
        for card in thin
    ]  # fmt: skip


def run_button(script: Script, number: int, style: str = "primary") -> Button:
    """Begins the run of this number."""
    return runs.step(f"={script.label('practice.run', number=number)}", script.conference.id, Act.BEGIN, style=style)


def change_button(label: str, conference: int, topic: str, run: int = 0) -> Button:
    """Opens the window in which a card is put in other words; `run`: the one whose card is then shown anew."""
    return Button(Tap.FORM, label, forms.value(Form.CUE, conference, str(topic), run))


def _where_paused(run: AnyRow) -> Button:
    return Button(Tap.FORM, "where_paused", forms.value(Form.PAUSED, run.id))


def _scale(run: AnyRow, act: Act) -> list[Button]:
    return [runs.step(f"={number}", run.id, act, number) for number in SCALE]
