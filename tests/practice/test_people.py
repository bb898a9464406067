from __future__ import annotations

from typing import Any

import pytest
import urllib3
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot.practice import HandClock, Person, PracticeError, PracticeWorkspace
from tests.practice.conftest import actions, bolt_app, button, plain

Events = list[dict[str, Any]]


def test_what_someone_types_arrives_escaped(heard: Events, noor: Person) -> None:
    ts = noor.dm("a < b & https://a.example/x <!channel>")
    [event] = heard
    assert event["text"] == "a &lt; b &amp; <https://a.example/x> &lt;!channel&gt;"
    assert (event["user"], event["ts"], event["channel_type"]) == (noor.id, ts, "im")
    assert event["client_msg_id"]


def test_an_edit_arrives_with_both_texts(heard: Events, noor: Person) -> None:
    ts = noor.dm("one")
    noor.edit(ts, "two")
    event = heard[1]
    assert event["subtype"] == "message_changed"
    assert (event["previous_message"]["text"], event["message"]["text"]) == ("one", "two")
    assert event["message"]["edited"]["ts"] > ts
    assert event["message"]["ts"] == ts


def test_an_unfurl_looks_like_an_edit_of_nothing(heard: Events, noor: Person) -> None:
    noor.unfurl(noor.dm("see https://a.example"))
    event = heard[1]
    assert event["subtype"] == "message_changed"
    assert "edited" not in event["message"]
    assert event["message"]["text"] == event["previous_message"]["text"]


def test_a_deletion_arrives(heard: Events, noor: Person) -> None:
    ts = noor.dm("one")
    noor.delete(ts)
    assert (heard[1]["subtype"], heard[1]["deleted_ts"]) == ("message_deleted", ts)
    assert noor.sees() == []


def test_one_gesture_can_arrive_as_two_messages(heard: Events, noor: Person) -> None:
    noor.dm("one", twice=True)
    first, second = heard
    assert first["client_msg_id"] == second["client_msg_id"]
    assert first["ts"] != second["ts"]


def test_a_broadcast_reply_brings_its_root(heard: Events, noor: Person) -> None:
    root = noor.dm("root")
    noor.dm("reply", thread=root, broadcast=True)
    assert (heard[1]["subtype"], heard[1]["thread_ts"], heard[1]["root"]["ts"]) == ("thread_broadcast", root, root)


def test_no_one_changes_the_words_of_another(noor: Person, okafor: Person) -> None:
    ts = noor.dm("mine")
    with pytest.raises(PracticeError):
        okafor.edit(ts, "yours")


def test_a_channel_the_bot_does_not_listen_to_is_silent(
    workspace: PracticeWorkspace, heard: Events, client: WebClient, noor: Person
) -> None:
    room = client.conversations_create(name="conf-noor", is_private=True)["channel"]["id"]
    client.conversations_invite(channel=room, users=noor.id)
    noor.say(room, "hello everyone")
    workspace.events.settle()
    assert [event["type"] for event in heard] == ["member_joined_channel"]
    assert heard[0]["inviter"] == workspace.bot_user


def test_people_come_and_go(workspace: PracticeWorkspace, heard: Events, client: WebClient, okafor: Person) -> None:
    room = client.conversations_create(name="conf-noor", is_private=True)["channel"]["id"]
    client.conversations_invite(channel=room, users=okafor.id)
    workspace.events.settle()
    noor = workspace.person("Noor Haddad", announce=True)
    okafor.invite(room, noor)
    noor.leave(room)
    assert [event["type"] for event in heard] == [
        "member_joined_channel",
        "team_join",
        "member_joined_channel",
        "member_left_channel",
    ]
    assert heard[2]["inviter"] == okafor.id


def test_a_kick_is_heard_of(workspace: PracticeWorkspace, heard: Events, client: WebClient, noor: Person) -> None:
    room = client.conversations_create(name="conf-noor", is_private=True)["channel"]["id"]
    client.conversations_invite(channel=room, users=noor.id)
    client.conversations_kick(channel=room, user=noor.id)
    workspace.events.settle()
    assert [event["type"] for event in heard] == ["member_joined_channel", "member_left_channel"]


MENU = {
    "type": "static_select",
    "action_id": "who.1",
    "placeholder": plain("Who sees it"),
    "options": [{"text": plain("Me"), "value": "me"}, {"text": plain("All"), "value": "all"}],
}
BOXES = {"type": "checkboxes", "action_id": "pick.1", "options": MENU["options"]}


@pytest.fixture
def acted(bot: App, client: WebClient, noor: Person) -> Events:
    """What the bot hears of controls in a message it posted."""
    taken: Events = []

    @bot.action({"type": "block_actions", "action_id": "act.1"})
    @bot.action("who.1")
    @bot.action("pick.1")
    def act(ack: Any, body: dict[str, Any]) -> None:
        taken.append(body)
        ack()

    client.chat_postMessage(channel=noor.id, text="Choose", blocks=[actions(button("Go"), MENU, BOXES)])
    return taken


@pytest.mark.parametrize("name", ["Go", "act.1", "act"])
def test_a_button_is_tapped_by_its_words_or_its_action(acted: Events, noor: Person, name: str) -> None:
    assert noor.tap(name).ok
    [body] = acted
    assert body["actions"][0]["text"]["text"] == "Go"
    assert body["message"]["ts"] == noor.sees()[0].ts
    assert body["response_url"]


def test_menus_and_checkboxes_say_what_was_chosen(acted: Events, noor: Person) -> None:
    noor.select("Who sees it", "All")
    noor.select("pick", ["me", "All"])
    assert acted[0]["actions"][0]["selected_option"]["value"] == "all"
    assert [option["value"] for option in acted[1]["actions"][0]["selected_options"]] == ["me", "all"]


def test_a_tap_carries_what_was_filled_in_before(acted: Events, noor: Person) -> None:
    noor.tap("Go", values={"pick": ["me"]})
    [state] = acted[0]["state"]["values"].values()
    assert [option["value"] for option in state["pick.1"]["selected_options"]] == ["me"]


def test_what_is_not_there_cannot_be_tapped(acted: Events, noor: Person) -> None:
    with pytest.raises(PracticeError, match="Nothing"):
        noor.tap("Nothing")
    with pytest.raises(PracticeError, match="no option"):
        noor.select("who", "nobody")


def test_a_tap_no_one_takes_is_trouble_for_the_one_who_tapped(bot: App, client: WebClient, noor: Person) -> None:
    client.chat_postMessage(channel=noor.id, text="Choose", blocks=[actions(button("Go"))])
    assert not noor.tap("Go").ok
    assert noor.trouble == ["Go: the app did not respond (http_error)"]
    assert sum(done.delivery.sort == "interactive" for done in noor.workspace.events.log) == 1


def test_a_response_url_works_five_times(acted: Events, noor: Person) -> None:
    noor.tap("Go")
    answer = WebhookClient(acted[0]["response_url"])
    replies = [answer.send(text="Thanks", response_type="ephemeral").status_code for _ in range(6)]
    assert replies == [200] * 5 + [404]
    assert len(noor.ephemerals) == 5


def test_a_response_url_lasts_half_an_hour(acted: Events, clock: HandClock, noor: Person) -> None:
    noor.tap("Go")
    clock.advance(minutes=30, seconds=1)
    assert "expired_url" in WebhookClient(acted[0]["response_url"]).send(text="Thanks").body


def test_a_response_can_replace_and_delete_what_was_tapped(acted: Events, noor: Person) -> None:
    noor.tap("Go")
    answer = WebhookClient(acted[0]["response_url"])
    answer.send(text="Done", replace_original=True)
    assert [message.text for message in noor.sees()] == ["Done"]
    answer.send(delete_original=True)
    assert noor.sees() == []


def test_a_wsgi_application_takes_events(workspace: PracticeWorkspace, noor: Person) -> None:
    app = bolt_app(workspace)
    texts: list[str] = []
    app.event("message")(lambda event: texts.append(event["text"]))
    workspace.attach(SlackRequestHandler(app))
    noor.dm("hello")
    assert texts == ["hello"]


def test_an_address_takes_signed_events(noor: Person, workspace: PracticeWorkspace) -> None:
    import threading
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    app = bolt_app(workspace)
    texts: list[str] = []
    app.event("message")(lambda event: texts.append(event["text"]))
    server = make_server("127.0.0.1", 0, SlackRequestHandler(app), handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    workspace.attach(f"http://127.0.0.1:{server.server_port}/slack/events")
    noor.dm("hello")
    workspace.attach(None)
    server.shutdown()
    server.server_close()
    assert texts == ["hello"]


def test_files_are_shared_and_fetched_with_the_token(workspace: PracticeWorkspace, heard: Events, noor: Person) -> None:
    noor.share(b"\x89PNG", "timeline.png", "image/png", "my timeline")
    [event] = heard
    [file] = event["files"]
    assert (event["subtype"], event["text"], file["mimetype"], file["size"]) == (
        "file_share",
        "my timeline",
        "image/png",
        4,
    )
    with urllib3.PoolManager() as pool:
        headers = {"Authorization": f"Bearer {workspace.bot_token}"}
        assert pool.request("GET", file["url_private"], headers=headers).data == b"\x89PNG"
        assert b"Sign in" in pool.request("GET", file["url_private"]).data
    assert "files:read" in workspace.scopes_used()


def test_the_bot_uploads_in_three_steps(client: WebClient, noor: Person) -> None:
    channel = client.conversations_open(users=noor.id)["channel"]["id"]
    client.files_upload_v2(channel=channel, content=b"BEGIN:VCALENDAR", filename="day.ics", initial_comment="The date")
    [message] = noor.sees()
    assert (message.text, message.files[0]["name"], message.files[0]["size"]) == ("The date", "day.ics", 15)
    assert client.files_info(file=message.files[0]["id"])["file"]["name"] == "day.ics"


def test_who_writes_under_a_message_writes_in_its_thread(
    workspace: PracticeWorkspace, client: WebClient, heard: Events, noor: Person
) -> None:
    im = workspace.im(noor.id).id
    root = client.chat_postMessage(channel=im, text="root", blocks=[actions(button("Go"))])["ts"]
    ts = noor.dm("reply", thread=root)
    noor.edit(ts, "changed")
    noor.delete(ts)
    said, edited, deleted = (event for event in heard if "bot_id" not in event)
    assert said["thread_ts"] == edited["message"]["thread_ts"] == deleted["previous_message"]["thread_ts"] == root
    file = noor.share(b"x", "x.txt", thread=root)
    assert [one["ts"] for one in client.conversations_replies(channel=im, ts=root)["messages"]] == [root, file]
    assert [one["ts"] for one in client.conversations_history(channel=im)["messages"]] == [root]


def test_a_thread_stands_under_a_message_that_is_there_and_is_no_reply(
    workspace: PracticeWorkspace, client: WebClient, noor: Person
) -> None:
    im = workspace.im(noor.id).id
    reply = noor.dm("reply", thread=noor.dm("root"))
    for ts in (reply, "1.000001"):
        with pytest.raises(PracticeError, match="no thread"):
            noor.dm("under a reply", thread=ts)
        with pytest.raises(SlackApiError, match="cannot_reply_to_message"):
            client.chat_postMessage(channel=im, text="under a reply", thread_ts=ts)


def test_a_tap_in_a_thread_says_in_which(
    workspace: PracticeWorkspace, bot: App, client: WebClient, noor: Person
) -> None:
    taps: list[dict[str, Any]] = []

    @bot.action("act.1")
    def tapped(ack: Any, body: dict[str, Any]) -> None:
        taps.append(body)
        ack()

    im = workspace.im(noor.id).id
    root = client.chat_postMessage(channel=im, text="root")["ts"]
    client.chat_postMessage(channel=im, text="reply", thread_ts=root, blocks=[actions(button("Go"))])
    noor.tap("Go")
    assert [(body["container"]["thread_ts"], body["message"]["thread_ts"]) for body in taps] == [(root, root)]


def test_the_bot_hears_of_people_s_changes_with_all_it_may_know_of_them(
    workspace: PracticeWorkspace, heard: Events, noor: Person
) -> None:
    noor.travel("Europe/Madrid")
    noor.deactivate()
    noor.reactivate()
    told = [(event["type"], event["user"].get("tz"), event["user"]["deleted"]) for event in heard]
    assert told == [
        ("user_change", "Europe/Madrid", False),
        ("user_change", None, True),
        ("user_change", "Europe/Madrid", False),
    ]
    assert {event["user"]["profile"]["email"] for event in heard} == {noor.email}


def test_a_deactivated_account_is_in_no_channel(client: WebClient, noor: Person, okafor: Person) -> None:
    channel = client.conversations_create(name="conf-noor", is_private=True)["channel"]["id"]
    client.conversations_invite(channel=channel, users=f"{noor.id},{okafor.id}")
    noor.deactivate()
    assert noor.id not in client.conversations_members(channel=channel)["members"]
    assert okafor.id in client.conversations_members(channel=channel)["members"]
