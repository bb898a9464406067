"""The conference's channel in Slack: made private, filled one by one, and the advisor told who could not come."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.services.channels import channel as conferences
from bot.services.channels.channel import NO_CHANNEL, Invite, Meeting
from bot.services.house import House
from bot.services.roster.school import today
from bot.services.speech import Saying
from bot.services.talk.scene import first_name
from bot.slack.client import Reply, SlackApi
from bot.slack.compose import composing
from bot.slack.point import Point
from bot.slack.replies import trouble
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

NAME_LENGTH = 80
TRIES = 20
AFTER_REFUSAL = timedelta(hours=4)
"""Where the workspace did not allow a channel, it is tried again then: an admin may have changed that."""
_ALREADY = frozenset({"already_in_channel", "cant_invite_self"})
_IN_THE_WAY = {
    "user_is_restricted": Invite.GUEST_NEEDS_ADMIN,
    "ura_max_channels": Invite.GUEST_LIMIT,
    "user_not_found": Invite.LEFT_SLACK,
    "no_user": Invite.LEFT_SLACK,
    "org_user_not_in_team": Invite.LEFT_SLACK,
    "invitee_cant_see_channel": Invite.NOT_ALLOWED,
    "cant_invite": Invite.NOT_ALLOWED,
    "no_permission": Invite.NOT_ALLOWED,
    "no_external_invite_permission": Invite.NOT_ALLOWED,
}


class ChannelMaker:
    """Carries `channel`: one private channel for a conference, found again rather than made twice."""

    method = "conversations.create"

    def __init__(self, house: House, api: SlackApi, bot_user: str) -> None:
        self._house = house
        self._api = api
        self._bot_user = bot_user

    def send(self, delivery: Delivery) -> Outcome:
        """Create it; a name that is taken gets a number, unless it is the channel of an attempt whose answer was lost.

        At the first attempt none can be: one that is nobody's then is just being made for a namesake.
        """
        about = _meeting(self._house, delivery)
        if about is None:
            return Refused("the conference was cancelled")
        if about.channel:
            return Sent(about.channel, "")
        half_made = self._half_made(delivery.workspace) if delivery.attempts else {}
        if not isinstance(half_made, dict):
            return half_made
        for name in _names(self._house, about):
            if name in half_made:
                return Sent(half_made[name], name)
            reply = self._api.call("conversations.create", {"name": name, "is_private": True})
            if reply.ok:
                return Sent(reply.data["channel"]["id"], name)
            if reply.error != "name_taken":
                return trouble(reply, "conversations.create")
        return Refused("name")

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """A channel of ours with one of the names that no conference knows yet is the one that was half made."""
        about = _meeting(self._house, delivery)
        if about is None or about.channel:
            return Sent(about.channel, "") if about is not None and about.channel else None
        half_made = self._half_made(delivery.workspace)
        if not isinstance(half_made, dict):
            return Unknown("users.conversations")
        names = (name for name in _names(self._house, about) if name in half_made)
        return next((Sent(half_made[name], name) for name in names), None)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep the channel and go on to fill it; where the workspace does not allow it, tell those who can change that,
        once, and try again later."""
        conference = delivery.payload["conference"]
        about = conferences.meeting(connection, delivery.workspace, conference)
        if about is None or about.stands.agenda:
            return ()
        if isinstance(outcome, Sent):
            made = conferences.made
            if not about.channel and not made(connection, about.workspace, conference, outcome.channel, outcome.ts):
                return conferences.try_again(delivery.workspace, conference, f"namesake:{delivery.id}", now)
            return conferences.publish(connection, delivery.workspace, conference, f"made:{delivery.id}", now)
        if isinstance(outcome, Refused) and not about.channel:
            return self._blocked(connection, delivery, about, outcome, now)
        return ()

    def _blocked(
        self, connection: Connection, delivery: Delivery, about: Meeting, refused: Refused, now: datetime
    ) -> Sequence[Draft]:
        reason = refused.reason if refused.reason == "restricted_action" else "other"
        reason = "name" if refused.reason.startswith(("name", "invalid_name")) else reason
        saying = Saying("channel_blocked", {"student": conferences.student_name(about), "reason": reason})
        key = f"blocked:{about.id}:{reason}"
        coming = about.date >= today(connection, about.workspace, now).isoformat()
        return [
            *conferences.tell_advisor(about, saying, key, now),
            *conferences.tell_coordinators(connection, about, saying, f"{key}:c", now),
            *(
                conferences.try_again(about.workspace, about.id, f"after:{delivery.id}", now + AFTER_REFUSAL)
                if coming
                else ()
            ),
        ]

    def _half_made(self, workspace: str) -> dict[str, str] | Outcome:
        """Channels that we made and no conference knows, by name."""
        found: dict[str, str] = {}
        for page in pages(self._api, "users.conversations", {"types": "private_channel", "limit": 200}):
            if not page.ok:
                return trouble(page, "users.conversations")
            found |= {one["name"]: one["id"] for one in page.data["channels"] if one.get("creator") == self._bot_user}
        with self._house.store.read() as connection:
            known = conferences.channels(connection, workspace, found.values())
        return {name: channel for name, channel in found.items() if channel not in known}


class Inviter:
    """Carries `invite`: one person into the conference's channel."""

    method = "conversations.invite"

    def __init__(self, house: House, api: SlackApi) -> None:
        self._house = house
        self._api = api

    def send(self, delivery: Delivery) -> Outcome:
        """Invite; somebody who is there already is a success."""
        about = _meeting(self._house, delivery)
        with self._house.store.read() as connection:
            slack_id = conferences.slack_id_of(connection, delivery.workspace, delivery.payload["person"])
        if about is None or not about.channel:
            return Refused(NO_CHANNEL)
        if not slack_id:
            return Refused(Invite.NOT_ON_SLACK)
        reply = self._api.call("conversations.invite", {"channel": about.channel, "users": slack_id})
        if reply.ok or reply.error in _ALREADY:
            return Sent(about.channel, "")
        return (
            Refused(_IN_THE_WAY[reply.error]) if reply.error in _IN_THE_WAY else trouble(reply, "conversations.invite")
        )

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Inviting again does no harm: who is there is "already_in_channel"."""
        return None

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep how it went, for the report to the advisor."""
        conference, person = delivery.payload["conference"], delivery.payload["person"]
        if isinstance(outcome, Sent):
            conferences.invited(connection, delivery.workspace, conference, person, Invite.JOINED)
        elif isinstance(outcome, Refused) and outcome.reason != NO_CHANNEL:
            known = outcome.reason in set(Invite)
            reason = Invite(outcome.reason) if known else Invite.NOT_ALLOWED
            conferences.invited(connection, delivery.workspace, conference, person, reason)
        return ()


class Reporter(Point):
    """Carries `report`: the point in a conference's lane at which all invitations are settled.

    What it has to tell, who could not be brought into the channel and what to do, goes to the advisor as a message of
    its own; the same is never told twice.
    """

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Tell the advisor, if there is anything they have not been told."""
        about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        problems = conferences.problems(connection, delivery.workspace, delivery.payload["conference"])
        if about is None or not about.channel or not problems:
            return ()
        context = {"student": conferences.student_name(about), "problems": problems, "channel": about.name or ""}
        return conferences.tell_advisor(
            about, Saying("invite_report", context), f"report:{about.id}:{_digest(problems)}", now
        )


def pages(api: SlackApi, method: str, arguments: dict[str, Any]) -> Iterator[Reply]:
    """The pages of a listing, until the last or the first that fails."""
    cursor = ""
    while True:
        page = api.ask(method, {**arguments, **({"cursor": cursor} if cursor else {})})
        yield page
        cursor = (page.data.get("response_metadata") or {}).get("next_cursor") or ""
        if not page.ok or not cursor:
            return


def channel_name(text: str) -> str:
    """A text as Slack takes it for a channel's name: lowercase letters, digits, `-` and `_`, at most 80."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:NAME_LENGTH] or "conference"


def _names(house: House, about: Meeting) -> Iterator[str]:
    """The names to try, from the school's template: never the student's full name."""
    with composing():
        label = house.words.catalog.label(
            house.words.language(about.language),
            "channel.name",
            first=first_name(about.student),
            month=about.date[5:7],
            day=about.date[8:10],
        )
    wanted = channel_name(label)
    yield wanted
    for number in range(2, TRIES):
        yield f"{wanted[: NAME_LENGTH - 3]}-{number}"


def _meeting(house: House, delivery: Delivery) -> Meeting | None:
    with house.store.read() as connection:
        return conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])


def _digest(problems: Sequence[Mapping[str, str]]) -> str:
    """A short name for a set of problems, without anybody's name in it."""
    listed = "\n".join(f"{one['name']}:{one['reason']}" for one in problems)
    return hashlib.sha256(listed.encode()).hexdigest()[:16]
