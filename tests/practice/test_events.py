from __future__ import annotations

from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from bot.practice import HandClock, Person, PracticeWorkspace
from tests.practice.conftest import MANIFEST

Events = list[dict[str, Any]]


def test_events_come_twice_on_request(workspace: PracticeWorkspace, heard: Events, noor: Person) -> None:
    workspace.events.duplicate = True
    noor.dm("one")
    first, second = heard
    assert first == second


def test_events_come_in_another_order_on_request(workspace: PracticeWorkspace, heard: Events, noor: Person) -> None:
    workspace.events.hold()
    for text in ("one", "two", "three"):
        noor.dm(text)
    assert heard == []
    workspace.events.release([2, 0, 1])
    assert [event["text"] for event in heard] == ["three", "one", "two"]


def test_an_event_not_taken_comes_three_times_more(
    workspace: PracticeWorkspace, clock: HandClock, bot: App, noor: Person
) -> None:
    retries: list[tuple[str, str]] = []

    @bot.middleware
    def note(req: Any, resp: Any) -> Any:
        if "x-slack-retry-num" in req.headers:
            retries.append((req.headers["x-slack-retry-num"][0], req.headers["x-slack-retry-reason"][0]))
        return resp

    noor.dm("one")
    clock.advance(59)
    workspace.tick()
    assert retries == [("1", "http_error")]
    clock.advance(1)
    workspace.tick()
    clock.advance(minutes=5)
    workspace.tick()
    clock.advance(minutes=60)
    workspace.tick()
    assert [number for number, _ in retries] == ["1", "2", "3"]


def test_an_event_waits_for_a_bot_that_was_away(workspace: PracticeWorkspace, noor: Person) -> None:
    noor.dm("anyone there?")
    texts: list[str] = []
    app = App(token=workspace.bot_token, signing_secret=workspace.signing_secret, token_verification_enabled=False)
    app.client.base_url = workspace.api_url
    app.event("message")(lambda event, ack: texts.append(event["text"]))
    workspace.attach(app)
    workspace.events.retry(now=True)
    assert workspace.wait_until(lambda: any(done.ack.ok for done in workspace.events.log))


def test_the_bot_hears_its_own_messages_as_slack_tells_them(
    workspace: PracticeWorkspace, bot: App, client: WebClient, noor: Person
) -> None:
    client.chat_postMessage(channel=noor.id, text="Hi")
    assert workspace.events.settle()
    [done] = workspace.events.log
    event = done.delivery.payload["event"]
    assert (event["bot_id"], event["user"], event["text"]) == (workspace.bot_id, workspace.bot_user, "Hi")


def test_an_event_that_is_not_subscribed_to_does_not_come(clock: HandClock) -> None:
    settings = MANIFEST["settings"] | {"event_subscriptions": {"bot_events": ["team_join"]}}
    with PracticeWorkspace(MANIFEST | {"settings": settings}, clock) as workspace:
        workspace.person("Noor Haddad").dm("hello")
        assert workspace.events.log == []


def test_removing_the_app_is_heard_of(workspace: PracticeWorkspace, bot: App) -> None:
    seen: list[str] = []
    bot.event("tokens_revoked")(lambda event: seen.append(event["type"]))
    bot.event("app_uninstalled")(lambda event: seen.append(event["type"]))
    workspace.uninstall()
    assert [done.delivery.payload["event"]["type"] for done in workspace.events.log if not done.delivery.attempt] == [
        "tokens_revoked",
        "app_uninstalled",
    ]
