"""The language somebody is spoken to in: the roster's, until they choose one themselves."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, update

from bot.services import arriving
from bot.services.audit import trail
from bot.services.channels import cards
from bot.services.command.vocabulary import bare
from bot.services.house import House
from bot.services.speech import Button, Saying
from bot.services.talk import greeting
from bot.services.talk.greeting import conversation_of
from bot.store.models import Person
from bot.store.session import AnyRow
from bot.taps import Ref, Tap
from scheduler.outbox import Delivery


def choose(house: House, workspace: str, slack_id: str, language: str, key: str) -> list[Delivery]:
    """A tap on a language: from now on it is theirs; they are told so in it, and their home is in it too."""
    now = house.clock()
    with house.store.write() as connection:
        person = greeting.person_in_slack(connection, workspace, slack_id)
        if person is None or language not in house.words.catalog.languages:
            return []
        saying = chosen(house, connection, person, language)
        voice = greeting.voice_for(person, person.im, f"language:{key}", now)
        said = replace(voice, language=language).say(saying)
        return house.outbox.put(connection, [said, arriving.publish(workspace, slack_id, key, now)], now, claim=True)


def chosen(house: House, connection: Connection, person: AnyRow, language: str) -> Saying:
    """Keep somebody's choice, which a new roster does not change; the word on it, to be said in that language."""
    mine = update(Person).where(Person.workspace == person.workspace, Person.id == person.id)
    connection.execute(mine.values(language=language, chosen_language=language))
    if language != person.language:
        now, who = house.clock(), trail.person(person.id)
        trail.note(connection, person.workspace, now, who, trail.Act.CHANGED, "language", who)
        house.outbox.put(connection, cards.respoken(connection, person.workspace, [person.id], now), now)
    conversation = conversation_of(connection, person.workspace, person.id) if person.role == "student" else None
    go_on = Button(Tap.ANSWER, "go_on", Ref(conversation or 0, "", 0, "cmd:start").text(), "primary")
    context = {"language": house.words.catalog.label(language, "language.name"), "student": person.role == "student"}
    return Saying("language_chosen", context, {"actions": [[go_on]]} if conversation else {})


def named(house: House, typed: str) -> str:
    """The language somebody typed, by its code or its name in any language; "" where there are no words in it."""
    catalog, wanted = house.words.catalog, bare(typed)
    for language in catalog.languages:
        also = catalog.label(language, "language.also").split(",")
        if wanted in {language, *map(bare, (catalog.label(language, "language.name"), *also))}:
            return language
    return ""


def offer(house: House, person: AnyRow, *, unknown: bool = False) -> Saying:
    """Which languages there are, with a button for each; `unknown`: they typed one there are no words in."""
    own = house.words.language(person.language)
    context = {"language": house.words.catalog.label(own, "language.name"), "unknown": unknown}
    return Saying("language_choice", context, {"actions": buttons(house, person)})


def buttons(house: House, person: AnyRow) -> list[list[Button]]:
    """The languages that are not theirs, each by its own name."""
    own, catalog = house.words.language(person.language), house.words.catalog
    others = [one for one in catalog.languages if one != own]
    rows = [others[start : start + 5] for start in range(0, len(others), 5)]
    return [[Button(Tap.LANGUAGE, f"={catalog.label(one, 'language.name')}", one) for one in row] for row in rows]
