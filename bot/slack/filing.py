"""Files of ours, made at the moment they are sent: put into a conference's channel or somebody's DM, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.services.channels import channel as conferences
from bot.services.channels import filing, works
from bot.services.channels.channel import NO_CHANNEL
from bot.services.house import House
from bot.slack.attendance import STRANGER, Attendance
from bot.slack.client import Reply, SlackApi
from bot.slack.compose import composing
from bot.slack.posting import Poster
from bot.slack.replies import trouble
from bot.slack.uploading import NOT_PUT, Upload, Uploads
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Later, Outcome, Refused, Sent, Unknown

NEWER_MAKES_IT = 30.0
"""Seconds for which a file this version does not know is left to the newer one that put it."""

NOT_WANTED = "it is no longer wanted"
PUT_AGAIN = "it is put again in a while"
_OURS = frozenset({NOT_WANTED, NO_CHANNEL, STRANGER, PUT_AGAIN})


class Maker(Protocol):
    """Makes one kind of file. `guarded`: not for a channel with somebody in it who should not be there."""

    guarded: bool

    def make(self, delivery: Delivery) -> Upload | None:
        """The file as it is now; None where it is no longer wanted."""

    def lost(self, connection: Connection, delivery: Delivery, now: datetime, *, last: bool) -> Sequence[Draft]:
        """It could not be put, and is put again in a while, or never (`last`): what whoever waits for it is told."""


class Filer:
    """Carries `file`."""

    method = "files.completeUploadExternal"

    def __init__(
        self, house: House, api: SlackApi, poster: Poster, attendance: Attendance, makers: Mapping[str, Maker]
    ) -> None:
        self._house = house
        self._poster = poster
        self._attendance = attendance
        self._uploads = Uploads(api)
        self._makers = makers

    def send(self, delivery: Delivery) -> Outcome:
        """Make it and put it, unless it stands there already; or delete it."""
        channel = self._channel(delivery)
        if not isinstance(channel, str):
            return channel
        file = self._file(delivery)
        if delivery.payload["remove"]:
            return self._uploads.remove(file, channel)
        standing = self._uploads.stands(file, channel)
        if standing is not None:
            return standing
        maker = self._makers.get(delivery.payload["file"])
        if maker is None:
            return Later(NEWER_MAKES_IT, "this version makes no such file")
        barred = self._barred(delivery) if maker.guarded else None
        outcome = barred or self._put(delivery, maker, channel)
        more = filing.tries(delivery) < len(filing.AGAIN)
        return Refused(PUT_AGAIN) if more and outcome == Refused(NOT_PUT) else outcome

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Ask what became of the file, whose id was kept before it was shared."""
        channel = self._channel(delivery)
        if not isinstance(channel, str) or delivery.payload["remove"]:
            return None
        return self._uploads.stands(self._file(delivery), channel)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep where it stands, as long as it may have to be found there: not in a DM. What could not be put for now is
        put again; whoever waits for it hears of it."""
        conference, keep = delivery.payload["conference"], delivery.payload["keep"]
        if _to_person(delivery) or (isinstance(outcome, Sent) and delivery.payload["remove"]):
            works.gone(connection, delivery.workspace, conference, keep)
        elif isinstance(outcome, Sent):
            works.stands(connection, delivery.workspace, conference, keep, outcome.ts)
        return self._lost(connection, delivery, outcome, now) if isinstance(outcome, Refused) else ()

    def _lost(self, connection: Connection, delivery: Delivery, outcome: Refused, now: datetime) -> Sequence[Draft]:
        again = outcome.reason == PUT_AGAIN
        maker = self._makers.get(delivery.payload["file"])
        if maker is None or delivery.payload["remove"] or (outcome.reason in _OURS and not again):
            return ()
        told = maker.lost(connection, delivery, now, last=not again)
        return [*told, filing.again(delivery, now)] if again else told

    def _put(self, delivery: Delivery, maker: Maker, channel: str) -> Outcome:
        with composing():
            made = maker.make(delivery)
        if made is None:
            return Refused(NOT_WANTED)

        def begun(file: str) -> None:
            with self._house.store.write() as connection:
                works.begun(
                    connection, delivery.workspace, delivery.payload["conference"], delivery.payload["keep"], file
                )

        return self._uploads.put(delivery, made, channel, begun)

    def _channel(self, delivery: Delivery) -> str | Outcome:
        if _to_person(delivery):
            opened = self._poster.channel(delivery.recipient)
            return trouble(opened, "conversations.open") if isinstance(opened, Reply) else opened
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        return about.channel if about is not None and about.channel else Refused(NO_CHANNEL)

    def _barred(self, delivery: Delivery) -> Outcome | None:
        if _to_person(delivery):
            return None
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
        return self._attendance.bars(about) if about is not None else None

    def _file(self, delivery: Delivery) -> str:
        payload = delivery.payload
        with self._house.store.read() as connection:
            kept = filing.kept(connection, delivery.workspace, payload["conference"], payload["file"])
        return kept.get(payload["keep"], ("", None))[0]


def _to_person(delivery: Delivery) -> bool:
    return not delivery.recipient.startswith("conference:")
