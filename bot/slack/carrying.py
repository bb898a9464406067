"""Brings a student's file into the conference's channel as a copy, and takes it out again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from sqlalchemy import Connection

from bot.services.channels import channel as conferences
from bot.services.channels import works
from bot.services.channels.channel import NO_CHANNEL, Meeting
from bot.services.house import House
from bot.slack.attendance import Attendance
from bot.slack.client import SlackApi
from bot.slack.downloading import Downloads
from bot.slack.replies import trouble
from bot.slack.uploading import Upload, Uploads, not_now
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Outcome, Refused, Sent, Unknown

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")


class Carrier:
    """Carries `work`: one file."""

    method = "files.completeUploadExternal"

    def __init__(self, house: House, api: SlackApi, attendance: Attendance) -> None:
        self._house = house
        self._downloads = Downloads(api)
        self._uploads = Uploads(api)
        self._attendance = attendance

    def send(self, delivery: Delivery) -> Outcome:
        """Copy the file into the channel, under the agenda; or delete the copy."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
            copy = _copy(connection, delivery)
        if about is None or not about.channel:
            return Refused(NO_CHANNEL)
        if delivery.payload["remove"]:
            return self._uploads.remove(copy, about.channel)
        standing = self._uploads.stands(copy, about.channel)
        if standing is not None:
            return standing
        return self._attendance.bars(about) or self._bring(delivery, about)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Ask what became of the copy, whose id was kept before it was shared."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.workspace, delivery.payload["conference"])
            copy = _copy(connection, delivery)
        if about is None or not about.channel or delivery.payload["remove"]:
            return None
        return self._uploads.stands(copy, about.channel)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep where it stands, and update the agenda, which links to it."""
        conference, file = delivery.payload["conference"], delivery.payload["file"]
        if not isinstance(outcome, Sent):
            return ()
        if delivery.payload["remove"]:
            works.gone(connection, delivery.workspace, conference, file)
            return ()
        works.stands(connection, delivery.workspace, conference, file, outcome.ts)
        return conferences.again(connection, delivery.workspace, conference, f"work:{delivery.id}", now)

    def _bring(self, delivery: Delivery, about: Meeting) -> Outcome:
        known = self._downloads.known(delivery.payload["file"])
        if not known.ok:
            return trouble(known, "files.info")
        content = self._downloads.content(known.data["file"])
        if content is None:
            return not_now(delivery, "the file could not be fetched")
        return content if isinstance(content, Refused) else self._upload(delivery, about, known.data["file"], content)

    def _upload(self, delivery: Delivery, about: Meeting, file: Mapping[str, Any], content: bytes) -> Outcome:
        def begun(copy: str) -> None:
            with self._house.store.write() as connection:
                works.begun(connection, delivery.workspace, about.id, delivery.payload["file"], copy)

        title, thread = file.get("title") or file["name"], next(iter(about.stands.pages), "")
        upload = Upload(_name(file), title, content, thread=thread)
        return self._uploads.put(delivery, upload, about.channel or "", begun)


def _name(file: Mapping[str, Any]) -> str:
    """What the copy is called. Slack puts it into addresses, which are kept as they are: so it is not what the student
    called theirs. That is the copy's title."""
    ending = PurePath(str(file["name"])).suffix
    return f"{file['id']}{ending if _ENDING.fullmatch(ending) else ''}"


def _copy(connection: Connection, delivery: Delivery) -> str:
    """Slack's id of the copy, if there is one."""
    shared = works.shared(connection, delivery.workspace, delivery.payload["conference"])
    return shared.get(delivery.payload["file"], ("", None))[0]
