"""App Homes: published anew whenever somebody opens theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bot.services import greeting, status
from bot.services.house import House
from bot.slack.blocks import home
from bot.slack.client import SlackApi
from bot.slack.compose import say
from bot.slack.replies import trouble
from bot.store.models import School
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
            school = connection.scalar(select(School.language).where(School.workspace == delivery.workspace))
            if person is None:
                saying = status.home_of_stranger(connection, delivery.workspace)
            else:
                saying = status.home_of(self._house, connection, person, delivery.due_at)
        payload = saying.payload(person.language if person is not None else school or "en")
        view = home(*say(self._house.words, payload))
        reply = self._api.call("views.publish", {"user_id": slack_id, "view": view})
        return Sent("", "") if reply.ok else trouble(reply, "views.publish")

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Publishing again does no harm."""
        return None

    def settled(self, *_: Any) -> Sequence[Any]:
        """Nothing follows."""
        return ()
