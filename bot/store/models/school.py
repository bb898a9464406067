"""A school, its terms, and everybody in its roster."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import EMPTY, Base, Key


class School(Base):
    """One workspace is one school."""

    __tablename__ = "school"

    workspace: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str]
    language: Mapped[str] = mapped_column(String(8))
    grade_band: Mapped[str] = mapped_column(String(16))
    level: Mapped[str] = mapped_column(String(16))
    quiet_from: Mapped[str] = mapped_column(String(5))  # "20:00", local
    quiet_until: Mapped[str] = mapped_column(String(5))
    counselors: Mapped[dict[str, Any]]  # {"keys": [roster ids, first is asked first]}
    helplines: Mapped[dict[str, Any]]  # {"lines": [{"name": …, "number": …, "hours": …}]}
    loaded_at: Mapped[datetime]
    calendar: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # bot.services.nudges.days: school week, days off
    cadence: Mapped[str | None]  # the school's own cadence.toml, laid over the packaged one
    hours: Mapped[str] = mapped_column(Text, default="", server_default=EMPTY)  # when the counselors are there
    keep_days: Mapped[int] = mapped_column(Integer, default=90, server_default=text("90"))  # after a school year


class Term(Base):
    __tablename__ = "term"
    __table_args__ = (UniqueConstraint("workspace", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    name: Mapped[str]
    starts: Mapped[date]
    ends: Mapped[date]
    level: Mapped[str | None] = mapped_column(String(16))  # how much students lead in it; None: as the school says


class Person(Base):
    """Anyone in the roster. `key` is the roster's id; `slack_id` is filled when they are first met in Slack."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("workspace", "key"),
        UniqueConstraint("workspace", "slack_id"),
        Index("ix_person_email", "workspace", "email"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str]
    email: Mapped[str | None]
    grade: Mapped[str | None] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    advisor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", use_alter=True))
    slack_id: Mapped[str | None] = mapped_column(String(32))
    given_slack_id: Mapped[str | None] = mapped_column(String(32))  # what the roster says, if it says so
    im: Mapped[str | None] = mapped_column(String(32))  # the DM channel with the bot, once known
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    time_zone: Mapped[str | None] = mapped_column(String(64))  # Slack's `tz`, as last heard
    since: Mapped[datetime | None]  # in the roster: what was due before is not made up for
    heard_at: Mapped[datetime | None]  # an adult's last word or tap; a student's is their conversation's `updated_at`
    quiet_since: Mapped[datetime | None]  # wants no reminders
    level: Mapped[str | None] = mapped_column(String(16))  # an advisor's: how much their students lead
    chosen_language: Mapped[str | None] = mapped_column(String(8))  # their own choice; the roster does not change it
    consent: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())  # false: they take no part
    # As Slack said last: "" | member | guest | external | gone. What a guest or stranger may do: bot.services.roster.
    account: Mapped[str] = mapped_column(String(16), default="", server_default=EMPTY)


class Guardian(Base):
    """Which adults of the family belong to which student; who lives together, and who may be written to."""

    __tablename__ = "guardian"

    adult_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    workspace: Mapped[str] = mapped_column(String(32))
    household: Mapped[str] = mapped_column(String(64), default="", server_default=EMPTY)  # "" is the only one
    contact: Mapped[str] = mapped_column(String(16), default="all", server_default="all")  # bot.school.model.Contact
