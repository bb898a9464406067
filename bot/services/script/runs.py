"""Runs through the cards, as they are kept: rehearsals, and the meeting itself; and the buttons that lead to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from bot.services.speech import Button
from bot.store.models import Conference, Run
from bot.store.session import AnyRow
from bot.taps import Ref, Step, Tap
from scheduler import sealed

SCRIPT = "script"
"""Script and practice, where the name of a flow stands: in the menu, in a cadence, on a button."""

LEAD_MODE = "lead"
"""Lead mode, where the name of a flow stands."""


class Kind(StrEnum):
    """What a run is."""

    REHEARSAL = "rehearsal"
    LEAD = "lead"


class Act(StrEnum):
    """What a button of a run does."""

    BEGIN = "begin"  # a rehearsal of a conference; one that was left half way goes on
    AGAIN = "again"  # the same from its first card
    LEAD = "lead"  # go to lead mode
    OPEN = "open"  # begin the meeting itself; one that was begun goes on
    REOPEN = "reopen"  # begin it again, from its first card
    BEFORE = "before"  # how sure, before
    AFTER = "after"  # how sure, afterwards
    NEXT = "next"
    BACK = "back"
    PAUSED = "paused"
    STOP = "stop"
    GO = "go"  # go on where it was stopped
    FINISH = "finish"
    UNDO = "undo"  # it was not finished after all


@dataclass(frozen=True, slots=True)
class Done:
    """A rehearsal that was finished: its number, confidence from 1 to 5 (None: not said), how long it took, and at how
    many cards they paused. `run`: its id."""

    run: int
    number: int
    before: int | None
    after: int | None
    seconds: int
    paused: int


def button(conversation: int, style: str = "") -> Button:
    """Script and practice, for whoever this conversation belongs to."""
    return Button(Tap.OPEN, "practice", Ref(conversation, SCRIPT, 0, "open").text(), style)


def lead_button(conference: int) -> Button:
    """The cards at the meeting itself."""
    return Button(Tap.PRACTICE, "lead", Step(conference, Act.LEAD).text(), "primary")


def step(label: str, about: int, act: Act, number: int = 0, style: str = "") -> Button:
    """Any button of a run; `label`: its key under [button]."""
    return Button(Tap.PRACTICE, label, Step(about, act.value, number).text(), style)


def finished(connection: Connection, workspace: str, students: Collection[int] | None = None) -> Mapping[int, AnyRow]:
    """By conference, `student_id` and `times`: how often it was rehearsed to the end. `students`: None for all."""
    asked = (
        select(Run.conference_id, Conference.student_id, func.count().label("times"))
        .join(Conference, Conference.id == Run.conference_id)
        .where(Run.workspace == workspace, Run.kind == Kind.REHEARSAL.value, Run.ended_at.is_not(None))
        .group_by(Run.conference_id, Conference.student_id)
    )
    if students is not None:
        asked = asked.where(Conference.student_id.in_(students))
    return {row.conference_id: row for row in connection.execute(asked)}


def done(connection: Connection, workspace: str, conference: int) -> list[Done]:
    """The rehearsals that were finished, in their order."""
    rows = connection.execute(_runs(workspace, conference, Kind.REHEARSAL).where(Run.ended_at.is_not(None)))
    return [
        Done(row.id, row.number, row.before, row.after, seconds_of(row.cards), sum(one["paused"] for one in row.cards))
        for row in rows
    ]


def seconds_of(cards: Sequence[Mapping[str, Any]]) -> int:
    """How long these cards took."""
    return sum(int(card["seconds"]) for card in cards)


def seconds(start: datetime, end: datetime) -> int:
    """Whole seconds from one moment to another; none where the clock went back."""
    return max(0, round((end - start).total_seconds()))


def unfinished(connection: Connection, workspace: str, conference: int, kind: Kind) -> AnyRow | None:
    """The run that was begun last, if it is not over."""
    rows = connection.execute(_runs(workspace, conference, kind)).all()
    return rows[-1] if rows and rows[-1].ended_at is None else None


def latest(connection: Connection, workspace: str, conference: int) -> AnyRow | None:
    """The run, of either kind, in which something was done last."""
    every = select(*Run.__table__.c).where(Run.workspace == workspace, Run.conference_id == conference)
    return max(connection.execute(every), key=touched, default=None)


def touched(run: AnyRow) -> datetime:
    """When something was last done in a run."""
    moments: list[datetime] = [one for one in (run.started_at, run.card_at, run.ended_at) if one is not None]
    return max(moments)


def stopped(run: AnyRow) -> bool:
    """Whether it was stopped at the card that is up."""
    return len(run.cards) > run.position and bool(run.cards[run.position].get("stopped"))


def begin(connection: Connection, workspace: str, conference: int, kind: Kind, now: datetime) -> AnyRow:
    """A run from the first card on: the one that was not finished, anew, or else another."""
    before = connection.execute(_runs(workspace, conference, kind)).all()
    fresh: dict[str, Any] = {
        "position": 0, "before": None, "after": None, "cards": [], "note": "", "channel": "", "ts": "",
        "started_at": now, "card_at": now, "ended_at": None,
    }  # fmt: skip
    if before and before[-1].ended_at is None:
        return change(connection, before[-1], **fresh)
    number = before[-1].number + 1 if before else 1
    new = insert(Run).values(
        workspace=workspace, conference_id=conference, kind=kind.value, number=number, **fresh
    )  # fmt: skip
    return connection.execute(new.returning(*Run.__table__.c)).one()


def one(connection: Connection, workspace: str, run: int) -> AnyRow | None:
    """A run by its id."""
    return connection.execute(select(*Run.__table__.c).where(Run.workspace == workspace, Run.id == run)).one_or_none()


def change(connection: Connection, run: AnyRow, **values: Any) -> AnyRow:
    """The run with other values, kept."""
    this = update(Run).where(Run.workspace == run.workspace, Run.id == run.id)
    changed = this.values(**sealed.row(Run, values, run._mapping))
    return connection.execute(changed.returning(*Run.__table__.c)).one()


def spent(run: AnyRow, topic: str, seconds: int, *, paused: bool = False) -> list[dict[str, Any]]:
    """What was noted of each card, with so many seconds more, and perhaps a pause, for the one that is up."""
    cards = [dict(card) for card in run.cards]
    if len(cards) <= run.position:
        cards.append({"topic": topic, "seconds": 0, "paused": False})
    here = cards[run.position]
    cards[run.position] = {
        "topic": str(topic), "seconds": here["seconds"] + seconds, "paused": bool(here["paused"] or paused),
    }  # fmt: skip
    return cards


def _runs(workspace: str, conference: int, kind: Kind) -> Select[*tuple[Any, ...]]:
    return (
        select(*Run.__table__.c)
        .where(Run.workspace == workspace, Run.conference_id == conference, Run.kind == kind.value)
        .order_by(Run.number)
    )
