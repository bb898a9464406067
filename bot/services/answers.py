"""A student's answers as they are stored: revision by revision, only ever added to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from bot.dialogue.events import Keep
from bot.services.scene import Scene
from bot.store.models import Answer
from scheduler.prepared import Prepared

_KEPT = (
    *("workspace", "conversation_id", "conference_id", "flow", "question", "round", "ts", "revised", "act", "text"),
    *("choices", "evidence", "alarm", "at"),
)
_KEEP = Prepared(insert(Answer).values({name: bindparam(name, type_=Answer.__table__.c[name].type) for name in _KEPT}))
_KEEP_ALARMING = insert(Answer).returning(Answer.id)
_FLOW_OF = (
    select(Answer.flow)
    .where(
        Answer.workspace == bindparam("workspace"),
        Answer.conversation_id == bindparam("conversation"),
        Answer.ts == bindparam("ts"),
    )
    .limit(1)
)
_LAST_ALARM = (
    select(Answer.alarm)
    .where(Answer.conversation_id == bindparam("conversation"), Answer.alarm != "")
    .order_by(Answer.id.desc())
    .limit(1)
)


def keep(connection: Connection, scene: Scene, revision: Keep, now: datetime) -> None:
    """Store a revision of an answer to a question of the open flow."""
    _KEEP.run(connection, _row(scene, revision, now))


def keep_alarming(connection: Connection, scene: Scene, revision: Keep, now: datetime) -> int:
    """Store one that a person must read; its id, for the alert."""
    return connection.execute(_KEEP_ALARMING, _row(scene, revision, now)).scalar_one()


def flow_of(connection: Connection, scene: Scene, ts: str) -> str | None:
    """The flow in which a message was an answer."""
    values = {"workspace": scene.workspace, "conversation": scene.conversation, "ts": ts}
    return connection.scalar(_FLOW_OF, values)


def last_alarm(connection: Connection, scene: Scene) -> str | None:
    """The level of what was flagged last."""
    return connection.scalar(_LAST_ALARM, {"conversation": scene.conversation})


def _row(scene: Scene, revision: Keep, now: datetime) -> dict[str, Any]:
    return {
        "workspace": scene.workspace,
        "conversation_id": scene.conversation,
        "conference_id": scene.conference or None,
        "flow": scene.flow,
        "question": revision.spot.question,
        "round": revision.spot.round,
        "ts": revision.ts,
        "revised": revision.revised,
        "act": revision.act.value,
        "text": revision.text,
        "choices": " ".join(revision.choices),
        "evidence": [work._asdict() for work in revision.works],
        "alarm": revision.alarm,
        "at": now,
    }
