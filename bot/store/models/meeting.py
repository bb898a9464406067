"""A conference: who comes, what is on its agenda, how it was rehearsed, and what was agreed there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import EMPTY, KEYED, SPOT, Base, Key
from scheduler.sealed import Sealed


class Conference(Base):
    """One student's conference of one term: local date and wall time; the instant is resolved late."""

    __tablename__ = "conference"
    __table_args__ = (UniqueConstraint("student_id", "term_id"), Index("ix_conference_channel", "workspace", "channel"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    student_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    date: Mapped[date]
    time: Mapped[str] = mapped_column(String(5))
    minutes: Mapped[int]
    place: Mapped[str]
    cancelled: Mapped[bool] = mapped_column(Boolean, default=False)
    channel: Mapped[str | None] = mapped_column(String(32))
    channel_name: Mapped[str | None] = mapped_column(String(80))
    agenda_at: Mapped[datetime | None]  # when it is due in the channel; None: as soon as it is approved
    agenda_ts: Mapped[str | None]  # what stands in the channel: bot.services.channels.standing


class Participant(Base):
    """An adult or the student of a conference, and how far they are on the way into its channel."""

    __tablename__ = "participant"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    invite: Mapped[str] = mapped_column(String(32), default="waiting")  # bot.services.channels.channel.Invite
    coming: Mapped[str] = mapped_column(String(16), default="", server_default=EMPTY)  # "" | yes | no: their answer
    mode: Mapped[str] = mapped_column(String(16), default="", server_default=EMPTY)  # in_person | phone | video
    interpreter: Mapped[str] = mapped_column(Text, default="", server_default=EMPTY)  # the language to be interpreted
    answered_at: Mapped[datetime | None]


class Item(Base):
    """What was decided about one answer, where it departs from the question's default."""

    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("conference_id", "flow", "question", "round"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    flow: Mapped[str] = mapped_column(String(32))
    question: Mapped[str] = mapped_column(String(64))
    round: Mapped[int]
    visible: Mapped[str | None] = mapped_column(String(16))  # the student's choice
    develop: Mapped[str] = mapped_column(String(32), default="")  # the probe that stayed open: "develop with advisor"
    held_reason: Mapped[str] = mapped_column(Sealed(SPOT), default="")  # the advisor's, shown to the student


class Approval(Base):
    """An agenda the student approved: exactly these revisions, in this order. The newest counts."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("conference_id", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    number: Mapped[int]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    opening: Mapped[str] = mapped_column(String(16))  # the section that comes first
    at: Mapped[datetime]


class SharedWork(Base):
    """A student's file as the conference's channel has it: a copy, for nobody else can open a file of the DM."""

    __tablename__ = "shared_work"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"), primary_key=True)
    file: Mapped[str] = mapped_column(String(32), primary_key=True)  # Slack's id of the student's file
    workspace: Mapped[str] = mapped_column(String(32))
    copy: Mapped[str] = mapped_column(String(32))  # Slack's id of the copy, known before it is shared
    link: Mapped[str | None]  # set once the copy stands in the channel


class Cue(Base):
    """A card of a student's script as they want to say it, where they changed what was made of their answers."""

    __tablename__ = "cue"

    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(16), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Sealed(("conference_id", "topic")))
    at: Mapped[datetime]


class Run(Base):
    """A run through the cards: a rehearsal, or the meeting itself."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("conference_id", "kind", "number"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    kind: Mapped[str] = mapped_column(String(16))  # rehearsal | lead
    number: Mapped[int]
    position: Mapped[int] = mapped_column(Integer, default=0)  # the card that is up; the first is 0
    before: Mapped[int | None]  # confidence from 1 to 5
    after: Mapped[int | None]
    cards: Mapped[list[dict[str, Any]]] = mapped_column(
        JSON, default=list
    )  # {"topic", "seconds", "paused"} as they went
    note: Mapped[str] = mapped_column(Sealed(("conference_id", "kind", "number")), default="")  # where they paused
    channel: Mapped[str] = mapped_column(String(32), default="")  # where the card stands that is changed in place
    ts: Mapped[str] = mapped_column(String(32), default="")
    started_at: Mapped[datetime]
    card_at: Mapped[datetime]  # since when the card is up
    ended_at: Mapped[datetime | None]


class Commitment(Base):
    """What somebody said at a conference they will do. Who is not in the roster has a name only."""

    __tablename__ = "commitment"
    __table_args__ = (
        UniqueConstraint("workspace", "key"),
        Index("ix_commitment_conference", "workspace", "conference_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int] = mapped_column(ForeignKey("conference.id"))
    key: Mapped[str] = mapped_column(String(128))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_name: Mapped[str] = mapped_column(Sealed(KEYED), default="")
    what: Mapped[str] = mapped_column(Sealed(KEYED))
    due: Mapped[date | None]
    added_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="open")  # open | not_yet | help | done | dropped
    state_at: Mapped[datetime | None]


class CommitmentCheck(Base):
    """What an owner said when asked how far a commitment is. Only ever added to."""

    __tablename__ = "commitment_check"
    __table_args__ = (UniqueConstraint("workspace", "key"), Index("ix_commitment_check", "commitment_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    commitment_id: Mapped[int] = mapped_column(ForeignKey("commitment.id"))
    key: Mapped[str] = mapped_column(String(128))  # of the tap
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
