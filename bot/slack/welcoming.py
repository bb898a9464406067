"""The family's welcome: a point in a conference's lane; the cards that follow from it; the date for a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.services.channels import cards
from bot.services.channels import channel as conferences
from bot.services.channels.channel import NO_CHANNEL
from bot.services.family import invitation_ics, welcoming
from bot.services.house import House
from bot.services.speech import Saying
from bot.slack.blocks import Message, messages
from bot.slack.compose import composing, say
from bot.slack.point import Point
from bot.slack.posting import Poster
from bot.slack.uploading import Upload
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

NOT_WANTED = "it is no longer wanted"


class Welcomer(Point):
    """Carries `welcome`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """The channel, those who belong there, the cards; the invitation of those who are not on Slack."""
        if not isinstance(outcome, Sent):
            return ()
        conference, key = delivery.payload["conference"], f"welcome:{delivery.id}"
        return welcoming.welcomed(self._house, connection, delivery.workspace, conference, key, now)


class CardPoster:
    """Carries `card`: posted once, and from then on said anew in its place. What it says is made when it is sent."""

    method = "chat.postMessage"

    def __init__(self, house: House, poster: Poster) -> None:
        self._house = house
        self._poster = poster

    def send(self, delivery: Delivery) -> Outcome:
        """Compose and post, or update."""
        payload = delivery.payload
        with self._house.store.read() as connection, composing():
            about = conferences.meeting(connection, delivery.workspace, payload["conference"])
            saying = cards.saying(connection, delivery)
            stand = cards.standing(connection, delivery.workspace, payload["conference"])
        if about is None or not about.channel:
            return Refused(NO_CHANNEL)
        if saying is None:
            return Refused(NOT_WANTED)
        with composing():
            message = self._message(saying, payload["language"])
        if payload["card"] == cards.WELCOME and payload["language"] in stand:
            updated = self._poster.update(delivery, about.channel, stand[payload["language"]], message)
            if updated != Refused("message_not_found"):
                return updated
        return self._poster.post(delivery, about.channel, message)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look in the channel; a card that stands is said anew again."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        return self._poster.find(delivery, about.channel) if about is not None and about.channel else None

    def settled(self, *_: object) -> Sequence[Draft]:
        """Nothing follows."""
        return ()

    def _message(self, saying: Saying, language: str) -> Message:
        return messages(*say(self._house.words, saying.payload(language)))[0]


class Calendars:
    """Makes `calendar` files: the conference as an event, in one language."""

    guarded = False  # who is in the channel reads the same on the card

    def __init__(self, house: House) -> None:
        self._house = house

    def make(self, delivery: Delivery) -> Upload | None:
        """The file; None where there is no such conference any more."""
        payload, words = delivery.payload, self._house.words
        with self._house.store.read() as connection:
            about = invitation_ics.facts(
                self._house, connection, delivery.workspace, payload["conference"], payload["language"]
            )
        if about is None:
            return None
        data = invitation_ics.event(about, self._house.clock(), sequence=payload["sequence"])
        name = words.catalog.label(words.language(payload["language"]), "calendar.file")
        return Upload(f"{name}-{about.begins.date().isoformat()}.ics", about.title, data)

    def lost(self, *_: Any, **__: Any) -> Sequence[Draft]:
        """Nobody waits for it: the day stands on the card."""
        return ()
