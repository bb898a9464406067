"""A school on stage, and its students: what the tests of services and of Slack play on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.practice.channel import Channel, Kind
from bot.practice.message import Message
from bot.practice.people import Person
from bot.practice.stage import MONDAY, Stage, set_up
from bot.school import read_school
from bot.services.roster.changes import Changes
from bot.services.roster.load import load_school
from bot.slack.caps import UNCAPPED, Caps
from bot.store.session import Store
from bot.words import Words

PHOTO = b"\x89PNG\r\n\x1a\n a football field"
LETTER = {
    "learner": "Things click for me when I build them with my hands.",
    "learning": "I am learning how far apart the planets are on a football field.",
    "matters": "It matters to me because my cousin asks me about planets.",
    "helps": "It helps me when I get a minute before I answer.",
}
STRENGTHS = {
    "best_at": "In science, I measured the scale for the timeline.",
    "evidence": "You can see it in my lab notebook, page 12.",
    "spot": "Look at the bottom, because that is where I found my own mistake.",
    "favourite": "My favorite thing was when I ran the lights for the play.",
}
"""Answers of the two short flows, none of which the coach asks more about."""


def school(folder: Path, changes: Mapping[str, str] | None = None) -> Path:
    """The sample school at the level of one piece of work, copied to `folder`, with words in its files replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with as_file(files("bot.practice") / "school") as sample:
        for file in sample.iterdir():
            text = file.read_text(encoding="utf-8")
            for old, new in {'level = "full"': 'level = "piece"', **(changes or {})}.items():
                text = text.replace(old, new)
            (folder / file.name).write_text(text, encoding="utf-8")
    return folder


def url_of(store: Store) -> str:
    """Where a store is, for the bot's own connection to it."""
    return store.engine.url.render_as_string(hide_password=False)


@contextmanager
def staged(
    store: Store, words: Words, folder: Path, changes: Mapping[str, str] | None = None, caps: Caps = UNCAPPED
) -> Iterator[Stage]:
    """A stage with the school of `school`, on this store."""
    with set_up(url_of(store), school(folder, changes), words, MONDAY, caps=caps) as stage:
        yield stage


def load(stage: Stage, changes: Mapping[str, str] | None = None) -> Changes:
    """Load the school of `school` anew, with other words in its files replaced than before; what that changed."""
    with TemporaryDirectory() as folder, stage.bot.house.store.write() as connection:
        read = read_school(school(Path(folder), changes), stage.bot.house.words.catalog.languages)
        return load_school(connection, stage.workspace.team_id, read, stage.clock())


@dataclass
class Student:
    """A student on stage. `said`: the ts of each answer by its question."""

    stage: Stage
    key: str = "noor"
    said: dict[str, str] = field(default_factory=dict)

    @property
    def person(self) -> Person:
        """Their hands and eyes."""
        return self.stage.people[self.key]

    def arrive(self) -> None:
        """Open the DM for the first time."""
        self.person.open_home("messages")
        self.let()

    def say(self, text: str) -> str:
        """Write to the bot and let it answer."""
        ts = self.person.dm(text)
        self.let()
        return ts

    def share(self, text: str = "", name: str = "IMG_2231.png") -> str:
        """Send the bot a photo and let it answer."""
        ts = self.person.share(PHOTO, name, "image/png", text)
        self.let()
        return ts

    def edit(self, ts: str, text: str) -> None:
        """Change a message and let the bot answer."""
        self.stage.clock.advance(1)
        self.person.edit(ts, text)
        self.let()

    def delete(self, ts: str) -> None:
        """Delete a message and let the bot answer."""
        self.stage.clock.advance(1)
        self.person.delete(ts)
        self.let()

    def tap(self, label: str, message: Message | None = None) -> None:
        """Tap a button and let the bot answer."""
        assert self.person.tap(label, message).ok
        self.let()

    def select(self, chosen: str, message: Message, index: int = 0) -> None:
        """Choose who sees the line of this number in a message of the review."""
        menus = [one for block in message.blocks for one in block.get("elements", ()) if one["type"] == "static_select"]
        assert self.person.select(menus[index]["action_id"], chosen, message).ok
        self.let()

    def let(self) -> None:
        """Let the bot do what is due, and let a moment pass."""
        self.stage.clock.advance(1)
        self.stage.workspace.events.settle()
        self.stage.run()

    def answer(self, evidence: str = "") -> None:
        """Go through the two flows from the first hello on; `evidence`: send a photo with these words instead."""
        self.arrive()
        self.tap("Start")
        for question, text in {**LETTER, **STRENGTHS}.items():
            photo = evidence and question == "evidence"
            self.said[question] = self.share(evidence) if photo else self.say(text)

    def approve(self) -> None:
        """Say that it is the agenda."""
        self.tap("That's my agenda")

    def finish(self, evidence: str = "") -> None:
        """From the first hello to the agenda in the channel."""
        self.answer(evidence)
        self.approve()

    def review_again(self) -> None:
        """Look at the agenda once more, line by line, up to the last question."""
        self.say("menu")
        self.tap("Your agenda")

    @property
    def last(self) -> Message:
        """The newest of the bot's messages to the student."""
        return self.heard[-1]

    @property
    def heard(self) -> list[Message]:
        """All the bot said to the student, oldest first."""
        return [message for message in self.person.sees() if message.app]

    def lines(self, words: str) -> Message:
        """The newest message of the review with these words in it."""
        found = [
            message for message in self.heard if words in message.shown and "Say it differently" in message.buttons
        ]
        return found[-1]


def told(stage: Stage, key: str) -> list[str]:
    """What somebody can read of the bot's in their DM, oldest first, without the signs for bold."""
    return [message.shown.replace("*", "") for message in stage.people[key].sees() if message.app]


def conference_channels(stage: Stage) -> list[Channel]:
    """The private channels of the workspace."""
    return [channel for channel in stage.workspace.channels.values() if channel.kind is Kind.PRIVATE]


def agenda(stage: Stage, name: str = "conf-noor-12-10") -> str:
    """All that stands in the conference's channel under no other message."""
    channel = stage.workspace.channel(name)
    assert channel is not None
    return "\n".join(message.shown for message in channel.top_level())


def everything_said(stage: Stage, but: str = "") -> str:
    """All texts of all messages of the bot, everywhere but in one person's DM and modal, with their metadata."""
    shown = [
        f"{message.text}\n{message.shown}\n{message.metadata}"
        for channel in stage.workspace.channels.values()
        for message in channel.messages.values()
        if message.app and but not in channel.members
    ]
    people = [person for person in stage.workspace.people.values() if person.id != but]
    shown += [message.shown for person in people for message in person.ephemerals]
    shown += [person.home.shown for person in people if person.home]
    return "\n".join(shown)


def but_the_cards(channel: Channel) -> list[Message]:
    """What stands in a channel besides the family's cards, the dates for their calendars, and the packet."""
    return [one for one in channel.messages.values() if not _is_a_card(one)]


def _is_a_card(message: Message) -> bool:
    return bool({"We're coming", "Sí, vamos"} & {*message.buttons}) or any(
        file["name"].endswith((".ics", ".pdf")) for file in message.files
    )
