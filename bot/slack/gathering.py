"""The conference's channel in Slack: made private, filled one by one, and the advisor told who could not come."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.services import channel as conferences
from bot.services.channel import Invite, Meeting
from bot.services.house import House
from bot.services.speech import Saying, Voice
from bot.slack.client import Reply, SlackApi
from bot.slack.compose import compose
from bot.slack.posting import Poster
from bot.slack.replies import trouble
from bot.store.models import Conference, Person
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

NAME_LENGTH = 80
TRIES = 20
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

    def __init__(self, house: House, api: SlackApi) -> None:
        self._house = house
        self._api = api

    def send(self, delivery: Delivery) -> Outcome:
        """Create it; a name that is taken gets a number, unless it is a channel we made for this very conference."""
        about = _meeting(self._house, delivery)
        if about is None:
            return Refused("the conference was cancelled")
        if about.channel:
            return Sent(about.channel, "")
        for name in _names(self._house, about):
            reply = self._api.call("conversations.create", {"name": name, "is_private": True})
            if reply.ok:
                return Sent(reply.data["channel"]["id"], name)
            if reply.error != "name_taken":
                return trouble(reply, "conversations.create")
            ours = self._ours(name)
            if not isinstance(ours, str) or ours:
                return ours if not isinstance(ours, str) else Sent(ours, name)
        return Refused("name")

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """A channel of ours with one of the names that no conference knows yet is the one that was half made."""
        about = _meeting(self._house, delivery)
        if about is None or about.channel:
            return Sent(about.channel, "") if about is not None and about.channel else None
        for name in _names(self._house, about):
            ours = self._ours(name)
            if not isinstance(ours, str):
                return Unknown("conversations.list")
            if ours:
                return Sent(ours, name)
        return None

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep the channel; where the workspace does not allow it, tell those who can change that."""
        conference = delivery.payload["conference"]
        if isinstance(outcome, Sent):
            conferences.made(connection, conference, outcome.channel, outcome.ts)
            return ()
        about = conferences.meeting(connection, conference)
        if not isinstance(outcome, Refused) or about is None:
            return ()
        reason = outcome.reason if outcome.reason in ("restricted_action", "name") else "other"
        saying = Saying("channel_blocked", {"student": conferences.student_name(about), "reason": reason})
        key = f"blocked:{delivery.id}"
        return [
            *conferences.tell_advisor(about, saying, key, now),
            *conferences.tell_coordinators(connection, about, saying, f"{key}:c", now),
        ]

    def _ours(self, name: str) -> str | Outcome:
        """The id of a channel of this name that we made and no conference knows, "" if there is none."""
        for page in pages(self._api, "users.conversations", {"types": "private_channel", "limit": 200}):
            if not page.ok:
                return trouble(page, "users.conversations")
            for one in page.data["channels"]:
                if one["name"] == name and not self._known(one["id"]):
                    return str(one["id"])
        return ""

    def _known(self, channel: str) -> bool:
        with self._house.store.read() as connection:
            return connection.scalar(select(Conference.id).where(Conference.channel == channel)) is not None


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
            slack_id = connection.scalar(
                select(Person.slack_id).where(Person.id == delivery.payload["person"], Person.active.is_(True))
            )
        if about is None or not about.channel:
            return Refused("there is no channel")
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
            conferences.invited(connection, conference, person, Invite.JOINED)
        elif isinstance(outcome, Refused):
            known = outcome.reason in set(Invite)
            reason = Invite(outcome.reason) if known else Invite.NOT_ALLOWED
            conferences.invited(connection, conference, person, reason)
        return ()


class Reporter:
    """Carries `report`: who could not be brought into the channel, and what the advisor can do about it."""

    method = "chat.postMessage"

    def __init__(self, house: House, poster: Poster) -> None:
        self._house = house
        self._poster = poster

    def send(self, delivery: Delivery) -> Outcome:
        """Tell the advisor; refused where there is nothing to tell."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.payload["conference"])
            problems = conferences.problems(connection, delivery.payload["conference"])
        if about is None or about.advisor is None or not about.advisor.slack_id or not problems:
            return Refused("there is nothing to report")
        saying = Saying(
            "invite_report",
            {"student": conferences.student_name(about), "problems": problems, "channel": about.channel or ""},
        )
        voice = Voice(delivery.workspace, about.advisor.slack_id, about.advisor.language, "", "", delivery.due_at)
        message = compose(self._house.words, "say", voice.say(saying).payload)[0]
        return self._poster.post(delivery, about.advisor.slack_id, message)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the advisor's DM."""
        about = _meeting(self._house, delivery)
        if about is None or about.advisor is None or not about.advisor.slack_id:
            return None
        return self._poster.find(delivery, about.advisor.slack_id)

    def settled(self, *_: Any) -> Sequence[Draft]:
        """Nothing follows."""
        return ()


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
    first = about.student.split()[0] if about.student.split() else ""
    wanted = channel_name(
        house.words.catalog.label(
            house.words.language(about.language),
            "channel.name",
            first=first,
            month=about.date[5:7],
            day=about.date[8:10],
        )
    )
    yield wanted
    for number in range(2, TRIES):
        yield f"{wanted[: NAME_LENGTH - 3]}-{number}"


def _meeting(house: House, delivery: Delivery) -> Meeting | None:
    with house.store.read() as connection:
        return conferences.meeting(connection, delivery.payload["conference"])
