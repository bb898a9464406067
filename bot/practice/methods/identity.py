"""Who the bot is and where: api.test, auth.test, apps.connections.open, team.info."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.practice.message import Json
from bot.practice.refusal import Refusal

if TYPE_CHECKING:
    from bot.practice.call import Call
    from bot.practice.workspace import PracticeWorkspace


def api_test(_workspace: PracticeWorkspace, call: Call) -> Json:
    if "error" in call.args:
        raise Refusal("invalid_arguments", [call["error"]])
    return {"args": call.args}


def auth_test(workspace: PracticeWorkspace, _call: Call) -> Json:
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "user": workspace.manifest.bot_name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(workspace: PracticeWorkspace, _call: Call) -> Json:
    if not (workspace.manifest.socket_mode and workspace.sockets.enabled):
        raise Refusal("forbidden_team", ["Socket Mode is off"])
    return {"url": workspace.sockets.ticket()}


def team_info(workspace: PracticeWorkspace, call: Call) -> Json:
    if call.get("team", workspace.team_id) != workspace.team_id:
        raise Refusal("team_not_found")
    return {"team": {"id": workspace.team_id, "name": workspace.name, "domain": workspace.domain, "icon": {}}}


METHODS = {
    "api.test": api_test,
    "auth.test": auth_test,
    "apps.connections.open": connections_open,
    "team.info": team_info,
}
