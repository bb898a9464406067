"""The people Slack knows: matched to the roster, their time zones, and those whose account is gone.

Whoever's account is deactivated is like somebody who never had one: they stay in the roster, keep what they wrote, and
have no Slack id. A student's flows can be run beside them; nothing is sent to them. They are found again by their
e-mail, or by the id the roster gives, once Slack says that the account is back.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from bot.services import safeguarding
from bot.services.channels import channel
from bot.services.house import House
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


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in of Slack's people: how many of the roster were found, and what follows."""

    found: int
    drafts: tuple[Draft, ...]


def match_person(connection: Connection, workspace: str, member: Member) -> int | None:
    """The roster's person behind a Slack account, matched at their first appearance; None if there is none.

    The id the roster gives comes before the e-mail. An id somebody already has is theirs: no e-mail moves it, and
    nobody who has one gets another. Who has left the roster is nobody. Their time zone is kept.
    """
    found = rows.holder_or_unmatched(connection, workspace, member.slack_id, _address(member))
    for row in found:
        if row["slack_id"] == member.slack_id:
            _keep_zones(connection, [(row, member)])
            return int(row["id"]) if row["active"] else None
    for row in sorted(found, key=lambda row: row["given_slack_id"] != member.slack_id):
        if rows.match(connection, row["id"], member.slack_id):
            _keep_zones(connection, [(row, member)])
            return int(row["id"])
    return None


def match_members(connection: Connection, workspace: str, members: Iterable[Member]) -> list[int]:
    """Match everyone of the roster who is among the workspace's members, and keep their zones; who was found now."""
    people = rows.people(connection, workspace)
    holders = {row["slack_id"]: row for row in people if row["slack_id"]}
    waiting = [row for row in people if row["active"] and not row["slack_id"]]
    given = {row["given_slack_id"]: row for row in waiting if row["given_slack_id"]}
    addressed = {row["email"]: row for row in waiting if row["email"]}
    zones: list[tuple[RowMapping, Member]] = []
    found: dict[int, None] = {}
    for member in members:
        row = holders.get(member.slack_id)
        if row is None and not member.gone:
            row = given.get(member.slack_id) or addressed.get(_address(member))
            if row is None or row["id"] in found or not rows.match(connection, row["id"], member.slack_id):
                continue
            found[row["id"]] = None
        if row is not None:
            zones.append((row, member))
    _keep_zones(connection, zones)
    return list(found)


def take_in(connection: Connection, outbox: Outbox, workspace: str, members: Sequence[Member], now: datetime) -> Taken:
    """Take in what Slack says of its people: whose account is gone, who is found now, and everyone's time zone.

    Those found are to be invited where they are waited for.
    """
    drafts: list[Draft] = []
    holders = {row["slack_id"]: row for row in rows.people(connection, workspace) if row["slack_id"]}
    for member in members:
        if member.gone and member.slack_id in holders:
            drafts += _left(connection, outbox, workspace, holders[member.slack_id], now)
    found = match_members(connection, workspace, members)
    for person in found:
        drafts += channel.invite(connection, workspace, person, now)
    return Taken(len(found), tuple(drafts))


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
            return member.gone or zone_name(member.time_zone) not in (None, row["time_zone"])
    return bool(known) and not member.gone


def _address(member: Member) -> str:
    return member.email.strip().lower()


def zone_name(said: str) -> str | None:
    """A time zone as Slack says it, if it can be a zone's name at all; whether there is such a zone is asked later."""
    return said if len(said) <= 64 and _ZONE.fullmatch(said) else None


def _keep_zones(connection: Connection, people: Iterable[tuple[RowMapping, Member]]) -> None:
    """Slack's word for where people are; of an account that is gone it is no news."""
    zones = {
        row["id"]: {"time_zone": zone}
        for row, member in people
        if not member.gone and (zone := zone_name(member.time_zone)) and zone != row["time_zone"]
    }
    rows.change(connection, models.Person, zones)


def _left(connection: Connection, outbox: Outbox, workspace: str, person: RowMapping, now: datetime) -> list[Draft]:
    """Somebody's account is gone: nothing more goes there, and an alert that waited for them goes to the next.

    What the plan put there it may put elsewhere, or there again once the account is back.
    """
    alerts = _alerts_due(connection, workspace, person["slack_id"], now)
    outbox.cancel(connection, workspace, now, REPLANNED, recipient=person["slack_id"])
    rows.change(connection, models.Person, {person["id"]: {"slack_id": None, "im": None}})
    rows.invite_again(connection, person["id"])
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
