"""Who comes to a conference, and how: the answers of its adults, and the buttons by which they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from bot.conference.access import Role
from bot.services.speech import Button
from bot.store.models import Participant, Person
from bot.taps import Form, Tap
from prompts.splitting import shorten


class Coming(StrEnum):
    """Somebody's answer; "" is none yet."""

    YES = "yes"
    NO = "no"


class Mode(StrEnum):
    """How somebody is there; "" is not said."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"


AWAY = frozenset({Mode.PHONE, Mode.VIDEO})
"""Ways to be there for which something has to be got ready."""

ROW, RECORDED, LABEL = 5, 10, 40
"""Buttons in a row, and in all; characters of a name on one."""

_ADULTS = (Role.FAMILY, Role.ADVISOR, Role.TEACHER)


def answers_of(connection: Connection, workspace: str, conference: int) -> list[dict[str, Any]]:
    """The adults of a conference, the family first: person (id), name, role, coming, mode, interpreter; "" where
    nothing was said."""
    rows = connection.execute(
        select(
            Person.id.label("person"), Person.name, Person.role, Participant.coming, Participant.mode,
            Participant.interpreter,
        )
        .join(Participant, Participant.person_id == Person.id)
        .where(
            Participant.workspace == workspace, Participant.conference_id == conference, Person.active.is_(True),
            Person.role.in_(_ADULTS),
        )
        .order_by(Person.role != Role.FAMILY, Person.role, Person.id)
    )  # fmt: skip
    return [dict(row._mapping) for row in rows]


def joining(connection: Connection, workspace: str, conference: int) -> list[dict[str, Any]]:
    """Those of the family who come, and for whom something has to be ready: a telephone, a screen, an interpreter."""
    return [
        one
        for one in answers_of(connection, workspace, conference)
        if one["role"] == Role.FAMILY and one["coming"] == Coming.YES and (one["mode"] in AWAY or one["interpreter"])
    ]


def keep(connection: Connection, workspace: str, conference: int, person: int, now: datetime, **answer: str) -> bool:
    """Store somebody's answer (coming, mode, interpreter); whether it is another than before."""
    mine = (
        Participant.workspace == workspace, Participant.conference_id == conference, Participant.person_id == person
    )  # fmt: skip
    before = connection.execute(
        select(Participant.coming, Participant.mode, Participant.interpreter).where(*mine).with_for_update()
    ).one_or_none()
    if before is None:
        return False
    connection.execute(update(Participant).where(*mine).values(**answer, answered_at=now))
    return any(getattr(before, name) != value for name, value in answer.items())


def buttons(conference: int) -> list[list[Button]]:
    """What the family can answer the invitation with, and the way to a note of pride."""
    pride = Button(Tap.FORM, "give_pride", f"{Form.PRIDE}:{conference}")
    return [
        [
            Button(Tap.ATTEND, "coming", f"{conference}:{Coming.YES}", "primary"),
            Button(Tap.ATTEND, "not_coming", f"{conference}:{Coming.NO}"),
        ],
        [button(conference), pride],
    ]


def question(conference: int) -> list[list[Button]]:
    """Whether and how the family comes, in one row."""
    yes_no, _ = buttons(conference)
    return [[*yes_no, button(conference)]]


def button(conference: int, person: int = 0, label: str = "rsvp") -> Button:
    """Opens the window to say whether and how one comes; with `person`, to record it for them."""
    return Button(Tap.FORM, label, f"{Form.RSVP}:{conference}" + (f":{person}" if person else ""))


def presence(connection: Connection, workspace: str, conference: int, person: int) -> dict[str, Any]:
    """What a reminder may say of its reader: their own answer, and `alone`: nobody of the family comes, as is known."""
    answers = answers_of(connection, workspace, conference)
    own = next((one for one in answers if one["person"] == person), {})
    family = [one["coming"] for one in answers if one["role"] == Role.FAMILY]
    said = {name: own.get(name, "") for name in ("coming", "mode", "interpreter")}
    return {**said, "alone": all(coming == Coming.NO for coming in family)}


def record_rows(answers: Sequence[Mapping[str, Any]], conference: int) -> list[list[Button]]:
    """For each of the family a button to record what they told the advisor, five in a row, ten at most."""
    family = [one for one in answers if one["role"] == Role.FAMILY][:RECORDED]
    taps = [button(conference, one["person"], f"={shorten(one['name'], LABEL)}") for one in family]
    return [taps[start : start + ROW] for start in range(0, len(taps), ROW)]
