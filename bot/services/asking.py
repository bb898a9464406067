"""What `/conference …` does, in whichever language its words are typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from bot.dialogue.events import Command
from bot.services import arriving, beside, greeting, hearing, reminders, status
from bot.services.house import House
from bot.services.scene import first_name, scene_of
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
    """`/conference` and a word: status without one; start, preview, help; pause and resume the reminders; beside and a
    name. An unknown word gets the help."""
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if person is None:
            meet = house.outbox.put(connection, [arriving.look_up(workspace, slack_id, key, now)], now, claim=True)
            return Answer(*status.home_of_stranger(connection, workspace), meet)
        word, rest = _word(house, text)
        match word:
            case "" | "status":
                return Answer(status.status(house, connection, person, now), person.language)
            case "start" | "preview" | "menu" if person.role == "student":
                return _coached(house, connection, person, word, key)
            case "pause" | "resume":
                reminders.wish(connection, workspace, person.id, word == "resume", now)
                saying = reminders.wishes(person.role, first_name(person.name), word == "resume")
                return Answer(saying, person.language)
            case "beside" if person.role == "advisor":
                return _sit_beside(house, connection, person, rest, key)
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


def _sit_beside(house: House, connection: Connection, advisor: AnyRow, typed: str, key: str) -> Answer:
    """Sit beside the student who is meant; where that is not one, they are to be chosen."""
    students = [(row.id, row.name) for row in beside.advisees(connection, advisor)]
    found = [one for one in students if typed == _bare(one[1])]
    found = found or [one for one in students if typed == _bare(first_name(one[1]))]
    if len(found) == 1:
        ((student, name),) = found
        said = beside.seat(house, connection, advisor, student, key, house.clock())
        return Answer(Saying("beside_coming", {"student": name}), advisor.language, said)
    among = found or students
    chosen = {"actions": beside.choices(house, advisor.language, among)} if among else {}
    context = {"typed": bool(typed), "students": [name for _, name in found], "any": bool(students)}
    return Answer(Saying("beside_which", context, chosen), advisor.language)


def _word(house: House, text: str) -> tuple[str, str]:
    """The command that was typed, in any language the school has, and what stands after it; what was typed if it is
    none. The longest counts: a word may be the beginning of another's."""
    typed = _bare(text)
    names = ("start", "preview", "help", "status", "menu", "beside", "pause", "resume")
    labels = [
        (_bare(house.words.catalog.label(language, f"command.{name}")), name)
        for language in house.words.catalog.languages
        for name in names
    ]
    for wanted, name in sorted(labels, key=lambda one: -len(one[0])):
        if typed == wanted or typed.startswith(f"{wanted} "):
            return name, typed[len(wanted) :].strip()
    return typed, ""


def _bare(text: str) -> str:
    """Without case, accents and more blanks than one between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())
