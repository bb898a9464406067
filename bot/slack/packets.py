"""The packet as a file: made when it is sent, with the pictures as Slack has them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.packet import Packet, file_name, render
from bot.services.agenda.binder import binder
from bot.services.channels import channel as conferences
from bot.services.channels import packets
from bot.services.family import invitation
from bot.services.house import House
from bot.slack.client import SlackApi
from bot.slack.downloading import Downloads
from bot.slack.uploading import Upload
from scheduler.outbox import Delivery, Draft

FETCHING = 12.0
"""Seconds for fetching pictures; what has not come by then is named in the packet. A delivery has 30 in all."""


class Photos:
    """Fetches the pictures of a packet."""

    def __init__(self, api: SlackApi) -> None:
        self._downloads = Downloads(api)

    def of(self, packet: Packet) -> dict[str, bytes]:
        """The files that could be had in time, by id."""
        return dict(self._fetched(packet.pictures))

    def _fetched(self, files: Iterable[str]) -> Iterable[tuple[str, bytes]]:
        until = time.monotonic() + FETCHING
        for file in files:
            if time.monotonic() > until:
                return
            known = self._downloads.known(file)
            content = self._downloads.content(known.data["file"]) if known.ok else None
            if isinstance(content, bytes):
                yield file, content


class PacketMaker:
    """Makes `packet`, for the channel, and `packet_for`, for one person."""

    guarded = True

    def __init__(self, house: House, api: SlackApi) -> None:
        self._house = house
        self._photos = Photos(api)

    def make(self, delivery: Delivery) -> Upload | None:
        """The PDF as it is now; for the channel, only what was approved."""
        for_one = delivery.payload["file"] == packets.FOR_ONE
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
            if about is None or (not for_one and packets.newer_stands(connection, delivery)):
                return None
            packet = self._packet(connection, delivery) if for_one else self._of_channel(connection, about)
            read = [] if for_one else invitation.languages(connection, delivery.workspace, about.id)
            paper = packets.school_paper(connection, delivery.workspace)
        if not (for_one or packet.approved):
            return None
        return Upload(
            file_name(packet.student),
            self._label(packet, "file"),
            render(packet, paper, self._photos.of(packet)),
            self._comment(packet, read),
            "" if for_one else next(iter(about.stands.pages), ""),
        )

    def lost(self, connection: Connection, delivery: Delivery, now: datetime, *, last: bool) -> Sequence[Draft]:
        """Told by a message: whoever asked, or of the channel's the advisor."""
        return packets.lost(connection, delivery, now, last=last)

    def _of_channel(self, connection: Connection, about: conferences.Meeting) -> Packet:
        return packets.channel_packet(self._house, connection, about.workspace, about.id)

    def _packet(self, connection: Connection, delivery: Delivery) -> Packet:
        payload: Mapping[str, Any] = delivery.payload
        return binder(
            self._house, connection, delivery.workspace, payload["conference"], payload["household"],
            payload["language"],
        )  # fmt: skip

    def _comment(self, packet: Packet, languages: Sequence[str]) -> str:
        """What is said with it: in its own language, and in each of `languages` that is another."""
        key = "comment" if packet.approved else "comment_frame"
        spoken = dict.fromkeys([packet.language, *map(self._house.words.language, languages)])
        return "\n".join(self._label(packet, key, language) for language in spoken)

    def _label(self, packet: Packet, key: str, language: str = "") -> str:
        spoken = language or packet.language
        return self._house.words.catalog.label(spoken, f"packet.{key}", student=packet.student)
