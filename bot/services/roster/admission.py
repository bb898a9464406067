"""Who is let in with which account: what the roster says somebody is, and what Slack says their account is.

Whoever's account does not fit their role is like somebody who never had one: they have no Slack id, are nobody known
to the bot, and get nothing. The coordinator is told once, with what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, select

from bot.conference.access import Role
from bot.services.speech import Saying, Voice
from bot.store.models import Person
from scheduler.outbox import Draft
from scheduler.prepared import Prepared


class Account(StrEnum):
    """What Slack said last of somebody's account."""

    UNKNOWN = ""
    MEMBER = "member"  # a full one, of the school's own workspace
    GUEST = "guest"
    EXTERNAL = "external"  # of another workspace, by Slack Connect
    GONE = "gone"  # deactivated


_STAFF = frozenset({Account.UNKNOWN, Account.MEMBER})
_OURS = _STAFF | {Account.GUEST}
ADMITTED: Mapping[Role, frozenset[Account]] = {
    Role.STUDENT: _OURS,
    Role.FAMILY: _OURS | {Account.EXTERNAL},
    Role.ADVISOR: _STAFF,
    Role.TEACHER: _STAFF,
    Role.COUNSELOR: _STAFF,
    Role.COORDINATOR: _STAFF,
}
"""With which account somebody of a role is let in. One that Slack has said nothing of yet is held to be a full one."""


def admitted(role: str, account: str) -> bool:
    """Whether somebody of the roster is let in with this account."""
    return Account(account) in ADMITTED[Role(role)]


def role_of(connection: Connection, workspace: str, slack_id: str) -> Role | None:
    """What somebody in Slack is at the school; None for nobody known."""
    found = _ROLE.first(connection, {"workspace": workspace, "slack_id": slack_id})
    return Role(found.role) if found is not None else None


_ROLE = Prepared(
    select(Person.role).where(
        Person.workspace == bindparam("workspace"), Person.slack_id == bindparam("slack_id"), Person.active
    )
)


def tell(connection: Connection, person: Any, account: Account, now: datetime) -> list[Draft]:
    """To those who set the school up: somebody (a row of `person`) is not let in, why, and what to do."""
    saying = Saying("account_refused", {"name": person["name"], "role": person["role"], "account": account.value})
    rows = connection.execute(
        select(Person.id, Person.slack_id, Person.language).where(
            Person.workspace == person["workspace"], Person.role == Role.COORDINATOR, Person.slack_id.is_not(None),
            Person.id != person["id"], Person.active.is_(True),
        )
    )  # fmt: skip
    key = f"account:{person['id']}:{account}:{now.isoformat()}"
    return [
        Voice(person["workspace"], row.slack_id, row.language, f"person:{person['id']}", f"{key}:{row.id}", now).say(
            saying
        )
        for row in rows
    ]
