"""What is said: a student's conversation and its answers, and what anybody writes in a window."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import KEYED, REVISION, Base, Key
from scheduler.sealed import Sealed, SealedJSON


class Conversation(Base):
    """A student's thread with the coach, and where it stands. `version` grows with every turn (compare-and-set)."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("workspace", "person_id"),
        Index("ix_conversation_beside", "workspace", "beside_channel", "beside_ts"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conference.id"))
    flow: Mapped[str] = mapped_column(String(32), default="")  # the open flow; "" is the menu
    state: Mapped[str] = mapped_column(Sealed(("person_id",)), default="")  # in this row, so that one lock guards it
    back_to: Mapped[str] = mapped_column(String(32), default="")  # the flow to return to after a change
    came_from: Mapped[str] = mapped_column(String(32), default="")  # the flow whose end opened this one
    status: Mapped[str] = mapped_column(String(16), default="new")  # new | open | paused | held
    approved: Mapped[int] = mapped_column(Integer, default=0)  # number of the approval; negative: changed since
    prompt_delivery: Mapped[str | None] = mapped_column(String(36))  # the delivery of the open question
    version: Mapped[int] = mapped_column(Integer, default=0)
    updated_at: Mapped[datetime]
    # The thread in an advisor's DM in which they sit beside the student: the advisor's Slack id, the DM, the thread.
    beside: Mapped[str | None] = mapped_column(String(32))
    beside_channel: Mapped[str | None] = mapped_column(String(32))
    beside_ts: Mapped[str | None] = mapped_column(String(32))


class FlowState(Base):
    """Where a flow stands that is not the open one: the engine's state as JSON."""

    __tablename__ = "flow_state"
    __table_args__ = (UniqueConstraint("conversation_id", "flow"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    flow: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(Sealed(("conversation_id", "flow")))
    done: Mapped[bool] = mapped_column(Boolean, default=False)


class Answer(Base):
    """One revision of one message that answers a question. Never changed, never removed but by erasure."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("workspace", "conversation_id", "ts", "revised", "act"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conference.id"))
    flow: Mapped[str] = mapped_column(String(32))
    question: Mapped[str] = mapped_column(String(64))
    round: Mapped[int]
    ts: Mapped[str] = mapped_column(String(32))  # Slack's ts of the message or tap
    revised: Mapped[str] = mapped_column(String(32))  # its edited ts; equal to ts for the first
    act: Mapped[str] = mapped_column(String(16))  # bot.dialogue.state.Act
    text: Mapped[str] = mapped_column(Sealed(REVISION))
    choices: Mapped[str] = mapped_column(Text, default="")  # option ids, separated by spaces
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(SealedJSON(REVISION), default=list)
    alarm: Mapped[str] = mapped_column(String(16), default="")  # "" | explicit | look
    at: Mapped[datetime]


class Note(Base):
    """What somebody wrote in a window about a student: an idea, a note of pride, a piece of work they chose, what they
    saw at the conference; and whatever else was flagged there or in a chat, kept for a person to read and used for
    nothing. Only what was flagged can be of no conference: it is the student's whom it is about."""

    __tablename__ = "note"
    __table_args__ = (UniqueConstraint("workspace", "key"), Index("ix_note_conference", "workspace", "conference_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    conference_id: Mapped[int | None] = mapped_column(ForeignKey("conference.id"))
    student_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # of a message: whom it is about
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(16))  # bot.taps.Form
    key: Mapped[str] = mapped_column(String(128))  # of the window it came from: nothing is stored twice
    flow: Mapped[str] = mapped_column(String(32), default="")  # an idea's ask
    round: Mapped[int] = mapped_column(Integer, default=0)
    topic: Mapped[str] = mapped_column(String(16), default="")  # a piece of work's part of the meeting
    text: Mapped[str] = mapped_column(Sealed(KEYED))
    title: Mapped[str] = mapped_column(Sealed(KEYED), default="")  # of a piece of work
    url: Mapped[str] = mapped_column(Sealed(KEYED), default="")
    choice: Mapped[str] = mapped_column(String(16), default="")  # bot.taps.Choice, the student's; "" is none yet
    held_reason: Mapped[str] = mapped_column(Sealed(KEYED), default="")  # the advisor's, shown to the student
    alarm: Mapped[str] = mapped_column(String(16), default="")  # "" | explicit | look
    at: Mapped[datetime]
