"""Somebody the roster does not know by their Slack id wrote to the bot: who is it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.services import arriving
from bot.services.house import House
from bot.services.roster.members import met
from bot.slack.client import SlackApi
from bot.slack.directory import member
from bot.slack.replies import trouble
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Sent, Unknown


class Introducer:
    """Carries `meet`: looks somebody up in Slack and matches them to the roster by e-mail."""

    method = "users.info"

    def __init__(self, house: House, api: SlackApi) -> None:
        self._house = house
        self._api = api

    def send(self, delivery: Delivery) -> Outcome:
        """Ask Slack, then match in a transaction of its own: matching twice is matching once."""
        slack_id = delivery.payload["slack_id"]
        reply = self._api.ask("users.info", {"user": slack_id})
        if not reply.ok:
            return trouble(reply, "users.info")
        found = member(reply.data["user"], delivery.workspace)
        if found is not None and not found.gone:
            met(self._house, delivery.workspace, found)
        return Sent(delivery.payload.get("channel") or "", "")

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Asking again does no harm."""
        return None

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Greet them, hear what they said, and bring them where they are waited for."""
        if not isinstance(outcome, Sent):
            return ()
        return arriving.arrived(self._house, connection, delivery, now)
