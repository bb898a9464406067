"""Nudges: what they say is made when they are sent, from the database as it is then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.services import nudging
from bot.services.house import House
from bot.slack.compose import composing
from bot.slack.pictures import Pictures
from bot.slack.posting import Poster
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Outcome, Postponed, Refused, Sent, Unknown

NOBODY = "there is nobody to say it to"


class Nudger:
    """Carries `nudge`: one message, to a person or into a conference's channel."""

    method = "chat.postMessage"

    def __init__(self, house: House, poster: Poster, pictures: Pictures) -> None:
        self._house = house
        self._poster = poster
        self._pictures = pictures

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        """Whether it is still wanted and allowed, asked just before it goes."""
        with self._house.store.read() as connection:
            return nudging.refusal(connection, delivery, now)

    def send(self, delivery: Delivery) -> Outcome:
        """Compose it as things stand now, and post it."""
        said = self._said(delivery)
        if said is None:
            return Refused(NOBODY)
        return self._pictures.post(delivery, said.channel, said.saying, said.language)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the channel's history."""
        said = self._said(delivery)
        return self._poster.find(delivery, said.channel) if said is not None else None

    def settled(self, *_: object) -> Sequence[Draft]:
        """Nothing follows."""
        return ()

    def _said(self, delivery: Delivery) -> nudging.Said | None:
        with self._house.store.read() as connection, composing():
            return nudging.said(self._house, connection, delivery, self._house.clock())
