"""What stands in a conference's channel, and from when on the agenda may stand there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, select, update

from bot.store.models import Conference

_FRAME = "frame"


class Standing(NamedTuple):
    """The pages in the channel, by ts. `frame`: when, where and the parts of the meeting; nothing of the student's."""

    pages: tuple[str, ...] = ()
    frame: bool = False

    @classmethod
    def parse(cls, kept: str | None) -> Standing:
        """From `Conference.agenda_ts`: the ts of the pages, after the word "frame" where they are no more than that."""
        words = (kept or "").split()
        return cls(tuple(word for word in words if word != _FRAME), _FRAME in words)

    def text(self) -> str | None:
        """As `Conference.agenda_ts` has it; None where nothing stands."""
        return " ".join((_FRAME, *self.pages) if self.frame else self.pages) if self.pages else None

    @property
    def agenda(self) -> bool:
        """Whether what the student approved stands there."""
        return bool(self.pages) and not self.frame


def keep(connection: Connection, workspace: str, conference: int, pages: Sequence[str], *, frame: bool) -> None:
    """Keep what stands in the channel now."""
    kept = Standing(tuple(pages), frame).text()
    connection.execute(update(Conference).where(*_this(workspace, conference)).values(agenda_ts=kept))


def of(connection: Connection, workspace: str, conference: int) -> Standing:
    """What stands in the channel."""
    return Standing.parse(connection.scalar(select(Conference.agenda_ts).where(*_this(workspace, conference))))


def lock(connection: Connection, workspace: str, conference: int) -> None:
    """Be alone in deciding about a conference's agenda: an approval, its time and "post it now" come one by one."""
    connection.execute(select(Conference.id).where(*_this(workspace, conference)).with_for_update(key_share=True))


def waits_until(connection: Connection, workspace: str, conference: int, now: datetime) -> datetime | None:
    """The moment before which the agenda is not posted; None where it may be: always, once something stands there."""
    row = connection.execute(
        select(Conference.agenda_at, Conference.agenda_ts).where(*_this(workspace, conference))
    ).one_or_none()
    if row is None or row.agenda_at is None or row.agenda_ts:
        return None
    return row.agenda_at if row.agenda_at > now else None


def goes_up(connection: Connection, workspace: str, conference: int, time_zone: str, now: datetime) -> str:
    """The same as the school's clock shows it, "2026-12-08T16:00"; "" where the agenda does not wait."""
    waits = waits_until(connection, workspace, conference, now)
    return waits.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%dT%H:%M") if waits else ""


def no_longer_waits(connection: Connection, workspace: str, conference: int, now: datetime) -> None:
    """From now on the agenda may be posted."""
    early = Conference.agenda_at.is_(None) | (Conference.agenda_at > now)
    connection.execute(update(Conference).where(*_this(workspace, conference), early).values(agenda_at=now))


def _this(workspace: str, conference: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Conference.workspace == workspace, Conference.id == conference
