"""`/conference`: answered in the ack itself, to the one who typed it alone, or by a window that opens."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App

from bot.services.command import asking
from bot.services.command.asking import Answer
from bot.slack.blocks import MESSAGE_BLOCKS, Message, messages
from bot.slack.compose import say
from bot.slack.desk import Desk
from bot.slack.listeners import forms
from bot.slack.listeners.messages import storable
from bot.words import Words


def register(app: App, desk: Desk) -> None:
    """Listen to the slash command."""

    @app.command("/conference")
    def conference(ack: Ack, command: dict[str, Any]) -> None:
        key, text = f"command:{command['trigger_id']}", storable(command.get("text") or "")
        channel = command.get("channel_id") or ""
        answer = asking.command(desk.house, command["team_id"], command["user_id"], text, key, channel)
        desk.send(answer.deliveries)
        if answer.window is not None:
            forms.show(desk, command["trigger_id"], answer.window)
        if answer.saying is None:
            ack()
        else:
            message = shown(desk.house.words, answer)
            ack(text=message.text, blocks=message.blocks, response_type="ephemeral")


def shown(words: Words, answer: Answer) -> Message:
    """The answer as one message; what does not fit in it ends with "…"."""
    if answer.saying is None:
        raise AssertionError("nothing is to be shown")
    first, *more = messages(*say(words, answer.saying.payload(answer.language)))
    rest = {"type": "context", "elements": [{"type": "plain_text", "text": "…"}]}
    return Message(first.text, [*first.blocks[: MESSAGE_BLOCKS - 1], rest]) if more else first
