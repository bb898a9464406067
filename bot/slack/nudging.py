"""Nudges: what they say is made when they are sent, from the database as it is then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.services.house import House
from bot.services.nudges import about, company, nudging, refusal
from bot.slack.compose import composing
from bot.slack.pictures import Pictures
from bot.slack.posting import Poster
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Postponed, Refused, Sent, Unknown

NOBODY = "there is nobody to say it to"


class Nudger:
    """Carries `nudge`: one message, to a person or into a conference's channel."""

    method = "chat.postMessage"

    def __init__(self, house: House, poster: Poster, pictures: Pictures) -> None:
        self._house = house
        self._poster = poster
        self._pictures = pictures
        self._told: dict[str, Sequence[int]] = {}  # said with what was sent and is not settled yet, by its id

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        """Whether it is still wanted and allowed, asked just before it goes."""
        with self._house.store.read() as connection:
            return refusal.of(self._house, connection, delivery, now)

    def send(self, delivery: Delivery) -> Outcome:
        """Compose it as things stand now, and post it."""
        with self._house.store.read() as connection, composing():
            said = nudging.said(self._house, connection, delivery, self._house.clock())
        if said is None:
            return Refused(NOBODY)
        outcome = self._pictures.post(delivery, said.channel, said.saying, said.language)
        if isinstance(outcome, Sent):
            self._told[delivery.id] = said.told
        return outcome

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the channel's history."""
        with self._house.store.read() as connection:
            channel = about.place(connection, delivery)
        return self._poster.find(delivery, channel) if channel else None

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """What was said with it goes no more. The same in the further languages of a channel; what comes right after.

        What was sent before a crash and found again is taken to have said what it would say now.
        """
        if not isinstance(outcome, Sent):
            return ()
        told = self._told.pop(delivery.id, None)
        if told is None:
            told = [one.seq for one in nudging.together(self._house, connection, delivery, now)[1:]]
        if told:
            company.settle(connection, delivery.workspace, told, now)
        further = nudging.further(self._house, connection, delivery, now)
        return [*further, *nudging.followed(self._house, connection, delivery, now)]
