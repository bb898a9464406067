from __future__ import annotations

import pytest
from slack_sdk import WebClient

from bot.practice import Person, PracticeWorkspace
from tests.practice.conftest import actions, button, client_of, problems, refusal, section


@pytest.fixture
def dm(client: WebClient, noor: Person) -> str:
    return client.conversations_open(users=noor.id)["channel"]["id"]


def test_a_posted_message_is_seen(client: WebClient, noor: Person, dm: str) -> None:
    answer = client.chat_postMessage(channel=dm, text="Hi Noor", unfurl_links=False, parse="none")
    [message] = noor.sees()
    assert (message.ts, message.text, message.app) == (answer["ts"], "Hi Noor", "B0PRACTICE")


def test_the_id_of_a_user_stands_for_their_direct_message(client: WebClient, noor: Person, dm: str) -> None:
    assert client.chat_postMessage(channel=noor.id, text="Hi")["channel"] == dm


def test_every_message_has_a_later_ts_though_the_clock_stands(client: WebClient, dm: str) -> None:
    stamps = [client.chat_postMessage(channel=dm, text="Hi")["ts"] for _ in range(5)]
    assert stamps == sorted(set(stamps))


def test_blocks_without_text_are_refused(client: WebClient, dm: str) -> None:
    with pytest.warns(UserWarning, match="text"):
        assert refusal(lambda: client.chat_postMessage(channel=dm, blocks=[section("Hi")])) == "no_text"


def test_an_unknown_argument_is_refused_by_name(client: WebClient, dm: str) -> None:
    said = problems(lambda: client.chat_postMessage(channel=dm, text="Hi", link_names=True))
    assert "unknown argument: link_names" in said


@pytest.mark.parametrize("method", ["chat_postMessage", "chat_update"])
def test_text_over_4000_is_refused(client: WebClient, dm: str, method: str) -> None:
    ts = client.chat_postMessage(channel=dm, text="x" * 4000)["ts"]
    more = {"ts": ts} if method == "chat_update" else {}
    expected = "msg_too_long" if method == "chat_update" else "invalid_arguments"
    assert refusal(lambda: getattr(client, method)(channel=dm, text="x" * 4001, **more)) == expected


def test_an_update_keeps_what_it_does_not_name(client: WebClient, noor: Person, dm: str) -> None:
    metadata = {"event_type": "delivery", "event_payload": {"id": "d1"}}
    ts = client.chat_postMessage(channel=dm, text="One", blocks=[section("One")], metadata=metadata)["ts"]
    client.chat_update(channel=dm, ts=ts, text="Two")
    [message] = noor.sees()
    assert (message.text, message.mrkdwn_texts, message.metadata) == ("Two", ("One",), metadata)
    assert message.edited > ts


def test_only_its_own_messages_can_be_changed(client: WebClient, noor: Person, dm: str) -> None:
    ts = noor.dm("mine")
    assert refusal(lambda: client.chat_update(channel=dm, ts=ts, text="yours")) == "cant_update_message"
    assert refusal(lambda: client.chat_delete(channel=dm, ts=ts)) == "cant_delete_message"


def test_a_deleted_message_is_gone(client: WebClient, noor: Person, dm: str) -> None:
    ts = client.chat_postMessage(channel=dm, text="One")["ts"]
    client.chat_delete(channel=dm, ts=ts)
    assert noor.sees() == []
    assert refusal(lambda: client.chat_delete(channel=dm, ts=ts)) == "message_not_found"


def test_metadata_comes_back_only_when_asked_for(client: WebClient, dm: str) -> None:
    metadata = {"event_type": "delivery", "event_payload": {"id": "d1"}}
    client.chat_postMessage(channel=dm, text="One", metadata=metadata)
    [without] = client.conversations_history(channel=dm)["messages"]
    [with_it] = client.conversations_history(channel=dm, include_all_metadata=True)["messages"]
    assert "metadata" not in without
    assert with_it["metadata"] == metadata


def test_misshapen_metadata_is_refused(client: WebClient, dm: str) -> None:
    metadata = {"event_type": "delivery", "payload": {}}
    assert (
        refusal(lambda: client.chat_postMessage(channel=dm, text="x", metadata=metadata)) == "invalid_metadata_format"
    )


def test_an_ephemeral_message_is_seen_by_one_person_only(client: WebClient, noor: Person, dm: str) -> None:
    client.chat_postEphemeral(channel=dm, user=noor.id, text="Only you")
    assert [message.text for message in noor.ephemerals] == ["Only you"]
    assert noor.sees() == []


def test_a_reply_needs_its_thread(client: WebClient, dm: str) -> None:
    error = refusal(lambda: client.chat_postMessage(channel=dm, text="x", thread_ts="1.000001"))
    assert error == "cannot_reply_to_message"


@pytest.mark.parametrize(
    ("text", "pings", "links"),
    [
        ("<!channel> come", ("!channel",), ()),
        ("<@U1> and <#C1|room>", ("@U1", "#C1"), ()),
        ("&lt;!channel&gt; come", (), ()),
        ("see <https://a.example|this>", (), ("https://a.example",)),
        ("see https://a.example now", (), ("https://a.example",)),
        ("<!date^1^{date}|today>", (), ()),
    ],
)
def test_pings_and_links_in_mrkdwn_are_noticed(
    client: WebClient, noor: Person, dm: str, text: str, pings: tuple[str, ...], links: tuple[str, ...]
) -> None:
    client.chat_postMessage(channel=dm, text="fallback", blocks=[section(text)])
    [message] = noor.sees()
    assert (message.pings, message.links) == (pings, links)


def test_plain_text_pings_and_links_nothing(client: WebClient, noor: Person, dm: str) -> None:
    words = {"type": "plain_text", "text": "<!channel> https://a.example *bold*", "emoji": False}
    client.chat_postMessage(channel=dm, text="fallback", parse="none", blocks=[{"type": "section", "text": words}])
    [message] = noor.sees()
    assert (message.pings, message.links, message.shown) == ((), (), "<!channel> https://a.example *bold*")


def test_duplicate_action_ids_are_refused(client: WebClient, dm: str) -> None:
    blocks = [actions(button("A", "act.1")), actions(button("B", "act.1"))]
    assert "act.1 comes twice" in problems(lambda: client.chat_postMessage(channel=dm, text="x", blocks=blocks))


def test_a_wrong_token_is_refused(workspace: PracticeWorkspace, client: WebClient) -> None:
    assert refusal(lambda: client.auth_test(token="xoxb-other")) == "invalid_auth"
    assert refusal(lambda: client.auth_test(token=workspace.app_token)) == "not_allowed_token_type"


def test_a_scope_that_is_not_in_the_manifest_is_missed(client: WebClient, dm: str) -> None:
    ts = client.chat_postMessage(channel=dm, text="x")["ts"]
    assert refusal(lambda: client.reactions_add(channel=dm, name="wave", timestamp=ts)) == "missing_scope"


def test_calls_and_their_scopes_are_remembered(workspace: PracticeWorkspace, client: WebClient, dm: str) -> None:
    client.chat_postMessage(channel=dm, text="Hi")
    past = workspace.calls[-1]
    assert (past.method, past.args["text"], past.ok, past.needed) == ("chat.postMessage", "Hi", True, ("chat:write",))
    assert {"chat:write", "im:write", "commands"} <= workspace.scopes_used()
    assert "pins:write" not in workspace.scopes_used()


def test_nothing_works_after_uninstalling(workspace: PracticeWorkspace, client: WebClient) -> None:
    workspace.uninstall()
    assert refusal(client.auth_test) == "account_inactive"


def test_the_same_connection_serves_many_calls(workspace: PracticeWorkspace, dm: str) -> None:
    import http.client
    import json

    connection = http.client.HTTPConnection(workspace.address.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {workspace.bot_token}", "Content-Type": "application/json"}
    for number in range(3):
        body = json.dumps({"channel": dm, "text": str(number)})
        connection.request("POST", "/api/chat.postMessage", body, headers)
        assert json.loads(connection.getresponse().read())["ok"]
    connection.close()


def test_a_method_it_does_not_speak_is_unknown(workspace: PracticeWorkspace) -> None:
    client = client_of(workspace)
    assert refusal(lambda: client.api_call("chat.scheduleMessage")) == "unknown_method"
