"""Plays a transcript on the real bot in a practice workspace, and writes down what is said.

Between any two turns the bot is taken down and another is built on the same database: nothing is remembered but what
is stored. `play` gives the whole transcript back as it went; a test compares it with the file.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bot.app import Bot, build
from bot.practice import controls
from bot.practice.controls import Control
from bot.practice.message import Message, readable
from bot.practice.people import Person
from bot.practice.stage import Stage, set_up
from bot.services.nudges.quarter import quarter_of
from bot.services.nudges.reminders import scope
from bot.settings import Settings
from bot.slack.caps import UNCAPPED
from bot.words import Words
from scheduler.pace import UNLIMITED
from tests.transcripts.paper import written
from tests.transcripts.script import COACH, Step, TranscriptError, about_whom, filled_in, steps, time_passed

HERE = Path(__file__).parent
SCHOOL = HERE / "school"
NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)  # ten days before the first conferences of the autumn
SPRING = datetime(2026, 5, 18, 14, 0, tzinfo=UTC)
THINKING = timedelta(seconds=20)
_PHOTO = b"\x89PNG\r\n\x1a\n"


def play(text: str, store_url: str, words: Words, *, restart_every: int = 1, keys: str = "") -> str:
    """The transcript as it goes when its people do what it says. The database has its tables and is empty.

    keys: ENCRYPTION_KEYS.
    """
    now = SPRING if "(in spring)" in text.splitlines() else NOW
    with set_up(store_url, SCHOOL, words, now, keys=keys) as stage:
        return _Play(stage, store_url, words, restart_every, keys).play(text)


class _Play:
    """One transcript being played, and the lines written so far."""

    def __init__(self, stage: Stage, store_url: str, words: Words, restart_every: int, keys: str) -> None:
        self.stage = stage
        self.workspace = stage.workspace
        self.bot = stage.bot
        self.words = words
        self.store_url = store_url
        self.keys = keys
        self.restart_every = restart_every
        self.turns = 0
        self.people = {_called(person.name): person for person in self.workspace.people.values()}
        self.people["Robin"] = self.workspace.person("Robin Vale", "UROBIN", "robin@elsewhere.example")
        self.seen: set[tuple[str, str, str]] = set()
        self.lines: list[str] = []
        self.muted = 0  # within how many transcripts that are only told of

    def play(self, text: str) -> str:
        try:
            for step in steps(text, self.people):
                self.write(step)
                self.act(step)
                self.hear(step.who)
        finally:
            self.bot.stop()
        return "\n".join(self.lines) + "\n"

    # Doing

    def act(self, step: Step) -> None:
        if step.who:
            self.turn(step)
        elif passed := time_passed(step.line):
            self.stage.clock.advance(passed.total_seconds())
            self.bot.dispatcher.run_due()
        elif about := about_whom(step.line):
            self.due(*about)
        elif step.line.startswith("(after "):
            self.before(step.line.removeprefix("(after ").removesuffix(")"))
        elif step.line == "(everything Slack sends comes twice)":
            self.workspace.events.duplicate = True
        elif step.line.startswith("(") and step.line != "(in spring)":
            raise TranscriptError(f"{step.line}: nothing like this happens here")

    def turn(self, step: Step) -> None:
        self.stage.clock.advance(THINKING.total_seconds())
        self.restart()
        _DOES[step.verb](self, self.people[step.who], *step.values)
        self.workspace.events.settle()
        self.bot.dispatcher.run_due()
        trouble = self.people[step.who].trouble
        if trouble:
            raise TranscriptError(f"{step.line}: {trouble}")

    def due(self, nudge: str, student: str) -> None:
        """A nudge of the plan, about one student, to everyone it goes to: now."""
        house, now = self.bot.house, self.stage.clock()
        with house.store.write() as connection:
            planned = quarter_of(connection, self.workspace.team_id, now)
            mine = next(row.id for row in planned.people.values() if row.slack_id == self.people[student].id)
            drafts = [
                replace(draft, due_at=now)
                for draft in planned.drafts()[scope(str(mine))]
                if draft.payload["step"] == nudge
            ]
            house.outbox.put(connection, drafts, now)
        self.bot.dispatcher.run_due()

    def before(self, name: str) -> None:
        """What another transcript tells has happened; it is not told again."""
        self.muted += 1
        for step in steps((HERE / name).read_text("utf-8"), self.people):
            self.act(step)
            self.hear(step.who)
        self.muted -= 1

    def restart(self) -> None:
        """Another process: it knows what is in the database."""
        self.turns += 1
        if self.turns % self.restart_every:
            return
        self.bot.stop()
        self.bot = _another(self.stage, self.store_url, self.words, self.keys)
        self.workspace.attach(self.bot.app)

    # Writing

    def write(self, step: Step) -> None:
        if self.lines and self.lines[-1].startswith((" ", COACH, "(")) and not self.muted:
            self.lines.append("")
        self.put([step.line])

    def hear(self, who: str) -> None:
        """Write down what the bot said since the last time, to whomever."""
        for message, place, changed in self.news(who):
            says = f"{COACH}{place}{' changes it to' if changed else ''}: "
            first, *rest = [*written(message.blocks, message.text)]
            self.put([says + first, *(f"  {line}" for line in rest)])

        for name, person in self.people.items():
            if person.modal is not None and (person.modal.id, person.modal.hash, "") not in self.seen:
                self.seen.add((person.modal.id, person.modal.hash, ""))
                self.put([f"{COACH} opens a window for {name}: # {person.modal.title}"])
                self.put([f"  {line}" for line in written(person.modal.blocks)])

    def put(self, lines: list[str]) -> None:
        if not self.muted:
            self.lines += lines

    def news(self, who: str) -> Iterator[tuple[Message, str, bool]]:
        here = self.people[who].id if who else ""
        found = [
            (message, self.place(message, here))
            for channel in self.workspace.channels.values()
            for message in channel.messages.values()
        ]
        found += [(one, f", only for {name}") for name, person in self.people.items() for one in person.ephemerals]
        for message, place in sorted(found, key=lambda one: one[0].edited or one[0].ts):
            key = (message.channel, message.ts, message.edited)
            if message.app and not message.subtype and key not in self.seen:
                self.seen.add(key)
                yield message, place, bool(message.edited)

    def place(self, message: Message, here: str) -> str:
        """Where it was said, if not in the DM of whoever acts."""
        channel = self.workspace.channels[message.channel]
        if channel.name:
            return f" in #{channel.name}"
        name, reader = next((name, person) for name, person in self.people.items() if person.id in channel.members)
        return "" if reader.id == here else f" to {name}"

    # What people do

    def say(self, person: Person, text: str) -> None:
        for one in text.split(" | "):
            person.dm(one.replace("⏎", "\n"))

    def tap(self, person: Person, label: str, under: str, words: str) -> None:
        if words:
            message = self.under(person, words)
            person.tap(_below(message, words, label).action_id, message)
        else:
            person.tap(label, self.under(person, under) if under else None)

    def choose(self, person: Person, option: str, words: str) -> None:
        message = self.under(person, words)
        person.select(_below(message, words).action_id, option, message)

    def edit(self, person: Person, old: str, new: str) -> None:
        person.edit(self.own(person, old), new)

    def overtake(self, person: Person, old: str, new: str) -> None:
        self.workspace.events.hold()
        person.edit(person.dm(old), new)
        self.workspace.events.release((1, 0))

    def take_back(self, person: Person, text: str) -> None:
        self.workspace.events.hold()
        person.delete(person.dm(text))
        self.workspace.events.release((1, 0))

    def delete(self, person: Person, text: str) -> None:
        person.delete(self.own(person, text))

    def share(self, person: Person, name: str, text: str) -> None:
        mimetype = "image/jpeg" if name.endswith((".jpg", ".png")) else "application/octet-stream"
        person.share(_PHOTO, name, mimetype, text)

    def command(self, person: Person, typed: str) -> None:
        name, _, text = typed.partition(" ")
        person.command(name, text)

    def fill_in(self, person: Person, text: str, *_: str) -> None:
        person.submit(values=filled_in(text))

    def close(self, person: Person) -> None:
        person.close()

    def open(self, person: Person, what: str) -> None:
        person.open_home("messages" if what == "the chat" else "home")
        self.bot.dispatcher.run_due()
        if what == "the home" and person.home is not None:
            first, *rest = written(person.home.blocks)
            self.put([f"{COACH}'s home: {first}", *(f"  {line}" for line in rest)])

    def under(self, person: Person, words: str) -> Message:
        """The newest message of the bot that has these words in it."""
        for message in reversed(person.sees()):
            if message.app and words in message.shown:
                return message
        raise TranscriptError(f"{person.name} sees nothing with {words!r} in it")

    def own(self, person: Person, text: str) -> str:
        for message in reversed(person.sees()):
            if not message.app and readable(message.text) == text:
                return message.ts
        raise TranscriptError(f"{person.name} has not written {text!r}")


_DOES: Mapping[str, Callable[..., None]] = {
    "says": _Play.say,
    "taps": _Play.tap,
    "chooses": _Play.choose,
    "edits": _Play.edit,
    "overtakes": _Play.overtake,
    "takes back": _Play.take_back,
    "deletes": _Play.delete,
    "shares": _Play.share,
    "types": _Play.command,
    "fills in": _Play.fill_in,
    "closes": _Play.close,
    "opens": _Play.open,
}


def _below(message: Message, words: str, label: str = "") -> Control:
    """The button of this name that stands first below these words; without a name, the menu."""
    place = next(n for n, block in enumerate(message.blocks) if words in str(block.get("text", {}).get("text", "")))
    below = controls.controls(message.blocks[place:])
    return next(one for one in below if (one.label == label if label else one.type == "static_select"))


def _called(name: str) -> str:
    """What a transcript calls someone: the first name, or all of "Ms. Okafor"."""
    first = name.split()[0]
    return name if first.endswith(".") else first


def _another(stage: Stage, store_url: str, words: Words, keys: str) -> Bot:
    workspace = stage.workspace
    settings = Settings(
        bot_token=workspace.bot_token, app_token=workspace.app_token, signing_secret=workspace.signing_secret,
        api_url=workspace.api_url, database_url=store_url, encryption_keys=keys,
    )  # fmt: skip
    return build(settings, words, clock=stage.clock, limits=UNLIMITED, tls=_tls(), caps=UNCAPPED)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the system's certificates is most of what a bot costs to build."""
    return ssl.create_default_context()
