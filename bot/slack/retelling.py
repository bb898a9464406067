"""What a message said, once more and as plain text: for an export, not to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import ComposeError
from bot.services.speech import Kind
from bot.slack.compose import compose, composing
from bot.words import Words

_SPOKEN = (Kind.SAY, Kind.ASK, Kind.UPDATE)


def retold(words: Words, kind: str, payload: Mapping[str, Any]) -> str:
    """Its words; "" for what is made anew when it is sent, and where the words of that time are there no more."""
    if kind not in _SPOKEN or not ("ask" in payload or "template" in payload):
        return ""
    try:
        with composing():
            asked = Kind.ASK if "ask" in payload else Kind.SAY
            return "\n".join(message.text for message in compose(words, asked, payload))
    except ComposeError:
        return ""
