"""The packet as a file: made when it is sent, with the pictures as Slack has them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot.packet import Packet, render
from bot.services import channel as conferences
from bot.services import packets
from bot.services.binder import binder
from bot.services.house import House
from bot.slack.client import SlackApi
from bot.slack.downloading import Downloads
from bot.slack.gathering import channel_name
from bot.slack.uploading import Upload
from scheduler.outbox import Delivery

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
            about = conferences.meeting(connection, delivery.payload["conference"])
            if about is None:
                return None
            packet = self._packet(connection, delivery) if for_one else self._of_channel(connection, about.id)
            paper = packets.school_paper(connection, delivery.workspace)
        if not (for_one or packet.approved):
            return None
        return Upload(
            f"packet-{channel_name(packet.student)}.pdf",
            self._label(packet, "file"),
            render(packet, paper, self._photos.of(packet)),
            self._label(packet, "comment" if packet.approved else "comment_frame"),
            "" if for_one else next(iter(about.stands.pages), ""),
        )

    def _of_channel(self, connection: Connection, conference: int) -> Packet:
        return packets.channel_packet(self._house, connection, conference)

    def _packet(self, connection: Connection, delivery: Delivery) -> Packet:
        payload: Mapping[str, Any] = delivery.payload
        return binder(self._house, connection, payload["conference"], payload["household"], payload["language"])

    def _label(self, packet: Packet, key: str) -> str:
        return self._house.words.catalog.label(packet.language, f"packet.{key}", student=packet.student)
