"""Files of ours in Slack: a packet, a date for a calendar. What is remembered of each, and how one is asked for.

They are kept beside the students' files, under names of our own, which have a colon: Slack's ids have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.services.speech import Kind
from bot.store.models import SharedWork
from scheduler.outbox import Delivery, Draft

AGAIN = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 15, 30))
"""How long after each try a file that could not be put is put again: for an hour in all."""


def kept(connection: Connection, workspace: str, conference: int, what: str) -> dict[str, tuple[str, str | None]]:
    """What stands in a conference's channel or is on its way, by its name ("packet:…"): Slack's id for the file, and
    its address once it stands."""
    rows = connection.execute(
        select(SharedWork.file, SharedWork.copy, SharedWork.link).where(
            SharedWork.workspace == workspace, SharedWork.conference_id == conference,
            SharedWork.file.startswith(f"{what}:", autoescape=True),
        )
    )  # fmt: skip
    return {row.file: (row.copy, row.link) for row in rows}


def put(
    workspace: str, conference: int, keep: str, key: str, now: datetime, recipient: str = "",
    more: Mapping[str, Any] | None = None,
) -> Draft:  # fmt: skip
    """Have a file made and put into a conference's channel, or into the DM with `recipient`.

    `keep` is its name, "<what>:<which>", 32 characters at most: there is one file of a name. `key` names the occasion,
    `more` is for its maker.
    """
    return _draft(workspace, conference, keep, key, now, recipient, {**(more or {}), "remove": False})


def remove(workspace: str, conference: int, keep: str, key: str, now: datetime) -> Draft:
    """Have a file that stands in a conference's channel deleted."""
    return _draft(workspace, conference, keep, f"{key}:remove", now, "", {"remove": True})


def again(delivery: Delivery, now: datetime) -> Draft:
    """The same once more, in a while: what comes after it in its lane does not wait for it."""
    number = tries(delivery)
    return Draft(
        workspace=delivery.workspace,
        kind=delivery.kind,
        recipient=delivery.recipient,
        subject=delivery.subject,
        payload={**delivery.payload, "again": number + 1},
        dedupe_key=f"{delivery.dedupe_key.partition(':again')[0]}:again{number + 1}",
        due_at=now + AGAIN[number],
    )


def tries(delivery: Delivery) -> int:
    """How many times it was put again."""
    return int(delivery.payload.get("again", 0))


def _draft(
    workspace: str, conference: int, keep: str, key: str, now: datetime, recipient: str, fields: Mapping[str, Any]
) -> Draft:
    return Draft(
        workspace=workspace,
        kind=Kind.FILE,
        recipient=recipient or f"conference:{conference}",
        subject=f"conference:{conference}",
        payload={"file": keep.partition(":")[0], "conference": conference, "keep": keep, **fields},
        dedupe_key=f"{Kind.FILE}:{conference}:{keep}:{key}",
        due_at=now,
    )
