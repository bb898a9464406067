"""The app's manifest: what Slack is told about the bot, and the scopes it asks for."""

from __future__ import annotations

import json
from copy import deepcopy
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from bot.errors import SettingsError

EVENTS = "/slack/events"
"""Where Slack brings events, taps, windows and commands, when it does so by HTTP."""
REDIRECT = "/slack/oauth_redirect"
"""Where Slack sends whoever has allowed the app into their workspace."""

INSTALLED = Path(__file__).with_name("manifest.json")
IN_CHECKOUT = Path(__file__).parents[2] / "manifest.json"


def manifest() -> dict[str, Any]:
    """The manifest that ships with the bot: beside this file in a wheel, at the root in a checkout."""
    path = INSTALLED if INSTALLED.is_file() else IN_CHECKOUT
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def over_http(url: str) -> dict[str, Any]:
    """The manifest of an app that Slack reaches at this address (https://coach.school.example), instead of by a socket.

    SettingsError, with the remedy, where Slack could not reach it, or the bot would not answer there.
    """
    if wrong := _fault(url.strip()):
        raise SettingsError([f"--http: {wrong}"])
    root = url.strip().rstrip("/")
    made = deepcopy(manifest())
    for command in made["features"]["slash_commands"]:
        command["url"] = root + EVENTS
    made["oauth_config"]["redirect_urls"] = [root + REDIRECT]
    made["settings"]["event_subscriptions"] = {"request_url": root + EVENTS, **made["settings"]["event_subscriptions"]}
    made["settings"]["interactivity"]["request_url"] = root + EVENTS
    made["settings"]["socket_mode_enabled"] = False
    return made


def _fault(url: str) -> str:
    """What is wrong with an address for Slack to reach the bot at; "" if nothing."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"This is not an address. {_WRITE}"
    if parts.scheme != "https" or not host:
        return f"Slack only comes to an address that begins with https://. {_WRITE}"
    if parts.username or parts.password or port == 0:
        return f"Only the host, and a port if it is not 443, belong in it. {_WRITE}"
    if _inside(host):
        return f"Slack cannot reach {host}: it must be a name that the whole internet knows. {_WRITE}"
    return _behind(parts)


def _inside(host: str) -> bool:
    """Whether a host is only known on this machine, or in this building."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".lan"))


def _behind(parts: SplitResult) -> str:
    """What stands behind the host: nothing may."""
    if parts.query or parts.fragment:
        return f"Leave out what stands behind ? or #. {_WRITE}"
    if parts.path.strip("/"):
        return f"Leave out {parts.path}: the paths are the bot's own ({EVENTS}). {_WRITE}"
    return ""


_WRITE = "Write it like this: https://coach.school.example"
