"""What a person must read, what was done with anybody's data, and who was erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import EMPTY, Base, Key


class Alert(Base):
    """A safeguarding alert: to whom a student's words were passed on, and whether somebody took it up."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    student_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answer.id"))  # the words: an answer's or a note's
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"))
    level: Mapped[str] = mapped_column(String(16))
    raised_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    taken_at: Mapped[datetime | None]


class AlertEvent(Base):
    """What was done about an alert, by whom, when. Only ever added to; no edit of the words removes anything of it."""

    __tablename__ = "alert_event"
    __table_args__ = (Index("ix_alert_event", "alert_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    act: Mapped[str] = mapped_column(String(16))  # raised | told | opened | taken | handed
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))  # told or handed to
    at: Mapped[datetime]


class Audit(Base):
    """Who saw, exported, posted or changed what, when; never a word of it. Numbers, not keys of other rows: it outlives
    what it is about. `number` and `link` are set a little later, when the entry is tied to the one before it."""

    __tablename__ = "audit"
    __table_args__ = (
        UniqueConstraint("workspace", "number"),
        Index("ix_audit_student", "workspace", "student_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))  # person:12 | cli | bot
    act: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(24))
    thing: Mapped[str] = mapped_column(String(64), default="", server_default=EMPTY)
    student_id: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(BigInteger)
    link: Mapped[str | None] = mapped_column(String(64))  # SHA-256 over the entry and the link before it, as hex


class Erasure(Base):
    """A person whose data is being erased, or was. Of who they were only a digest of the roster's id stays, so that
    they are known again when an older copy of the database, or of the roster, brings them back."""

    __tablename__ = "erasure"
    __table_args__ = (UniqueConstraint("workspace", "digest"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int | None] = mapped_column(BigInteger)  # while it is being done
    begun_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    left: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # what could not be taken out of Slack: ids


class Copied(Base):
    """Only a copy of a database has this row: it was taken then, and must be looked over before anything is sent."""

    __tablename__ = "copied"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32), default="", server_default=EMPTY)  # "": all that are in it
    at: Mapped[datetime]
