"""The conditions that make a nudge unnecessary, by their names in a cadence's `unless`.

`<flow>_done`, `all_done` (every part but the approval) and `approved` hold for one conference: `letter_done@7`.
`rehearsed` and `rehearsed_twice` hold for one conference too, once its cards were gone through to the end so often; and
before it is time for that: the first as long as parts are open, the second until the agenda is approved.
`evidence_given` and `checked_in` hold for one week: `checked_in@2026-W47`; `checked_in` always without goals.
`met` holds once the student and the coach have spoken. What a school's level leaves out counts as done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, select

from bot.dialogue.state import State
from bot.services.nudges import personal
from bot.services.roster import levels
from bot.services.script import runs
from bot.services.talk import gathered
from bot.store.models import Conversation, FlowState
from bot.store.session import AnyRow
from bot.words import APPROVE, LEVELS
from scheduler.calendar import Calendar

WEEKLY = {"evidence": "evidence_given", "check_in": "checked_in"}
REHEARSED = ("rehearsed", "rehearsed_twice")
"""After one rehearsal, and after two."""

LOOKED_BACK = timedelta(days=120)
"""Weekly answers older than this concern no term that is still planned."""

NEVER_MET = frozenset({WEEKLY["check_in"], *REHEARSED})
"""What holds for somebody who has no conversation yet."""

NAMES = personal.NAMES | frozenset(
    {
        "met", "approved", "all_done", *REHEARSED, *WEEKLY.values(),
        *(f"{flow}_done" for flow in (*LEVELS["full"], "reflection")),
    }
)  # fmt: skip
"""Every condition there is."""


def holds(
    connection: Connection, workspace: str, calendar: Calendar, students: Collection[int] | None, now: datetime
) -> dict[int, frozenset[str]]:
    """What holds for each of these students (None: all) who has a conversation."""
    talks = _conversations(connection, workspace, students)
    done = _done(connection, workspace, talks, some=students is not None)
    level = levels.of_conferences(connection, workspace, _conferences(talks) if students is not None else None)
    found: dict[int, set[str]] = defaultdict(set)
    for talk in talks:
        parts = LEVELS[level.get(talk.conference_id, levels.DEFAULT)]
        found[talk.person_id] |= {"met", *_prepared(talk, done[talk.id], parts)}
    weeks = gathered.weeks_given(connection, workspace, students, _since(calendar, now), calendar.zone)
    for person, given in weeks.items():
        found[person] |= {f"{WEEKLY[flow]}@{week}" for flow, week in given}
    for conference, run in runs.finished(connection, workspace, students).items():
        found[run.student_id] |= {f"{name}@{conference}" for name in REHEARSED[: run.times]}
    with_goals = gathered.with_goals(connection, workspace, students)
    for person in found.keys() - with_goals:
        found[person].add(WEEKLY["check_in"])
    return {person: frozenset(names) for person, names in found.items()}


def _since(calendar: Calendar, now: datetime) -> datetime:
    day = calendar.today(now)
    term = calendar.term(day)
    first = min(term.first, day) if term is not None else day
    return max(datetime.combine(first, time(), UTC) - timedelta(days=1), now - LOOKED_BACK)


def _conversations(connection: Connection, workspace: str, students: Collection[int] | None) -> list[AnyRow]:
    asked = select(
        Conversation.id, Conversation.person_id, Conversation.conference_id, Conversation.flow, Conversation.state,
        Conversation.approved,
    ).where(Conversation.workspace == workspace)  # fmt: skip
    if students is not None:
        asked = asked.where(Conversation.person_id.in_(students))
    return list(connection.execute(asked))


def _conferences(talks: Sequence[AnyRow]) -> set[int]:
    return {talk.conference_id for talk in talks if talk.conference_id is not None}


def _done(connection: Connection, workspace: str, talks: Sequence[AnyRow], *, some: bool) -> Mapping[int, set[str]]:
    """By conversation the flows that are done: those put aside, and the one that is open."""
    found: dict[int, set[str]] = defaultdict(set)
    asked = select(FlowState.conversation_id, FlowState.flow).where(
        FlowState.workspace == workspace, FlowState.done.is_(True)
    )
    if some:
        asked = asked.where(FlowState.conversation_id.in_([talk.id for talk in talks]))
    for row in connection.execute(asked):
        found[row.conversation_id].add(row.flow)
    for talk in talks:
        if talk.flow and talk.state:
            found[talk.id].discard(talk.flow)
            if State.from_json(talk.state).done:
                found[talk.id].add(talk.flow)
    return found


def _prepared(talk: AnyRow, done: Collection[str], level: Collection[str]) -> Iterable[str]:
    """What is done for the conversation's conference."""
    if talk.conference_id is None:
        return
    parts = [flow for flow in LEVELS["full"] if flow != APPROVE]
    over = {flow for flow in parts if flow in done or flow not in level}
    names = {f"{flow}_done" for flow in over | ({"reflection"} & set(done))}
    if len(over) == len(parts):
        names.add("all_done")
    else:
        names.add(REHEARSED[0])
    names.add("approved" if talk.approved > 0 else REHEARSED[1])
    yield from (f"{name}@{talk.conference_id}" for name in names)
