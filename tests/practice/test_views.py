from __future__ import annotations

from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from bot.practice import HandClock, Person, PracticeError, PracticeWorkspace
from tests.practice.conftest import actions, button, modal, plain, problems, refusal, section, text_input

HOME = {"type": "home", "blocks": [section("Hello")]}


def test_a_home_is_published_and_replaced(client: WebClient, noor: Person) -> None:
    first = client.views_publish(user_id=noor.id, view=HOME)["view"]
    client.views_publish(user_id=noor.id, view={**HOME, "blocks": [section("Again")]}, hash=first["hash"])
    assert noor.home is not None
    assert noor.home.blocks[0]["text"]["text"] == "Again"
    assert refusal(lambda: client.views_publish(user_id=noor.id, view=HOME, hash=first["hash"])) == "hash_conflict"


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        ({**HOME, "title": plain("x")}, "unknown key: title"),
        ({**HOME, "private_metadata": "x" * 3001}, "less than 3001"),
        ({**HOME, "callback_id": "x" * 256}, "less than 256"),
        ({**HOME, "blocks": [{"type": "divider"}] * 101}, "no more than 100"),
        ({"type": "modal", "blocks": []}, "must be home"),
    ],
)
def test_a_home_slack_would_refuse_is_refused(
    client: WebClient, noor: Person, view: dict[str, Any], problem: str
) -> None:
    assert problem in problems(lambda: client.views_publish(user_id=noor.id, view=view))


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (modal(section("x"), title=plain("x" * 25)), "less than 25"),
        (modal(section("x"), submit=plain("x" * 25)), "less than 25"),
        ({"type": "modal", "title": plain("x"), "blocks": [text_input("i", "L")]}, "needs a submit button"),
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        (modal(text_input("i", "A"), text_input("i", "B")), "i comes twice"),
    ],
)
def test_a_modal_slack_would_refuse_is_refused(
    workspace: PracticeWorkspace, client: WebClient, noor: Person, view: dict[str, Any], problem: str
) -> None:
    trigger = workspace.triggers.issue(noor.id)
    assert problem in problems(lambda: client.views_open(trigger_id=trigger, view=view))


def test_a_view_over_250_kb_is_too_large(workspace: PracticeWorkspace, client: WebClient, noor: Person) -> None:
    large = modal(*(section("x" * 3000) for _ in range(90)))
    assert (
        refusal(lambda: client.views_open(trigger_id=workspace.triggers.issue(noor.id), view=large)) == "view_too_large"
    )


def test_a_trigger_is_good_once_and_for_three_seconds(
    workspace: PracticeWorkspace, clock: HandClock, client: WebClient, noor: Person
) -> None:
    trigger, late = workspace.triggers.issue(noor.id), workspace.triggers.issue(noor.id)
    client.views_open(trigger_id=trigger, view=modal(section("x")))
    assert refusal(lambda: client.views_open(trigger_id=trigger, view=modal(section("x")))) == "exchanged_trigger_id"
    clock.advance(3.1)
    assert refusal(lambda: client.views_open(trigger_id=late, view=modal(section("x")))) == "expired_trigger_id"
    assert refusal(lambda: client.views_open(trigger_id="1.2.x", view=modal(section("x")))) == "invalid_trigger_id"


def test_views_go_three_deep(workspace: PracticeWorkspace, client: WebClient, noor: Person) -> None:
    def trigger() -> str:
        return workspace.triggers.issue(noor.id)

    client.views_open(trigger_id=trigger(), view=modal(section("1")))
    client.views_push(trigger_id=trigger(), view=modal(section("2")))
    client.views_push(trigger_id=trigger(), view=modal(section("3")))
    assert refusal(lambda: client.views_push(trigger_id=trigger(), view=modal(section("4")))) == "push_limit_reached"


@pytest.fixture
def form(bot: App, noor: Person) -> list[dict[str, Any]]:
    """A bot whose button opens a form; what is submitted is kept, "bad" is answered with an error."""
    submitted: list[dict[str, Any]] = []

    @bot.command("/conference")
    def start(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input("word", "Your word"), section("x")))
        ack("Opened")

    @bot.view("form")
    def take(ack: Any, view: dict[str, Any]) -> None:
        word = view["state"]["values"]["word"]["word.text"]["value"]
        if word == "bad":
            ack(response_action="errors", errors={"word": "Another, please"})
        elif word == "more":
            ack(response_action="update", view=modal(section("Thank you"), title=plain("Done")))
        else:
            submitted.append(view)
            ack()

    return submitted


def test_a_command_opens_a_form_that_is_submitted(form: list[dict[str, Any]], noor: Person) -> None:
    noor.command("/conference", "start")
    assert [message.text for message in noor.ephemerals] == ["Opened"]
    noor.submit(values={"Your word": "football"})
    assert form[0]["state"]["values"]["word"]["word.text"]["value"] == "football"
    assert noor.modal is None


def test_an_empty_required_input_cannot_be_submitted(form: list[dict[str, Any]], noor: Person) -> None:
    noor.command("/conference")
    with pytest.raises(PracticeError, match="required"):
        noor.submit()


def test_errors_of_a_form_keep_it_open(form: list[dict[str, Any]], noor: Person) -> None:
    noor.command("/conference")
    noor.submit(values={"word": "bad"})
    assert noor.trouble == ["Another, please"]
    assert noor.modal is not None


def test_a_form_can_be_answered_with_another(form: list[dict[str, Any]], noor: Person) -> None:
    noor.command("/conference")
    noor.submit(values={"word": "more"})
    assert noor.modal is not None
    assert noor.modal.title == "Done"


def test_an_unknown_command_is_none(noor: Person) -> None:
    with pytest.raises(PracticeError, match="not a valid command"):
        noor.command("/other")


def test_a_tap_in_the_home_carries_the_view(bot: App, client: WebClient, noor: Person) -> None:
    tapped: list[dict[str, Any]] = []

    @bot.action("act.1")
    def act(ack: Any, body: dict[str, Any]) -> None:
        tapped.append(body)
        ack()

    client.views_publish(user_id=noor.id, view={"type": "home", "blocks": [actions(button("Start"))]})
    noor.tap("Start")
    assert tapped[0]["view"]["type"] == "home"
    assert tapped[0]["actions"][0]["value"] == "v"


def test_opening_the_home_tells_the_bot(heard: list[dict[str, Any]], noor: Person) -> None:
    noor.open_home()
    assert [(event["type"], event["user"], event["tab"]) for event in heard] == [("app_home_opened", noor.id, "home")]
