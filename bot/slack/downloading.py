"""Students' files, fetched from Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack.client import Reply, SlackApi
from scheduler.outcomes import Refused

LARGEST = 20_000_000
"""Bytes of a file that is fetched; a larger one is named, and brought along by the student."""

_ELSEWHERE = frozenset({"external", "tombstone", "hidden_by_limit"})


class Downloads:
    """Fetches files that Slack itself keeps."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    def known(self, file: str) -> Reply:
        """What Slack says of a file: `files.info`."""
        return self._api.ask("files.info", {"file": file})

    def content(self, known: Mapping[str, Any]) -> bytes | Refused | None:
        """The bytes of a file of which this is known. Refused: it never can be had. None: not just now."""
        if known.get("is_external") or known.get("mode") in _ELSEWHERE or not known.get("url_private"):
            return Refused("the file is not Slack's")  # its address is another's, who is not to get the bot's token
        if int(known.get("size") or 0) > LARGEST:
            return Refused("the file is too large")
        content = self._api.download(known["url_private"], LARGEST)
        return None if not content or _is_page(content, known) else content


def _is_page(content: bytes, known: Mapping[str, Any]) -> bool:
    """Without the scope, Slack answers with its sign-in page instead of the file."""
    return content[:9].lower() == b"<!doctype" and "html" not in str(known.get("mimetype"))
