"""An advisor's look at one student's way so far, or at the list of all of theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select

from bot.conference import access
from bot.conference.agenda import LINE_LABELS, in_flows, line_words, one_line
from bot.conference.answers import NOTHING_SET, Given, visibility
from bot.conference.readiness import Status
from bot.dialogue.flow import Flow, Question
from bot.services.adults import given
from bot.services.advising import withholding
from bot.services.advising.digest import ALL
from bot.services.advising.progress import Progress, actor_of, advisees, progress
from bot.services.agenda import binder
from bot.services.agenda.materials import Material
from bot.services.audit import trail
from bot.services.command import deeds, meetings, status
from bot.services.command.reader import Reader
from bot.services.family import attending
from bot.services.house import House
from bot.services.roster import school
from bot.services.speech import Button, Saying
from bot.services.talk import gathered, review
from bot.services.talk.greeting import person_in_slack
from bot.services.talk.scene import first_name
from bot.store.models import Conversation, FlowState
from bot.store.session import AnyRow
from bot.taps import Tap
from bot.words import APPROVE, LEVELS
from prompts.splitting import shorten

ANSWER = 500
ROUND = 2500
"""Characters of one answer, and of all answers of one goal, that a window shows."""
PIECES = 5
LABEL = 20


@dataclass(frozen=True, slots=True)
class Look:
    """A window: its title's key in labels.toml, what it says, in which language."""

    title: str
    saying: Saying
    language: str


def look(house: House, workspace: str, slack_id: str, value: str) -> Look | None:
    """What an advisor sees of a student of theirs (`value`: the person's id) or of all ("all").

    None for anybody else, and for a student who is not theirs, whether there is one or not.
    """
    now = house.clock()
    with house.store.read() as connection:
        person = person_in_slack(connection, workspace, slack_id)
        if person is None or person.role != access.Role.ADVISOR:
            return None
        if value == ALL:
            return Look("modal.list_title", status.of(house, connection, person, now), person.language)
        own = advisees(connection, person)
        if not value.isdecimal() or int(value) not in own:
            return None
        one = progress(connection, workspace, [int(value)], now)[0]
        found = Look("modal.look_title", _student(house, connection, person, one, now), person.language)
    trail.seen(house.store, workspace, now, person.id, "student", one.student)
    return found


def _student(house: House, connection: Connection, advisor: AnyRow, one: Progress, now: datetime) -> Saying:
    language = house.words.language(advisor.language)
    parts, slots = [], dict[str, list[list[Button]]]()
    if one.conference:
        read = review.material(connection, advisor.workspace, one.conference)
        flows = review.flows_of(house, language, one.level)
        parts = list(_parts(house, connection, advisor, one, language, read, flows))
        slots = _holds(one, read, flows)
    notes, of_notes = _given(connection, advisor, one)
    coming, of_coming = _coming(connection, advisor, one)
    context = {
        "name": one.name,
        "status": one.readiness.status.value,
        "done": one.readiness.done,
        "total": one.readiness.total,
        "date": one.date,
        "time": one.time,
        "heard": _day(connection, advisor.workspace, one.heard_at),
        "steps": _steps(house, connection, one, language),
        "goals": _goals(house, connection, one, language),
        "parts": parts,
        "given": notes,
        "coming": coming,
        "cut": any(line.pop("cut") for part in parts for line in part["lines"]),
    }
    actions = [_buttons(house, one, language), *_conference(house, connection, advisor, one, now)]
    return Saying("student_look", context, {"actions": actions, **slots, **of_notes, **of_coming})


def _conference(house: House, connection: Connection, advisor: AnyRow, one: Progress, now: datetime) -> list[list[Any]]:
    """What the advisor can give, read and write down of the student's conference."""
    reader = Reader(house, connection, advisor, actor_of(advisor, [one.student]), now)
    row = meetings.one(reader, one.conference)
    return deeds.rows(reader, row) if row is not None else []


def _holds(one: Progress, read: Material, flows: Mapping[str, Flow]) -> dict[str, list[list[Button]]]:
    """Under each round that has something on the agenda, or held back from it, the buttons for that; by slot."""
    return {
        f"hold-{flow}-{number}": [withholding.buttons(one.conference, flow, number, items)]
        for (flow, number), items in withholding.rounds(read, flows).items()
    }


def _given(
    connection: Connection, advisor: AnyRow, one: Progress
) -> tuple[list[dict[str, Any]], dict[str, list[list[Button]]]]:  # fmt: skip
    """What adults gave, and what the student chose; with the buttons to hold each back, by slot."""
    thing = access.Thing(access.Kind.NOTE, one.student)
    if not one.conference or not access.may(actor_of(advisor, [one.student]), access.Action.SEE, thing):
        return [], {}
    rows = given.notes_of(connection, one.workspace, one.conference)
    slots = {
        f"note-{row.id}": [
            withholding.buttons(
                one.conference, withholding.NOTE, row.id,
                [withholding.Held(str(row.id), row.text, row.held_reason)],
            )
        ]
        for row in rows
        if withholding.holdable(row)
    }  # fmt: skip
    notes = [
        {
            "slot": f"note-{row.id}", "by": row.author, "kind": row.kind, "title": row.title, "choice": row.choice,
            "words": shorten(row.text, ANSWER), "held": one_line(row.held_reason),
        }
        for row in rows
    ]  # fmt: skip
    return notes, slots


def _coming(
    connection: Connection, advisor: AnyRow, one: Progress
) -> tuple[list[dict[str, Any]], dict[str, list[list[Button]]]]:  # fmt: skip
    """Who of the adults comes, and how; with the buttons to record it for the family while it can change."""
    thing = access.Thing(access.Kind.RSVP, one.student)
    if not one.conference or not access.may(actor_of(advisor, [one.student]), access.Action.SEE, thing):
        return [], {}
    answers = attending.answers_of(connection, one.workspace, one.conference)
    others = [answer for answer in answers if answer["person"] != advisor.id]
    over = one.readiness.status is Status.MET
    return others, {} if over else {"answers": attending.record_rows(others, one.conference)}


def _buttons(house: House, one: Progress, language: str) -> list[Button]:
    def named(key: str, tap: Tap) -> Button:
        words = house.words.catalog.label(language, f"digest.{key}", student=shorten(first_name(one.name), LABEL))
        return Button(tap, f"={words}", str(one.student))

    over = one.readiness.status in (Status.READY, Status.MET)
    nudge = [named("nudge", Tap.REMIND)] if one.slack_id and one.wants_reminders and not over else []
    packet = [binder.button(one.conference)] if one.conference else []
    return [*nudge, named("beside", Tap.BESIDE), *packet]


def _day(connection: Connection, workspace: str, heard: datetime | None) -> str:
    return school.today(connection, workspace, heard).isoformat() if heard else ""


def _steps(house: House, connection: Connection, one: Progress, language: str) -> list[dict[str, str]]:
    """The parts of the student's level, each done, begun or new."""
    put_aside = select(FlowState.flow, FlowState.done).where(
        FlowState.workspace == one.workspace, FlowState.conversation_id == one.conversation
    )
    done = {row.flow: row.done for row in connection.execute(put_aside)}
    open_flow = connection.scalar(
        select(Conversation.flow).where(Conversation.workspace == one.workspace, Conversation.id == one.conversation)
    )
    finished = one.readiness.finished
    return [
        {
            "title": house.words.flow(language, name).title,
            "status": "done" if name in finished else "begun" if name in done or name == open_flow else "new",
        }
        for name in LEVELS[one.level]
    ]


def _goals(house: House, connection: Connection, one: Progress, language: str) -> list[dict[str, str]]:
    """The goals of the newest conference that has any, each with the last check-in."""
    if not one.conversation:
        return []
    found = gathered.progress_of(connection, one.workspace, one.conversation)
    options = {
        option.id: option.label
        for option in house.words.flow(language, gathered.CHECK_IN).question(gathered.PROGRESS).options
    }
    return [
        {"words": shorten(goal.goal, ANSWER), "step": options.get(goal.weeks[-1][1], "") if goal.weeks else ""}
        for goal in found
        if goal.goal and goal.conference == found[0].conference
    ]


def _parts(
    house: House, connection: Connection, advisor: AnyRow, one: Progress, language: str, read: Material,
    flows: Mapping[str, Flow],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """What the student said, by flow and round, as far as the advisor may see it: nothing that was flagged."""
    actor = actor_of(advisor, [one.student])
    seen = []
    for said, question in in_flows(read.given, {name: flow for name, flow in flows.items() if name != APPROVE}):
        thing = access.Thing(
            access.Kind.ANSWER, one.student, visibility(question, read.settings.get(said.spot, NOTHING_SET))
        )
        if not said.alarm and access.may(actor, access.Action.SEE, thing):
            seen.append((said, question))
    for name, answers in groupby(seen, key=lambda pair: pair[0].flow):
        rounds = [list(each) for _, each in groupby(answers, key=lambda pair: pair[0].round)]
        lines = [_line(house, language, each, read.settings) for each in rounds]
        yield {"title": flows[name].title, "lines": [line for line in lines if line["words"] or line["works"]]}
    if pieces := gathered.pieces(connection, one.workspace, one.conversation, "strengths"):
        titles = [one_line(shorten(piece.title, ANSWER)) for piece in sorted(pieces, key=lambda it: it.day)[-PIECES:]]
        title = house.words.flow(language, gathered.EVIDENCE).title
        yield {"title": title, "lines": [{"words": "\n".join(titles), "works": [], "thin": False, "held": False,
                                          "reason": "", "slot": "", "cut": len(pieces) > PIECES}]}  # fmt: skip


def _line(
    house: House, language: str, answers: list[tuple[Given, Question]], settings: Mapping[Any, Any]
) -> dict[str, Any]:
    """The answers of one round, each on a line of its own; what they are where they do not say it themselves."""
    whole = []
    for said, question in answers:
        words = line_words(said, question)
        key = LINE_LABELS.get((said.flow, said.question), "")
        if words:
            short = shorten(words, ANSWER)
            whole.append(f"{house.words.catalog.label(language, key)}: {short}" if key else short)
    set_here = [settings.get(said.spot, NOTHING_SET) for said, _ in answers]
    first = answers[0][0]
    text = "\n".join(whole)
    works = [one_line(shorten(work.title, ANSWER)) for said, _ in answers for work in said.evidence if work.title]
    return {
        "words": shorten(text, ROUND),
        "works": works[:PIECES],
        "thin": any(one.develop for one in set_here),
        "held": any(one.held_reason for one in set_here),
        "reason": next((shorten(one_line(one.held_reason), ANSWER) for one in set_here if one.held_reason), ""),
        "slot": f"hold-{first.flow}-{first.round}",
        "cut": len(text) > ROUND
        or len(works) > PIECES
        or any(len(line_words(said, question)) > ANSWER for said, question in answers),
    }
