"""What `/conference …` does, in whichever language its words are typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from bot.dialogue.events import Command
from bot.services import arriving, greeting, hearing, status
from bot.services.house import House
from bot.services.scene import scene_of
from bot.services.speech import Saying
from bot.services.turn import Turn
from bot.store.session import AnyRow
from scheduler.outbox import Delivery


@dataclass(frozen=True, slots=True)
class Answer:
    """What is shown to whoever typed the command, in their language, and what the bot says elsewhere because of it."""

    saying: Saying
    language: str
    deliveries: Sequence[Delivery] = field(default_factory=list)


def command(house: House, workspace: str, slack_id: str, text: str, key: str) -> Answer:
    """`/conference` and a word: status without one; start, preview, help. An unknown word gets the help."""
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if person is None:
            meet = house.outbox.put(connection, [arriving.look_up(workspace, slack_id, key, now)], now, claim=True)
            return Answer(*status.home_of_stranger(connection, workspace), meet)
        match _word(house, text):
            case "" | "status":
                return Answer(status.status(house, connection, person, now), person.language)
            case "start" | "preview" | "menu" as word if person.role == "student":
                return _coached(house, connection, person, word, key)
            case _:
                return Answer(status.command_help(person), person.language)


def _coached(house: House, connection: Connection, person: AnyRow, word: str, key: str) -> Answer:
    """Go on in the DM; the answer to the command says where things stand."""
    now = house.clock()
    scene = scene_of(connection, person.workspace, person.slack_id)
    if scene is None:
        said = greeting.first_hello(house, connection, person.workspace, person.slack_id, person.im, f"turn:{key}")
    elif hearing.outdated(connection, scene, now):
        said = hearing.greet_anew(house, connection, scene, person.im or "", f"turn:{key}", now)
    else:
        turn = Turn(house, connection, scene, person.im or "", key, now)
        said = turn.start() if word == "start" else turn.show(Command(word))
    return Answer(status.status(house, connection, person, now), person.language, said)


def _word(house: House, text: str) -> str:
    """The command that was typed, in any language the school has; what was typed if it is none."""
    typed = _bare(text)
    for language in house.words.catalog.languages:
        for name in ("start", "preview", "help", "status", "menu"):
            wanted = _bare(house.words.catalog.label(language, f"command.{name}"))
            if typed == wanted or typed.startswith(f"{wanted} "):
                return name
    return typed


def _bare(text: str) -> str:
    """Without case, accents and more blanks than one between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
