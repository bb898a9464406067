"""The dispatcher's way to Slack: each kind of delivery has its carrier."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.errors import ComposeError
from bot.services import deadletters
from bot.services.audit import posted
from bot.services.channels import opening
from bot.services.channels.packets import FOR_ONE, PACKET
from bot.services.house import House
from bot.services.speech import Kind
from bot.slack.attendance import Attendance
from bot.slack.carrying import Carrier as FileCarrier
from bot.slack.client import SlackApi
from bot.slack.filing import Filer, Maker
from bot.slack.gathering import ChannelMaker, Inviter, Reporter
from bot.slack.homes import HomeKeeper
from bot.slack.meeting import Introducer
from bot.slack.nudging import Nudger
from bot.slack.opening import Opener
from bot.slack.packets import PacketMaker
from bot.slack.pictures import Pictures
from bot.slack.posting import Poster, Speaker, Updater
from bot.slack.publishing import Pinner, Publisher
from bot.slack.reading_back import ReadBack
from bot.slack.welcoming import Calendars, CardPoster, Welcomer
from scheduler.failures import raised_at
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Later, Outcome, Postponed, Refused, Sent, Unknown

log = logging.getLogger("bot.slack")

NEWER_TAKES_IT = 30.0
"""Seconds for which a kind this version does not know is left to the newer one that put it."""

_STEPS = frozenset(
    {
        Kind.READ_BACK, Kind.CHANNEL, Kind.INVITE, Kind.REPORT, Kind.AGENDA, Kind.PIN, Kind.WORK, Kind.OPENING,
        Kind.WELCOME, Kind.CARD,
    }
)  # fmt: skip
"""The kinds that stand in a conference's lane."""


class Carrier(Protocol):
    """Takes one kind of delivery to Slack; `method` is the call it makes, which the pace goes by."""

    method: str

    def send(self, delivery: Delivery) -> Outcome:
        """Make the call, once."""

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Whether it arrived though no reply came; None where it did not, or where doing it again does no harm."""

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """In the transaction that settles it: what is to be kept, and what follows."""


class Mailing(Carrier, Protocol):
    """A carrier that says itself whether what it carries is still wanted."""

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        """As for the sender."""


class SlackSender:
    """Hands each delivery to the carrier of its kind."""

    def __init__(self, house: House, api: SlackApi, bot_user: str, mailer: Mailing) -> None:
        poster = Poster(api, bot_user)
        attendance = Attendance(house, api, bot_user)
        pictures = Pictures(house.words, api, poster)
        speaker = Speaker(house, poster, pictures)
        self._house = house
        self._nudger = Nudger(house, poster, pictures)
        self._mailer = mailer
        packets = PacketMaker(house, api)
        makers: dict[str, Maker] = {"calendar": Calendars(house), PACKET: packets, FOR_ONE: packets}
        self._carriers: Mapping[str, Carrier] = {
            Kind.MAIL: mailer,
            Kind.SAY: speaker,
            Kind.ASK: speaker,
            Kind.UPDATE: Updater(house, poster),
            Kind.HOME: HomeKeeper(house, api),
            Kind.MEET: Introducer(house, api),
            Kind.CHANNEL: ChannelMaker(house, api, bot_user),
            Kind.INVITE: Inviter(house, api),
            Kind.REPORT: Reporter(),
            Kind.AGENDA: Publisher(house, api, poster, attendance),
            Kind.PIN: Pinner(house, api),
            Kind.READ_BACK: ReadBack(house, poster, attendance),
            Kind.OPENING: Opener(),
            Kind.WELCOME: Welcomer(house),
            Kind.CARD: CardPoster(house, poster),
            Kind.FILE: Filer(house, api, poster, attendance, makers),
            Kind.WORK: FileCarrier(house, api, attendance),
            Kind.NUDGE: self._nudger,
        }

    def method(self, delivery: Delivery) -> str:
        """The call a delivery is made by; "" for a kind of a newer version."""
        carrier = self._carriers.get(delivery.kind)
        return carrier.method if carrier is not None else ""

    def in_steps(self, delivery: Delivery) -> bool:
        """In a conference's lane each step goes by what the one before it has left in the database."""
        return delivery.kind in _STEPS

    def refuse(self, delivery: Delivery, now: datetime) -> str | Postponed | None:
        """Only a nudge may be no longer wanted by the time it is due; it, and the opening of a channel, not just now:
        nobody waits for them."""
        if delivery.kind in (Kind.OPENING, Kind.WELCOME):
            with self._house.store.read() as connection:
                return opening.not_now(connection, delivery, now)
        if delivery.kind == Kind.MAIL:
            return self._mailer.refuse(delivery, now)
        return self._nudger.refuse(delivery, now) if delivery.kind == Kind.NUDGE else None

    def send(self, delivery: Delivery) -> Outcome:
        """Make the call, once. What cannot be composed is refused, so that its lane goes on."""
        carrier = self._carriers.get(delivery.kind)
        if carrier is None:
            return Later(NEWER_TAKES_IT, f"this version knows no {delivery.kind}")
        try:
            return carrier.send(delivery)
        except ComposeError as error:
            raised = error.__cause__ or error
            log.error("compose_failed delivery=%s kind=%s template=%s error=%s at=%s", delivery.id, delivery.kind,
                      delivery.payload.get("template", ""), error, raised_at(raised))  # fmt: skip
            return Refused(f"could not be composed: {error}")

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Look whether it arrived."""
        return self._carriers[delivery.kind].find(delivery)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """What is to be kept, and what follows. Where somebody waited in vain, the coordinators hear of it."""
        if isinstance(outcome, Sent):
            posted.noted(connection, delivery, outcome, now)
        drafts = self._carriers[delivery.kind].settled(connection, delivery, outcome, now)
        if isinstance(outcome, Refused):
            deadletters.tell(self._house, connection, delivery, outcome, now)
        return drafts
