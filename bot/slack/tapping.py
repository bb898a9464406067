"""A tap as Slack sends it: by whom, where, on what, and which of them a listener takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import App

from bot.slack.controls import about
from bot.taps import Tap

Body = dict[str, Any]

ANYTHING = re.compile(r".*", re.DOTALL)


def on(
    app: App, tap: Tap, carries: re.Pattern[str] = ANYTHING, *, in_block: re.Pattern[str] = ANYTHING
) -> Callable[[Callable[..., None]], Any]:
    """Listen to a tap whose value has this form as a whole, and what its block is about that one. A tap that carries
    anything else was not made by this version: it is left to the catch-all."""

    def readable(action: Body) -> bool:
        return bool(carries.fullmatch(carried(action)) and in_block.fullmatch(about(action["block_id"])))

    return app.action(re.compile(rf"^{tap.value}\.\d+$"), matchers=[readable])


def carried(action: Mapping[str, Any]) -> str:
    """What was tapped: a button carries it, a menu's choice too; "" where neither does."""
    return str(action.get("value") or (action.get("selected_option") or {}).get("value") or "")


def team(body: Body) -> str:
    """The workspace a tap came from."""
    return str(body["team"]["id"])


def user(body: Body) -> str:
    """Who tapped."""
    return str(body["user"]["id"])


def channel(body: Body) -> str:
    """The channel of the message that was tapped; "" in the App Home."""
    return str((body.get("channel") or {}).get("id") or "")


def chat(body: Body) -> str:
    """The DM that was tapped in; "" anywhere else: what a command answers with can stand in a channel, and what
    somebody is told because of a tap on it is for them alone."""
    here = channel(body)
    return here if here.startswith("D") else ""


def thread(body: Body) -> str:
    """The ts of the message that the message of the tap stands under, "" where it stands under none."""
    return str((body.get("message") or {}).get("thread_ts") or body["container"].get("thread_ts") or "")


def inside(body: Body) -> bool:
    """Whether it was tapped in a window: what opens then opens on top of that one."""
    return (body.get("view") or {}).get("type") == "modal"


def event_id(action: Body) -> str:
    """A tap has no event id; its time and what was tapped tell it from any other."""
    return f"tap:{action['action_ts']}:{action['block_id'][:60]}:{action['action_id']}"


def boxes(body: Body) -> tuple[str, ...]:
    """The boxes that are ticked in the message of the tap."""
    values = (body.get("state") or {}).get("values") or {}
    return tuple(
        option["value"]
        for block in values.values()
        for name, element in block.items()
        if name.startswith(f"{Tap.CHOICES}.")
        for option in element.get("selected_options") or ()
    )
