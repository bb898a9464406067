"""Reads the commitments of a conference back: one message, changed in place while it is fresh."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from bot.services import notes
from bot.services.afterwards import commitments, committing
from bot.services.channels import channel as conferences
from bot.services.channels.channel import NO_CHANNEL, Meeting
from bot.services.house import House
from bot.slack.attendance import STRANGER, Attendance
from bot.slack.blocks import Message, messages
from bot.slack.compose import composing, say
from bot.slack.posting import Poster
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

FRESH = timedelta(days=1)
"""A message older than this is not seen when it changes: what is added later is read back in a new one."""

_GONE = frozenset({NO_CHANNEL, STRANGER})


class ReadBack:
    """Carries `read_back`, into the conference's channel or to one person."""

    method = "chat.postMessage"

    def __init__(self, house: House, poster: Poster, attendance: Attendance) -> None:
        self._house = house
        self._poster = poster
        self._attendance = attendance

    def send(self, delivery: Delivery) -> Outcome:
        """Say them as they stand now: in the message that is there, else in a new one. Not before somebody who should
        not be in the channel."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
            stands = commitments.read_back_at(connection, delivery)
        if about is None or (_to_channel(delivery) and not about.channel):
            return Refused(NO_CHANNEL)
        barred = self._attendance.bars(about) if _to_channel(delivery) else None
        return barred or self._say(delivery, about, stands)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look for it; one that was only changed is changed again."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        if about is None:
            return None
        return self._poster.find(delivery, self._place(delivery, about))

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Where the channel is no place for it, the student and the advisor are told themselves."""
        if not (isinstance(outcome, Refused) and outcome.reason in _GONE and _to_channel(delivery)):
            return ()
        about = notes.conference_of(connection, delivery.workspace, delivery.payload["conference"])
        if about is None:
            return ()
        return committing.read_back(connection, about, delivery.id, now, new=delivery.payload["new"], aside=True)

    def _say(self, delivery: Delivery, about: Meeting, stands: Sent | None) -> Outcome:
        new, now = delivery.payload["new"], self._house.clock()
        message = self._message(delivery, about)
        if stands is not None and not (new and _since(stands) + FRESH < now):
            updated = self._poster.update(delivery, stands.channel, stands.ts, message)
            if updated != Refused("message_not_found"):
                return updated
        # Nothing is posted only to say that something which was never read there has changed.
        return self._poster.post(delivery, self._place(delivery, about), message) if new else Sent("", "")

    def _message(self, delivery: Delivery, about: Meeting) -> Message:
        listed = committing.list_for_channel if _to_channel(delivery) else committing.list_of
        words, language = self._house.words, self._house.words.language(delivery.payload["language"])
        with self._house.store.read() as connection, composing():
            saying = listed(self._house, connection, about.workspace, about.id, language)
            return messages(*say(words, saying.payload(language)))[0]

    @staticmethod
    def _place(delivery: Delivery, about: Meeting) -> str:
        return (about.channel or "") if _to_channel(delivery) else delivery.recipient


def _to_channel(delivery: Delivery) -> bool:
    return delivery.recipient == f"conference:{delivery.payload['conference']}"


def _since(stands: Sent) -> datetime:
    """When a message was posted: its ts is the time."""
    return datetime.fromtimestamp(float(stands.ts), UTC)
