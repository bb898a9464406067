"""The demo with the reader as the student: what is typed is said, numbers and labels tap."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bot.practice import outcome
from bot.practice.conversation import Conversation
from bot.practice.demo import on_stage, packaged, summary
from bot.practice.looks import show_look
from bot.practice.outcome import Agenda
from bot.practice.page import Page
from bot.practice.refusal import PracticeError
from bot.practice.review import Line
from bot.practice.script import Look, Script, ScriptError, Shows
from bot.practice.stage import Stage

_HELP = (
    ("words", "an answer; a button's number or words tap it"),
    ("/edit WORDS", "change your last message"),
    ("/photo NAME", "send a photo"),
    ("/who LINE CHOICE", "in the review: who sees a line"),
    ("", "1 everyone, 2 teachers too, 3 you and your advisor"),
    ("/change LINE", "in the review: say a line differently"),
    ("/wait DAYS", "let days go by"),
    ("/home", "the coach's Home"),
    ("/conference", "how far you are"),
    ("/agenda", "the conference's channel"),
    ("/quit", "stop; nothing is kept"),
)


def play(page: Page | None = None) -> None:
    """Talk with the coach as the student until /quit, or until there is no more to read."""
    script, page = packaged(), page or Page()
    with suppress(ImportError):  # where there is one, a line can be edited while it is typed
        import readline  # noqa: F401
    with on_stage(script.away, script.guests) as here:
        player = Player(here, page, script, Conversation(here, page, script.student, here.zone, numbered=True))
        player.begin()
        while (line := player.read()) is not None and line != "/quit":
            player.hear(line)
        player.end()


@dataclass
class Player:
    """The reader at the keyboard, in the student's place. `arrived`: the agenda as it was last seen."""

    here: Stage
    page: Page
    script: Script
    talk: Conversation
    arrived: Agenda | None = field(default=None)

    def begin(self) -> None:
        """Say how this goes, and open the conversation."""
        self.page.title(
            "Conference Coach",
            f"You are {self.talk.person.name}. Type what she would, or the number of a button.",
            "/help says what else you can do, /quit ends it.",
        )
        self.page.heading("Hello", self.talk.today)
        self.here.plan()
        self.talk.begin()

    def read(self) -> str | None:
        """The next line, stripped; None at the end of what there is to read."""
        try:
            return input(f"{self.talk.name} › " if self.page.live else "").strip()
        except (EOFError, KeyboardInterrupt):
            self.page.line()
            return None

    def hear(self, line: str) -> None:
        """Do what a line asks for; what cannot be done is said, and nothing ends."""
        if not line:
            return
        try:
            self._do(line)
        except (ScriptError, PracticeError) as error:
            self.page.line(str(error), "yellow")
        self._look_for_agenda()

    def end(self) -> None:
        """What came of it."""
        summary(self.here, self.page, self.talk, self.arrived, due=False)

    def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word.startswith("/"):
            self._command(word, rest.strip())
            return
        self.page.take_back()
        labels = [label for label, _ in self.talk.buttons]
        if line.isdecimal() and 0 < int(line) <= len(labels):
            self.talk.press(int(line) - 1)
        elif line.casefold() in (label.casefold() for label in labels):
            self.talk.tap(line)
        else:
            self.talk.say(line)

    def _command(self, word: str, rest: str) -> None:
        commands: dict[str, Callable[[str], None]] = {
            "/edit": self._edit,
            "/photo": lambda name: self.talk.say("", file=name or "photo.jpg"),
            "/who": self._who,
            "/change": lambda number: self.talk.reword(self._line(number)),
            "/wait": lambda days: self.talk.wait(max(1, min(_number(days or "1"), 60))),
            "/home": lambda _: self._look("Your Home", Shows.HOME),
            "/conference": lambda _: self._look("/conference", Shows.COMMAND),
            "/agenda": self._agenda,
        }
        do = commands.get(word, self._help)
        do(rest)

    def _edit(self, words: str) -> None:
        if not words or not self.talk.said:
            raise ScriptError("Type the new words after /edit: they take the place of your last message.")
        self.talk.edit(self.talk.said[-1], words)

    def _who(self, given: str) -> None:
        number, _, choice = given.partition(" ")
        line = self._line(number)
        if not 1 <= _number(choice) <= len(line.options):
            raise ScriptError(f"Choose who sees it: 1 to {len(line.options)}, as in /who {number} 1.")
        self.talk.decide(line, line.options[_number(choice) - 1])

    def _agenda(self, _rest: str) -> None:
        if self.arrived is None:
            raise ScriptError("There is no agenda in a channel yet. It comes at its time, once you approved it.")
        self._look(f"#{self.arrived.channel.name}", Shows.CHANNEL)

    def _look(self, title: str, where: Shows) -> None:
        show_look(self.here, self.page, Look(who=self.script.student, shows=where, title=title), self.arrived)

    def _help(self, _rest: str) -> None:
        for command, what in _HELP:
            self.page.line(f"  {command:18} {what}")
        self.page.line()

    def _line(self, number: str) -> Line:
        if not 1 <= _number(number) <= len(self.talk.lines):
            raise ScriptError("Name a line of the review by its number, once you have it before you.")
        return self.talk.lines[_number(number) - 1]

    def _look_for_agenda(self) -> None:
        """Show the channel when the agenda comes, and when it changes."""
        before, self.arrived = self.arrived, outcome.agenda(self.here, self.talk.person)
        if self.arrived is not None and (before is None or before.pages != self.arrived.pages):
            self._look("The agenda, as your family sees it", Shows.CHANNEL)


def _number(text: str) -> int:
    """The number typed; 0 if it is none."""
    return int(text) if text.strip().isdecimal() else 0
