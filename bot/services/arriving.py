"""Somebody appears in Slack: matched to the roster, greeted, and brought into the channels that wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.dialogue.events import Said
from bot.services import overhearing
from bot.services.channels import channel
from bot.services.house import House
from bot.services.leaving import apart
from bot.services.roster import school
from bot.services.safeguarding import help_now
from bot.services.speech import Kind, Saying, Voice
from bot.services.talk import beside, greeting, hearing
from bot.services.talk.scene import scene_of
from bot.store.session import AnyRow
from scheduler.outbox import Delivery, Draft

HOME_LASTS = timedelta(minutes=10)
"""A home that could not be published so long is not worth publishing: it is made anew whenever it is opened."""


def appeared(house: House, workspace: str, slack_id: str, key: str) -> list[Delivery]:
    """Slack says that somebody joined: look them up, without a word to them unless they wrote."""
    now = house.clock()
    with house.store.write() as connection:
        return house.outbox.put(connection, [look_up(workspace, slack_id, key, now)], now, claim=True)


def look_up(
    workspace: str, slack_id: str, key: str, now: datetime, opened: str = "", channel_id: str = "", text: str = ""
) -> Draft:
    """Ask Slack who somebody is. `opened`: "home" or "messages", where that is why we ask; `text`: what they wrote with
    a command, where a person must read it."""
    return Draft(
        workspace=workspace,
        kind=Kind.MEET,
        recipient=slack_id,
        subject=f"slack:{slack_id}",
        payload={
            "slack_id": slack_id, "channel": channel_id, "ids": [key], "ts": f"{now.timestamp():.6f}" if text else "",
            "text": text, "opened": opened,
        },
        dedupe_key=f"meet:{key}",
        due_at=now,
    )  # fmt: skip


def arrived(house: House, connection: Connection, meet: Delivery, now: datetime) -> Sequence[Draft]:
    """What follows when somebody was looked up: for a student the hello, for an adult a word on what this is, for
    someone unknown whom to ask. Those waited for in a channel are invited."""
    payload = meet.payload
    person = greeting.person_in_slack(connection, meet.workspace, payload["slack_id"])
    home = (
        [publish(meet.workspace, payload["slack_id"], f"met:{meet.id}", now)] if payload.get("opened") == "home" else []
    )
    if person is None:
        return home or ([_stranger(house, connection, meet, now)] if payload["ts"] else [])
    drafts = home + channel.invite(connection, meet.workspace, person.id, now)
    if not payload["channel"] and not payload["text"]:
        return drafts
    voice = greeting.voice_for(person, payload["channel"] or None, f"met:{meet.id}", now)
    if person.role == "student":
        _heard(house, connection, voice, person, meet, now)
    elif payload["ts"]:
        help_there, alerts = overhearing.heard(house, connection, person, _said(meet).written, f"met:{meet.id}", now)
        drafts += [voice.say(Saying("adult_dm", {"name": person.name, **help_there})), *alerts]
    return drafts


def _heard(house: House, connection: Connection, voice: Voice, person: AnyRow, meet: Delivery, now: datetime) -> None:
    """What a student said while nobody knew who they were. Whoever wrote several times is greeted once."""
    said = _said(meet)
    house = house.unhurried()
    scene = scene_of(connection, meet.workspace, person.slack_id)
    if scene is None:
        hearing.first_turn(house, connection, voice, person, said, now)
    elif said.ts:
        hearing.take_in(house, connection, scene, meet.payload["channel"], f"met:{meet.id}", said, now)
    else:
        beside.move_home(house, connection, person, meet.payload["channel"], f"met:{meet.id}")


def _said(meet: Delivery) -> Said:
    """What somebody wrote before anybody knew who they were."""
    return Said(meet.payload["ts"], meet.payload["text"], None, more=meet.payload.get("more", ""))


def _stranger(house: House, connection: Connection, meet: Delivery, now: datetime) -> Draft:
    voice = Voice(
        meet.workspace,
        meet.payload["slack_id"],
        school.language(connection, meet.workspace),
        meet.subject,
        f"stranger:{meet.id}",
        now,
        meet.payload["channel"],
    )
    context = help_now(house, connection, meet.workspace, _said(meet).written)
    return voice.say(Saying("stranger_dm", {"coordinator": school.coordinator(connection, meet.workspace), **context}))


def open_home(house: House, workspace: str, slack_id: str, key: str) -> list[Delivery]:
    """Somebody opened the App Home: publish it as things stand; whom nobody knows yet is looked up first."""
    now = house.clock()
    with house.store.write() as connection:
        known = greeting.person_in_slack(connection, workspace, slack_id) or apart.of(connection, workspace, slack_id)
        opened = publish if known is not None else partial(look_up, opened="home")
        return house.outbox.put(connection, [opened(workspace, slack_id, key, now)], now, claim=True)


def open_messages(house: House, workspace: str, slack_id: str, channel_id: str, key: str) -> list[Delivery]:
    """Somebody opened the DM with the bot: a student who has not been greeted is; whom nobody knows is looked up."""
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if person is None and apart.of(connection, workspace, slack_id) is not None:
            return []  # they are told when they do something
        if person is None:
            draft = look_up(workspace, slack_id, key, now, "messages", channel_id)
            return house.outbox.put(connection, [draft], now, claim=True)
        hello = greeting.first_hello(house, connection, workspace, slack_id, channel_id, f"turn:{key}")
        return hello or beside.move_home(house, connection, person, channel_id, key)


def publish(workspace: str, slack_id: str, key: str, now: datetime) -> Draft:
    """Publish somebody's App Home as things stand. It has a lane of its own: it delays no message."""
    return Draft(
        workspace=workspace,
        kind=Kind.HOME,
        recipient=f"home:{slack_id}",
        subject=f"slack:{slack_id}",
        payload={"slack_id": slack_id},
        dedupe_key=f"home:{key}",
        due_at=now,
        expires_at=now + HOME_LASTS,
    )


def came(house: House, workspace: str, channel_id: str, slack_id: str, key: str) -> list[Delivery]:
    """Somebody came into a channel: if it is a conference's and they belong there, they are no longer waited for.

    Whom nobody knows is looked up: it may be someone an admin has just made a guest.
    """
    now = house.clock()
    with house.store.write() as connection:
        conference = channel.of_channel(connection, workspace, channel_id)
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if conference is None:
            return []
        if person is None:
            return house.outbox.put(connection, [look_up(workspace, slack_id, key, now)], now, claim=True)
        channel.invited(connection, workspace, conference, person.id, channel.Invite.JOINED)
        return []


def left(house: House, workspace: str, channel_id: str, key: str) -> list[Delivery]:
    """Somebody left a conference's channel: an agenda that was held back because of them can go out now."""
    now = house.clock()
    with house.store.write() as connection:
        conference = channel.of_channel(connection, workspace, channel_id)
        if conference is None or channel.latest_approval(connection, workspace, conference) is None:
            return []
        drafts = channel.again(connection, workspace, conference, f"left:{key}", now)
        return house.outbox.put(connection, drafts, now, claim=True)
