"""What a flow is told, and what it answers with. Plain data: no Slack, no words, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.dialogue.state import Act as Act
from bot.dialogue.state import Spot, Work


class Command(StrEnum):
    """What a student can ask of any flow, typed or tapped."""

    BACK = "back"
    SKIP = "skip"
    PAUSE = "pause"
    HELP = "help"
    PREVIEW = "preview"
    MENU = "menu"
    START = "start"
    NEXT = "next"
    QUIET = "quiet"  # no more reminders
    REMIND = "remind"  # reminders again
    PRACTICE = "practice"  # script, rehearsal and lead mode


LONG_AGO = "0"  # a ts before all others


@dataclass(frozen=True, slots=True)
class Begin:
    """The flow is opened, or come back to. `labels`: the goals; `carried`: the last conference's answers by spot."""

    labels: tuple[str, ...] = ()
    carried: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A message. `asked_at` is the ts at which the open question was shown, None while it was not.

    `more`: words that came with it and are no answer: titles, captions and previews of files. They are screened.
    """

    ts: str
    text: str
    asked_at: str | None
    works: tuple[Work, ...] = ()
    alarm: str = ""
    more: str = ""

    @property
    def written(self) -> str:
        """Every word of it."""
        return "\n".join(filter(None, (self.text, self.more)))


@dataclass(frozen=True, slots=True)
class Edited:
    """A message was changed; `revised` is the ts of the edit, `asked_at` as in Said (left out: some time ago), `more`
    too: what is new of it."""

    ts: str
    revised: str
    text: str
    alarm: str = ""
    asked_at: str | None = LONG_AGO
    more: str = ""

    @property
    def written(self) -> str:
        """Every word of it."""
        return "\n".join(filter(None, (self.text, self.more)))


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was taken back; `revised` and `asked_at` as in Edited."""

    ts: str
    revised: str
    asked_at: str | None = LONG_AGO


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button of prompt number `prompt`: option ids, or `cmd:` and a command, or `starter`; or `piece`, with the work
    of earlier that is meant and what was said about it."""

    ts: str
    prompt: int
    choices: tuple[str, ...]
    works: tuple[Work, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Revisit:
    """The student wants to change what stands at a spot."""

    spot: Spot


Event = Begin | Said | Edited | Deleted | Tapped | Revisit


@dataclass(frozen=True, slots=True)
class Keep:
    """Store a revision."""

    spot: Spot
    ts: str
    revised: str
    act: Act
    text: str = ""
    choices: tuple[str, ...] = ()
    works: tuple[Work, ...] = ()
    alarm: str = ""


class Took(StrEnum):
    """How the answer before this question was taken."""

    PLAINLY = ""
    BETTER = "better"  # a probe brought more
    THIN = "thin"  # as it is; the advisor can develop it


@dataclass(frozen=True, slots=True)
class Ask:
    """Put the open question, or a probe about it, to the student."""

    spot: Spot
    prompt: int
    step: int
    total: int
    rule: str = ""  # the probe; "" is the question itself
    again: bool = False  # the second probe to this question
    echo: str = ""  # a short label to say back
    starter: int | None = None  # the starter that was tapped
    opening: bool = False  # first words of the flow
    now: str = ""  # the answer that stands there already
    last: str = ""  # the last conference's answer
    label: str = ""  # the goal of this round
    took: Took = Took.PLAINLY


@dataclass(frozen=True, slots=True)
class Develop:
    """A thin answer was taken as it is ("develop with advisor"), or is no longer thin (rule is "").

    An answer that blames somebody is marked at once, while the probe is open: it is kept off the agenda.
    """

    spot: Spot
    rule: str


class Note(StrEnum):
    """Short fixed replies."""

    ALREADY_ANSWERED = "already_answered"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"
    NOTHING_OPEN = "nothing_open"


@dataclass(frozen=True, slots=True)
class Say:
    """One of the short fixed replies."""

    note: Note


@dataclass(frozen=True, slots=True)
class Do:
    """A command that is not the flow's to carry out: pause, help, preview, menu."""

    command: Command
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The safety screen matched: the flow waits. `first` is False while it was waiting already."""

    level: str
    spot: Spot
    ts: str
    revised: str
    first: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """The last question is answered."""


Effect = Keep | Ask | Develop | Say | Do | Hold | Finished
