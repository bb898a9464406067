"""One message with a picture in it: uploaded without being shared, and seen only where the message stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.services.speech import Saying
from bot.slack.blocks import Message, messages
from bot.slack.client import SlackApi
from bot.slack.compose import composing, say
from bot.slack.drawing import Bar, Steps, bars, steps
from bot.slack.posting import Poster
from bot.words import Words
from prompts.splitting import shorten
from scheduler.outbox import Delivery
from scheduler.outcomes import Later, Outcome, Refused

DIGEST, GOALS = "digest_coordinator", "where_i_was"
PICTURED = frozenset({DIGEST, GOALS})
"""The messages that have a picture."""
STATUSES = ("ready", "on_the_way", "quiet", "new", "met")
TRIES = 3
WAIT_SECONDS = 2.0
"""Slack takes an image in some time after the upload; until then no message may show it. It is asked so often."""
ALT_TEXT = 2000
MESSAGE_BLOCKS = 50
_BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG, and everything that can be seen in it in words."""

    data: bytes
    alt_text: str


class Pictures:
    """Posts what is said, with a picture where it has one. Without it, should Slack not take the picture."""

    def __init__(self, words: Words, api: SlackApi, poster: Poster) -> None:
        self._words = words
        self._api = api
        self._poster = poster
        self._uploaded: dict[str, str] = {}  # file by delivery, while Slack takes it in

    def has(self, payload: Mapping[str, Any]) -> bool:
        """Whether what a delivery says has a picture."""
        return payload.get("template") in PICTURED

    def post(
        self, delivery: Delivery, recipient: str, saying: Saying, language: str, thread: str | None = None
    ) -> Outcome:
        """Post one message. Only posting it counts: an upload that nothing refers to is seen by nobody."""
        with composing():
            message = messages(*say(self._words, saying.payload(language)))[0]
            picture = picture_of(self._words, saying, language)
        if picture is None or len(message.blocks) >= MESSAGE_BLOCKS:
            return self._poster.post(delivery, recipient, message, thread)
        file = self._file(delivery, picture)
        if isinstance(file, Later):
            return file
        if file:
            outcome = self._poster.post(delivery, recipient, _with(message, picture, file), thread)
            if not (isinstance(outcome, Refused) and outcome.reason in _BLOCKS_REFUSED):
                return outcome
        return self._poster.post(delivery, recipient, message, thread)

    def _file(self, delivery: Delivery, picture: Picture) -> str | Later:
        """Slack's id of the picture once it can be shown; "" where it cannot be had."""
        file = self._uploaded.pop(delivery.id, "") or self._upload(picture)
        if not file or self._ready(file):
            return file
        if delivery.attempts + 1 >= TRIES:
            return ""
        self._uploaded[delivery.id] = file
        return Later(WAIT_SECONDS, "Slack is still taking the picture in")

    def _upload(self, picture: Picture) -> str:
        """Upload without a channel, so that the file is shared with nobody; "" where any step fails."""
        asked = {"filename": "progress.png", "length": len(picture.data), "alt_txt": picture.alt_text[:1000]}
        place = self._api.ask("files.getUploadURLExternal", asked)
        if not place.ok or not self._api.upload(place.data["upload_url"], picture.data):
            return ""
        file = str(place.data["file_id"])
        done = self._api.call("files.completeUploadExternal", {"files": [{"id": file, "title": "progress"}]})
        return file if done.ok else ""

    def _ready(self, file: str) -> bool:
        """Whether Slack knows it for an image: only then can a message show it."""
        known = self._api.ask("files.info", {"file": file})
        return known.ok and str(known.data["file"].get("mimetype") or "").startswith("image/")


def picture_of(words: Words, saying: Saying, language: str) -> Picture | None:
    """The picture that belongs to what is said, if one does."""
    if saying.template == DIGEST and saying.context["bars"]:
        return _groups(words, saying, words.language(language))
    if saying.template == GOALS and saying.context["weeks"]:
        return _goals(words, saying, words.language(language))
    return None


def _goals(words: Words, saying: Saying, spoken: str) -> Picture:
    """How far a student was with each goal, week by week."""
    scale, goals = saying.context["scale"], saying.context["goals"]
    title = words.catalog.label(spoken, "looking_back.picture")
    told = [
        words.catalog.label(
            spoken, "looking_back.picture_goal", goal=one["goal"],
            steps=", ".join(scale[step] for step in one["steps"] if step is not None) or "–",
        )
        for one in goals
    ]  # fmt: skip
    rows = [Steps(one["goal"], tuple(one["steps"])) for one in goals]
    return Picture(steps(title, scale, rows), shorten(" ".join([title + ".", *told]), ALT_TEXT))


def _groups(words: Words, saying: Saying, spoken: str) -> Picture:
    """How far each advisor's group is."""

    def label(key: str, **values: object) -> str:
        return words.catalog.label(spoken, f"digest.{key}", **values)

    groups: list[Mapping[str, Any]] = [
        {**one, "advisor": one["advisor"] or label("no_advisor")} for one in saying.context["bars"]
    ]
    title = label("picture_title")
    rows = [Bar(one["advisor"], tuple(one[status] for status in STATUSES)) for one in groups]
    told = [title + ".", *(label("picture_group", **one) for one in groups)]
    return Picture(bars(title, [label(status) for status in STATUSES], rows), shorten(" ".join(told), ALT_TEXT))


def _with(message: Message, picture: Picture, file: str) -> Message:
    """The message with the picture under its first two blocks: the heading and the bar of the whole school."""
    image = {"type": "image", "slack_file": {"id": file}, "alt_text": picture.alt_text}
    return Message(message.text, [*message.blocks[:2], image, *message.blocks[2:]])
