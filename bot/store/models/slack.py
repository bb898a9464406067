"""What is kept of Slack itself: where the app is installed, and which events were taken in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.models.base import Base
from scheduler.sealed import Sealed


class Installation(Base):
    """The app in one workspace, where it was installed by OAuth. Its token goes when it is taken out."""

    __tablename__ = "installation"

    workspace: Mapped[str] = mapped_column(String(32), primary_key=True)
    enterprise: Mapped[str | None] = mapped_column(String(32))
    app_id: Mapped[str] = mapped_column(String(32))
    bot_user: Mapped[str] = mapped_column(String(32))
    bot_id: Mapped[str] = mapped_column(String(32))
    token: Mapped[str] = mapped_column(Sealed(("workspace",)), default="")
    scopes: Mapped[str]
    installed_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]  # uninstalled, or its token revoked


class SeenEvent(Base):
    """Ids of events already taken in, so that Slack's repeats change nothing."""

    __tablename__ = "seen_event"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    workspace: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime]
