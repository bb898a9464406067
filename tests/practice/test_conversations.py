from __future__ import annotations

import pytest
from slack_sdk import WebClient

from bot.practice import Person, PracticeError, PracticeWorkspace
from tests.practice.conftest import refusal


@pytest.fixture
def room(client: WebClient) -> str:
    return client.conversations_create(name="conf-noor", is_private=True)["channel"]["id"]


def test_a_private_channel_is_made_and_people_come_in(
    client: WebClient, room: str, noor: Person, okafor: Person
) -> None:
    client.conversations_invite(channel=room, users=[noor.id, okafor.id])
    assert client.conversations_members(channel=room)["members"] == ["U0PRACTICEBOT", noor.id, okafor.id]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Conf-Noor", "invalid_name_specials"),
        ("conf noor", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("--", "invalid_name_punctuation"),
        ("conf-noor", "name_taken"),
    ],
)
def test_names_slack_would_refuse_are_refused(client: WebClient, room: str, name: str, error: str) -> None:
    assert refusal(lambda: client.conversations_create(name=name, is_private=True)) == error


def test_a_public_channel_takes_a_scope_the_bot_has_not(client: WebClient) -> None:
    assert refusal(lambda: client.conversations_create(name="open")) == "missing_scope"


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        ({"guest": True}, "user_is_restricted"),
        ({"restricted": True}, "ura_max_channels"),
        ({"deleted": True}, "user_not_found"),
    ],
)
def test_some_people_cannot_be_invited(
    workspace: PracticeWorkspace, client: WebClient, room: str, flags: dict[str, bool], error: str
) -> None:
    person = workspace.person("Yusuf Haddad", **flags)
    assert refusal(lambda: client.conversations_invite(channel=room, users=person.id)) == error


def test_inviting_twice_and_inviting_itself_are_named(client: WebClient, room: str, noor: Person) -> None:
    client.conversations_invite(channel=room, users=noor.id)
    assert refusal(lambda: client.conversations_invite(channel=room, users=noor.id)) == "already_in_channel"
    assert refusal(lambda: client.conversations_invite(channel=room, users="U0PRACTICEBOT")) == "cant_invite_self"


def test_a_private_channel_is_invisible_from_outside(
    workspace: PracticeWorkspace, client: WebClient, room: str, noor: Person
) -> None:
    with pytest.raises(PracticeError):
        noor.sees(room)
    workspace.leave(workspace.channels[room], workspace.bot_user)
    assert refusal(lambda: client.conversations_info(channel=room)) == "channel_not_found"
    assert refusal(lambda: client.chat_postMessage(channel=room, text="x")) == "channel_not_found"


def test_history_comes_newest_first_in_pages(client: WebClient, room: str) -> None:
    stamps = [client.chat_postMessage(channel=room, text=str(n))["ts"] for n in range(5)]
    first = client.conversations_history(channel=room, limit=3)
    rest = client.conversations_history(channel=room, limit=3, cursor=first["response_metadata"]["next_cursor"])
    assert [m["text"] for m in first["messages"]] == ["4", "3", "2"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [m["text"] for m in rest["messages"]] == ["1", "0"]
    since = client.conversations_history(channel=room, oldest=stamps[3])["messages"]
    assert [m["text"] for m in since] == ["4"]
    assert len(client.conversations_history(channel=room, oldest=stamps[3], inclusive=True)["messages"]) == 2


def test_replies_stand_in_their_thread_and_not_in_the_history(client: WebClient, room: str) -> None:
    root = client.chat_postMessage(channel=room, text="root")["ts"]
    client.chat_postMessage(channel=room, text="reply", thread_ts=root)
    assert [m["text"] for m in client.conversations_replies(channel=room, ts=root)["messages"]] == ["root", "reply"]
    assert [m["text"] for m in client.conversations_history(channel=room)["messages"]] == ["root"]


def test_topic_purpose_and_pins(workspace: PracticeWorkspace, client: WebClient, room: str) -> None:
    ts = client.chat_postMessage(channel=room, text="Agenda")["ts"]
    client.conversations_setTopic(channel=room, topic="Thursday")
    client.conversations_setPurpose(channel=room, purpose="Noor leads")
    client.pins_add(channel=room, timestamp=ts)
    channel = workspace.channel("conf-noor")
    assert channel is not None
    assert (channel.topic, channel.purpose, channel.pins) == ("Thursday", "Noor leads", [ts])
    assert refusal(lambda: client.pins_add(channel=room, timestamp=ts)) == "already_pinned"
    assert refusal(lambda: client.conversations_setTopic(channel=room, topic="x" * 251)) == "too_long"


def test_an_archived_channel_takes_nothing_more(client: WebClient, room: str) -> None:
    client.conversations_archive(channel=room)
    assert refusal(lambda: client.chat_postMessage(channel=room, text="x")) == "is_archived"


def test_the_bots_channels_are_listed_by_kind(client: WebClient, room: str) -> None:
    [channel] = client.conversations_list(types="private_channel")["channels"]
    assert channel["id"] == room
    assert refusal(lambda: client.conversations_list(types="im")) == "missing_scope"


def test_a_direct_message_opens_once(workspace: PracticeWorkspace, client: WebClient, noor: Person) -> None:
    first, second = client.conversations_open(users=noor.id), client.conversations_open(users=noor.id)
    assert first["channel"]["id"] == second["channel"]["id"]
    assert second["already_open"]
    assert refusal(lambda: client.conversations_open(users="U404")) == "user_not_found"
    gone = workspace.person("Theo", deleted=True)
    assert refusal(lambda: client.conversations_open(users=gone.id)) == "user_disabled"


def test_people_are_found_by_email(client: WebClient, noor: Person) -> None:
    assert client.users_lookupByEmail(email="NOOR@school.example")["user"]["id"] == noor.id
    assert refusal(lambda: client.users_lookupByEmail(email="no@school.example")) == "users_not_found"
    assert client.users_info(user=noor.id)["user"]["tz"] == "America/Los_Angeles"
    assert [user["id"] for user in client.users_list(limit=10)["members"]] == ["U0PRACTICEBOT", noor.id]
