"""Taps, commands, windows and homes beyond what one person may do in a while: acked, answered with a word, left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.middleware import Middleware

from bot.services import flooding
from bot.services.command.asking import Answer
from bot.slack.caps import Gesture, Over
from bot.slack.desk import Desk
from bot.slack.listeners.commands import shown
from bot.slack.listeners.messages import storable

Body = Mapping[str, Any]

_ALERT = "alert_"
"""A counselor's taps on an alert are taken whatever else they tapped."""


def register(app: App, desk: Desk) -> None:
    """Count before anybody listens. Messages are counted where they are read."""
    app.use(Flood(desk))


class Flood(Middleware):
    """Stands before every listener but that of messages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def process(self, *, req: BoltRequest, resp: BoltResponse, next: Callable[[], BoltResponse]) -> BoltResponse | None:
        """Let it through, or answer it."""
        gesture = _gesture(req.body)
        if gesture is None:
            return next()
        workspace, person = _who(req.body, gesture)
        over = self._desk.caps.take(gesture, workspace, person, self._desk.house.clock())
        if over is None or flooding.calls_for_a_person(self._desk.house, _texts(req.body, gesture)):
            return next()
        return self._answer(req.body, gesture, over, workspace, person)

    def _answer(self, body: Body, gesture: Gesture, over: Over, workspace: str, person: str) -> BoltResponse:
        """What is typed into a window stays there, under a word; taps and commands get theirs once."""
        if gesture is Gesture.FORM:
            return self._kept_open(body, workspace, person)
        if over.first and gesture is Gesture.TAP:
            desk = self._desk
            desk.send(flooding.tell(desk.house, workspace, person, gesture.value, over.limit.span))
        if over.first and gesture is Gesture.COMMAND:
            return self._in_the_ack(over, workspace, person)
        return BoltResponse(status=200, body="")

    def _in_the_ack(self, over: Over, workspace: str, person: str) -> BoltResponse:
        language = flooding.language_of(self._desk.house, workspace, person)
        said = flooding.saying(Gesture.COMMAND.value, over.limit.span)
        message = shown(self._desk.house.words, Answer(said, language))
        answer = {"text": message.text, "blocks": message.blocks, "response_type": "ephemeral"}
        return BoltResponse(status=200, body=answer)

    def _kept_open(self, body: Body, workspace: str, person: str) -> BoltResponse:
        words = self._desk.house.words
        language = words.language(flooding.language_of(self._desk.house, workspace, person))
        block = next(iter(body["view"]["state"]["values"]), None)
        if block is None:
            return BoltResponse(status=200, body="")
        errors = {block: words.catalog.label(language, "form.too_many")}
        return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})


def _gesture(body: Body) -> Gesture | None:
    """What somebody does with this; None for a message, an alert's button, and what nobody does."""
    kind = body.get("type")
    if kind == "event_callback":
        return Gesture.HOME if (body.get("event") or {}).get("type") == "app_home_opened" else None
    if kind == "block_actions":
        return None if str(body["actions"][0]["action_id"]).startswith(_ALERT) else Gesture.TAP
    if kind == "view_submission":
        return Gesture.FORM
    return Gesture.COMMAND if kind is None and "command" in body else None


def _who(body: Body, gesture: Gesture) -> tuple[str, str]:
    """The workspace, and who it is."""
    match gesture:
        case Gesture.HOME:
            return body["team_id"], body["event"]["user"]
        case Gesture.COMMAND:
            return body["team_id"], body["user_id"]
        case _:
            return body["team"]["id"], body["user"]["id"]


def _texts(body: Body, gesture: Gesture) -> Iterator[str]:
    """All they typed."""
    if gesture is Gesture.COMMAND:
        yield storable(body.get("text") or "")
    if gesture is Gesture.FORM:
        for block in body["view"]["state"]["values"].values():
            for element in block.values():
                yield storable(element.get("value") or "")
