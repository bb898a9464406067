"""Who is in a conference's channel, and who of them should not be."""

from __future__ import annotations

from collections.abc import Iterable

from bot.services.channels import channel as conferences
from bot.services.channels.channel import Meeting
from bot.services.house import House
from bot.slack.client import SlackApi
from bot.slack.gathering import pages
from bot.slack.replies import trouble
from scheduler.outcomes import Outcome, Refused

STRANGER = "someone is in the channel who should not be"


class Attendance:
    """Reads a channel's members at the moment it is asked."""

    def __init__(self, house: House, api: SlackApi, bot_user: str) -> None:
        self._house = house
        self._api = api
        self._bot_user = bot_user

    def strangers(self, about: Meeting) -> frozenset[str] | Outcome:
        """The Slack ids of those in the channel who do not belong to the conference; an outcome if Slack would not say.

        The bot itself belongs there; any other app does not.
        """
        found: set[str] = set()
        for page in pages(self._api, "conversations.members", {"channel": about.channel, "limit": 200}):
            if not page.ok:
                return trouble(page, "conversations.members")
            found.update(page.data["members"])
        with self._house.store.read() as connection:
            belong = conferences.belongs(connection, about.workspace, about.id)
        return frozenset(found - belong - {self._bot_user})

    def bars(self, about: Meeting) -> Outcome | None:
        """What becomes of a delivery that is not for a channel with a stranger in it; None if there is none there."""
        strangers = self.strangers(about)
        if not isinstance(strangers, frozenset):
            return strangers
        return Refused(STRANGER) if strangers else None

    def names(self, workspace: str, slack_ids: Iterable[str]) -> list[str]:
        """What these are called: as the roster has them, else as Slack does, else by their id."""
        with self._house.store.read() as connection:
            known = conferences.names_of(connection, workspace, list(slack_ids))
        return sorted(name or self._called(slack_id) for slack_id, name in known.items())

    def _called(self, slack_id: str) -> str:
        reply = self._api.ask("users.info", {"user": slack_id})
        user = reply.data.get("user") or {}
        profile = user.get("profile") or {}
        return str(profile.get("real_name") or user.get("real_name") or user.get("name") or slack_id)
