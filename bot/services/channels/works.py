"""The students' files that belong on an agenda: copies of them in the conference's channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from bot.conference.agenda import Agenda
from bot.conference.answers import Revision
from bot.services.speech import Kind
from bot.store.models import SharedWork
from scheduler.outbox import Draft

FILES = ("file", "photo")


def shared(connection: Connection, workspace: str, conference: int) -> dict[str, SharedRow]:
    """What stands in the channel or is on its way, by the student's file. Our own files are not among it: their names
    have a colon (bot.services.channels.filing)."""
    return shared_of(connection, workspace, [conference])[conference]


def shared_of(connection: Connection, workspace: str, conferences: Collection[int]) -> dict[int, dict[str, SharedRow]]:
    """The same of each of these conferences, in one query."""
    rows = connection.execute(
        select(SharedWork.conference_id, SharedWork.file, SharedWork.copy, SharedWork.link).where(
            SharedWork.workspace == workspace, SharedWork.conference_id.in_(conferences),
            SharedWork.file.not_like("%:%"),
        )
    )  # fmt: skip
    found: dict[int, dict[str, SharedRow]] = {conference: {} for conference in conferences}
    for row in rows:
        found[row.conference_id][row.file] = (row.copy, row.link)
    return found


SharedRow = tuple[str, str | None]
"""The copy's id, and where it stands once it does."""


def linked(revisions: Collection[Revision], there: Mapping[str, SharedRow]) -> tuple[Revision, ...]:
    """The revisions with links that those at the conference can open: a file's is its copy's, or none yet."""
    return tuple(
        replace(one, evidence=[_linked(work, there) for work in one.evidence]) if one.evidence else one
        for one in revisions
    )


def _linked(work: Mapping[str, Any], there: Mapping[str, SharedRow]) -> dict[str, Any]:
    if work.get("kind") not in FILES:
        return dict(work)
    return {**work, "link": there.get(work.get("ref", ""), ("", None))[1] or ""}


def steps(
    connection: Connection,
    workspace: str,
    conference: int,
    agenda: Agenda,
    revisions: Collection[Revision],
    key: str,
    now: datetime,
) -> Sequence[Draft]:
    """What is to be brought into the channel, and what is to be taken out, so that it has the files of this agenda."""
    there = shared(connection, workspace, conference)
    wanted = _files(agenda, revisions)
    bring = [file for file in wanted if there.get(file, ("", None))[1] is None]
    return [
        *(_draft(workspace, conference, file, key, now, remove=False) for file in bring),
        *(removed(workspace, conference, file, key, now) for file in there if file not in wanted),
    ]


def removed(workspace: str, conference: int, file: str, key: str, now: datetime) -> Draft:
    """The copy of a file is to be taken out of the channel."""
    return _draft(workspace, conference, file, key, now, remove=True)


def _draft(workspace: str, conference: int, file: str, key: str, now: datetime, *, remove: bool) -> Draft:
    return Draft(
        workspace=workspace,
        kind=Kind.WORK,
        recipient=f"conference:{conference}",
        subject=f"conference:{conference}",
        payload={"conference": conference, "file": file, "remove": remove},
        dedupe_key=f"work:{conference}:{file}:{key}",
        due_at=now,
    )


def _files(agenda: Agenda, revisions: Collection[Revision]) -> list[str]:
    shown = {number for line in agenda.lines for number in line.revisions}
    return list(
        dict.fromkeys(
            work["ref"]
            for one in revisions
            if one.id in shown
            for work in one.evidence
            if work.get("kind") in FILES and work.get("ref")
        )
    )


def begun(connection: Connection, workspace: str, conference: int, file: str, copy: str) -> None:
    """Keep the copy's id before it is shared: if no answer comes, it can be looked up."""
    known = update(SharedWork).where(_one(workspace, conference, file))
    if connection.execute(known.values(copy=copy, link=None)).rowcount == 0:
        connection.execute(
            insert(SharedWork).values(workspace=workspace, conference_id=conference, file=file, copy=copy)
        )


def stands(connection: Connection, workspace: str, conference: int, file: str, link: str) -> None:
    """The copy is in the channel."""
    connection.execute(update(SharedWork).where(_one(workspace, conference, file)).values(link=link))


def gone(connection: Connection, workspace: str, conference: int, file: str) -> None:
    """The copy is out of the channel."""
    connection.execute(delete(SharedWork).where(_one(workspace, conference, file)))


def _one(workspace: str, conference: int, file: str) -> ColumnElement[bool]:
    return and_(SharedWork.workspace == workspace, SharedWork.conference_id == conference, SharedWork.file == file)
