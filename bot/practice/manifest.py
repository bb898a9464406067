"""What the app's manifest allows: scopes, events, commands, App Home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "message.groups": ("groups:history",),
    "message.channels": ("channels:history",),
    "team_join": ("users:read",),
    "user_change": ("users:read",),
    "member_joined_channel": ("groups:read", "channels:read"),
    "member_left_channel": ("groups:read", "channels:read"),
}
"""Scopes an event comes with, any of them; an event not listed needs none (Slack's event reference)."""


@dataclass(frozen=True)
class Manifest:
    """The parts of an app manifest that decide what the app may do."""

    name: str
    bot_name: str
    scopes: frozenset[str]
    events: frozenset[str]
    commands: frozenset[str]
    escaped: frozenset[str]  # those of them whose text comes as messages do: escaped, with ids for mentions
    home_tab: bool
    messages_tab: bool
    messages_read_only: bool
    interactive: bool
    socket_mode: bool

    @classmethod
    def parse(cls, manifest: Mapping[str, Any]) -> Manifest:
        """Read a manifest as Slack's JSON schema (version 2) shapes it; what is missing is off."""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        home, commands = features.get("app_home", {}), features.get("slash_commands", ())
        name = manifest["display_information"]["name"]
        return cls(
            name=name,
            bot_name=features.get("bot_user", {}).get("display_name", name),
            scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ())),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", ())),
            commands=frozenset(command["command"] for command in commands),
            escaped=frozenset(command["command"] for command in commands if command.get("should_escape")),
            home_tab=home.get("home_tab_enabled", False),
            messages_tab=home.get("messages_tab_enabled", False),
            messages_read_only=home.get("messages_tab_read_only_enabled", True),
            interactive=settings.get("interactivity", {}).get("is_enabled", False),
            socket_mode=settings.get("socket_mode_enabled", False),
        )

    def hears(self, event: str) -> bool:
        """Whether this event is subscribed to and one of its scopes granted."""
        needed = EVENT_SCOPES.get(event, ())
        return event in self.events and (not needed or any(scope in self.scopes for scope in needed))

    def standing_scopes(self) -> frozenset[str]:
        """Scopes needed for what the manifest subscribes to and offers, before any call is made."""
        needed = {"commands"} if self.commands else set()
        for event in self.events:
            needed.update(scope for scope in EVENT_SCOPES.get(event, ())[:1])
        return frozenset(needed)
