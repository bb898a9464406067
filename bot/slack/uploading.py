"""Files put into Slack by the bot. Their id is kept before they are shared, so that they can be looked up later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.blocks import harmless
from bot.slack.client import Reply, SlackApi
from bot.slack.replies import trouble
from scheduler.outbox import Delivery
from scheduler.outcomes import Later, Outcome, Refused, Sent, Unknown

TRIES = 3
"""A file that cannot be fetched, or put, so often is left behind: what comes after it does not wait."""

NOT_PUT = "the file could not be put"
TRY_AGAIN_SECONDS = 20.0
_GONE = frozenset({"file_not_found", "file_deleted"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be put: its bytes, what it is called, and what is said with it. `thread`: the ts it stands under."""

    name: str
    title: str
    data: bytes
    comment: str = ""
    thread: str = ""


class Uploads:
    """Puts files, looks whether they arrived, and deletes them."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    def put(self, delivery: Delivery, upload: Upload, channel: str, begun: Callable[[str], None]) -> Outcome:
        """Upload and share in a channel. `begun` keeps Slack's id for the file, before it is shared.

        Sent: the channel and the file's address. Refused where it could not be put after several tries.
        """
        place = self._api.ask("files.getUploadURLExternal", {"filename": upload.name, "length": len(upload.data)})
        if not place.ok:
            return trouble(place, "files.getUploadURLExternal")
        file = str(place.data["file_id"])
        begun(file)
        if not self._api.upload(place.data["upload_url"], upload.data):
            return not_now(delivery, NOT_PUT)
        shared = self._api.call("files.completeUploadExternal", _arguments(file, upload, channel))
        if not shared.ok:
            return trouble(shared, "files.completeUploadExternal")
        return Sent(channel, shared.data["files"][0].get("permalink") or "")

    def stands(self, file: str, channel: str) -> Sent | Unknown | None:
        """Whether a file of ours is in the channel already; `file` may be "" where there is none."""
        if not file:
            return None
        known = self._api.ask("files.info", {"file": file})
        if known.error in _GONE:
            return None
        if not known.ok:
            return Unknown(known.fault or known.error)
        found = known.data["file"]
        return Sent(channel, found.get("permalink") or "") if _is_shared(found, channel) else None

    def remove(self, file: str, channel: str) -> Outcome:
        """Delete a file of ours, and with it every message it stands in. That it is gone already is a success."""
        if not file:
            return Sent(channel, "")
        reply: Reply = self._api.ask("files.delete", {"file": file})
        return Sent(channel, "") if reply.ok or reply.error in _GONE else trouble(reply, "files.delete")


def not_now(delivery: Delivery, reason: str) -> Outcome:
    """Nothing was shared yet: a few tries more, then it is left behind. What is put again has one try each time."""
    more = delivery.attempts + 1 < TRIES and not delivery.payload.get("again")
    return Later(TRY_AGAIN_SECONDS, reason) if more else Refused(reason)


def _arguments(file: str, upload: Upload, channel: str) -> dict[str, Any]:
    arguments: dict[str, Any] = {"files": [{"id": file, "title": upload.title}], "channel_id": channel}
    if upload.comment:
        arguments["initial_comment"] = harmless(upload.comment).replace("://", "∶//")  # Slack reads it as mrkdwn
    if upload.thread:
        arguments["thread_ts"] = upload.thread
    return arguments


def _is_shared(file: Mapping[str, Any], channel: str) -> bool:
    shares = file.get("shares") or {}
    return any(channel in shares.get(kind, {}) for kind in ("private", "public"))
