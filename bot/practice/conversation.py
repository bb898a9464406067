"""Somebody's talk with the coach in the practice workspace, written on a page as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.console import Console

from bot.practice.ledger import called
from bot.practice.message import Message
from bot.practice.page import Page
from bot.practice.review import Line, lines_of
from bot.practice.script import ScriptError
from bot.practice.stage import Stage
from bot.words import LEVELS
from prompts.formats import day

A_MOMENT = 20
"""Seconds of the practice clock that anything the student does takes."""
_NUMBERS = ("", "the next day", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF a photo"


class Conversation:
    """What somebody does, mostly a student, and what comes back.

    `numbered`: buttons and lines carry numbers to tap them by; `headings`: each flow gets one where it begins.

    `buttons`: those of what the coach said last, and the message each stands in; `lines`: the review as it stands.
    """

    def __init__(
        self, stage: Stage, page: Page, student: str, zone: ZoneInfo, *, numbered: bool = False, headings: bool = True
    ) -> None:
        self.person = stage.people[student]
        self.name = called(self.person.name)
        self.buttons: list[tuple[str, Message]] = []
        self.lines: list[Line] = []
        self._stage, self._page, self._zone, self._numbered = stage, page, zone, numbered
        self._seen: dict[str, Message] = {}
        self._last = self._thread = ""
        self._heard_last: Message | None = None
        self._hidden = False
        words = stage.bot.house.words
        self._titles = [words.flow("en", name).title for name in LEVELS["full"] if headings]

    @property
    def last(self) -> str:
        """All that is to be read in the coach's last message."""
        return self._last

    @property
    def today(self) -> str:
        """The day at the school."""
        return day(self._stage.clock().astimezone(self._zone).date().isoformat(), "en")

    def begin(self) -> None:
        """Open the conversation with the bot for the first time."""
        self.person.open_home("messages")
        self.listen()

    def say(self, text: str, file: str = "", note: str = "") -> None:
        """Type something, or send a photo with it."""
        self._page.said(self.name, text, file)
        self._page.note(note)
        if file:
            self.person.share(_PHOTO, file, "image/jpeg", text)
        else:
            self.person.dm(text, thread=self._thread)
        self.listen()

    def tap(self, label: str, note: str = "", fills: Mapping[str, str] | None = None) -> None:
        """Tap a button by its words, and fill in the window it opens; ScriptError if the coach's last messages have
        none like it."""
        found = next(((words, where) for words, where in self.buttons if words.casefold() == label.casefold()), None)
        if found is None:
            there = ", ".join(f"[{words}]" for words, _ in self.buttons) or "nothing to tap"
            raise ScriptError(f"There is no button [{label}] where {self.name} is. There is {there}.")
        self.press(self.buttons.index(found), note, fills)

    def tap_in_channel(self, label: str, note: str = "", fills: Mapping[str, str] | None = None) -> None:
        """Tap a button in a channel they are in, the newest that has it."""
        there = [one for channel in self.person.channels for one in self.person.sees(channel.id)]
        found = [one for one in there if label in one.buttons and one.app]
        if not found:
            raise ScriptError(f"There is no button [{label}] in a channel {self.name} is in.")
        where = max(found, key=lambda one: one.ts)
        self._page.tapped(self.name, label)
        self._page.note(note)
        self.person.tap(label, where)
        self._fill(fills or {})
        self.listen()

    def command(self, text: str, note: str = "", fills: Mapping[str, str] | None = None) -> None:
        """Type after /conference; what is answered to them alone is written down, a window filled in."""
        self._page.said(self.name, f"/conference {text}".strip())
        self._page.note(note)
        before = len(self.person.ephemerals)
        self.person.command("/conference", text)
        self._fill(fills or {})
        self._heard(self.person.ephemerals[before:])
        self.listen()

    def _fill(self, fills: Mapping[str, str]) -> None:
        """Fill in the window that has opened, and read what it says then."""
        window = self.person.modal
        if window is None and fills:
            raise ScriptError(f"No window opened for {self.name}.")
        if window is None:
            return
        if fills:
            self._page.filled(self.name, window.title, fills)
            self.person.submit(window, fills)
        left = self.person.modal
        if left is not None:
            self._page.window(left)
            self.person.close(left)

    def press(self, place: int, note: str = "", fills: Mapping[str, str] | None = None) -> None:
        """Tap one of `buttons` by its place."""
        label, where = self.buttons[place]
        self._page.tapped(self.name, label)
        self._page.note(note)
        self.person.tap(label, where)
        self._fill(fills or {})
        before = self._seen.get(where.ts)
        if not self.listen() and (now := self._seen.get(where.ts)) not in (None, before):
            self._heard([now])  # it says something else in its place

    @property
    def said(self) -> list[str]:
        """The student's own messages as they stand, oldest first."""
        return [one.shown for one in self.person.sees() if one.user == self.person.id]

    def edit(self, before: str, after: str, note: str = "") -> None:
        """Change one of the student's own messages."""
        mine = [one for one in self.person.sees() if one.user == self.person.id and one.shown == before]
        if not mine:
            raise ScriptError(f"{self.name} has no message that says “{before}”.")
        self._page.edited(self.name, before, after)
        self._page.note(note)
        self.person.edit(mine[-1].ts, after)
        self.listen()

    def decide(self, line: Line, option: str, note: str = "") -> None:
        """Choose who sees a line of the review."""
        self._page.chose(self.name, line, option)
        self._page.note(note)
        self.person.select(line.menu, option, line.message)
        self.listen()

    def reword(self, line: Line) -> None:
        """Ask to say a line of the review differently."""
        self._page.tapped(self.name, "Say it differently")
        self.person.tap(line.change, line.message)
        self.listen()

    def line(self, words: str) -> Line:
        """The line of the review with these words; ScriptError if there is none."""
        found = next((line for line in self.lines if line.words == words), None)
        if found is None:
            raise ScriptError(f"There is no line “{words}” in {self.name}'s review.")
        return found

    def wait(self, days: int) -> None:
        """Let days go by."""
        for _ in self._stage.until(self._stage.clock() + timedelta(days=days)):
            if any(one.app and one.ts not in self._seen for one in self.person.sees()):
                self._page.time("", self.today)
                self.read()
        passed = _NUMBERS[days] if days < len(_NUMBERS) else str(days)
        self._page.time(passed if days == 1 else f"{passed} days later", self.today)
        self.listen()

    def listen(self) -> int:
        """Let the bot do what is due, and write down what is new; how many messages are."""
        self._stage.clock.advance(seconds=A_MOMENT)
        self._stage.run()
        self._stage.workspace.events.settle()
        self._stage.run()
        return self.read()

    def read(self) -> int:
        """Write down what is new; how many messages are."""
        trouble, self.person.trouble[:] = list(self.person.trouble), []
        standing = {one.ts: one for one in self.person.sees() if one.app}
        for ts, message in standing.items():
            if ts in self._seen and lines_of(message) and message != self._seen[ts]:
                self._changed(message)
        news = [message for ts, message in standing.items() if ts not in self._seen]
        self._heard(news)
        self._seen = standing
        if trouble:
            raise ScriptError(f"Slack would tell {self.name}: {'; '.join(trouble)}")
        return len(news)

    def recall(self, button: str = "") -> None:
        """Write down only the newest that the coach has said with such a button; the rest was read elsewhere."""
        standing = {one.ts: one for one in self.person.sees() if one.app}
        wanted = [ts for ts, one in standing.items() if not button or button in one.buttons][-1:]
        self._seen = {ts: one for ts, one in standing.items() if ts not in wanted}
        self.read()

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Nothing is written down meanwhile."""
        page, self._page = self._page, Page(Console(quiet=True))
        self._hidden = True
        try:
            yield
        finally:
            self._page = page

    def shown(self, *, again: bool) -> None:
        """What comes is seen from now on; `again`: and the coach's last message, if it came unseen."""
        hidden, self._hidden = self._hidden, False
        if again and hidden and self._heard_last is not None:
            self._heard([self._heard_last])

    def _heard(self, news: list[Message]) -> None:
        buttons: list[tuple[str, Message]] = []
        for reviewed, messages in groupby(news, lambda message: bool(lines_of(message))):
            if reviewed:
                self.lines = [line for message in messages for line in lines_of(message)]
                self._page.review(self.lines, int(self._numbered))
                continue
            for message in messages:
                self._open(message)
                self._page.coach(message, len(buttons) + 1 if self._numbered else 0)
                buttons += [(label, message) for label in message.buttons]
                self._last, self._thread = message.shown, message.thread_ts
                self._heard_last = message
        self.buttons = buttons or self.buttons

    def _open(self, message: Message) -> None:
        """A heading, where the first question of a flow comes for the first time."""
        if self._hidden:
            return
        title = next((title for title in self._titles if f"{title} · 1 of " in message.shown), None)
        if title is not None:
            self._titles.remove(title)
            self._page.heading(title)

    def _changed(self, message: Message) -> None:
        """A part of the review said anew in its place."""
        stood = {line.place: line for line in self.lines}
        new = {line.place: line for line in lines_of(message)}
        for place, line in new.items():
            if line != stood.get(place):
                self._page.changed(line)
        self.lines = [new.get(line.place, line) for line in self.lines]
