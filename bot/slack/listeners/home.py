"""The App Home, and people coming and going."""

from __future__ import annotations

from typing import Any

from slack_bolt import App

from bot.services import arriving
from bot.slack.desk import Desk


def register(app: App, desk: Desk) -> None:
    """Listen to what opens, joins and leaves."""

    @app.event("app_home_opened")
    def opened(body: dict[str, Any], event: dict[str, Any]) -> None:
        workspace, person = body["team_id"], event["user"]
        if event.get("tab") == "home":
            desk.send(arriving.open_home(desk.house, workspace, person, body["event_id"]))
        else:
            desk.send(arriving.open_messages(desk.house, workspace, person, event["channel"], body["event_id"]))

    @app.event("team_join")
    def joined(body: dict[str, Any], event: dict[str, Any]) -> None:
        desk.send(arriving.appeared(desk.house, body["team_id"], event["user"]["id"], body["event_id"]))

    @app.event("member_joined_channel")
    def came(body: dict[str, Any], event: dict[str, Any]) -> None:
        if event["user"] != desk.bot_user:
            key = body["event_id"]
            desk.send(arriving.came(desk.house, body["team_id"], event["channel"], event["user"], key))

    @app.event("member_left_channel")
    def left(body: dict[str, Any], event: dict[str, Any]) -> None:
        desk.send(arriving.left(desk.house, body["team_id"], event["channel"], body["event_id"]))
