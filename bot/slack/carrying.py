"""Brings a student's file into the conference's channel as a copy, and takes it out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.services import channel as conferences
from bot.services import works
from bot.services.channel import Meeting
from bot.services.house import House
from bot.slack.attendance import STRANGER, Attendance
from bot.slack.client import Reply, SlackApi
from bot.slack.replies import trouble
from scheduler.outbox import Delivery, Draft
from scheduler.outcomes import Final, Later, Outcome, Refused, Sent, Unknown

LARGEST = 20_000_000
"""Bytes of a file that is carried over; a larger one is named on the agenda and brought along by the student."""

TRIES = 3
"""A file that cannot be fetched, or put, so often is left behind: the agenda does not wait for it."""

TRY_AGAIN_SECONDS = 20.0
_GONE = frozenset({"file_not_found", "file_deleted"})
_ELSEWHERE = frozenset({"external", "tombstone", "hidden_by_limit"})


class Carrier:
    """Carries `work`: one file."""

    method = "files.completeUploadExternal"

    def __init__(self, house: House, api: SlackApi, attendance: Attendance) -> None:
        self._house = house
        self._api = api
        self._attendance = attendance

    def send(self, delivery: Delivery) -> Outcome:
        """Copy the file into the channel, under the agenda; or delete the copy."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.payload["conference"])
            copy, _ = works.shared(connection, delivery.payload["conference"]).get(delivery.payload["file"], ("", None))
        if about is None or not about.channel:
            return Refused("there is no channel")
        if delivery.payload["remove"]:
            return self._remove(about.channel, copy)
        standing = self._stands(copy, about.channel)
        if standing is not None:
            return standing
        strangers = self._attendance.strangers(about)
        if not isinstance(strangers, frozenset):
            return strangers
        return Refused(STRANGER) if strangers else self._bring(delivery, about)

    def find(self, delivery: Delivery) -> Sent | Unknown | None:
        """Ask what became of the copy, whose id was kept before it was shared."""
        with self._house.store.read() as connection:
            about = conferences.meeting(connection, delivery.payload["conference"])
            copy, _ = works.shared(connection, delivery.payload["conference"]).get(delivery.payload["file"], ("", None))
        if about is None or not about.channel or delivery.payload["remove"]:
            return None
        return self._stands(copy, about.channel)

    def settled(self, connection: Connection, delivery: Delivery, outcome: Final, now: datetime) -> Sequence[Draft]:
        """Keep where it stands, and update the agenda, which links to it."""
        conference, file = delivery.payload["conference"], delivery.payload["file"]
        if not isinstance(outcome, Sent):
            return ()
        if delivery.payload["remove"]:
            works.gone(connection, conference, file)
            return ()
        works.stands(connection, conference, file, outcome.ts)
        return conferences.again(connection, delivery.workspace, conference, f"work:{delivery.id}", now)

    def _bring(self, delivery: Delivery, about: Meeting) -> Outcome:
        known = self._api.ask("files.info", {"file": delivery.payload["file"]})
        if not known.ok:
            return trouble(known, "files.info")
        file = known.data["file"]
        if file.get("is_external") or file.get("mode") in _ELSEWHERE or not file.get("url_private"):
            return Refused("the file is not Slack's")  # its address is another's, who is not to get the bot's token
        if int(file.get("size") or 0) > LARGEST:
            return Refused("the file is too large")
        content = self._api.download(file["url_private"], LARGEST)
        if not content or _is_page(content, file):
            return _not_now(delivery, "the file could not be fetched")
        return self._upload(delivery, about, file, content)

    def _upload(self, delivery: Delivery, about: Meeting, file: Mapping[str, Any], content: bytes) -> Outcome:
        place = self._api.ask("files.getUploadURLExternal", {"filename": file["name"], "length": len(content)})
        if not place.ok:
            return trouble(place, "files.getUploadURLExternal")
        copy = place.data["file_id"]
        with self._house.store.write() as connection:
            works.begun(connection, delivery.workspace, about.id, delivery.payload["file"], copy)
        if not self._api.upload(place.data["upload_url"], content):
            return _not_now(delivery, "the file could not be put")
        arguments: dict[str, Any] = {"files": [{"id": copy, "title": file.get("title") or file["name"]}]}
        arguments["channel_id"] = about.channel
        if about.stands.pages:
            arguments["thread_ts"] = about.stands.pages[0]
        shared = self._api.call("files.completeUploadExternal", arguments)
        if not shared.ok:
            return trouble(shared, "files.completeUploadExternal")
        return Sent(about.channel or "", shared.data["files"][0].get("permalink") or "")

    def _stands(self, copy: str, channel: str) -> Sent | Unknown | None:
        """Whether the copy is in the channel already."""
        if not copy:
            return None
        known = self._api.ask("files.info", {"file": copy})
        if known.error in _GONE:
            return None
        if not known.ok:
            return Unknown(known.fault or known.error)
        file = known.data["file"]
        return Sent(channel, file.get("permalink") or "") if _is_shared(file, channel) else None

    def _remove(self, channel: str, copy: str) -> Outcome:
        if not copy:
            return Sent(channel, "")
        reply: Reply = self._api.ask("files.delete", {"file": copy})
        return Sent(channel, "") if reply.ok or reply.error in _GONE else trouble(reply, "files.delete")


def _not_now(delivery: Delivery, reason: str) -> Outcome:
    """Nothing was shared yet: a few tries more, then the agenda goes on without it."""
    return Later(TRY_AGAIN_SECONDS, reason) if delivery.attempts + 1 < TRIES else Refused(reason)


def _is_shared(file: Mapping[str, Any], channel: str) -> bool:
    shares = file.get("shares") or {}
    return any(channel in shares.get(kind, {}) for kind in ("private", "public"))


def _is_page(content: bytes, file: Mapping[str, Any]) -> bool:
    """Without the scope, Slack answers with its sign-in page instead of the file."""
    return content[:9].lower() == b"<!doctype" and "html" not in str(file.get("mimetype"))
