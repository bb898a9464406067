"""What an erasure could not take out of Slack, or take back: noted, so that somebody can be told where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bot.services.leaving import traces
from bot.services.leaving.erasing import Erasing
from bot.store.models import Erasure

NOT_OURS, NOT_ARCHIVED, NOT_TRIED, POSTED = "not_ours", "not_archived", "not_tried", "posted"
"""Why something stays in Slack, or elsewhere, where it is not Slack that says so."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that could not be taken out of Slack: what it is, its id, and why."""

    what: str
    id: str
    why: str


def leave(connection: Connection, erasing: Erasing, found: Iterable[Left]) -> None:
    """Note what could not be taken out of Slack, each once."""
    mine = Erasure.workspace == erasing.workspace, Erasure.id == erasing.id
    known = connection.scalar(select(Erasure.left).where(*mine).with_for_update()) or []
    noted = {(one["what"], one["id"]) for one in known}
    new = [one for one in dict.fromkeys(found) if (one.what, one.id) not in noted]
    if new:
        rows = [{"what": one.what, "id": one.id, "why": one.why} for one in new]
        connection.execute(update(Erasure).where(*mine).values(left=[*known, *rows]))


def letters(connection: Connection, erasing: Erasing) -> list[Left]:
    """The e-mails that went out to them or about them: nobody takes those back."""
    found = traces.letters(connection, erasing.workspace, erasing.person)
    return [Left("letter", one, POSTED) for one in found]


def leave_slack(connection: Connection, erasing: Erasing) -> None:
    """Note all that is known to stand in Slack as left there: for a school whose workspace has the app no longer."""
    there = traces.messages(connection, erasing.workspace, erasing.person)
    found = [Left("message", f"{one.channel}:{one.ts}", NOT_TRIED) for one in there]
    found += [
        Left("message", one, NOT_OURS) for one in traces.own_messages(connection, erasing.workspace, erasing.person)
    ]
    channels = traces.channels(connection, erasing.workspace, erasing.person)
    found += [Left("channel", one, NOT_ARCHIVED) for one in channels]
    found += [Left("file", one, NOT_TRIED) for one in traces.files(connection, erasing.workspace, erasing.person)]
    leave(connection, erasing, [*found, *letters(connection, erasing)])


def left(connection: Connection, workspace: str, digest: str) -> list[Left]:
    """What could not be taken out of Slack."""
    mine = Erasure.workspace == workspace, Erasure.digest == digest
    return [Left(**one) for one in connection.scalar(select(Erasure.left).where(*mine)) or ()]
