"""App Homes: published anew whenever somebody opens theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.services.command import status
from bot.services.house import House
from bot.services.leaving import apart
from bot.services.talk import greeting
from bot.slack.blocks import home
from bot.slack.client import SlackApi
from bot.slack.compose import composing, say
from bot.slack.replies import trouble
from scheduler.outbox import Delivery
from scheduler.outcomes import Outcome, Sent, Unknown


class HomeKeeper:
    """Carries `home`: what it shows is read when it is sent."""

    method = "views.publish"

    def __init__(self, house: House, api: SlackApi) -> None:
        self._house = house
        self._api = api

    def send(self, delivery: Delivery) -> Outcome:
        """Publish somebody's home."""
        slack_id = delivery.payload["slack_id"]
        with self._house.store.read() as connection:
            person = greeting.person_in_slack(connection, delivery.workspace, slack_id)
            outside = apart.of(connection, delivery.workspace, slack_id) if person is None else None
            if outside is not None:
                saying, language = apart.saying(connection, outside), outside.language
            elif person is None:
                saying, language = status.home_of_stranger(connection, delivery.workspace)
            else:
                saying, language = status.home_of(self._house, connection, person, delivery.due_at), person.language
        with composing():
            view = home(*say(self._house.words, saying.payload(language)))
        reply = self._api.call("views.publish", {"user_id": slack_id, "view": view})
        return Sent("", "") if reply.ok else trouble(reply, "views.publish")

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Publishing again does no harm."""
        return None

    def settled(self, *_: Any) -> Sequence[Any]:
        """Nothing follows."""
        return ()
