"""What became of it: whether all that was acknowledged is stored, and all that was to be said stands there once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from bot.store.models import Answer, Conversation, Person, SeenEvent
from bot.store.session import Store
from scheduler.outbox import State, deliveries
from tests.bench.load.crowd import Student
from tests.bench.school import slack_id
from tests.bench.stub import TEAM
from tests.bench.students import SCRIPT

PATIENCE = 60.0


@dataclass(frozen=True)
class Outcome:
    """Each is to be empty. lost: acknowledged and not stored as it was said; unsaid: stored to be said, and not sent;
    missing: sent, and not there; doubled: there more than once; unanswered: students
    whose answer was acknowledged, and whose next question never came."""

    lost: Sequence[str]
    unsaid: int
    missing: int
    doubled: int
    unanswered: Sequence[str]

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice."""
        return not (self.lost or self.unsaid or self.missing or self.doubled or self.unanswered)


def settled(store: Store) -> int:
    """Wait until nothing is left to be said; how much is."""
    last = time.monotonic() + PATIENCE
    while (left := _unsettled(store)) and time.monotonic() < last:
        time.sleep(0.1)
    return left


def outcome(
    store: Store, students: Sequence[Student], standing: Sequence[tuple[str, str]], before: set[str]
) -> Outcome:
    """Hold what was acknowledged against the database, and that against what stands in the direct messages.

    standing: each message that does, as direct message and delivery. before: deliveries that were there at the start.
    """
    there = Counter(delivery for _, delivery in standing)
    sent = _sent(store) - before
    return Outcome(
        lost=_lost(store, students),
        unsaid=_unsettled(store),
        missing=len(sent - there.keys()),
        doubled=sum(number - 1 for number in there.values()) + len(there.keys() - sent),
        unanswered=[f"{slack_id(one.number)} after {one.did[-1:]}" for one in students if one.missed],
    )


def sent_before(store: Store) -> set[str]:
    """What was sent before anything began."""
    return _sent(store)


def _lost(store: Store, students: Sequence[Student]) -> list[str]:
    stored, seen = _answers(store), _seen(store)
    lost = []
    for student in students:
        for place, did in enumerate(student.did):
            answered = SCRIPT[place] == "start" or stored.get((slack_id(student.number), did.ts)) == did.said
            if not answered or did.delivery.payload.get("event_id", "") not in {"", *seen}:
                lost.append(f"{slack_id(student.number)} {did.ts}")
    return lost


def _answers(store: Store) -> dict[tuple[str, str], str]:
    """Words or choice of each answer, by who gave it and when."""
    rows = (
        select(Person.slack_id, Answer.ts, Answer.text, Answer.choices)
        .join(Conversation, Conversation.id == Answer.conversation_id)
        .join(Person, Person.id == Conversation.person_id)
        .where(Answer.workspace == TEAM, Conversation.workspace == TEAM, Person.workspace == TEAM)
    )
    with store.read() as connection:
        return {(row.slack_id or "", row.ts): row.choices or row.text for row in connection.execute(rows)}


def _seen(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.scalars(select(SeenEvent.id).where(SeenEvent.workspace == TEAM)))


def _sent(store: Store) -> set[str]:
    table = deliveries.c
    with store.read() as connection:
        return set(connection.scalars(select(table.id).where(table.workspace == TEAM, table.state == State.SENT)))


def _unsettled(store: Store) -> int:
    table = deliveries.c
    with store.read() as connection:
        found = select(func.count()).where(table.workspace == TEAM, table.state != State.SENT)
        return int(connection.scalar(found) or 0)
