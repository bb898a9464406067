"""The dispatcher's way to the mail server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.errors import ComposeError
from bot.mail.letter import written
from bot.mail.post import METHOD, Post
from bot.mailserver import Server
from bot.services.family import mailing
from bot.services.family.handing import Undelivered
from bot.services.house import House
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Later, Outcome, Postponed, Refused, Sent, Unknown, Unwanted

TIMES_LOST = 3
"""So often is a letter sent that may have arrived; mail has no way to look, and each time it may be there twice."""


class Mailer:
    """Carries `mail`: one letter to one adult. Without a server every letter is refused, and the advisor told."""

    method = METHOD

    def __init__(self, house: House, server: Server | None, post: Post | None = None) -> None:
        self._house = house
        self._server = server
        self._post = post or (Post(server) if server is not None else None)

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        """Whether it is still wanted and allowed, asked just before it goes."""
        with self._house.store.read() as connection:
            return mailing.refusal(connection, delivery, now)

    def send(self, delivery: Delivery) -> Outcome:
        """Write it as things stand now, and hand it over."""
        if self._server is None or self._post is None:
            return Refused(Undelivered.NO_SERVER)
        if delivery.reason == Undelivered.LOST and delivery.attempts >= TIMES_LOST:
            return Refused(Undelivered.LOST)
        now = self._house.clock()
        with self._house.store.read() as connection:
            try:
                letter = mailing.letter(self._house, connection, delivery, now)
                mail = written(self._house.words, letter, self._server, delivery.id, now) if letter else None
            except Exception as error:  # it would fail each time; the message may hold what is in the letter
                raise ComposeError(type(error).__name__) from error
        if letter is None or mail is None:
            return Refused(Undelivered.NOBODY)
        outcome = self._post.send(letter.email, mail, delivery.attempts)
        return self._in_time(delivery, outcome) if isinstance(outcome, Later) else outcome

    def _in_time(self, delivery: Delivery, later: Later) -> Outcome:
        """A letter that was put off; given up while the advisor can still do something about it."""
        with self._house.store.read() as connection:
            waits = mailing.can_wait(connection, delivery, later, self._house.clock())
        return later if waits else Refused(Undelivered.LATE)

    def find(self, _delivery: Delivery) -> Sent | Unknown | None:
        """Nobody can be asked: it is sent again, under the same Message-ID, by which mail programs know it again."""
        return None

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Where a letter cannot be delivered, the advisor is told what to do."""
        if isinstance(outcome, Refused):
            return mailing.failed(connection, delivery, outcome.reason, now)
        if isinstance(outcome, Unwanted) and mailing.came_too_late(connection, delivery, outcome.reason):
            return mailing.failed(connection, delivery, Undelivered.LATE, now)
        return ()
