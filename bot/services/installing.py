"""The app in several workspaces: who installed it by OAuth, with which token, and who took it out again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from bot.services.audit import trail
from bot.store.models import Installation, School
from bot.store.session import Store
from scheduler import operating, sealed

KIND = "app"
"""What the audit trail calls it."""

GONE = ""
"""In place of the token of an app that is there no longer."""


@dataclass(frozen=True)
class Installed:
    """The app as it is in one workspace. `token` is shown nowhere."""

    workspace: str
    enterprise: str | None
    app_id: str
    bot_user: str
    bot_id: str
    scopes: str
    token: str = field(repr=False)


def install(store: Store, installed: Installed, by: str, now: datetime) -> None:
    """Keep it, in place of what was there. `by`: the Slack id of who installed it.

    What was to be said while the app was not there is not made up for.
    """
    values = {**vars(installed), "installed_at": now, "gone_at": None}
    with store.write() as connection:
        was_gone = _gone_at(connection, installed.workspace) is not None
        connection.execute(delete(Installation).where(Installation.workspace == installed.workspace))
        connection.execute(insert(Installation).values(sealed.row(Installation, values)))
        if was_gone:
            operating.let_lie(connection, installed.workspace, now)
        actor = trail.whoever(connection, installed.workspace, by)
        trail.note(connection, installed.workspace, now, actor, trail.Act.CHANGED, KIND, "installed")


def remove(store: Store, workspace: str, now: datetime) -> bool:
    """The app was taken out, or its token revoked: forget the token. False where it was not there."""
    there = (Installation.workspace == workspace, Installation.gone_at.is_(None))
    with store.write() as connection:
        done = connection.execute(update(Installation).where(*there).values(token=GONE, gone_at=now)).rowcount == 1
        if done:
            trail.note(connection, workspace, now, trail.BOT, trail.Act.CHANGED, KIND, "removed")
    return done


def installed(store: Store) -> list[Installed]:
    """All workspaces that have the app now."""
    one = Installation
    here = (
        select(one.workspace, one.enterprise, one.app_id, one.bot_user, one.bot_id, one.scopes, one.token)
        .where(one.gone_at.is_(None))
        .order_by(one.workspace)
        .execution_options(every_workspace=True)
    )
    with store.read() as connection:
        return [
            Installed(row.workspace, row.enterprise, row.app_id, row.bot_user, row.bot_id, row.scopes, row.token)
            for row in connection.execute(here)
        ]


def token_of(connection: Connection, workspace: str) -> str:
    """The token of a workspace that has the app; "" where it was not installed by OAuth, or is gone."""
    return connection.scalar(select(Installation.token).where(Installation.workspace == workspace)) or ""


def has_school(connection: Connection, workspace: str) -> bool:
    """Whether a school was loaded for a workspace."""
    return connection.scalar(select(School.workspace).where(School.workspace == workspace)) is not None


def _gone_at(connection: Connection, workspace: str) -> datetime | None:
    return connection.scalar(select(Installation.gone_at).where(Installation.workspace == workspace))
