"""What somebody sees in Slack, written on the page."""

from __future__ import annotations

from collections.abc import Sequence

from bot.practice.channel import Channel
from bot.practice.message import Message
from bot.practice.outcome import Agenda
from bot.practice.page import Page
from bot.practice.people import Person
from bot.practice.script import Look, Shows
from bot.practice.stage import Stage
from bot.practice.view import View

BOT = "Conference Coach"


def show_look(here: Stage, page: Page, look: Look, arrived: Agenda | None) -> None:
    """Let somebody look, and show what they see; nothing if there is nothing to see."""
    person = here.people[look.who]
    if look.shows is Shows.CHANNEL:
        channel = arrived.channel if arrived is not None else _channel(person)
        if channel is not None:
            pinned = f"{len(channel.pins)} pinned · " if channel.pins else ""
            people = here.workspace.people
            readers = ", ".join(people[one].name for one in channel.members if one in people)
            page.look(look.title, f"#{channel.name}", channel.top_level()[-look.last :], pinned + readers, look.lines)
        return
    shown = _seen(here, person, look.shows)[-look.last :]
    if shown:
        page.look(look.title, BOT, shown, "Only visible to you" if look.shows is Shows.COMMAND else "", look.lines)


def _channel(person: Person) -> Channel | None:
    """The newest of the conferences' channels somebody is in."""
    return max((one for one in person.channels if one.name), key=lambda one: one.created, default=None)


def _seen(here: Stage, person: Person, where: Shows) -> Sequence[Message | View]:
    match where:
        case Shows.COMMAND:
            person.command("/conference")
            return person.ephemerals[-1:]
        case Shows.HOME:
            person.open_home()
            here.run()
            return [person.home] if person.home else []
        case _:
            return person.sees()
