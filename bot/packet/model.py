"""What is in a packet: all of it as it is to be read, in one language. Nothing here is markup."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Paper(StrEnum):
    """The sizes it is printed on."""

    A4 = "a4"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work. `about`: what it is and who chose it, in words; `why`: the reason of an adult who did.

    `picture`: the id of a file that may be an image; where it cannot be shown, `instead` stands in its place.
    """

    title: str
    about: str
    address: str = ""
    why: str = ""
    picture: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, in the student's words; `label` says what it is where it would not say so itself."""

    words: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """What an adult said: an idea, or a note of pride."""

    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """What belongs together: the answers on one goal, ask or struggle, the work they came with, ideas for them.

    `steps`: how far the student was at each check-in, ("6 Nov", "Started"); `boxes`: the same to be ticked by hand.
    """

    title: str = ""
    said: tuple[Said, ...] = ()
    works: tuple[Work, ...] = ()
    ideas: tuple[Idea, ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    boxes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the meeting with what the student put into it."""

    key: str  # bot.conference.minutes.Topic
    title: str
    minutes: str
    blocks: tuple[Block, ...]
    notes: tuple[Idea, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A part of the meeting in the plan."""

    title: str
    minutes: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A page to write on: `columns` have a heading each."""

    title: str
    intro: str
    columns: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Captions:
    """Our own words between those of others."""

    leads: str
    invited: str
    also: str
    contents: str
    plan: str
    plan_note: str
    page: str  # with "{n}" and "{of}"
    image: str  # what a picture is called for those who do not see it, before its title
    ideas: str
    check_ins: str
    now: str  # before the boxes to tick


@dataclass(frozen=True, slots=True)
class Packet:
    """A whole packet. `title` names nobody but by first name: it is also the PDF's.

    Without `chapters` and `letter` it is the frame: when, where, the plan, the questions; nothing of the student's.
    """

    language: str
    title: str
    student: str
    school: str
    when: str
    where: str
    invited: tuple[str, ...]
    also: tuple[str, ...]
    about: tuple[str, ...]
    plan: tuple[PlanRow, ...]
    questions: Lines
    commitments: Lines
    captions: Captions
    letter: tuple[str, ...] = ()
    letter_title: str = ""
    chapters: tuple[Chapter, ...] = ()
    thanks: Chapter | None = None

    @property
    def pictures(self) -> tuple[str, ...]:
        """The ids of the files in it that may be pictures, each once, in their order."""
        works = (work for chapter in self.chapters for block in chapter.blocks for work in block.works)
        return tuple(dict.fromkeys(work.picture for work in works if work.picture))

    @property
    def approved(self) -> bool:
        """Whether there is anything of the student's in it."""
        return bool(self.letter or self.chapters or self.thanks)
