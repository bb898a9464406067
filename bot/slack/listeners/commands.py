"""`/conference`: answered in the ack itself, to the one who typed it alone."""

from __future__ import annotations

from typing import Any

from slack_bolt import Ack, App

from bot.services import asking
from bot.slack.blocks import messages
from bot.slack.compose import say
from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    """Listen to the slash command."""

    @app.command("/conference")
    def conference(ack: Ack, command: dict[str, Any]) -> None:
        key = f"command:{command['trigger_id']}"
        answer = asking.command(desk.house, command["team_id"], command["user_id"], command.get("text") or "", key)
        desk.send(answer.deliveries)
        message = messages(*say(desk.house.words, answer.saying.payload(answer.language)))[0]
        ack(text=message.text, blocks=message.blocks, response_type="ephemeral")
