"""Somebody appears in Slack: matched to the roster, greeted, and brought into the channels that wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.dialogue.events import Said
from bot.services import channel, greeting, hearing
from bot.services.house import House
from bot.services.speech import Kind, Saying, Voice
from bot.store.models import Person, School
from scheduler.outbox import Delivery, Draft

HOME_LASTS = timedelta(minutes=10)
"""A home that could not be published so long is not worth publishing: it is made anew whenever it is opened."""


def appeared(house: House, workspace: str, slack_id: str, key: str) -> list[Delivery]:
    """Slack says that somebody joined: look them up, without a word to them unless they wrote."""
    now = house.clock()
    draft = Draft(
        workspace=workspace,
        kind=Kind.MEET,
        recipient=slack_id,
        subject=f"slack:{slack_id}",
        payload={"slack_id": slack_id, "channel": "", "ids": [key], "ts": "", "text": ""},
        dedupe_key=f"meet:{key}",
        due_at=now,
    )
    with house.store.write() as connection:
        return house.outbox.put(connection, [draft], now, claim=True)


def arrived(house: House, connection: Connection, meet: Delivery, now: datetime) -> Sequence[Draft]:
    """What follows when somebody was looked up: for a student the hello, for an adult a word on what this is, for
    someone unknown whom to ask. Those waited for in a channel are invited."""
    payload = meet.payload
    person = greeting.person_in_slack(connection, meet.workspace, payload["slack_id"])
    wrote = bool(payload["channel"])
    if person is None:
        return [_stranger(connection, meet, now)] if wrote else []
    drafts = channel.invite(connection, meet.workspace, person.id, now)
    if wrote:
        voice = greeting.voice_for(person, payload["channel"], f"met:{meet.id}", now)
        if person.role == "student":
            said = Said(payload["ts"], payload["text"], None)
            hearing.first_turn(house, connection, voice, person, said, now)
        else:
            drafts.append(voice.say(Saying("adult_dm", {"name": person.name})))
    return drafts


def _stranger(connection: Connection, meet: Delivery, now: datetime) -> Draft:
    coordinator = connection.scalar(
        select(Person.name).where(
            Person.workspace == meet.workspace, Person.role == "coordinator", Person.active.is_(True)
        )
    )
    language = connection.scalar(select(School.language).where(School.workspace == meet.workspace)) or "en"
    voice = Voice(
        meet.workspace,
        meet.payload["slack_id"],
        language,
        meet.subject,
        f"stranger:{meet.id}",
        now,
        meet.payload["channel"],
    )
    return voice.say(Saying("stranger_dm", {"coordinator": coordinator or ""}))


def open_home(house: House, workspace: str, slack_id: str, key: str) -> list[Delivery]:
    """Somebody opened the App Home: publish it as things stand. It has a lane of its own: it delays no message."""
    now = house.clock()
    draft = Draft(
        workspace=workspace,
        kind=Kind.HOME,
        recipient=f"home:{slack_id}",
        subject=f"slack:{slack_id}",
        payload={"slack_id": slack_id},
        dedupe_key=f"home:{key}",
        due_at=now,
        expires_at=now + HOME_LASTS,
    )
    with house.store.write() as connection:
        return house.outbox.put(connection, [draft], now, claim=True)


def came(house: House, workspace: str, channel_id: str, slack_id: str) -> None:
    """Somebody came into a channel: if it is a conference's and they belong there, they are no longer waited for."""
    with house.store.write() as connection:
        conference = channel.of_channel(connection, workspace, channel_id)
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if conference is not None and person is not None:
            channel.invited(connection, conference, person.id, channel.Invite.JOINED)


def left(house: House, workspace: str, channel_id: str, key: str) -> list[Delivery]:
    """Somebody left a conference's channel: an agenda that was held back because of them can go out now."""
    now = house.clock()
    with house.store.write() as connection:
        conference = channel.of_channel(connection, workspace, channel_id)
        if conference is None or channel.latest_approval(connection, conference) is None:
            return []
        return house.outbox.put(connection, channel.again(workspace, conference, f"left:{key}", now), now, claim=True)
