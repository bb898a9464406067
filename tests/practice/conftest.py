from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.practice import HandClock, Person, PracticeWorkspace

MANIFEST = json.loads((Path(__file__).parents[2] / "manifest.json").read_text())


@pytest.fixture
def clock() -> HandClock:
    return HandClock(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))


@pytest.fixture
def workspace(clock: HandClock) -> Iterator[PracticeWorkspace]:
    with PracticeWorkspace(MANIFEST, clock) as made:
        yield made


@pytest.fixture
def client(workspace: PracticeWorkspace) -> WebClient:
    return client_of(workspace)


def client_of(workspace: PracticeWorkspace, **options: Any) -> WebClient:
    return WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[], **options)


@pytest.fixture
def noor(workspace: PracticeWorkspace) -> Person:
    return workspace.person("Noor Haddad", email="noor@school.example")


@pytest.fixture
def okafor(workspace: PracticeWorkspace) -> Person:
    return workspace.person("Ms. Okafor", email="okafor@school.example")


@pytest.fixture
def bot(workspace: PracticeWorkspace) -> App:
    app = bolt_app(workspace)
    workspace.attach(app)
    return app


def bolt_app(workspace: PracticeWorkspace) -> App:
    return App(
        client=client_of(workspace),
        signing_secret=workspace.signing_secret,
        process_before_response=True,
        request_verification_enabled=True,
    )


@pytest.fixture
def heard(bot: App) -> list[dict[str, Any]]:
    """Every event the bot takes, its envelope's id with it."""
    taken: list[dict[str, Any]] = []

    def listen(body: dict[str, Any]) -> None:
        taken.append(body["event"] | {"event_id": body["event_id"]})

    people = ("team_join", "user_change", "member_joined_channel", "member_left_channel", "app_home_opened")
    for kind in ("message", *people):
        bot.event(kind)(listen)
    return taken


def refusal(act: Callable[[], object]) -> str:
    """The error Slack refuses this with."""
    with pytest.raises(SlackApiError) as caught:
        act()
    return str(caught.value.response["error"])


def problems(act: Callable[[], object]) -> str:
    """What Slack says is wrong."""
    with pytest.raises(SlackApiError) as caught:
        act()
    return "\n".join(caught.value.response["response_metadata"]["messages"])


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action: str = "act.1", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(label), "action_id": action, "value": "v"} | more


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def text_input(block_id: str, label: str, **more: Any) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": f"{block_id}.text"}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element} | more


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain("Form"),
        "submit": plain("Send"),
        "callback_id": "form",
        "blocks": list(blocks),
    } | more
