"""A student's answers as they are stored: revision by revision, only ever added to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from bot.dialogue.coach import Coach
from bot.dialogue.events import Act, Deleted, Edited, Keep
from bot.dialogue.flow import Flow
from bot.dialogue.judging import Judge
from bot.dialogue.state import Spot, Work
from bot.services.talk.scene import Scene
from bot.store.models import Answer
from scheduler import sealed
from scheduler.prepared import Prepared

_KEPT = (
    *("workspace", "conversation_id", "conference_id", "flow", "question", "round", "ts", "revised", "act", "text"),
    *("choices", "evidence", "alarm", "at"),
)
_KEEP = Prepared(insert(Answer).values({name: bindparam(name, type_=Answer.__table__.c[name].type) for name in _KEPT}))
_KEEP_ALARMING = insert(Answer).returning(Answer.id)
_REVISIONS_OF = select(
    *(Answer.conference_id, Answer.flow, Answer.question, Answer.round, Answer.revised, Answer.act, Answer.evidence)
).where(
    Answer.workspace == bindparam("workspace"),
    Answer.conversation_id == bindparam("conversation"),
    Answer.ts == bindparam("ts"),
)
_LAST_ALARM = (
    select(Answer.alarm)
    .where(
        Answer.workspace == bindparam("workspace"),
        Answer.conversation_id == bindparam("conversation"),
        Answer.alarm != "",
    )
    .order_by(Answer.id.desc())
    .limit(1)
)


def keep(connection: Connection, scene: Scene, revision: Keep, now: datetime) -> None:
    """Store a revision of an answer to a question of the open flow."""
    _KEEP.run(connection, sealed.row(Answer, _row(scene, revision, now)))


def keep_alarming(connection: Connection, scene: Scene, revision: Keep, now: datetime) -> int:
    """Store one that a person must read; its id, for the alert."""
    return connection.execute(_KEEP_ALARMING, sealed.row(Answer, _row(scene, revision, now))).scalar_one()


def works_shown(connection: Connection, scene: Scene) -> int:
    """How many files and links the student has shown for this conference so far, those taken back too."""
    shown = select(Answer.evidence).where(
        Answer.workspace == scene.workspace, Answer.conversation_id == scene.conversation,
        Answer.conference_id == (scene.conference or None), Answer.revised == Answer.ts,
    )  # fmt: skip
    return sum(len(works) for works in connection.scalars(shown))


@dataclass(frozen=True, slots=True)
class Given:
    """A message as it was stored: where it was an answer, and which changes of it are known."""

    conference: int | None
    flow: str
    question: str
    round: int
    evidence: Sequence[Mapping[str, Any]]
    changes: frozenset[str]  # the ts of each
    withdrawn: bool


def given(connection: Connection, scene: Scene, ts: str) -> Given | None:
    """What a message was an answer to; None if to nothing."""
    values = {"workspace": scene.workspace, "conversation": scene.conversation, "ts": ts}
    rows = connection.execute(_REVISIONS_OF, values).all()
    if not rows:
        return None
    one = rows[0]
    shown: Sequence[Mapping[str, Any]] = next((row.evidence for row in rows if row.evidence), [])
    changes = frozenset(row.revised for row in rows if row.revised != ts)
    withdrawn = any(row.act == Act.WITHDRAWN for row in rows)
    return Given(one.conference_id, one.flow, one.question, one.round, shown, changes, withdrawn)


def changed(was: Given, flow: Flow | None, coach: Coach, event: Edited | Deleted) -> Keep | None:
    """The revision that a change makes of an answer of another time; None if it is known. `flow`: that of the answer,
    where there still is one."""
    spot = Spot(was.question, was.round)
    if isinstance(event, Deleted):
        return None if was.withdrawn else Keep(spot, event.ts, event.revised, Act.WITHDRAWN)
    if event.revised in was.changes:
        return None
    asked = next((one for one in flow.questions if one.id == was.question), None) if flow is not None else None
    choices = Judge(flow, coach).choices(asked, event.text) if flow is not None and asked is not None else ()
    works = tuple(Work(**work) for work in was.evidence)
    return Keep(spot, event.ts, event.revised, Act.EDITED, event.text, choices, works, event.alarm)


def amend(connection: Connection, scene: Scene, was: Given, revision: Keep, now: datetime) -> int:
    """Store a revision of an answer of another time, where that stands; its id."""
    place = {"conference_id": was.conference, "flow": was.flow, "question": was.question, "round": was.round}
    row = sealed.row(Answer, {**_row(scene, revision, now), **place})
    return connection.execute(_KEEP_ALARMING, row).scalar_one()


def last_alarm(connection: Connection, scene: Scene) -> str | None:
    """The level of what was flagged last."""
    return connection.scalar(_LAST_ALARM, {"workspace": scene.workspace, "conversation": scene.conversation})


def _row(scene: Scene, revision: Keep, now: datetime) -> dict[str, Any]:
    return {
        "workspace": scene.workspace,
        "conversation_id": scene.conversation,
        "conference_id": scene.conference or None,
        "flow": scene.flow,
        "question": revision.spot.question,
        "round": revision.spot.round and scene.state.offset + revision.spot.round,
        "ts": revision.ts,
        "revised": revision.revised,
        "act": revision.act.value,
        "text": revision.text,
        "choices": " ".join(revision.choices),
        "evidence": [work._asdict() for work in revision.works],
        "alarm": revision.alarm,
        "at": now,
    }
