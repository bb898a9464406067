"""The people Slack knows: matched to the roster, their time zones, and those whose account is gone.

Whoever's account is deactivated is like somebody who never had one: they stay in the roster, keep what they wrote, and
have no Slack id. A student's flows can be run beside them; nothing is sent to them. They are found again by their
e-mail, or by the id the roster gives, once Slack says that the account is back.

Whoever's account is not one their role is let in with (`admission`) is just so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from bot.services import safeguarding
from bot.services.channels import channel
from bot.services.house import House
from bot.services.roster import admission
from bot.services.roster.admission import Account, admitted
from bot.services.talk import greeting
from bot.store import models
from bot.store import roster as rows
from scheduler.deliveries import deliveries, from_row
from scheduler.outbox import Delivery, Draft, Outbox, State
from scheduler.replan import REPLANNED

log = logging.getLogger("bot.members")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a Slack account. `email` and `time_zone` are "" where Slack does not say; `gone`: deactivated."""

    slack_id: str
    email: str = ""
    time_zone: str = ""
    gone: bool = False
    account: Account = Account.MEMBER

    @property
    def standing(self) -> Account:
        """What their account is now."""
        return Account.GONE if self.gone else self.account


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in of Slack's people: how many of the roster were found, and what follows."""

    found: int
    drafts: tuple[Draft, ...]


def match_person(connection: Connection, workspace: str, member: Member) -> int | None:
    """The roster's person behind a Slack account, matched at their first appearance; None if there is none.

    The id the roster gives comes before the e-mail. An id somebody already has is theirs: no e-mail moves it, and
    nobody who has one gets another. Who has left the roster is nobody, and so is whoever is not let in with such an
    account. Their time zone is kept.
    """
    found = rows.holder_or_unmatched(connection, workspace, member.slack_id, _address(member))
    for row in _first_meant(found, member):
        held = row["slack_id"] == member.slack_id
        if held or (_let_in(row, member) and rows.match(connection, workspace, row["id"], member.slack_id)):
            _keep(connection, workspace, [(row, member)])
            return int(row["id"]) if row["active"] else None
    return None


def match_members(connection: Connection, workspace: str, members: Iterable[Member]) -> list[int]:
    """Match everyone of the roster who is among the workspace's members and let in, and keep what Slack says of them;
    who was found now."""
    people = rows.people(connection, workspace)
    holders = {row["slack_id"]: row for row in people if row["slack_id"]}
    waiting = _Waiting(people)
    told: list[tuple[RowMapping, Member]] = []
    found: dict[int, None] = {}
    for member in members:
        row = holders.get(member.slack_id)
        if row is None:
            row = waiting.meant(member)
            if row is None or row["id"] in found or not _let_in(row, member):
                continue
            if not rows.match(connection, workspace, row["id"], member.slack_id):
                continue
            found[row["id"]] = None
        told.append((row, member))
    _keep(connection, workspace, told)
    return list(found)


def take_in(connection: Connection, outbox: Outbox, workspace: str, members: Sequence[Member], now: datetime) -> Taken:
    """Take in what Slack says of its people: whose account is gone or is none they are let in with, who is found now,
    and everyone's time zone.

    Those found are to be invited where they are waited for.
    """
    holders = {row["slack_id"]: row for row in rows.people(connection, workspace) if row["slack_id"]}
    drafts = [
        draft
        for member in members
        if member.slack_id in holders
        for draft in _seen(connection, outbox, holders[member.slack_id], member, now)
    ]
    found = match_members(connection, workspace, members)
    for person in found:
        drafts += channel.invite(connection, workspace, person, now)
    waiting = _Waiting(rows.people(connection, workspace))
    for member in members:
        row = waiting.meant(member)
        drafts += _seen(connection, outbox, row, member, now) if row is not None else []
    return Taken(len(found), tuple(drafts))


def met(house: House, workspace: str, member: Member) -> None:
    """Somebody nobody knew was looked up in Slack: they are matched, or are not let in."""
    now = house.clock()
    with house.store.write() as connection:
        found = rows.holder_or_unmatched(connection, workspace, member.slack_id, _address(member))
        drafts = [
            draft
            for row in _first_meant(found, member)[:1]
            for draft in _seen(connection, house.outbox, row, member, now)
        ]
        match_person(connection, workspace, member)
        house.outbox.put(connection, drafts, now)


def from_elsewhere(house: House, workspace: str, slack_id: str) -> list[Delivery]:
    """Something came from somebody who is in Slack from another workspace: from now on their account is that."""
    with house.store.read() as connection:
        known = rows.holder_or_unmatched(connection, workspace, slack_id, "")
    outside = Member(slack_id, account=Account.EXTERNAL)
    return refresh(house, workspace, [outside]) if _is_news(outside, known) else []


def shut_out(
    connection: Connection, outbox: Outbox, workspace: str, person: int, slack_id: str, now: datetime
) -> list[Draft]:
    """The roster makes somebody what they are not let in as with their account: nothing more goes to the `slack_id`
    they had, and the coordinator is told."""
    (row,) = [row for row in rows.people(connection, workspace) if row["id"] == person]
    drafts = _left(connection, outbox, workspace, {**row, "slack_id": slack_id}, now)
    return [*drafts, *admission.tell(connection, row, Account(row["account"]), now)]


class _Waiting:
    """Those of the roster who have no Slack id yet."""

    def __init__(self, people: Sequence[RowMapping]) -> None:
        waiting = [row for row in people if row["active"] and not row["slack_id"]]
        self._given = {row["given_slack_id"]: row for row in waiting if row["given_slack_id"]}
        self._addressed = {row["email"]: row for row in waiting if row["email"]}

    def meant(self, member: Member) -> RowMapping | None:
        """Who of them a member is: the id the roster gives comes before the e-mail. A gone account is nobody's."""
        return None if member.gone else self._given.get(member.slack_id) or self._addressed.get(_address(member))


def _first_meant(found: Sequence[RowMapping], member: Member) -> list[RowMapping]:
    """Whoever has this Slack id, and nobody else then; those given it, and those with this e-mail."""
    held = [row for row in found if row["slack_id"] == member.slack_id]
    return held or sorted(found, key=lambda row: row["given_slack_id"] != member.slack_id)


def _let_in(row: RowMapping, member: Member) -> bool:
    return admitted(row["role"], member.standing)


def _seen(connection: Connection, outbox: Outbox, row: RowMapping, member: Member, now: datetime) -> list[Draft]:
    """Keep what Slack says of somebody's account; whoever is not let in with it has no Slack id any more."""
    account = member.standing
    if row["account"] != account:
        rows.change(connection, row["workspace"], models.Person, {row["id"]: {"account": account.value}})
    if _let_in(row, member):
        return []
    drafts = _left(connection, outbox, row["workspace"], {**row}, now) if row["slack_id"] else []
    if row["account"] != account and account is not Account.GONE and row["active"]:
        log.info("account_refused workspace=%s person=%s reason=%s", row["workspace"], row["id"], account)
        drafts += admission.tell(connection, row, account, now)
    return drafts


def changed(house: House, workspace: str, member: Member) -> list[Delivery]:
    """Slack says that something about somebody is another now; most of it is nothing to us."""
    with house.store.read() as connection:
        known = rows.holder_or_unmatched(connection, workspace, member.slack_id, _address(member))
    return refresh(house, workspace, [member]) if _is_news(member, known) else []


def refresh(house: House, workspace: str, members: Sequence[Member]) -> list[Delivery]:
    """Slack says who is there, and what follows from that."""
    now = house.clock()
    with house.store.write() as connection:
        taken = take_in(connection, house.outbox, workspace, members, now)
        return house.outbox.put(connection, taken.drafts, now, claim=True)


def _is_news(member: Member, known: Sequence[RowMapping]) -> bool:
    for row in known:
        if row["slack_id"] == member.slack_id:
            moved = zone_name(member.time_zone) not in (None, row["time_zone"])
            return moved or member.standing != row["account"]
    return bool(known) and not member.gone


def _address(member: Member) -> str:
    return member.email.strip().lower()


def zone_name(said: str) -> str | None:
    """A time zone as Slack says it, if it can be a zone's name at all; whether there is such a zone is asked later."""
    return said if len(said) <= 64 and _ZONE.fullmatch(said) else None


def _keep(connection: Connection, workspace: str, people: Iterable[tuple[RowMapping, Member]]) -> None:
    """Slack's word for what somebody's account is and where they are; of an account that is gone it is no news."""
    told: dict[int, dict[str, str]] = {}
    for row, member in people:
        new = {"account": member.standing.value}
        if not member.gone and (zone := zone_name(member.time_zone)):
            new["time_zone"] = zone
        told[row["id"]] = {name: value for name, value in new.items() if value != row[name]}
    rows.change(connection, workspace, models.Person, told)


def _left(
    connection: Connection, outbox: Outbox, workspace: str, person: Mapping[str, Any], now: datetime
) -> list[Draft]:
    """Somebody's account is gone, or not one they are let in with: nothing more goes there, and an alert that waited
    for them goes to the next.

    What the plan put there it may put elsewhere, or there again once the account is back.
    """
    alerts = _alerts_due(connection, workspace, person["slack_id"], now)
    outbox.cancel(connection, workspace, now, REPLANNED, recipient=person["slack_id"])
    rows.change(connection, workspace, models.Person, {person["id"]: {"slack_id": None, "im": None}})
    rows.invite_again(connection, workspace, person["id"])
    log.info("slack_account_gone workspace=%s person=%s", workspace, person["id"])
    if not greeting.first_counselor(connection, workspace):
        log.error("no_counselor_left workspace=%s", workspace)
    return [draft for alert in alerts for draft in safeguarding.tell_the_next_now(connection, alert, now)]


def _alerts_due(connection: Connection, workspace: str, slack_id: str, now: datetime) -> list[Delivery]:
    waiting = select(*deliveries.c).where(
        deliveries.c.workspace == workspace,
        deliveries.c.recipient == slack_id,
        deliveries.c.settled_at.is_(None),
        deliveries.c.state == State.SCHEDULED,
        deliveries.c.due_at <= now,
        deliveries.c.subject.startswith("alert:"),
    )
    return [from_row(row) for row in connection.execute(waiting)]
