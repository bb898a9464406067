"""What becomes of more than the bot takes in at once: whoever sent it is told, and what a person must read is read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import Connection

from bot.dialogue.events import Deleted
from bot.services.house import House
from bot.services.roster import school
from bot.services.speech import Saying, Voice
from bot.services.talk import greeting
from bot.services.talk.hearing import Incoming
from bot.services.talk.scene import scene_in_thread, scene_of
from scheduler.outbox import Delivery

LONG = timedelta(hours=1)
"""Whoever has to wait longer is told to come back another day."""


def calls_for_a_person(house: House, texts: Iterable[str]) -> bool:
    """Whether one of the texts is matched by the safety screen: such words are always taken in."""
    return any(house.words.safety.screen(text) is not None for text in texts if text)


def must_be_heard(house: House, incoming: Incoming) -> bool:
    """Whether a message is taken in however many came before: words that call for a person, and what is said while one
    is awaited. Taking something back is never too much."""
    event = incoming.event
    if isinstance(event, Deleted):
        return True
    works = getattr(event, "works", ())
    if calls_for_a_person(house, (event.written, *(work.title for work in works))):
        return True
    with house.store.read() as connection:
        scene = scene_of(connection, incoming.workspace, incoming.slack_id)
        if scene is None and incoming.thread:
            scene = scene_in_thread(
                connection, incoming.workspace, incoming.slack_id, incoming.channel, incoming.thread
            )
    return scene is not None and scene.status == "held"


def saying(what: str, wait: timedelta) -> Saying:
    """What they are told. `what` was too much: message, tap or command."""
    return Saying("too_many", {"what": what, "long": wait > LONG})


def tell(
    house: House, workspace: str, slack_id: str, what: str, wait: timedelta, channel: str | None = None
) -> list[Delivery]:
    """Tell somebody in their DM that it was too much, once in so long a wait whichever process finds it."""
    now = house.clock()
    turn = int(now.timestamp() // wait.total_seconds())
    with house.store.write() as connection:
        voice = _voice(connection, workspace, slack_id, channel, f"too_many:{what}:{slack_id}:{turn}", house)
        return house.outbox.put(connection, [voice.say(saying(what, wait))], now, claim=True)


def language_of(house: House, workspace: str, slack_id: str) -> str:
    """The language somebody is spoken to in; the school's where nobody knows them."""
    with house.store.read() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        return person.language if person is not None else school.language(connection, workspace)


def _voice(connection: Connection, workspace: str, slack_id: str, channel: str | None, key: str, house: House) -> Voice:
    person = greeting.person_in_slack(connection, workspace, slack_id)
    if person is not None:
        return greeting.voice_for(person, channel, key, house.clock())
    language = school.language(connection, workspace)
    return Voice(workspace, slack_id, language, f"slack:{slack_id}", key, house.clock(), channel)
