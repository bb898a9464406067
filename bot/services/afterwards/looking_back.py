"""Where a student was: what their last conference left them with, as the next one is begun."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.conference.agenda import one_line
from bot.conference.answers import Revision, Spot, fold
from bot.services.afterwards import commitments
from bot.services.afterwards.commitments import Commitment
from bot.services.house import House
from bot.services.roster import school
from bot.services.script import runs
from bot.services.speech import Saying
from bot.services.talk import gathered
from bot.services.talk.gathered import CHECK_IN, PROGRESS, GoalProgress
from bot.services.talk.scene import first_name
from bot.store.models import Answer, Conference, Conversation
from bot.store.session import AnyRow
from prompts.splitting import shorten

MESSAGE = "where_i_was"
USE = Spot("reflection", "use")
PROMISED, QUOTE, WORDS = 10, 160, 600
"""So many commitments, so many characters of each, and of what the student wrote: one message."""


def where_i_was(house: House, connection: Connection, student: AnyRow, now: datetime) -> Saying | None:
    """The goals of the last conference and how the check-ins went, what was promised there and what became of it, how
    sure the student was before and after rehearsing, and what they wanted to use. None where there is none of it.

    In the context, `weeks` and each goal's `steps` (of every week: the place of an option, or None) are the picture's.
    """
    last = _last(connection, student, now)
    if last is None:
        return None
    goals = _goals(house, connection, student, last.id)
    promised = commitments.of(connection, student.workspace, [last.id]).get(last.id, [])
    sure, use = _sure(connection, student.workspace, last.id), _use(connection, student, last.id)
    if not (goals["goals"] or promised or sure or use):
        return None
    context = {
        "student": first_name(student.name), "date": last.date.isoformat(), **goals,
        "promised": [_promised(one, student.id) for one in promised[:PROMISED]],
        "promised_more": len(promised[PROMISED:]), "sure": sure, "use": use,
    }  # fmt: skip
    return Saying(MESSAGE, context)


def _last(connection: Connection, student: AnyRow, now: datetime) -> AnyRow | None:
    today = school.today(connection, student.workspace, now)
    return connection.execute(
        select(Conference.id, Conference.date)
        .where(
            Conference.workspace == student.workspace, Conference.student_id == student.id,
            Conference.cancelled.is_(False), Conference.date < today,
        )
        .order_by(Conference.date.desc())
        .limit(1)
    ).first()  # fmt: skip


def _goals(house: House, connection: Connection, student: AnyRow, conference: int) -> dict[str, Any]:
    """The goals with their first and latest check-in, in the words of the check-in's buttons."""
    mine = Conversation.workspace == student.workspace, Conversation.person_id == student.id
    conversation = connection.scalar(select(Conversation.id).where(*mine)) or 0
    every = gathered.progress_of(connection, student.workspace, conversation)
    found = [one for one in every if one.conference == conference and one.goal]
    options = house.words.flow(student.language, CHECK_IN).question(PROGRESS).options
    labels = {option.id: option.label for option in options}
    weeks = sorted({week for one in found for week, _ in one.weeks})
    return {
        "goals": [_goal(one, labels, weeks) for one in found],
        "weeks": weeks,
        "scale": list(labels.values()),
    }


def _goal(one: GoalProgress, labels: Mapping[str, str], weeks: list[str]) -> dict[str, Any]:
    places, taps = {id_: place for place, id_ in enumerate(labels)}, dict(one.weeks)
    known = [labels.get(choice, "") for _, choice in one.weeks]
    return {
        "goal": shorten(one_line(one.goal), QUOTE),
        "first": known[0] if known else "",
        "latest": known[-1] if known else "",
        "steps": [places.get(taps.get(week, "")) for week in weeks],
    }


def _promised(one: Commitment, student: int) -> dict[str, Any]:
    who = "" if one.owner == student else one.name
    return {"who": who, "what": shorten(one_line(one.what), QUOTE), "state": one.state.value}


def _sure(connection: Connection, workspace: str, conference: int) -> dict[str, int]:
    """How sure they were before the first rehearsal and after the last; empty where they did not say both."""
    done = runs.done(connection, workspace, conference)
    before = next((one.before for one in done if one.before), None)
    after = next((one.after for one in reversed(done) if one.after), None)
    return {"before": before, "after": after} if before and after else {}


def _use(connection: Connection, student: AnyRow, conference: int) -> str:
    """What an adult said that they wanted to use, as they wrote it the day after."""
    rows = connection.execute(
        select(Answer.id, Answer.flow, Answer.question, Answer.round, Answer.ts, Answer.revised, Answer.act,
               Answer.text, Answer.choices, Answer.evidence, Answer.alarm)
        .join(Conversation, Conversation.id == Answer.conversation_id)
        .where(Conversation.person_id == student.id, Answer.workspace == student.workspace)
        .where(Answer.conference_id == conference, Answer.flow == USE.flow, Answer.question == USE.question)
    )  # fmt: skip
    given = fold(Revision(*row) for row in rows).get(USE)
    return shorten(given.text, WORDS) if given is not None else ""
